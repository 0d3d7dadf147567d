// Reads and checks the settings.
// SPDX-License-Identifier: Apache-2.0
#include "splunk/settings.hpp"

#include <utility>

#include "common/guid.hpp"
#include "common/text.hpp"

namespace csiem::splunk {
namespace {

bool is_splunk_cloud(const std::string& url) {
  const std::string_view host = common::url_parts(url).host;
  for (const std::string_view domain : {".splunkcloud.com", ".splunkcloudgc.com"})
    if (host.size() > domain.size() && common::same_ignoring_case(host.substr(host.size() - domain.size()), domain))
      return true;
  return false;
}

}  // namespace

common::Endpoints endpoints_of(const Config& config) {
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
  return {std::move(urls), config.text("strategy", "failover") == "round_robin" ? common::Spread::round_robin
                                                                                : common::Spread::failover};
}

void check_batch_size(const Config& config, const common::Endpoints& endpoints) {
  // max_content_length as Splunk ships it; and what Splunk Cloud was seen to take.
  constexpr int64_t kMostEnterprise = 838'860'800, kMostCloud = 5'242'880;
  const int64_t bytes = config.integer("csiem.batch_max_bytes", 0);
  if (bytes > kMostEnterprise)
    config.refuse("batch_max_bytes", std::to_string(bytes) + " bytes are more than HEC takes in one request; write " +
                                         std::to_string(kMostEnterprise) + " or less");
  if (bytes <= kMostCloud) return;
  for (std::size_t i = 0; i < endpoints.size(); ++i)
    if (is_splunk_cloud(endpoints.url(i)))
      config.host().log(CSIEM_LOG_WARN,
                        "batch_max_bytes is more than Splunk Cloud takes; batches will be refused and halved",
                        {{"url", endpoints.url(i)},
                         {"batch_max_bytes", std::to_string(bytes)},
                         {"splunk_cloud_takes", std::to_string(kMostCloud)}});
}

common::Template index_of(const Config& config) {
  auto index = config.attempt([&] { return common::Template::compile(config.text("index", ""), "index"); });
  if (!index.every_placeholder_has_default())
    config.refuse("index", "every placeholder needs a default; write {session.tenant_id|security}");
  return index;
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
  const std::vector<std::string> usual = {"event_id",   "event_type",  "severity", "guard",
                                          "session_id", "environment", "tenant_id"};
  parts.indexed_fields = config.has("indexed_fields") ? config.strings("indexed_fields") : usual;
  if (config.text("mode", "event") == "raw" && !parts.indexed_fields.empty() && parts.indexed_fields != usual)
    config.refuse("indexed_fields", "raw mode has no indexed fields; leave it out");
  for (std::size_t i = parts.indexed_fields.size(); i-- > 0;) {
    if (common::find_event_field(parts.indexed_fields[i]) != nullptr) continue;
    config.refuse("indexed_fields[" + std::to_string(i) + "]",
                  "'" + parts.indexed_fields[i] + "' is not a field of an event");
    parts.indexed_fields.erase(parts.indexed_fields.begin() + static_cast<std::ptrdiff_t>(i));
  }
  parts.time = !config.boolean("auto_extract_timestamp", false);
  return parts;
}

AckSettings ack_settings(const Config& config) {
  AckSettings out;
  const std::string use = config.text("use_ack", "auto");
  out.use = use == "true" ? UseAck::yes : use == "false" ? UseAck::no : UseAck::automatic;
  out.channel = config.text("ack.channel", "");
  if (!out.channel.empty() && !common::is_guid(out.channel))
    config.refuse("ack.channel", "'" + out.channel + "' is not a GUID; leave it empty for a random one");
  out.poll_ms = config.integer("ack.poll_interval", out.poll_ms);
  out.timeout_ms = config.integer("ack.timeout", out.timeout_ms);
  out.max_pending = static_cast<std::size_t>(config.integer("ack.max_pending", 1'000));
  return out;
}

}  // namespace csiem::splunk
