// Elasticsearch and OpenSearch: batches into requests to _bulk.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csiem/sdk.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/authorization.hpp"
#include "common/endpoints.hpp"
#include "common/http_text.hpp"
#include "common/in_flight.hpp"
#include "common/text.hpp"
#include "common/transport.hpp"
#include "elastic/bootstrap.hpp"
#include "elastic/bulk.hpp"
#include "elastic/fallback.hpp"
#include "elastic/response.hpp"
#include "elastic/target.hpp"

namespace csiem::elastic {
namespace {

constexpr char kSettings[] =
#include "elastic/settings.inc"
    ;

// Only what read_answer() looks at. "items.*.status" must stay: without it empty items vanish and positions shift.
constexpr uint32_t kMaxAnswer = 256 * 1024;  // of questions about the cluster
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
      common::check_header("headers." + header.first, header.first, header.second,
                           {"authorization", "content-type", "accept"});
    });
  return headers;
}

std::optional<Bootstrap> bootstrap_of(const Config& config, Flavor flavor) {
  if (!config.boolean("bootstrap", false)) return std::nullopt;
  constexpr std::string_view kPattern = "logs-clawdstrike.";
  Layout layout;
  if (const std::string index = config.text("index", ""); !index.empty()) {
    try {
      layout = Layout::of_index(index);
    } catch (const std::invalid_argument& why) {
      config.refuse("bootstrap", why.what());
    }
  } else if (config.text("data_stream", kPattern).compare(0, kPattern.size(), kPattern) != 0) {
    config.refuse("bootstrap", "its template is for logs-clawdstrike.*-*, which data_stream does not match");
  }
  BootstrapOptions options;
  options.ilm_policy = config.text("bootstrap_options.ilm_policy", options.ilm_policy);
  options.index_template = config.text("bootstrap_options.template", options.index_template);
  options.shards = config.integer("bootstrap_options.shards", options.shards);
  options.replicas = config.integer("bootstrap_options.replicas", options.replicas);
  options.retention_days = config.integer("bootstrap_options.retention_days", options.retention_days);
  options.fail = config.text("bootstrap_options.on_error", "warn") == "fail";
  return Bootstrap(flavor, options, layout);
}

class Elastic final : public HttpExporter {
 public:
  explicit Elastic(const Config& config)
      : auth_(auth_of(config)),
        nodes_(nodes_of(config, auth_.any()), common::Spread::round_robin),
        bulk_(target_of(config), config.text("id_field", "event_id") == "event_id"),
        path_(kBulk),
        headers_(headers_of(config)),
        gzip_(config.text("compression", "gzip") == "gzip"),
        fallback_(config.text("on_mapping_error", "dlq") == "fallback"),
        flavor_(flavor_of(config.text("flavor", "auto"))),
        bootstrap_(bootstrap_of(config, flavor_)) {
    speak_as(flavor_);
    if (const std::string pipeline = config.text("pipeline", ""); !pipeline.empty())
      path_ += "&pipeline=" + common::percent_encoded(pipeline);
  }

  void build(const csiem_batch& batch, Request& out) override {
    if (!bootstrap_ || bootstrap_->done()) {
      write_bulk(batch, out);
    } else if (installer_ != nullptr && installer_ != &batch) {
      out.postpone();
    } else {
      installer_ = &batch;
      write_install(out);
    }
  }

  Step after(const csiem_batch& batch, const csiem_http_response& response, uint32_t, Verdict& verdict,
             Request& next) override {
    if (installer_ == &batch) return installed(batch, response, verdict, next);
    Note note = in_flight_.finish(batch);
    Sent sent;
    sent.count = note.second_form.empty() ? batch.count : static_cast<uint32_t>(note.second_form.size());
    sent.bytes = note.bytes;
    sent.attempt = batch.attempt;
    Reading reading = read_answer(response, sent);
    judge(note.node, response, reading);
    if (!note.second_form.empty()) {
      verdict = merged(std::move(note), reading.verdict);
      return Step::done;
    }
    verdict = std::move(reading.verdict);
    const std::vector<std::size_t> misfits = fallback_ ? mapping_errors(verdict) : std::vector<std::size_t>();
    if (misfits.empty()) return Step::done;
    write_second_form(batch, verdict, misfits, next);
    return Step::send;
  }

  void forget(const csiem_batch& batch) override {
    if (installer_ == &batch) installer_ = nullptr;
    in_flight_.finish(batch);
  }

  void build_probe(Request& out) override {
    out.method = "GET";
    out.url = nodes_.url(nodes_.pick(host().mono_ns())) + "/";
    out.max_response_bytes = kMaxAnswer;
    add_headers(out);
  }
  Verdict classify_probe(const csiem_http_response& response) override {
    Verdict verdict = read_health(response).verdict;
    if (verdict.outcome == CSIEM_DELIVERED && bootstrap_ && !bootstrap_->done() && !install_trouble_.code.empty())
      return install_trouble_;
    return verdict;
  }

 private:
  struct Note {
    std::size_t node = 0;
    std::size_t bytes = 0;
    // Of a second request, with the documents that did not fit the mapping: what the first said, and where in its
    // exceptions they stand.
    Verdict first;
    std::vector<std::size_t> second_form;
  };

  // ---- requests ----

  void write_bulk(const csiem_batch& batch, Request& out) {
    for (uint32_t i = 0; i < batch.count; ++i) bulk_.write(*batch.events[i], batch.bodies[i], out);
    send_bulk(batch, {}, out);
  }

  void send_bulk(const csiem_batch& batch, Note note, Request& out) {
    note.node = nodes_.pick(host().mono_ns());
    note.bytes = out.body_size();
    out.url = nodes_.url(note.node) + path_;
    out.flags = gzip_ ? static_cast<uint32_t>(CSIEM_HTTP_GZIP) : 0u;
    if (versioned_) {
      out.header("Content-Type", "application/vnd.elasticsearch+x-ndjson;compatible-with=8");
      out.header("Accept", "application/vnd.elasticsearch+json;compatible-with=8");
    } else {
      out.header("Content-Type", "application/x-ndjson");
    }
    add_headers(out);
    in_flight_.start(batch, std::move(note));
  }

  // Of the same documents with the same ids: an attempt that is repeated finds them.
  void write_second_form(const csiem_batch& batch, const Verdict& first, const std::vector<std::size_t>& misfits,
                         Request& out) {
    for (const std::size_t at : misfits) {
      const EventVerdict& one = first.except[at];
      const csiem_event& event = *batch.events[one.index];
      bulk_.action(event, out);
      out.add(fallback_document(event, view(batch.bodies[one.index]), one.message));
      out.add("\n");
    }
    Note note;
    note.first = first;
    note.second_form = misfits;
    send_bulk(batch, std::move(note), out);
  }

  Verdict merged(Note note, const Verdict& second) {
    for (std::size_t i = 0; i < note.second_form.size(); ++i) {
      EventVerdict& one = note.first.except[note.second_form[i]];
      int32_t outcome = second.outcome;
      for (const EventVerdict& other : second.except)
        if (other.index == i) outcome = other.outcome;
      if (outcome == CSIEM_DELIVERED) host().count("fallbacks");
      // What is refused in this form, too, keeps its first reason.
      if (outcome != CSIEM_REJECT && outcome != CSIEM_SPLIT) one.outcome = outcome;
    }
    note.first.retry_after_ms = std::max(note.first.retry_after_ms, second.retry_after_ms);
    return std::move(note.first);
  }

  void judge(std::size_t node, const csiem_http_response& response, Reading& reading) {
    if (reading.node_failed) {
      host().count("node_failures");
      const int64_t now = host().mono_ns();
      nodes_.failed(node, now, reading.verdict.retry_after_ms);
      // What one node asks for does not bind the others.
      if (nodes_.another_is_ready(now)) reading.verdict.retry_after_ms = 0;
    } else {
      nodes_.succeeded(node);
    }
    if (versioned_ && (response.status == 406 || response.status == 415)) {
      versioned_ = false;
      host().log(CSIEM_LOG_WARN, "the cluster does not know the content types of Elasticsearch 8; sending plain ones");
      reading.verdict.outcome = CSIEM_RETRY;
    }
    if (reading.conflicts != 0) host().count("conflicts", reading.conflicts);
    if (reading.failure_store != 0) {
      host().count("failure_store", reading.failure_store);
      host().log(CSIEM_LOG_WARN, "the cluster put documents aside into the failure store of the data stream");
    }
  }

  // Content types that ask for the behaviour of version 8, which later versions keep for those who ask.
  void speak_as(Flavor flavor) { versioned_ = flavor == Flavor::elasticsearch || flavor == Flavor::serverless; }

  // ---- bootstrap: on behalf of the first batch, the others wait ----

  void write_install(Request& out) {
    const Bootstrap::Request ask = bootstrap_->next();
    install_node_ = nodes_.pick(host().mono_ns());
    out.method = ask.method;
    out.url = nodes_.url(install_node_) + std::string(ask.path);
    out.max_response_bytes = kMaxAnswer;
    if (!ask.body.empty()) out.header("Content-Type", "application/json");
    add_headers(out);
    out.add(ask.body);
  }

  Step installed(const csiem_batch& batch, const csiem_http_response& response, Verdict& verdict, Request& next) {
    const bool node_failed = response.transport != CSIEM_TRANSPORT_OK || response.status == 502 ||
                             response.status == 503 || response.status == 504;
    if (node_failed)
      nodes_.failed(install_node_, host().mono_ns(), response.retry_after_ms);
    else
      nodes_.succeeded(install_node_);
    const bool asked_for_kind = bootstrap_->next().path == "/";
    if (!bootstrap_->answered(response, verdict)) {
      install_trouble_ = verdict;
      installer_ = nullptr;
      return Step::done;
    }
    if (asked_for_kind) speak_as(bootstrap_->flavor());
    if (!bootstrap_->done()) {
      write_install(next);
      return Step::send;
    }
    installer_ = nullptr;
    install_trouble_ = {};
    host().count("bootstrap_installed", bootstrap_->installed());
    for (const std::string& path : bootstrap_->newer())
      host().log(CSIEM_LOG_INFO, "bootstrap: what is there is newer and stays", {{"object", path}});
    for (const std::string& problem : bootstrap_->problems())
      host().log(CSIEM_LOG_WARN, "bootstrap: not installed", {{"object", problem}});
    write_bulk(batch, next);
    return Step::send;
  }

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
  bool gzip_, fallback_;
  Flavor flavor_;
  std::optional<Bootstrap> bootstrap_;
  const csiem_batch* installer_ = nullptr;  // the batch in whose name bootstrap asks
  std::size_t install_node_ = 0;
  Verdict install_trouble_;  // of the newest attempt; with a code when it failed
  bool versioned_ = false;
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
