// Webhooks: events or batches to one URL, with an id that stays the same over all attempts.
// SPDX-License-Identifier: Apache-2.0
#include <csiem/sdk.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/authorization.hpp"
#include "common/http_text.hpp"
#include "common/in_flight.hpp"
#include "common/text.hpp"
#include "webhook/message.hpp"
#include "webhook/oauth2.hpp"
#include "webhook/response.hpp"
#include "webhook/signature.hpp"

namespace csiem::webhook {
namespace {

constexpr char kSettings[] =
#include "webhook/settings.inc"
    ;

constexpr uint32_t kMaxAnswer = 64 * 1024;
// What the Standard Webhooks text advises as the most for one message.
constexpr std::size_t kLargeMessage = 20 * 1024;

// Secrets appear as handles only.
struct Auth {
  enum class Type { none, bearer, basic, header, oauth2 } type = Type::none;
  std::string secret;
  std::string name;  // user name or header name
};

Auth auth_of(const Config& config) {
  const std::string type = config.text("auth.type", "none");
  Auth auth;
  const auto need = [&](const char* secret) {
    auth.secret = config.secret(std::string("auth.") + secret);
    if (auth.secret.empty()) config.refuse(std::string("auth.") + secret, "type " + type + " needs " + secret);
  };
  if (type == "bearer") {
    auth.type = Auth::Type::bearer;
    need("token");
  } else if (type == "basic") {
    auth.type = Auth::Type::basic;
    auth.name = config.text("auth.username", "");
    need("password");
    if (auth.name.empty() || auth.name.find(':') != std::string::npos)
      config.refuse("auth.username", "username must be set and may not contain ':'");
  } else if (type == "header") {
    auth.type = Auth::Type::header;
    auth.name = config.text("auth.header_name", "");
    need("header_value");
    config.attempt([&] {
      common::check_header("auth.header_name", auth.name, "", {"content-type", "idempotency-key", "webhook-id"});
    });
  } else if (type == "oauth2") {
    auth.type = Auth::Type::oauth2;
    need("client_secret");
  } else if (type != "none") {
    config.refuse("auth.type", "'" + type + "' is not known; use none, bearer, basic, header or oauth2");
  }
  return auth;
}

ClientCredentials client_of(const Config& config) {
  ClientCredentials out;
  if (config.text("auth.type", "none") != "oauth2") return out;
  out.token_url = config.text("auth.token_url", "");
  const common::UrlParts parts = common::url_parts(out.token_url);
  const bool https = common::same_ignoring_case(parts.scheme, "https");
  const bool plain =
      common::is_plain_http(parts) && (common::is_loopback(parts) || config.boolean("allow_plain_http", false));
  if (!parts.ok)
    config.refuse("auth.token_url", "type oauth2 needs the https address of the token server");
  else if (!https && !plain)
    config.refuse("auth.token_url", "would carry the client's secret unencrypted; use https");
  out.client_id = config.text("auth.client_id", "");
  if (out.client_id.empty()) config.refuse("auth.client_id", "type oauth2 needs client_id");
  out.client_secret = config.secret("auth.client_secret");
  out.scope = config.text("auth.scope", "");
  out.audience = config.text("auth.audience", "");
  out.resource = config.text("auth.resource", "");
  out.in_body = config.text("auth.client_auth", "basic") == "post";
  return out;
}

Signing signing_of(const Config& config) {
  const std::string scheme = config.text("sign.scheme", "none");
  Signing signing;
  if (scheme == "none") return signing;
  signing.scheme = scheme == "standard-webhooks" ? Scheme::standard_webhooks
                   : scheme == "github"          ? Scheme::github
                                                 : Scheme::stripe;
  signing.secret = config.secret("sign.secret");
  signing.previous_secret = config.secret("sign.previous_secret");
  if (signing.secret.empty()) config.refuse("sign.secret", "scheme " + scheme + " needs secret");
  // One that cannot be read yet is looked at when it is used.
  for (const auto& [key, handle] :
       {std::pair("sign.secret", &signing.secret), std::pair("sign.previous_secret", &signing.previous_secret)}) {
    std::string problem;
    config.host().borrow(*handle, [&](std::string_view secret) {
      if (auto bytes = key_of(signing.scheme, secret, &problem)) common::wipe(*bytes);
    });
    if (!problem.empty()) config.refuse(key, problem);
  }
  // Receivers disagree on whether the bytes before or after compression are signed.
  if (config.text("compression", "none") != "none")
    config.refuse("compression", "cannot be combined with signatures; set compression = \"none\"");
  signing.header = config.text("sign.header", "");
  if (signing.scheme == Scheme::standard_webhooks) {
    if (!signing.header.empty()) config.refuse("sign.header", "the headers of standard-webhooks have fixed names");
    return signing;
  }
  if (signing.header.empty()) signing.header = signing.scheme == Scheme::github ? "X-Hub-Signature-256" : "X-Signature";
  config.attempt([&] {
    common::check_header("sign.header", signing.header, "",
                         {"authorization", "content-type", "idempotency-key", "webhook-id"});
  });
  return signing;
}

Shape shape_of(const Config& config) {
  Shape shape;
  const std::string framing = config.text("framing", "single");
  if (framing != "single" && framing != "array" && framing != "ndjson")
    config.refuse("framing", "'" + framing + "' is not single, array or ndjson");
  shape.framing = framing == "array" ? Framing::array : framing == "ndjson" ? Framing::ndjson : Framing::single;
  shape.envelope = config.boolean("envelope", true);
  shape.content_type = config.text("content_type", "");
  if (!common::is_header_value(shape.content_type)) config.refuse("content_type", "has a line break");
  return shape;
}

Rules rules_of(const Config& config) {
  Rules rules;
  const auto codes = [&](const char* key, const char* fallback) {
    return config.attempt([&] { return Codes::parse(config.text(key, fallback), key); });
  };
  rules.success = codes("success_codes", "200-299");
  rules.retry = codes("retry_codes", "");
  rules.reject = codes("reject_codes", "");
  rules.success_body_contains = config.text("success_body_contains", "");
  rules.conflict_is_success = config.boolean("conflict_is_success", false);
  return rules;
}

class Webhook final : public HttpExporter {
 public:
  explicit Webhook(const Config& config)
      : url_(config.secret("url")),
        method_(config.text("method", "POST")),
        headers_(config.members("headers")),
        auth_(auth_of(config)),
        token_(client_of(config)),
        signing_(signing_of(config)),
        shape_(shape_of(config)),
        rules_(rules_of(config)),
        gzip_(config.text("compression", "none") == "gzip"),
        max_body_(static_cast<std::size_t>(config.integer("max_body_bytes", 1024 * 1024))) {
    if (method_ != "POST" && method_ != "PUT" && method_ != "PATCH")
      config.refuse("method", "'" + method_ + "' is not POST, PUT or PATCH");
    for (const auto& header : headers_)
      config.attempt([&] {
        common::check_header("headers." + header.first, header.first, header.second,
                             {"authorization", "content-type", "idempotency-key", "webhook-id", "webhook-timestamp",
                              "webhook-signature"});
      });
    check_url(config);
  }

  void build(const csiem_batch& batch, Request& out) override {
    Progress progress;
    if (gone_)
      out.settle(gone());
    else if (needs_token())
      begin_with_token(batch, std::move(progress), out);
    else if (next_request(batch, progress, out))
      in_flight_.start(batch, std::move(progress));
    else
      out.settle(std::move(progress.verdict));
  }

  Step after(const csiem_batch& batch, const csiem_http_response& response, uint32_t, Verdict& verdict,
             Request& next) override {
    Progress progress = in_flight_.finish(batch);
    if (progress.asks_for_token) return got_token(batch, response, std::move(progress), verdict, next);
    if (response.transport == CSIEM_TRANSPORT_OK && response.status == 401 && auth_.type == Auth::Type::oauth2 &&
        !progress.renewed)
      return renew_token(batch, std::move(progress), verdict, next);
    Verdict answer = read_answer(response, rules_, batch.attempt);
    if (response.transport == CSIEM_TRANSPORT_OK && response.status == 410 && answer.outcome == CSIEM_CONFIG)
      answer = gone();
    if (!note_answer(batch, std::move(answer), response.status, progress) && next_request(batch, progress, next)) {
      in_flight_.start(batch, std::move(progress));
      return Step::send;
    }
    verdict = std::move(progress.verdict);
    return Step::done;
  }

 private:
  // How far a batch has come. With one request per event a batch takes several requests, one after the other.
  struct Progress {
    uint32_t first = 0, last = 0;  // events of the request under way
    Verdict verdict;               // so far
    bool asks_for_token = false;   // the request under way is for a token
    bool renewed = false;          // a token was refused and another one asked for
    uint64_t generation = 0;       // of the token that the request under way carries
  };

  bool needs_token() const { return auth_.type == Auth::Type::oauth2 && !token_.valid(host().mono_ns()); }

  // One request for a token at a time: other batches wait for it.
  void begin_with_token(const csiem_batch& batch, Progress progress, Request& out) {
    if (token_.awaited(host().mono_ns())) return out.postpone();
    token_.write_request(host(), host().mono_ns(), out);
    progress.asks_for_token = true;
    if (!out.settled()) in_flight_.start(batch, std::move(progress));
  }

  Step got_token(const csiem_batch& batch, const csiem_http_response& response, Progress progress, Verdict& verdict,
                 Request& next) {
    progress.asks_for_token = false;
    Verdict answer = token_.read_answer(response, host().mono_ns());
    if (answer.outcome != CSIEM_DELIVERED)
      failed(batch, progress.last, batch.count, std::move(answer), response.status, progress);
    else if (next_request(batch, progress, next)) {
      in_flight_.start(batch, std::move(progress));
      return Step::send;
    }
    verdict = std::move(progress.verdict);
    return Step::done;
  }

  // The receiver refused the token, once: the same events go again with another one.
  Step renew_token(const csiem_batch& batch, Progress progress, Verdict& verdict, Request& next) {
    token_.refuse(progress.generation);
    progress.renewed = true;
    progress.last = progress.first;
    const int64_t now = host().mono_ns();
    bool send = false;
    if (!needs_token()) {
      send = next_request(batch, progress, next);
    } else if (token_.awaited(now)) {
      failed(batch, progress.first, batch.count,
             Verdict::of(CSIEM_RETRY, "oauth2.renewed", "another token is being asked for", 1000), 401, progress);
    } else {
      token_.write_request(host(), now, next);
      send = progress.asks_for_token = !next.settled();
      if (!send) failed(batch, progress.first, batch.count, *next.settled(), 401, progress);
    }
    if (send) {
      in_flight_.start(batch, std::move(progress));
      return Step::send;
    }
    verdict = std::move(progress.verdict);
    return Step::done;
  }

  static bool usable(const common::UrlParts& url) noexcept {
    return url.ok && (common::same_ignoring_case(url.scheme, "https") || common::is_plain_http(url));
  }
  // The setting holds the address itself or the handle of a secret address, which has no "://".
  static bool is_address(std::string_view setting) noexcept { return setting.find("://") != std::string_view::npos; }

  void check_url(const Config& config) const {
    if (url_.empty()) return config.refuse("url: missing");
    // A secret address is not known to everybody who reads the log, so it is not part of the complaint.
    const char* why = nullptr;
    const auto check = [&](std::string_view url) {
      const common::UrlParts parts = common::url_parts(url);
      if (!usable(parts))
        why = "is not an http or https URL";
      else if ((auth_.type != Auth::Type::none || signing_.scheme != Scheme::none) && common::is_plain_http(parts) &&
               !common::is_loopback(parts) && !config.boolean("allow_plain_http", false))
        why = "http would carry the credentials unencrypted; use https or set allow_plain_http = true";
    };
    if (is_address(url_))
      check(url_);
    else
      config.host().borrow(url_, check);
    if (why != nullptr) config.refuse("url", why);
  }

  // 410 says that nobody will ever listen again: no request leaves until the configuration is loaded anew.
  Verdict gone() {
    gone_ = true;
    return Verdict::of(CSIEM_CONFIG, "http.410", "the receiver is gone; nothing is sent until a reload");
  }

  // Takes the answer for the events under way. True when the batch ends here.
  static bool note_answer(const csiem_batch& batch, Verdict answer, int32_t status, Progress& progress) {
    if (answer.outcome == CSIEM_DELIVERED) return false;
    const bool about_the_event = answer.outcome == CSIEM_REJECT || answer.outcome == CSIEM_SPLIT;
    // Where it is not about this event, the following ones would fare the same.
    failed(batch, progress.first, about_the_event ? progress.last : batch.count, std::move(answer), status, progress);
    return !about_the_event;
  }

  static void failed(const csiem_batch& batch, uint32_t first, uint32_t last, Verdict why, int32_t status,
                     Progress& progress) {
    if (first == 0 && last == batch.count) {
      progress.verdict = std::move(why);
      return;
    }
    for (uint32_t i = first; i < last; ++i) progress.verdict.event(i, why.outcome, status, why.code, why.message);
    progress.verdict.retry_after_ms = why.retry_after_ms;
  }

  // Writes the next request of the batch. False when there is none left, progress.verdict being complete.
  bool next_request(const csiem_batch& batch, Progress& progress, Request& out) {
    while (progress.last < batch.count) {
      progress.first = progress.last;
      progress.last = shape_.framing == Framing::single ? progress.first + 1 : batch.count;
      out.clear();
      write_body(shape_, batch, progress.first, progress.last, out);
      const std::size_t bytes = out.body_size();
      if (bytes > max_body_) {
        const std::string sizes = std::to_string(bytes) + " bytes, max_body_bytes is " + std::to_string(max_body_);
        failed(batch, progress.first, progress.last, Verdict::of(CSIEM_SPLIT, "webhook.too_large", sizes), 0, progress);
        continue;
      }
      if (shape_.framing == Framing::single && bytes > kLargeMessage) host().count("large_messages");
      write_head(batch, progress.first, out);
      progress.generation = token_.generation();
      if (signing_.scheme != Scheme::none) write_signature(id_of(batch, progress.first), out);
      if (!out.settled()) return true;
      failed(batch, progress.first, batch.count, *out.settled(), 0, progress);
      return false;
    }
    return false;
  }

  void write_head(const csiem_batch& batch, uint32_t first, Request& out) const {
    out.method = method_;
    (is_address(url_) ? out.url : out.url_secret) = url_;
    out.flags = gzip_ ? static_cast<uint32_t>(CSIEM_HTTP_GZIP) : 0u;
    out.max_response_bytes = kMaxAnswer;
    out.header("Content-Type", content_type_of(shape_, batch));
    for (const auto& [name, value] : headers_) out.header(name, value);
    if (const std::string id = id_of(batch, first); !id.empty()) {
      out.header("webhook-id", id);
      out.header("Idempotency-Key", id);
    }
    if (auth_.type == Auth::Type::bearer) out.header("Authorization", "Bearer ", auth_.secret);
    if (auth_.type == Auth::Type::oauth2) out.header("Authorization", "Bearer " + token_.value());
    if (auth_.type == Auth::Type::header) out.header(auth_.name, "", auth_.secret);
    if (auth_.type == Auth::Type::basic)
      common::encoded_authorization(host(), "Basic ", auth_.name + ":", auth_.secret, out);
  }

  // Fresh on every attempt, under the id that stays.
  void write_signature(const std::string& id, Request& out) const {
    std::string body, problem;
    body.reserve(out.body_size());
    out.copy_body(body);
    const auto headers = sign(signing_, host(), id, host().unix_ns() / 1'000'000'000, body, &problem);
    if (!headers) return out.settle(Verdict::of(CSIEM_AUTH, "credential.unavailable", problem));
    for (const auto& [name, value] : *headers) out.header(name, value);
  }

  // Per event where a request is one event, so that it survives a different cut of batches after a restart.
  std::string id_of(const csiem_batch& batch, uint32_t first) const {
    const std::string batch_id = header_id(view(batch.idempotency_key));
    if (shape_.framing != Framing::single) return batch_id;
    const std::string event_id = header_id(view(batch.events[first]->event_id));
    return !event_id.empty() || batch_id.empty() ? event_id : batch_id + "-" + std::to_string(first);
  }

  std::string url_;  // address, or handle of a secret one
  std::string method_;
  std::vector<std::pair<std::string, std::string>> headers_;
  Auth auth_;
  AccessToken token_;  // of type oauth2
  Signing signing_;
  Shape shape_;
  Rules rules_;
  bool gzip_;
  std::size_t max_body_;
  bool gone_ = false;
  common::InFlight<Progress> in_flight_;
};

}  // namespace
}  // namespace csiem::webhook

CSIEM_EXPORTER(csiem::webhook::Webhook, "org.clawdstrike.webhook", "webhook", CSIEM_PLUGIN_VERSION,
               csiem::About()
                   .vendor("clawdstrike-siem")
                   .license("Apache-2.0")
                   .description("Webhooks: events or batches to one URL")
                   .default_format("native")
                   .accepts("*")
                   .flags(CSIEM_EXPORTER_PARTIAL),
               csiem::webhook::kSettings);
