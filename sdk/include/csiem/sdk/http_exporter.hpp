// csiem/sdk/http_exporter.hpp - exporters that turn batches into HTTP requests. C++17.
// SPDX-License-Identifier: Apache-2.0
#ifndef CSIEM_SDK_HTTP_EXPORTER_HPP
#define CSIEM_SDK_HTTP_EXPORTER_HPP

#include <csiem/sdk/config.hpp>
#include <csiem/sdk/request.hpp>

#include <functional>
#include <memory>
#include <unordered_map>

namespace csiem {

// Writes requests and reads answers; never sees a socket, a token or a thread. Constructed from `const Config&`. Calls
// come one at a time. What they throw makes the batch a retry and is logged.
class HttpExporter {
 public:
  // hold: the destination took the batch and will confirm it later; the exporter keeps it until it calls release().
  // let_go: the same, and the exporter does not read the batch any more, so that what waits takes no memory. It is
  // known by its batch_id; what is not delivered in the end comes again in other batches. For exporters registered with
  // CSIEM_EXPORTER_ACKS.
  enum class Step { done, send, hold, let_go };

  HttpExporter() = default;
  HttpExporter(const HttpExporter&) = delete;
  HttpExporter& operator=(const HttpExporter&) = delete;
  virtual ~HttpExporter() = default;

  // The (first) request of a batch.
  virtual void build(const csiem_batch& batch, Request& out) = 0;
  // What an answer means. The default: 2xx delivered; 401 and 403 auth; 404, 405, 410 and redirects config; 413 split;
  // 408, 425, 429, 5xx and transport failures retry; else reject.
  virtual Verdict classify(const csiem_batch& batch, const csiem_http_response& response) {
    (void)batch;
    return classify_status(response);
  }
  // For exporters that need several requests per batch. `step` is 0 after the first answer. `verdict` is kept from step
  // to step and is the batch's result when this returns done; on send, `next` goes out and after() runs again.
  // `verdict` of a batch on hold is not used.
  virtual Step after(const csiem_batch& batch, const csiem_http_response& response, uint32_t step, Verdict& verdict,
                     Request& next) {
    (void)step;
    (void)next;
    verdict = classify(batch, response);
    return Step::done;
  }
  // A batch was taken back by the host: it may not be touched or released any more. Of one that was let go only
  // batch_id is set.
  virtual void forget(const csiem_batch& batch) { (void)batch; }
  // A harmless request that shows whether the destination would accept events. Override it to offer a health check;
  // classify_probe() reads the answer.
  virtual void build_probe(Request& out) { (void)out; }
  virtual Verdict classify_probe(const csiem_http_response& response) { return classify_status(response); }

  static Verdict classify_status(const csiem_http_response& r);
  const Host& host() const noexcept { return host_; }

 protected:
  using Answered = std::function<void(const csiem_http_response&)>;
  // Ends a batch on hold. The batch is not readable afterwards.
  void release(const csiem_batch& batch, const Verdict& verdict) { release(batch.batch_id, verdict); }
  void release(uint64_t batch_id, const Verdict& verdict);
  // Sends a request that belongs to no batch; `answered` runs when its answer is there, unless the exporter is gone.
  // Not from the constructor, not from build() (`request` may not be the one that is being built).
  csiem_status ask(Request& request, Answered answered);

 private:
  friend class HttpShell;
  Host host_;
  class HttpShell* shell_ = nullptr;
};

inline Verdict HttpExporter::classify_status(const csiem_http_response& r) {
  static constexpr std::string_view kTransport[] = {"ok", "dns", "connect", "tls", "timeout", "reset", "cancelled"};
  if (r.transport != CSIEM_TRANSPORT_OK) {
    const bool known = r.transport > 0 && r.transport <= CSIEM_TRANSPORT_CANCELLED;
    return Verdict::of(CSIEM_RETRY, "transport." + std::string(known ? kTransport[r.transport] : "unknown"), {},
                       r.retry_after_ms);
  }
  if (r.status >= 200 && r.status < 300) return {};
  int32_t outcome = CSIEM_REJECT;
  switch (r.status) {
    case 401:
    case 403:
      outcome = CSIEM_AUTH;
      break;
    case 404:
    case 405:
    case 410:
      outcome = CSIEM_CONFIG;
      break;
    case 413:
      outcome = CSIEM_SPLIT;
      break;
    case 408:
    case 425:
    case 429:
      outcome = CSIEM_RETRY;
      break;
    default:
      if (r.status >= 500 || r.status < 200) outcome = CSIEM_RETRY;
      if (r.status >= 300 && r.status < 400) outcome = CSIEM_CONFIG;
  }
  return Verdict::of(outcome, "http." + std::to_string(r.status), std::string(view(r.body).substr(0, 256)),
                     r.retry_after_ms);
}

// Between the ABI and an HttpExporter: token -> call in flight. Used by the registration macros only.
class HttpShell {
 public:
  HttpShell(std::unique_ptr<HttpExporter> exporter, const Host& host) : exporter_(std::move(exporter)), host_(host) {
    exporter_->host_ = host_;
    exporter_->shell_ = this;
  }

  csiem_status submit(const csiem_batch* batch, uint64_t token, csiem_error* err) {
    request_.clear();
    exporter_->build(*batch, request_);
    return start(token, batch, err);
  }
  csiem_status health(uint64_t token, csiem_error* err) {
    request_.clear();
    exporter_->build_probe(request_);
    return start(token, nullptr, err);
  }
  void cancel(uint64_t token) {
    const auto at = calls_.find(token);
    if (at == calls_.end()) return;
    host_.http()->cancel(host_.instance(), at->second->request_id);
    const csiem_batch* batch = at->second->batch;
    csiem_batch gone{};
    gone.struct_size = sizeof gone;
    gone.batch_id = at->second->batch_id;
    if (at->second->let_go) batch = &gone;
    calls_.erase(at);
    if (batch != nullptr) exporter_->forget(*batch);
  }

  csiem_status release(uint64_t batch_id, const Verdict& verdict) {
    for (const auto& [token, call] : calls_)
      if (call->batch_id == batch_id && call->held) return finish(token, verdict);
    return CSIEM_E_CLOSED;
  }
  csiem_status ask(Request& request, std::function<void(const csiem_http_response&)> answered) {
    auto& question = questions_[++last_question_];
    question = std::make_unique<Question>(Question{this, last_question_, std::move(answered)});
    const csiem_status status = request.send(host_, &HttpShell::question_answered, question.get(), nullptr, nullptr);
    if (status != CSIEM_OK) questions_.erase(last_question_);
    return status;
  }

 private:
  struct Call {
    HttpShell* shell;
    uint64_t token;
    const csiem_batch* batch;  // null: a health check
    uint64_t request_id = 0;
    uint32_t step = 0;
    Verdict verdict;
    bool held = false, let_go = false;
    uint64_t batch_id = 0;  // of a batch
  };
  struct Question {
    HttpShell* shell;
    uint64_t id;
    std::function<void(const csiem_http_response&)> answered;
  };

  csiem_status start(uint64_t token, const csiem_batch* batch, csiem_error* err) {
    if (request_.postponed()) return CSIEM_E_BUSY;
    if (request_.settled()) return host_.complete(token, *request_.settled());
    // Stored before it is sent: a throw in between would leave the host with a dangling user pointer.
    auto& call = calls_[token];
    call = std::make_unique<Call>(
        Call{this, token, batch, 0, 0, {}, false, false, batch != nullptr ? batch->batch_id : 0});
    const csiem_status status = request_.send(host_, &HttpShell::done, call.get(), &call->request_id, err);
    return status == CSIEM_OK ? CSIEM_OK : unsent(token, status, err);
  }

  static void done(void* user, const csiem_http_response* response) noexcept {
    auto* call = static_cast<Call*>(user);
    HttpShell* shell = call->shell;
    csiem_error err{};
    const csiem_status status = guard(&err, [&] { return shell->answered(*call, *response, &err); });
    if (status != CSIEM_OK) shell->give_up(call->token, err);
  }

  csiem_status answered(Call& call, const csiem_http_response& response, csiem_error* err) {
    if (call.batch == nullptr) return finish(call.token, exporter_->classify_probe(response));
    request_.clear();
    const HttpExporter::Step next = exporter_->after(*call.batch, response, call.step, call.verdict, request_);
    if (next == HttpExporter::Step::done) return finish(call.token, call.verdict);
    if (next == HttpExporter::Step::hold || next == HttpExporter::Step::let_go) {
      call.held = true;
      call.let_go = next == HttpExporter::Step::let_go;
      if (call.let_go) host_.let_go(call.token);
      return CSIEM_OK;
    }
    if (request_.settled()) return finish(call.token, *request_.settled());
    ++call.step;
    const csiem_status status = request_.send(host_, &HttpShell::done, &call, &call.request_id, err);
    return status == CSIEM_OK ? CSIEM_OK : unsent(call.token, status, err);
  }
  static void question_answered(void* user, const csiem_http_response* response) noexcept {
    auto* question = static_cast<Question*>(user);
    HttpShell* shell = question->shell;
    const auto answered = std::move(question->answered);
    shell->questions_.erase(question->id);
    csiem_error err{};
    const csiem_status status = guard(&err, [&] {
      answered(*response);
      return CSIEM_OK;
    });
    if (status != CSIEM_OK)
      shell->host_.log(CSIEM_LOG_ERROR, "reading an answer failed", {{"reason", std::string_view(err.text, err.len)}});
  }
  // The host refused the request. A matter of policy or of a bad URL ends the batch as a fault of the settings;
  // anything else goes back to the host as it is.
  csiem_status unsent(uint64_t token, csiem_status status, const csiem_error* err) {
    if (status != CSIEM_E_DENIED && status != CSIEM_E_INVALID) {
      calls_.erase(token);
      return status;
    }
    std::string why = err == nullptr ? std::string() : std::string(err->text, err->len);
    return finish(token, Verdict::of(CSIEM_CONFIG, "request.refused", std::move(why)));
  }
  csiem_status finish(uint64_t token, const Verdict& verdict) {
    const csiem_status status = host_.complete(token, verdict);
    calls_.erase(token);
    // A token that the host does not know any more is its business, not a failure to report.
    return status == CSIEM_E_CLOSED ? CSIEM_OK : status;
  }
  void give_up(uint64_t token, const csiem_error& err) noexcept {
    const std::string_view why(err.text, err.len);
    host_.log(CSIEM_LOG_ERROR, "reading the answer failed; the batch is retried", {{"reason", why}});
    calls_.erase(token);
    guard(nullptr, [&] { return host_.complete(token, Verdict::of(CSIEM_RETRY, "plugin.failed", std::string(why))); });
  }

  std::unique_ptr<HttpExporter> exporter_;
  Host host_;
  Request request_;
  std::unordered_map<uint64_t, std::unique_ptr<Call>> calls_;
  std::unordered_map<uint64_t, std::unique_ptr<Question>> questions_;
  uint64_t last_question_ = 0;
};

inline void HttpExporter::release(uint64_t batch_id, const Verdict& verdict) { shell_->release(batch_id, verdict); }
inline csiem_status HttpExporter::ask(Request& request, Answered answered) {
  return shell_->ask(request, std::move(answered));
}

}  // namespace csiem

#endif
