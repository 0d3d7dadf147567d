// Elasticsearch and OpenSearch: batches into requests to _bulk.
// SPDX-License-Identifier: Apache-2.0
#include <csiem/sdk.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/authorization.hpp"
#include "common/endpoints.hpp"
#include "common/http_text.hpp"
#include "common/in_flight.hpp"
#include "common/text.hpp"
#include "elastic/bulk.hpp"
#include "elastic/response.hpp"
#include "elastic/target.hpp"

namespace csiem::elastic {
namespace {

constexpr char kSettings[] =
#include "elastic/settings.inc"
    ;

// Only what read_answer() looks at. "items.*.status" must stay: without it empty items vanish and positions shift.
constexpr std::string_view kBulk =
    "/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.failure_store";

// Secrets appear as handles only.
struct Auth {
  std::string api_key, api_key_id, username, password, bearer_token;

  bool any() const noexcept { return !api_key.empty() || !username.empty() || !bearer_token.empty(); }
};

Auth auth_of(const Config& config) {
  Auth auth{config.secret("api_key"), config.text("api_key_id", ""), config.text("username", ""),
            config.secret("password"), config.secret("bearer_token")};
  const bool basic = !auth.username.empty() || !auth.password.empty();
  const int methods = (auth.api_key.empty() ? 0 : 1) + (basic ? 1 : 0) + (auth.bearer_token.empty() ? 0 : 1);
  // None at all is legal: the cluster may know us by client certificate.
  if (methods > 1)
    config.refuse(auth.bearer_token.empty() ? "password" : "bearer_token",
                  "api_key, username with password, and bearer_token exclude each other; set one of them");
  if (auth.username.empty() != auth.password.empty())
    config.refuse(auth.username.empty() ? "password" : "username", "username and password belong together");
  if (auth.username.find(':') != std::string::npos) config.refuse("username", "may not contain ':'");
  if (!auth.api_key_id.empty() && auth.api_key.empty())
    config.refuse("api_key_id", "needs api_key with the key itself");
  return auth;
}

std::vector<std::string> nodes_of(const Config& config, bool credentials) {
  const std::string cloud_id = config.text("cloud_id", "");
  std::vector<std::string> nodes = config.strings("nodes");
  if (cloud_id.empty() == nodes.empty())
    config.refuse(cloud_id.empty() ? "nodes" : "cloud_id", "set either nodes or cloud_id");
  if (!cloud_id.empty()) return {config.attempt([&] { return url_of_cloud_id(cloud_id); })};
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    std::string& node = nodes[i];
    const std::string key = "nodes[" + std::to_string(i) + "]";
    const common::UrlParts parts = common::url_parts(node);
    if (!parts.ok || (!common::same_ignoring_case(parts.scheme, "https") && !common::is_plain_http(parts)))
      config.refuse(key, "'" + node + "' is not an http or https URL");
    else if (node.find_first_of("?#") != std::string::npos)
      config.refuse(key, "a base URL has no query: '" + node + "'");
    else if (credentials && common::is_plain_http(parts) && !common::is_loopback(parts) &&
             !config.boolean("allow_plain_http", false))
      config.refuse(key,
                    "'" + node + "' would get the credentials unencrypted; use https or set allow_plain_http = true");
    while (!node.empty() && node.back() == '/') node.pop_back();
  }
  return nodes;
}

Target target_of(const Config& config) {
  const std::string data_stream = config.text("data_stream", ""), index = config.text("index", "");
  if (!data_stream.empty() && !index.empty()) config.refuse("index", "set either data_stream or index");
  return config.attempt([&] {
    if (!index.empty()) return Target::index(index);
    return Target::data_stream(data_stream.empty() ? "logs-clawdstrike.security-default" : data_stream);
  });
}

std::vector<std::pair<std::string, std::string>> headers_of(const Config& config) {
  auto headers = config.members("headers");
  for (const auto& header : headers)
    config.attempt([&] {
      common::check_header("headers." + header.first, header.first, header.second, {"authorization", "content-type"});
    });
  return headers;
}

class Elastic final : public HttpExporter {
 public:
  explicit Elastic(const Config& config)
      : auth_(auth_of(config)),
        nodes_(nodes_of(config, auth_.any()), common::Spread::round_robin),
        bulk_(target_of(config), config.text("id_field", "event_id") == "event_id"),
        path_(kBulk),
        headers_(headers_of(config)),
        gzip_(config.text("compression", "gzip") == "gzip") {
    if (const std::string pipeline = config.text("pipeline", ""); !pipeline.empty())
      path_ += "&pipeline=" + common::percent_encoded(pipeline);
    if (config.text("on_mapping_error", "dlq") != "dlq")
      config.refuse("on_mapping_error", "only \"dlq\" is part of this version");
    if (config.boolean("bootstrap", false))
      config.refuse("bootstrap",
                    "creating templates at start is not part of this version; install the content pack beforehand");
  }

  void build(const csiem_batch& batch, Request& out) override {
    for (uint32_t i = 0; i < batch.count; ++i) bulk_.write(*batch.events[i], batch.bodies[i], out);
    const Note note{nodes_.pick(host().mono_ns()), out.body_size()};
    out.url = nodes_.url(note.node) + path_;
    out.flags = gzip_ ? static_cast<uint32_t>(CSIEM_HTTP_GZIP) : 0u;
    out.header("Content-Type", "application/x-ndjson");
    add_headers(out);
    in_flight_.start(batch, note);
  }

  Verdict classify(const csiem_batch& batch, const csiem_http_response& response) override {
    const Note note = in_flight_.finish(batch);
    Sent sent;
    sent.count = batch.count;
    sent.bytes = note.bytes;
    sent.attempt = batch.attempt;
    Reading reading = read_answer(response, sent);
    if (reading.node_failed) {
      const int64_t now = host().mono_ns();
      nodes_.failed(note.node, now, reading.verdict.retry_after_ms);
      // What one node asks for does not bind the others.
      if (nodes_.another_is_ready(now)) reading.verdict.retry_after_ms = 0;
    } else {
      nodes_.succeeded(note.node);
    }
    if (reading.conflicts != 0) host().count("conflicts", reading.conflicts);
    if (reading.failure_store != 0) {
      host().count("failure_store", reading.failure_store);
      host().log(CSIEM_LOG_WARN, "the cluster put documents aside into the failure store of the data stream");
    }
    return std::move(reading.verdict);
  }

  void build_probe(Request& out) override {
    out.method = "GET";
    out.url = nodes_.url(nodes_.pick(host().mono_ns())) + "/";
    out.max_response_bytes = 64 * 1024;
    add_headers(out);
  }
  Verdict classify_probe(const csiem_http_response& response) override { return read_health(response).verdict; }

 private:
  struct Note {
    std::size_t node = 0;
    std::size_t bytes = 0;
  };

  void add_headers(Request& out) const {
    for (const auto& [name, value] : headers_) out.header(name, value);
    if (!auth_.username.empty())
      common::encoded_authorization(host(), "Basic ", auth_.username + ":", auth_.password, out);
    else if (!auth_.bearer_token.empty())
      out.header("Authorization", "Bearer ", auth_.bearer_token);
    else if (!auth_.api_key_id.empty())
      common::encoded_authorization(host(), "ApiKey ", auth_.api_key_id + ":", auth_.api_key, out);
    else if (!auth_.api_key.empty() && key_is_a_pair())
      common::encoded_authorization(host(), "ApiKey ", "", auth_.api_key, out);
    else if (!auth_.api_key.empty())
      out.header("Authorization", "ApiKey ", auth_.api_key);
  }
  // id:key, where the encoded form has no colon. Looked at every time: a rotated key may come in the other form.
  bool key_is_a_pair() const {
    bool pair = false;
    host().borrow(auth_.api_key, [&](std::string_view key) { pair = key.find(':') != std::string_view::npos; });
    return pair;
  }

  Auth auth_;
  common::Endpoints nodes_;
  Bulk bulk_;
  std::string path_;
  std::vector<std::pair<std::string, std::string>> headers_;
  bool gzip_;
  common::InFlight<Note> in_flight_;
};

}  // namespace
}  // namespace csiem::elastic

CSIEM_EXPORTER(csiem::elastic::Elastic, "org.clawdstrike.elastic", "elastic", CSIEM_PLUGIN_VERSION,
               csiem::About()
                   .vendor("clawdstrike-siem")
                   .license("Apache-2.0")
                   .description("Elasticsearch and OpenSearch bulk API")
                   .default_format("ecs")
                   .accepts("ecs native ocsf")
                   .flags(CSIEM_EXPORTER_PARTIAL)
                   .limits(0, 20'000'000, 100'000'000),
               csiem::elastic::kSettings);
