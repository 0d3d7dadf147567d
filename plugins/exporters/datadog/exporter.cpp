// Datadog: batches into requests to the logs intake v2, and counts of what arrived as metrics.
// SPDX-License-Identifier: Apache-2.0
#include <csiem/sdk.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/buffer.hpp"
#include "common/in_flight.hpp"
#include "common/shorten.hpp"
#include "common/text.hpp"
#include "datadog/log.hpp"
#include "datadog/metrics.hpp"
#include "datadog/response.hpp"
#include "datadog/site.hpp"
#include "datadog/tags.hpp"

namespace csiem::datadog {
namespace {

constexpr char kSettings[] =
#include "datadog/settings.inc"
    ;

constexpr uint32_t kMaxAnswer = 64 * 1024;
// A lone log that is refused as too large although it is within the limits is tried once more at half its size, unless
// it is this small already: then the size is not what is wrong.
constexpr std::size_t kSmallLog = 16 * 1024;

std::string base_url(const Config& config, const char* key, const std::string& fallback) {
  std::string url = config.text(key, "");
  if (url.empty()) return fallback;
  const common::UrlParts parts = common::url_parts(url);
  if (!parts.ok || (!common::same_ignoring_case(parts.scheme, "https") && !common::is_plain_http(parts)))
    config.refuse(key, "'" + url + "' is not an http or https URL");
  else if (url.find_first_of("?#") != std::string::npos)
    config.refuse(key, "a base URL has no query: '" + url + "'");
  else if (common::is_plain_http(parts) && !common::is_loopback(parts) && !config.boolean("allow_plain_http", false))
    config.refuse(key, "http would carry the API key unencrypted; use https or set allow_plain_http = true");
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

std::vector<std::string> tags_of(const Config& config, const std::string& key) {
  std::vector<std::string> tags = config.strings(key);
  for (std::size_t i = 0; i < tags.size(); ++i) {
    std::string clean = clean_tag(tags[i]);
    if (clean.empty())
      config.refuse(
          key + "[" + std::to_string(i) + "]",
          "'" + tags[i] + "' is no tag: it needs a letter and, behind a colon, a value; use \"team:security\"");
    tags[i] = std::move(clean);
  }
  return tags;
}

LogRules rules_of(const Config& config) {
  const auto text = [&](const char* key, const char* fallback) {
    return config.attempt([&] {
      common::Template escaped;
      escaped.json(common::Template::compile(config.text(key, fallback), key));
      return escaped;
    });
  };
  LogRules rules;
  rules.service = text("service", "clawdstrike");
  rules.hostname = text("hostname", "");
  if (config.text("hostname", "").empty()) rules.hostname.field(&csiem_event::agent_name, "");
  common::Template source, escaped;
  source.literal(config.text("source", "clawdstrike"));
  escaped.json(source);
  rules.source = escaped.fixed_text();
  rules.tags = Tags(tags_of(config, "tags"), config.boolean("tag_labels", true));
  const std::string old = config.text("replay_old_events", "restamp");
  if (old != "restamp" && old != "send" && old != "drop")
    config.refuse("replay_old_events", "'" + old + "' is not restamp, send or drop");
  rules.old_events = old == "send" ? OldEvents::send : old == "drop" ? OldEvents::drop : OldEvents::restamp;
  rules.trace = config.boolean("apm.enabled", false);
  rules.trace_service = config.text("apm.service", "clawdstrike");
  rules.trace_env = config.text("apm.env", "production");
  return rules;
}

// Series of two exporters that differ in nothing would replace each other, so what tells them apart is in their tags.
SeriesRules series_of(const Config& config) {
  SeriesRules rules;
  rules.prefix = config.text("metrics.prefix", "clawdstrike.security");
  if (!is_metric_prefix(rules.prefix))
    config.refuse("metrics.prefix", "'" + rules.prefix + "' may hold letters, digits, '_' and '.', a letter first");
  rules.tags = tags_of(config, "tags");
  for (std::string& tag : tags_of(config, "metrics.tags")) rules.tags.push_back(std::move(tag));
  const std::string service = config.text("service", "clawdstrike");
  for (const std::string& tag :
       {"service:" + (service.find('{') == std::string::npos ? service : ""),
        "source:" + config.text("source", "clawdstrike"), "exporter:" + std::string(config.instance_name())})
    if (std::string clean = clean_tag(tag); !clean.empty()) rules.tags.push_back(std::move(clean));
  rules.host = config.text("csiem.host_name", "");
  rules.interval_s = config.integer("metrics.interval", 10'000) / 1000;
  return rules;
}

class Datadog final : public HttpExporter {
 public:
  explicit Datadog(const Config& config)
      : api_key_(config.secret("api_key")),
        logs_(rules_of(config)),
        max_log_(static_cast<std::size_t>(config.integer("max_log_bytes", 1'000'000))),
        gzip_(config.text("compression", "gzip") == "gzip"),
        probe_intake_(config.text("health_mode", "validate") == "intake") {
    if (api_key_.empty()) config.refuse("api_key: missing");
    const std::string site = config.attempt([&] { return site_name(config.text("site", "datadoghq.com")); });
    logs_url_ = base_url(config, "endpoint", intake_of(site)) + "/api/v2/logs";
    const std::string api = base_url(config, "api_endpoint", api_of(site));
    validate_url_ = api + "/api/v1/validate";
    const SeriesRules series = series_of(config);
    if (config.boolean("metrics.enabled", true))
      metrics_ =
          std::make_unique<Metrics>(config.host(), Metrics::Where{api + "/api/v2/series", api_key_, gzip_}, series);
  }

  void build(const csiem_batch& batch, Request& out) override {
    Note note;
    write_body(batch, max_log_, note);
    if (note.sent > 0)
      send(batch, std::move(note), out);
    else
      out.settle(with_own({}, note));
  }

  Step after(const csiem_batch& batch, const csiem_http_response& response, uint32_t, Verdict& verdict,
             Request& next) override {
    Note note = in_flight_.finish(batch);
    Reading reading = read_answer(response, {note.sent, batch.attempt, note.compressed});
    if (reading.want_plain) {
      if (gzip_) host().log(CSIEM_LOG_WARN, "the intake refuses compressed requests; sending plain ones from now on");
      gzip_ = false;
      reading.verdict.outcome = CSIEM_RETRY;
    }
    if (reading.verdict.outcome == CSIEM_SPLIT && note.sent == 1 && !note.halved && note.bytes > kSmallLog) {
      Note smaller;
      write_body(batch, note.bytes / 2, smaller);
      smaller.halved = true;
      if (smaller.sent == 1) {
        send(batch, std::move(smaller), next);
        return Step::send;
      }
    }
    if (reading.verdict.outcome == CSIEM_DELIVERED) {
      delivered(batch, note);
      verdict = with_own(std::move(reading.verdict), note);
    } else {
      verdict = std::move(reading.verdict);  // what was left out is found again with the next attempt
    }
    return Step::done;
  }

  void build_probe(Request& out) override {
    out.max_response_bytes = kMaxAnswer;
    out.header("DD-API-KEY", "", api_key_);
    if (probe_intake_) {
      out.url = logs_url_;
      out.header("Content-Type", "application/json");
      out.add(std::string_view("{}"));
    } else {
      out.method = "GET";
      out.url = validate_url_;
    }
  }
  Verdict classify_probe(const csiem_http_response& response) override { return read_health(response); }

 private:
  struct Note {
    uint32_t sent = 0;       // logs in the request
    uint32_t restamped = 0;  // of them, with another time than their own
    std::size_t bytes = 0;
    bool compressed = false, halved = false;
    std::vector<EventVerdict> own;  // events that are not in the request, and why
  };

  // The array of logs in body_, none longer than `limit`. Every number of events and bytes above that is the host's to
  // keep, which knows the platform's limits from the registration below.
  void write_body(const csiem_batch& batch, std::size_t limit, Note& note) {
    const int64_t now = host().unix_ns();
    body_.clear();
    body_.add("[");
    for (uint32_t i = 0; i < batch.count; ++i) {
      const csiem_event& event = *batch.events[i];
      const bool old = out_of_window(event.time_unix_ns, now);
      if (old && logs_.old_events() == OldEvents::drop) {
        note.own.push_back({i, CSIEM_SKIPPED, 0, "datadog.too_old", "Datadog does not index logs of that time"});
        continue;
      }
      const std::size_t before = body_.size();
      if (note.sent > 0) body_.add(",");
      if (const char* why = write_log(event, view(batch.bodies[i]), now, limit)) {
        body_.truncate(before);
        note.own.push_back({i, CSIEM_REJECT, 0, why, {}});
        continue;
      }
      ++note.sent;
      if (old && logs_.old_events() == OldEvents::restamp) ++note.restamped;
    }
    body_.add("]");
    note.bytes = body_.size();
  }

  // Null, or the code of what is wrong with the event.
  const char* write_log(const csiem_event& event, std::string_view body, int64_t now, std::size_t limit) {
    const std::size_t begin = body_.size();
    bool whole = false;
    body_.write([&](Out& out) { whole = logs_.write(event, body, now, out); });
    if (!whole) return "datadog.not_an_object";
    if (body_.size() - begin <= limit) return nullptr;
    const auto shorter = common::shortened(body_.view(begin), limit, "clawdstrike.truncated");
    if (!shorter) return "datadog.too_large";
    host().count("truncated");
    body_.truncate(begin);
    body_.add(*shorter);
    return nullptr;
  }

  void send(const csiem_batch& batch, Note note, Request& out) {
    note.compressed = gzip_;
    out.url = logs_url_;
    out.flags = gzip_ ? static_cast<uint32_t>(CSIEM_HTTP_GZIP) : 0u;
    out.max_response_bytes = kMaxAnswer;
    out.header("Content-Type", "application/json");
    out.header("DD-API-KEY", "", api_key_);
    out.header("DD-EVP-ORIGIN", "clawdstrike-siem");
    out.header("DD-EVP-ORIGIN-VERSION", CSIEM_PLUGIN_VERSION);
    out.add(body_.view());
    in_flight_.start(batch, std::move(note));
  }

  void delivered(const csiem_batch& batch, const Note& note) {
    if (note.restamped > 0) host().count("restamped", note.restamped);
    if (metrics_ == nullptr) return;
    const int64_t now = host().unix_ns();
    auto own = note.own.begin();
    for (uint32_t i = 0; i < batch.count; ++i) {
      if (own != note.own.end() && own->index == i)
        ++own;
      else
        metrics_->delivered(*batch.events[i], now);
    }
  }

  Verdict with_own(Verdict verdict, const Note& note) const {
    for (const EventVerdict& one : note.own) verdict.except.push_back(one);
    return verdict;
  }

  std::string api_key_;  // handle
  LogWriter logs_;
  std::size_t max_log_;
  bool gzip_, probe_intake_;
  std::string logs_url_, validate_url_;
  std::unique_ptr<Metrics> metrics_;
  common::Buffer body_;
  common::InFlight<Note> in_flight_;
};

}  // namespace
}  // namespace csiem::datadog

CSIEM_EXPORTER(csiem::datadog::Datadog, "org.clawdstrike.datadog", "datadog", CSIEM_PLUGIN_VERSION,
               csiem::About()
                   .vendor("clawdstrike-siem")
                   .license("Apache-2.0")
                   .description("Datadog logs and metrics")
                   .default_format("native")
                   .accepts("native ecs ocsf")
                   .flags(CSIEM_EXPORTER_PARTIAL)
                   .limits(1000, 5'000'000),
               csiem::datadog::kSettings);
