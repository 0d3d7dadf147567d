// Sumo Logic: batches into one request per combination of category, name, host and fields.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csiem/sdk.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/buffer.hpp"
#include "common/endpoints.hpp"
#include "common/http_text.hpp"
#include "common/in_flight.hpp"
#include "common/shorten.hpp"
#include "common/text.hpp"
#include "sumo_logic/message.hpp"
#include "sumo_logic/partition.hpp"
#include "sumo_logic/response.hpp"

namespace csiem::sumo_logic {
namespace {

constexpr char kSettings[] =
#include "sumo_logic/settings.inc"
    ;

constexpr uint32_t kMaxAnswer = 64 * 1024;
constexpr std::size_t kMaxBody = 1'000'000;
constexpr std::string_view kElided = "***";  // lent instead of the value by a run that sends nothing
constexpr std::size_t kShortCode = 6;        // a shorter end of a path is no secret and would mask ordinary words

Partitions::Rules partition_rules(const Config& config) {
  const auto text = [&](const std::string& key, std::string_view fallback) {
    return config.attempt([&] { return common::Template::compile(config.text(key, fallback), key); });
  };
  Partitions::Rules rules;
  rules.category = text("source_category", "prod/security/clawdstrike");
  rules.name = text("source_name", "clawdstrike");
  rules.host = text("source_host", "");
  if (config.text("source_host", "").empty()) rules.host.field(&csiem_event::agent_name, "");
  for (const auto& [name, value] : config.members("fields")) {
    const std::string key = "fields." + name;
    if (!common::is_token(name) || name.find_first_of("=,") != std::string::npos)
      config.refuse(key, "is not the name of a field");
    rules.fields.emplace_back(name, config.attempt([&] { return common::Template::compile(value, key); }));
  }
  if (rules.fields.size() > kMaxFields)
    config.refuse("fields", std::to_string(rules.fields.size()) + " fields; Sumo Logic takes 30 of a request");
  const std::vector<std::string> by =
      config.has("partition_by") ? config.strings("partition_by") : std::vector<std::string>{"tenant"};
  for (const std::string& word : by) {
    if (word == "tenant")
      rules.suffixes.push_back(&csiem_event::tenant_id);
    else if (word == "severity")
      rules.suffixes.push_back(&csiem_event::severity_name);
    else if (word == "guard")
      rules.suffixes.push_back(&csiem_event::guard);
    else if (word != "[]")
      config.refuse("partition_by", "'" + word + "' is not tenant, severity or guard");
  }
  return rules;
}

MessageRules message_rules(const Config& config) {
  MessageRules rules;
  const std::string format = config.text("message_format", "json");
  if (format != "json" && format != "text" && format != "key_value")
    config.refuse("message_format", "'" + format + "' is not json, text or key_value");
  rules.format = format == "text"        ? MessageFormat::text
                 : format == "key_value" ? MessageFormat::key_value
                                         : MessageFormat::json;
  rules.include = config.strings("include");
  rules.exclude = config.strings("exclude");
  for (std::size_t i = 0; i < rules.exclude.size(); ++i)
    if (const std::string& path = rules.exclude[i]; path == "event_id" || path == "timestamp" || path == "event_time")
      config.refuse("exclude[" + std::to_string(i) + "]", path + " is needed to find and order messages");
  if (!rules.include.empty()) rules.include.push_back("event_id");
  return rules;
}

class SumoLogic final : public HttpExporter {
 public:
  explicit SumoLogic(const Config& config)
      : endpoints_(config.strings("http_source_url"), common::Spread::failover),
        headers_(config.members("headers")),
        partitions_(partition_rules(config)),
        messages_(message_rules(config)),
        max_message_(static_cast<std::size_t>(config.integer("max_message_bytes", 65536))),
        max_requests_(static_cast<uint32_t>(config.integer("max_partitions", 64))),
        gzip_(config.text("compression", "gzip") == "gzip"),
        health_(config.text("health_mode", "passive")),
        version_(config.text("csiem.version", CSIEM_PLUGIN_VERSION)) {
    if (endpoints_.size() == 0) config.refuse("http_source_url: missing");
    for (std::size_t i = 0; i < endpoints_.size(); ++i) check_url(config, endpoints_.url(i));
    for (const auto& header : headers_)
      config.attempt([&] {
        common::check_header(
            "headers." + header.first, header.first, header.second,
            {"content-type", "x-sumo-category", "x-sumo-name", "x-sumo-host", "x-sumo-fields", "x-sumo-client"});
      });
  }

  void build(const csiem_batch& batch, Request& out) override {
    Progress progress;
    progress.groups = partitions_.group(batch);
    if (next_request(batch, progress, out))
      in_flight_.start(batch, std::move(progress));
    else
      out.settle(std::move(progress.verdict));
  }

  Step after(const csiem_batch& batch, const csiem_http_response& response, uint32_t, Verdict& verdict,
             Request& next) override {
    Progress progress = in_flight_.finish(batch);
    Reading reading = read_answer(response, {static_cast<uint32_t>(progress.sent.size()), gzip_});
    judge(progress, reading);
    if (!note_answer(batch, reading.verdict, response.status, progress) && next_request(batch, progress, next)) {
      in_flight_.start(batch, std::move(progress));
      return Step::send;
    }
    verdict = std::move(progress.verdict);
    return Step::done;
  }

  void build_probe(Request& out) override {
    if (health_ == "passive") return out.settle({});
    out.url_secret = endpoints_.url(endpoints_.pick(host().mono_ns()));
    out.max_response_bytes = kMaxAnswer;
    if (health_ != "synthetic") return;
    csiem_event nobody{};
    nobody.struct_size = sizeof nobody;
    out.header("X-Sumo-Category", partitions_.of(nobody).category + "/healthcheck");
    out.add(std::string("{\"timestamp\":" + std::to_string(host().unix_ns() / 1'000'000) +
                        ",\"message\":\"health check of clawdstrike-siem\"}\n"));
  }
  Verdict classify_probe(const csiem_http_response& response) override {
    Verdict verdict = read_answer(response, {}).verdict;
    if (verdict.outcome == CSIEM_REJECT || verdict.outcome == CSIEM_SPLIT) verdict.outcome = CSIEM_CONFIG;
    verdict.message = masked(verdict.message);
    return verdict;
  }

 private:
  // How far a batch has come. Its groups are sent one after the other, as the platform asks of its senders.
  struct Progress {
    std::vector<Group> groups;
    std::size_t group = 0, place = 0;  // of the next event
    uint32_t requests = 0;
    std::size_t endpoint = 0;
    std::vector<uint32_t> sent;  // events of the request under way
    Verdict verdict;             // so far
    bool any_delivered = false;
  };

  void check_url(const Config& config, const std::string& handle) const {
    const char* why = nullptr;  // the URL itself is no part of a complaint
    const csiem_status lent = config.host().borrow(handle, [&](std::string_view url) {
      if (url == kElided) return;
      const common::UrlParts parts = common::url_parts(url);
      if (!parts.ok || (!common::same_ignoring_case(parts.scheme, "https") && !common::is_plain_http(parts)))
        why = "is not an https URL; copy the whole address of the HTTP source";
      else if (common::is_plain_http(parts) && !common::is_loopback(parts) &&
               !config.boolean("allow_plain_http", false))
        why = "http would carry the credential unencrypted; use https";
    });
    if (lent == CSIEM_OK && why != nullptr) config.refuse(handle, why);
  }

  // The text without the code of any of the URLs.
  std::string masked(std::string text) const {
    text = without_code(text);
    for (std::size_t i = 0; i < endpoints_.size(); ++i)
      host().borrow(endpoints_.url(i), [&](std::string_view url) {
        const std::string_view code = url.substr(url.rfind('/') + 1);
        if (code.size() < kShortCode) return;
        for (auto at = text.find(code); at != std::string::npos; at = text.find(code, at))
          text.replace(at, code.size(), "***");
      });
    return text;
  }

  void judge(const Progress& progress, Reading& reading) {
    reading.verdict.message = masked(std::move(reading.verdict.message));
    if (reading.want_plain) {
      if (gzip_) host().log(CSIEM_LOG_WARN, "the source refuses compressed requests; sending plain ones from now on");
      gzip_ = false;
      reading.verdict.outcome = CSIEM_RETRY;
    }
    if (!reading.warning.empty()) {
      host().count("warnings");
      if (warned_.size() < 100 && warned_.insert(reading.warning_code).second)
        host().log(CSIEM_LOG_WARN, "Sumo Logic took the messages with a warning",
                   {{"code", reading.warning_code}, {"text", masked(reading.warning)}});
    }
    if (!reading.endpoint_failed) return endpoints_.succeeded(progress.endpoint);
    const int64_t now = host().mono_ns();
    endpoints_.failed(progress.endpoint, now, reading.verdict.retry_after_ms);
    if (endpoints_.another_is_ready(now)) reading.verdict.retry_after_ms = 0;
  }

  // Takes the answer for the events under way. True when the batch ends here.
  bool note_answer(const csiem_batch& batch, const Verdict& answer, int32_t status, Progress& progress) const {
    if (answer.outcome == CSIEM_DELIVERED) {
      progress.any_delivered = true;
      return false;
    }
    if (progress.sent.size() == batch.count) {
      progress.verdict = answer;
      return true;
    }
    progress.verdict.code = answer.code;
    progress.verdict.message = answer.message;
    progress.verdict.retry_after_ms = answer.retry_after_ms;
    const bool about_messages = answer.outcome == CSIEM_REJECT || answer.outcome == CSIEM_SPLIT;
    // Which message of several is refused is unknown: smaller batches find it.
    const int32_t outcome = about_messages && progress.sent.size() > 1 ? CSIEM_SPLIT : answer.outcome;
    for (const uint32_t i : progress.sent) progress.verdict.event(i, outcome, status, answer.code, answer.message);
    if (about_messages) return false;
    leave_rest(answer.outcome, status, answer.code, answer.message, progress);
    return true;
  }

  static void leave_rest(int32_t outcome, int32_t status, const std::string& code, const std::string& message,
                         Progress& progress) {
    for (; progress.group < progress.groups.size(); ++progress.group, progress.place = 0)
      for (; progress.place < progress.groups[progress.group].events.size(); ++progress.place)
        progress.verdict.event(progress.groups[progress.group].events[progress.place], outcome, status, code, message);
  }

  // Writes the next request of the batch. False when there is none left, progress.verdict being complete.
  bool next_request(const csiem_batch& batch, Progress& progress, Request& out) {
    progress.sent.clear();
    body_.clear();
    while (progress.group < progress.groups.size() && progress.sent.empty()) {
      if (progress.requests >= max_requests_ && progress.any_delivered) {
        leave_rest(CSIEM_RETRY, 0, {}, {}, progress);
        break;
      }
      if (progress.place == progress.groups[progress.group].events.size()) {
        ++progress.group;
        progress.place = 0;
        continue;
      }
      fill(batch, progress);
    }
    if (progress.sent.empty()) return false;
    write_head(progress, out);
    return true;
  }

  void fill(const csiem_batch& batch, Progress& progress) {
    const std::vector<uint32_t>& events = progress.groups[progress.group].events;
    const bool json = common::is_json_type(view(batch.content_type));
    for (; progress.place < events.size(); ++progress.place) {
      const uint32_t i = events[progress.place];
      const std::size_t before = body_.size();
      if (!write_line(*batch.events[i], view(batch.bodies[i]), json)) {
        body_.truncate(before);
        progress.verdict.event(i, CSIEM_REJECT, 0, "sumo_logic.not_an_object", "the format made no JSON object");
        continue;
      }
      // The first request of a batch is the host's to measure, which then cuts later batches to fit.
      if (progress.requests > 0 && body_.size() > kMaxBody && !progress.sent.empty()) {
        body_.truncate(before);
        break;
      }
      progress.sent.push_back(i);
    }
  }

  bool write_line(const csiem_event& event, std::string_view body, bool json) {
    const std::size_t begin = body_.size();
    bool whole = false;
    body_.write([&](Out& out) { whole = write_message(messages_, event, body, json, out); });
    if (!whole) return false;
    if (body_.size() - begin > max_message_) shorten(begin, json && messages_.format == MessageFormat::json);
    body_.add("\n");
    return true;
  }

  void shorten(std::size_t begin, bool json) {
    if (!json) {
      body_.truncate(begin + common::clip(body_.view(begin), max_message_).size());
      host().count("truncated");
    } else if (const auto shorter = common::shortened(body_.view(begin), max_message_, "truncated")) {
      body_.truncate(begin);
      body_.add(*shorter);
      host().count("truncated");
    } else {
      host().count("oversize_messages");  // taken all the same, in several pieces
    }
  }

  void write_head(Progress& progress, Request& out) {
    const Metadata& metadata = progress.groups[progress.group].metadata;
    ++progress.requests;
    progress.endpoint = endpoints_.pick(host().mono_ns());
    out.url_secret = endpoints_.url(progress.endpoint);
    out.flags = gzip_ ? static_cast<uint32_t>(CSIEM_HTTP_GZIP) : 0u;
    out.max_response_bytes = kMaxAnswer;
    out.header("Content-Type",
               messages_.format == MessageFormat::json ? "application/json" : "text/plain; charset=utf-8");
    out.header("X-Sumo-Client", "clawdstrike-siem/" + version_);
    const auto header = [&](std::string_view name, const std::string& value) {
      if (!value.empty()) out.header(name, value);
    };
    header("X-Sumo-Category", metadata.category);
    header("X-Sumo-Name", metadata.name);
    header("X-Sumo-Host", metadata.host);
    header("X-Sumo-Fields", metadata.fields);
    for (const auto& [name, value] : headers_) out.header(name, value);
    out.add(body_.view());
  }

  common::Endpoints endpoints_;  // handles
  std::vector<std::pair<std::string, std::string>> headers_;
  Partitions partitions_;
  MessageRules messages_;
  std::size_t max_message_;
  uint32_t max_requests_;
  bool gzip_;
  std::string health_, version_;
  std::set<std::string> warned_;
  common::Buffer body_;
  common::InFlight<Progress> in_flight_;
};

}  // namespace
}  // namespace csiem::sumo_logic

CSIEM_EXPORTER(csiem::sumo_logic::SumoLogic, "org.clawdstrike.sumo_logic", "sumo_logic", CSIEM_PLUGIN_VERSION,
               csiem::About()
                   .vendor("clawdstrike-siem")
                   .license("Apache-2.0")
                   .description("Sumo Logic HTTP source")
                   .default_format("native")
                   .accepts("*")
                   .flags(CSIEM_EXPORTER_PARTIAL)
                   .limits(0, 1'000'000),
               csiem::sumo_logic::kSettings);
