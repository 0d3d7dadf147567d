// Webhooks: events or batches to one receiver, with an id that stays the same over all attempts.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <csiem/sdk.hpp>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/authorization.hpp"
#include "common/in_flight.hpp"
#include "common/shorten.hpp"
#include "common/text.hpp"
#include "webhook/delivery_id.hpp"
#include "webhook/settings.hpp"

namespace csiem::webhook {
namespace {

constexpr char kSettings[] =
#include "webhook/settings.inc"
    ;

constexpr uint32_t kMaxAnswer = 64 * 1024;
// What the Standard Webhooks text advises as the most for one message.
constexpr std::size_t kLargeMessage = 20 * 1024;
// Of one event that a template gives.
constexpr std::size_t kMaxRendered = 1024 * 1024;

class Webhook final : public HttpExporter {
 public:
  explicit Webhook(const Config& config)
      : settings_(Settings::read(config)), token_(settings_.client), body_(std::move(settings_.shape)) {}

  void build(const csiem_batch& batch, Request& out) override {
    Progress progress;
    if (gone_) return out.settle(gone());
    if (needs_token()) return begin_with_token(batch, std::move(progress), out);
    begin(batch, progress);
    if (next_request(batch, progress, out))
      in_flight_.start(batch, std::move(progress));
    else
      out.settle(std::move(progress.verdict));
  }

  Step after(const csiem_batch& batch, const csiem_http_response& response, uint32_t, Verdict& verdict,
             Request& next) override {
    Progress progress = in_flight_.finish(batch);
    if (progress.asks_for_token) return got_token(batch, response, std::move(progress), verdict, next);
    if (response.transport == CSIEM_TRANSPORT_OK && response.status == 401 &&
        settings_.auth.type == Auth::Type::oauth2 && !progress.renewed)
      return renew_token(batch, std::move(progress), verdict, next);
    Verdict answer = read_answer(response, settings_.rules, batch.attempt);
    if (response.transport == CSIEM_TRANSPORT_OK && response.status == 410 && answer.outcome == CSIEM_CONFIG)
      answer = gone();
    if (answer.outcome == CSIEM_SPLIT && shorten(batch, progress, 0))
      return send(batch, std::move(progress), verdict, next);
    if (!note_answer(batch, std::move(answer), response.status, progress) && next_request(batch, progress, next)) {
      in_flight_.start(batch, std::move(progress));
      return Step::send;
    }
    verdict = std::move(progress.verdict);
    return Step::done;
  }

  // With OAuth 2 and no token the check is the request for one: without it nothing could be delivered either.
  void build_probe(Request& out) override {
    probe_asks_for_token_ = false;
    if (gone_) return out.settle(gone());
    if (!settings_.health.there())
      return out.settle(Verdict::of(CSIEM_SKIPPED, "webhook.no_health_url", "health_url is not set"));
    if (needs_token()) {
      if (token_.awaited(host().mono_ns()))
        return out.settle(Verdict::of(CSIEM_SKIPPED, "oauth2.awaited", "a token is being asked for"));
      probe_asks_for_token_ = true;
      return token_.write_request(host(), host().mono_ns(), out);
    }
    out.method = settings_.health.method;
    out.url = settings_.health.url;
    out.url_secret = settings_.health.url_secret;
    out.max_response_bytes = kMaxAnswer;
    write_credentials(out);
  }
  Verdict classify_probe(const csiem_http_response& response) override {
    if (std::exchange(probe_asks_for_token_, false)) return token_.read_answer(response, host().mono_ns());
    return read_health(response);
  }

 private:
  // How far a batch has come. A batch takes several requests, one after the other, where a request is one event or
  // events go to different places.
  struct Progress {
    Groups groups;               // which events share a request; of single framing none
    std::size_t group = 0;       // the next one
    uint32_t next = 0;           // of single framing: the next event
    std::vector<uint32_t> sent;  // events of the request under way
    std::string shortened;       // what goes instead of the only one of them, which was too large
    Verdict verdict;             // so far
    bool begun = false;
    bool asks_for_token = false;  // the request under way is for a token
    bool renewed = false;         // a token was refused and another one asked for
    uint64_t generation = 0;      // of the token that the request under way carries
  };

  bool single() const noexcept { return body_.shape().framing == Framing::single; }
  bool needs_token() const { return settings_.auth.type == Auth::Type::oauth2 && !token_.valid(host().mono_ns()); }

  void begin(const csiem_batch& batch, Progress& progress) {
    if (std::exchange(progress.begun, true) || single()) return;
    if (!settings_.destination.varies()) {
      progress.groups.order.resize(batch.count);
      std::iota(progress.groups.order.begin(), progress.groups.order.end(), 0u);
      progress.groups.ends = {batch.count};
      return;
    }
    progress.groups = group(batch, settings_.destination);
    for (const auto& [event, failure] : progress.groups.refused)
      if (wanted(*batch.events[event]))
        refuse(event, failure, progress);
      else
        skip(event, progress);
  }

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
    if (answer.outcome == CSIEM_DELIVERED) return send(batch, std::move(progress), verdict, next);
    failed_from_here(batch, std::move(answer), response.status, progress);
    verdict = std::move(progress.verdict);
    return Step::done;
  }

  // The receiver refused the token, once: the same events go again with another one.
  Step renew_token(const csiem_batch& batch, Progress progress, Verdict& verdict, Request& next) {
    token_.refuse(progress.generation);
    progress.renewed = true;
    const int64_t now = host().mono_ns();
    if (!needs_token()) return send(batch, std::move(progress), verdict, next);
    Verdict why = Verdict::of(CSIEM_RETRY, "oauth2.renewed", "another token is being asked for", 1000);
    if (!token_.awaited(now)) {
      token_.write_request(host(), now, next);
      if (!next.settled()) {
        progress.asks_for_token = true;
        in_flight_.start(batch, std::move(progress));
        return Step::send;
      }
      why = *next.settled();
    }
    failed_from_here(batch, std::move(why), 401, progress);
    verdict = std::move(progress.verdict);
    return Step::done;
  }

  // The events of the request under way once more, or the first ones.
  Step send(const csiem_batch& batch, Progress progress, Verdict& verdict, Request& next) {
    begin(batch, progress);
    const bool again = !progress.sent.empty() && write_request(batch, progress, next);
    const bool ended = !again && next.settled().has_value();  // the verdict names all events that were left
    if (again || (!ended && next_request(batch, progress, next))) {
      in_flight_.start(batch, std::move(progress));
      return Step::send;
    }
    verdict = std::move(progress.verdict);
    return Step::done;
  }

  // 410 says that nobody will ever listen again: no request leaves until the configuration is loaded anew.
  Verdict gone() {
    gone_ = true;
    return Verdict::of(CSIEM_CONFIG, "http.410", "the receiver is gone; nothing is sent until a reload");
  }

  // Takes the answer for the events under way. True when the batch ends here.
  static bool note_answer(const csiem_batch& batch, Verdict answer, int32_t status, Progress& progress) {
    if (answer.outcome == CSIEM_DELIVERED) return false;
    if (answer.outcome == CSIEM_REJECT || answer.outcome == CSIEM_SPLIT) {
      failed(batch, progress.sent, answer, status, progress);
      return false;
    }
    // Where it is not about these events, the following ones would fare the same.
    failed_from_here(batch, std::move(answer), status, progress);
    return true;
  }

  static void failed(const csiem_batch& batch, const std::vector<uint32_t>& events, const Verdict& why, int32_t status,
                     Progress& progress) {
    if (events.size() == batch.count) {
      progress.verdict = why;
      return;
    }
    for (const uint32_t i : events) progress.verdict.event(i, why.outcome, status, why.code, why.message);
    progress.verdict.retry_after_ms = why.retry_after_ms;
  }
  // The events under way and all that were not tried.
  static void failed_from_here(const csiem_batch& batch, Verdict why, int32_t status, Progress& progress) {
    std::vector<uint32_t> rest = std::move(progress.sent);
    progress.sent.clear();
    const auto& order = progress.groups.order;
    if (order.empty()) {
      for (uint32_t i = progress.next; i < batch.count; ++i) rest.push_back(i);
    } else {
      const uint32_t tried = progress.group == 0 ? 0 : progress.groups.ends[progress.group - 1];
      rest.insert(rest.end(), order.begin() + tried, order.end());
    }
    failed(batch, rest, why, status, progress);
  }

  void skip(uint32_t event, Progress& progress) const { progress.verdict.event(event, CSIEM_SKIPPED); }
  static void refuse(uint32_t event, const templates::Failure& failure, Progress& progress) {
    using Kind = templates::Failure::Kind;
    const bool large = failure.kind == Kind::too_large;
    progress.verdict.event(event, large ? CSIEM_SPLIT : CSIEM_REJECT, 0,
                           large                               ? "webhook.too_large"
                           : failure.kind == Kind::confinement ? "confinement"
                                                               : "format",
                           failure.what);
  }

  // A test event goes through whatever it says.
  bool wanted(const csiem_event& event) const noexcept {
    if (settings_.include_allowed || event.decision_allowed == 0) return true;
    return std::any_of(event.labels, event.labels + event.label_count,
                       [](const csiem_kv& label) { return view(label.key) == "clawdstrike_test"; });
  }

  // Writes the next request of the batch. False when there is none left, progress.verdict being complete.
  bool next_request(const csiem_batch& batch, Progress& progress, Request& out) {
    for (;;) {
      progress.shortened.clear();
      if (!choose(batch, progress)) return false;
      if (progress.sent.empty()) continue;
      if (write_request(batch, progress, out)) return true;
      if (out.settled()) return false;
    }
  }

  // The events of the next request into `sent`, which may come out empty. False when none are left.
  bool choose(const csiem_batch& batch, Progress& progress) {
    progress.sent.clear();
    const auto take = [&](uint32_t i) {
      if (wanted(*batch.events[i]))
        progress.sent.push_back(i);
      else
        skip(i, progress);
    };
    if (single()) {
      if (progress.next == batch.count) return false;
      take(progress.next++);
      return true;
    }
    if (progress.group == progress.groups.ends.size()) return false;
    const uint32_t from = progress.group == 0 ? 0 : progress.groups.ends[progress.group - 1];
    const uint32_t to = progress.groups.ends[progress.group++];
    for (uint32_t i = from; i < to; ++i) take(progress.groups.order[i]);
    return true;
  }

  // The request for `sent`. False when nothing of it can be sent; `out` is settled when the rest of the batch cannot be
  // sent either.
  bool write_request(const csiem_batch& batch, Progress& progress, Request& out) {
    for (;;) {
      out.clear();
      const csiem_event& first = *batch.events[progress.sent.front()];
      if (const auto failure = settings_.destination.write(first, out)) {
        // Of a group it was seen before.
        refuse(progress.sent.front(), *failure, progress);
        progress.sent.clear();
        return false;
      }
      for (const auto& refused :
           body_.write(batch, progress.sent, progress.shortened, std::min(settings_.max_body, kMaxRendered), out))
        refuse(refused.event, refused.failure, progress);
      if (progress.sent.empty()) return false;
      const std::size_t bytes = out.body_size();
      if (bytes <= settings_.max_body) {
        if (single() && bytes > kLargeMessage) host().count("large_messages");
        break;
      }
      if (shorten(batch, progress, bytes)) continue;
      const std::string sizes =
          std::to_string(bytes) + " bytes, max_body_bytes is " + std::to_string(settings_.max_body);
      failed(batch, progress.sent, Verdict::of(CSIEM_SPLIT, "webhook.too_large", sizes), 0, progress);
      progress.sent.clear();
      return false;
    }
    write_head(batch, progress, out);
    if (!out.settled()) return true;
    failed_from_here(batch, *out.settled(), 0, progress);
    return false;
  }

  // A single event that was too large, alone in a body of `bytes` or, when that is 0, for the receiver: once it goes
  // with its longest texts cut.
  bool shorten(const csiem_batch& batch, Progress& progress, std::size_t bytes) const {
    if (progress.sent.size() != 1 || !progress.shortened.empty() || !common::is_json_type(view(batch.content_type)))
      return false;
    const std::string_view body = view(batch.bodies[progress.sent.front()]);
    std::size_t limit = body.size() / 2;
    if (bytes != 0) {
      const std::size_t around = bytes - std::min(bytes, body.size());
      if (around >= settings_.max_body) return false;
      limit = settings_.max_body - around;
    }
    auto shortened = common::shortened(body, limit, "truncated");
    if (!shortened) return false;
    progress.shortened = *std::move(shortened);
    host().count("shortened_events");
    return true;
  }

  void write_head(const csiem_batch& batch, Progress& progress, Request& out) {
    out.method = settings_.method;
    out.flags = settings_.gzip ? static_cast<uint32_t>(CSIEM_HTTP_GZIP) : 0u;
    out.max_response_bytes = kMaxAnswer;
    out.header("Content-Type", body_.content_type(batch));
    const std::string id = delivery_id(batch, progress.sent, single());
    out.header("webhook-id", id);
    out.header("Idempotency-Key", id);
    write_credentials(out);
    progress.generation = token_.generation();
    if (settings_.signing.scheme != Scheme::none && !out.settled()) write_signature(id, out);
  }

  void write_credentials(Request& out) const {
    const Auth& auth = settings_.auth;
    if (auth.type == Auth::Type::bearer) out.header("Authorization", "Bearer ", auth.secret);
    if (auth.type == Auth::Type::oauth2) out.header("Authorization", "Bearer " + token_.value());
    if (auth.type == Auth::Type::header) out.header(auth.name, "", auth.secret);
    if (auth.type == Auth::Type::basic)
      common::encoded_authorization(host(), "Basic ", auth.name + ":", auth.secret, out);
  }

  // Fresh on every attempt, under the id that stays.
  void write_signature(const std::string& id, Request& out) const {
    std::string body, problem;
    body.reserve(out.body_size());
    out.copy_body(body);
    const auto headers = sign(settings_.signing, host(), id, host().unix_ns() / 1'000'000'000, body, &problem);
    if (!headers) return out.settle(Verdict::of(CSIEM_AUTH, "credential.unavailable", problem));
    for (const auto& [name, value] : *headers) out.header(name, value);
  }

  Settings settings_;
  AccessToken token_;  // of type oauth2
  BodyWriter body_;    // has the shape
  bool gone_ = false;
  bool probe_asks_for_token_ = false;
  common::InFlight<Progress> in_flight_;
};

}  // namespace
}  // namespace csiem::webhook

CSIEM_EXPORTER(csiem::webhook::Webhook, "org.clawdstrike.webhook", "webhook", CSIEM_PLUGIN_VERSION,
               csiem::About()
                   .vendor("clawdstrike-siem")
                   .license("Apache-2.0")
                   .description("Webhooks: events or batches to one receiver")
                   .default_format("native")
                   .accepts("*")
                   .flags(CSIEM_EXPORTER_PARTIAL),
               csiem::webhook::kSettings);
