// Splunk HTTP Event Collector: batches into requests to /services/collector/event.
// SPDX-License-Identifier: Apache-2.0
#include <csiem/sdk.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/endpoints.hpp"
#include "common/guid.hpp"
#include "common/in_flight.hpp"
#include "common/template.hpp"
#include "common/text.hpp"
#include "splunk/envelope.hpp"
#include "splunk/response.hpp"

namespace csiem::splunk {
namespace {

constexpr char kSettings[] =
#include "splunk/settings.inc"
    ;

// HEC answers are short; whatever is longer is somebody else's page.
constexpr uint32_t kMaxAnswer = 64 * 1024;

std::vector<std::string> base_urls(const Config& config) {
  std::vector<std::string> urls = config.strings("hec_url");
  if (urls.empty()) config.refuse("hec_url: missing");
  for (std::size_t i = 0; i < urls.size(); ++i) {
    std::string& url = urls[i];
    const std::string key = "hec_url[" + std::to_string(i) + "]";
    const common::UrlParts parts = common::url_parts(url);
    if (!parts.ok || (!common::same_ignoring_case(parts.scheme, "https") && !common::is_plain_http(parts)))
      config.refuse(key, "'" + url + "' is not an http or https URL");
    else if (url.find_first_of("?#") != std::string::npos)
      config.refuse(key, "a base URL has no query: '" + url + "'");
    if (common::is_plain_http(parts) && !common::is_loopback(parts))
      config.host().log(CSIEM_LOG_WARN, "the HEC token travels unencrypted over http", {{"url", url}});
    if (const auto at = url.find("/services/collector"); at != std::string::npos) {
      config.host().log(CSIEM_LOG_WARN, "hec_url is a base URL; the path of the collector is added by itself",
                        {{"url", url}});
      url.resize(at);
    }
    while (!url.empty() && url.back() == '/') url.pop_back();
  }
  return urls;
}

Envelope::Parts envelope_parts(const Config& config, std::string_view default_sourcetype) {
  const auto setting = [&](const char* key, std::string_view fallback) {
    std::string text = config.text(key, fallback);
    if (text.empty()) text = fallback;
    return config.attempt([&] { return common::Template::compile(text, key); });
  };
  Envelope::Parts parts;
  parts.index = setting("index", "");
  parts.sourcetype = setting("sourcetype", default_sourcetype);
  parts.source =
      config.attempt([&] { return common::Template::compile(config.text("source", "clawdstrike"), "source"); });
  parts.host = setting("host", "");
  if (config.text("host", "").empty()) parts.host.field(&csiem_event::agent_name, config.text("csiem.host_name", ""));
  parts.indexed_fields = {"event_id", "event_type", "severity", "guard", "session_id", "environment", "tenant_id"};
  if (config.has("indexed_fields")) parts.indexed_fields = config.strings("indexed_fields");
  for (std::size_t i = parts.indexed_fields.size(); i-- > 0;) {
    if (common::find_event_field(parts.indexed_fields[i]) != nullptr) continue;
    config.refuse("indexed_fields[" + std::to_string(i) + "]",
                  "'" + parts.indexed_fields[i] + "' is not a field of an event");
    parts.indexed_fields.erase(parts.indexed_fields.begin() + static_cast<std::ptrdiff_t>(i));
  }
  parts.time = !config.boolean("auto_extract_timestamp", false);
  return parts;
}

class Splunk final : public HttpExporter {
 public:
  explicit Splunk(const Config& config)
      : endpoints_(base_urls(config), config.text("strategy", "failover") == "round_robin" ? common::Spread::round_robin
                                                                                           : common::Spread::failover),
        token_(config.secret("hec_token")),
        index_(config.attempt([&] { return common::Template::compile(config.text("index", ""), "index"); })),
        json_(envelope_parts(config, "clawdstrike:security")),
        text_(envelope_parts(config, "clawdstrike:cef")),
        query_(config.boolean("auto_extract_timestamp", false) ? "?auto_extract_timestamp=true" : ""),
        gzip_(config.text("compression", "gzip") == "gzip"),
        trust_prefix_(config.text("partial_prefix", "trust") == "trust"),
        channel_(common::random_guid(config.host())) {
    if (!index_.every_placeholder_has_default())
      config.refuse("index", "every placeholder needs a default; write {session.tenant_id|security}");
    if (token_.empty()) config.refuse("hec_token: missing");
    if (config.text("mode", "event") != "event") config.refuse("mode", "only \"event\" is part of this version");
    if (config.text("use_ack", "auto") == "true")
      config.refuse("use_ack",
                    "waiting for the indexer's acknowledgement is not part of this version; with \"auto\" or false a "
                    "200 from HEC is delivery");
  }

  void build(const csiem_batch& batch, Request& out) override {
    const bool json = common::is_json_type(view(batch.content_type));
    const Envelope& envelope = json ? json_ : text_;
    for (uint32_t i = 0; i < batch.count; ++i) envelope.write(*batch.events[i], batch.bodies[i], json, out);
    Note note;
    note.endpoint = endpoints_.pick(host().mono_ns());
    note.bytes = out.body_size();
    note.compressed = gzip_;
    out.url = endpoints_.url(note.endpoint) + "/services/collector/event" + query_;
    out.flags = gzip_ ? static_cast<uint32_t>(CSIEM_HTTP_GZIP) : 0u;
    out.max_response_bytes = kMaxAnswer;
    out.header("Content-Type", "application/json");
    out.header("X-Splunk-Request-Channel", channel_);
    out.header("Authorization", "Splunk ", token_);
    in_flight_.start(batch, note);
  }

  Verdict classify(const csiem_batch& batch, const csiem_http_response& response) override {
    const Note note = in_flight_.finish(batch);
    Sent sent;
    sent.count = batch.count;
    sent.bytes = note.bytes;
    sent.compressed = note.compressed;
    sent.index_varies = index_.varies();
    sent.index_shared = response.status == 400 && same_index(batch);
    sent.trust_prefix = trust_prefix_;
    Reading reading = read_answer(response, sent);
    judge_endpoint(note.endpoint, reading);
    adapt(reading);
    name_the_index(batch, reading);
    if (reading.near_capacity) host().count("near_capacity");
    if (reading.partial) host().count("partial_batches");
    if (reading.verdict.outcome == CSIEM_DELIVERED) channel_renewed_ = false;
    return std::move(reading.verdict);
  }

  // With the token, so that a refused token shows here too; HEC does not ask for it.
  void build_probe(Request& out) override {
    out.method = "GET";
    out.url = endpoints_.url(endpoints_.pick(host().mono_ns())) + "/services/collector/health";
    out.max_response_bytes = kMaxAnswer;
    out.header("Authorization", "Splunk ", token_);
  }
  Verdict classify_probe(const csiem_http_response& response) override { return read_health(response).verdict; }

 private:
  struct Note {
    std::size_t endpoint = 0;
    std::size_t bytes = 0;
    bool compressed = false;
  };

  void judge_endpoint(std::size_t endpoint, Reading& reading) {
    if (!reading.endpoint_failed) {
      endpoints_.succeeded(endpoint);
      return;
    }
    const int64_t now = host().mono_ns();
    endpoints_.failed(endpoint, now, reading.verdict.retry_after_ms);
    // What one endpoint asks for does not bind the others.
    if (endpoints_.another_is_ready(now)) reading.verdict.retry_after_ms = 0;
  }

  // Two refusals have a remedy on our side. It is tried once; the same answer after it is the operator's business.
  void adapt(Reading& reading) {
    if (reading.want_new_channel && !channel_renewed_) {
      channel_ = common::random_guid(host());
      channel_renewed_ = true;
      host().count("channel_renewed");
      reading.verdict.outcome = CSIEM_RETRY;
    }
    if (reading.want_plain) {
      if (gzip_)
        host().log(CSIEM_LOG_WARN, "the collector refuses compressed requests; sending plain ones from now on");
      gzip_ = false;
      reading.verdict.outcome = CSIEM_RETRY;
    }
  }

  bool same_index(const csiem_batch& batch) const {
    if (!index_.varies() || batch.count < 2) return true;
    const std::string first = index_.render(*batch.events[0]);
    for (uint32_t i = 1; i < batch.count; ++i)
      if (index_.render(*batch.events[i]) != first) return false;
    return true;
  }

  // HEC says that an index is wrong, never which.
  void name_the_index(const csiem_batch& batch, Reading& reading) const {
    if (reading.hec_code != 7 || batch.count == 0) return;
    const auto explain = [&](const csiem_event& event, std::string& message) {
      const std::string index = index_.render(event);
      message += index.empty() ? " (the token's default index)" : " '" + std::string(common::clip(index, 200)) + "'";
    };
    if (!index_.varies() || batch.count == 1) explain(*batch.events[0], reading.verdict.message);
    for (EventVerdict& one : reading.verdict.except)
      if (one.outcome == CSIEM_REJECT) explain(*batch.events[one.index], one.message);
  }

  common::Endpoints endpoints_;
  std::string token_;  // handle
  common::Template index_;
  Envelope json_, text_;
  std::string query_;
  bool gzip_, trust_prefix_;
  bool channel_renewed_ = false;  // since the last success
  std::string channel_;
  common::InFlight<Note> in_flight_;
};

}  // namespace
}  // namespace csiem::splunk

CSIEM_EXPORTER(csiem::splunk::Splunk, "org.clawdstrike.splunk", "splunk", CSIEM_PLUGIN_VERSION,
               csiem::About()
                   .vendor("clawdstrike-siem")
                   .license("Apache-2.0")
                   .description("Splunk HTTP Event Collector")
                   .default_format("native")
                   .accepts("native ecs ocsf cef")
                   .flags(CSIEM_EXPORTER_PARTIAL)
                   .limits(0, 838'860'800, 5'242'880 - 64 * 1024),
               csiem::splunk::kSettings);
