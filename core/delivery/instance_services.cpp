#include "delivery/instance_services.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/log.hpp"
#include "delivery/abi_text.hpp"
#include "delivery/lane_core.hpp"

namespace csiem::delivery {
namespace {

// Quotas of one instance: far above what an honest plugin needs.
constexpr std::size_t kMaxRequests = 256, kMaxTimers = 256, kMaxTasks = 4096, kMaxMetrics = 32;
constexpr uint32_t kMaxLogLines = 100;
constexpr int64_t kLogWindowNs = 10'000'000'000;

csiem_status fail(csiem_error* error, csiem_status status, std::string_view text) {
  if (error != nullptr) {
    error->code = status;
    error->len = static_cast<uint32_t>(std::min(text.size(), sizeof error->text));
    std::memcpy(error->text, text.data(), error->len);
  }
  return status;
}

RequestClass request_class(const http::Response& response) {
  switch (response.transport) {
    case http::Transport::ok:
      break;
    case http::Transport::tls:
      return RequestClass::tls;
    case http::Transport::timeout:
      return RequestClass::timeout;
    default:
      return RequestClass::transport;
  }
  if (response.status == 429) return RequestClass::throttled;
  if (response.status >= 500) return RequestClass::server_error;
  if (response.status >= 400) return RequestClass::client_error;
  return response.status >= 300 ? RequestClass::redirect : RequestClass::success;
}

log::Level log_level(int32_t level) {
  switch (level) {
    case CSIEM_LOG_TRACE:
      return log::Level::trace;
    case CSIEM_LOG_DEBUG:
      return log::Level::debug;
    case CSIEM_LOG_INFO:
      return log::Level::info;
    case CSIEM_LOG_WARN:
      return log::Level::warn;
    default:
      return log::Level::error;
  }
}

static_assert(static_cast<int>(http::Transport::ok) == CSIEM_TRANSPORT_OK);
static_assert(static_cast<int>(http::Transport::dns) == CSIEM_TRANSPORT_DNS);
static_assert(static_cast<int>(http::Transport::connect) == CSIEM_TRANSPORT_CONNECT);
static_assert(static_cast<int>(http::Transport::tls) == CSIEM_TRANSPORT_TLS);
static_assert(static_cast<int>(http::Transport::timeout) == CSIEM_TRANSPORT_TIMEOUT);
static_assert(static_cast<int>(http::Transport::reset) == CSIEM_TRANSPORT_RESET);
static_assert(static_cast<int>(http::Transport::cancelled) == CSIEM_TRANSPORT_CANCELLED);

}  // namespace

class InstanceServices::About {
 public:
  About(InstanceServices& services, uint64_t token) : about_(services.about_), before_(about_.exchange(token)) {}
  ~About() { about_ = before_; }
  About(const About&) = delete;
  About& operator=(const About&) = delete;

 private:
  std::atomic<uint64_t>& about_;
  uint64_t before_;
};

InstanceServices::InstanceServices(LaneContext& context, uint32_t outlet, const config::Destination& destination)
    : context_(context),
      outlet_(outlet),
      policy_(http_policy(context.settings, destination)),
      masked_(destination.masked) {
  for (const config::SecretBinding& binding : destination.secrets) {
    if (context.credentials == nullptr) break;
    if (binding.reference.empty()) {
      keys_.emplace_back(binding.handle,
                         context.credentials->add_literal(context.settings.id + "." + binding.handle, binding.literal));
      continue;
    }
    const std::string text = binding.reference.rfind("cred:", 0) == 0 ? binding.reference : "cred:" + binding.reference;
    if (auto reference = credentials::parse_reference(text))
      keys_.emplace_back(binding.handle, context.credentials->add(*reference));
  }
}

// ---- the network ----

credentials::SecretRef InstanceServices::secret(std::string_view handle) const {
  for (const auto& [known, key] : keys_)
    if (known == handle) return context_.credentials->get(key);
  return nullptr;
}

std::shared_ptr<const http::Policy> InstanceServices::policy_for(const http::Request& request) {
  // Known when the credentials are, and changing with them.
  if (auto passphrase = secret(config::kKeyPassphrase); passphrase != policy_->tls.key_passphrase) {
    auto policy = std::make_shared<http::Policy>(*policy_);
    policy->tls.key_passphrase = std::move(passphrase);
    policy_ = std::move(policy);
    secret_policy_ = {};
  }
  if (!request.url.empty() || !request.url_secret) return policy_;
  // The setting that names the destination is itself a secret, so its origin is known only now.
  if (secret_policy_.first == request.url_secret) return secret_policy_.second;
  auto policy = std::make_shared<http::Policy>(*policy_);
  const auto origin = request.url_secret->use([](std::string_view url) { return http::origin_of(url); });
  if (origin) policy->allowed_origins.push_back(*origin);
  secret_policy_ = {request.url_secret, std::move(policy)};
  return secret_policy_.second;
}

csiem_status InstanceServices::http_send(const csiem_http_request& given, csiem_http_done done, void* user,
                                         uint64_t* id, csiem_error* error) {
  if (context_.dead.load(std::memory_order_acquire)) return fail(error, CSIEM_E_CLOSED, "the lane is gone");
  if (done == nullptr) return fail(error, CSIEM_E_INVALID, "no callback");
  if (requests_.size() >= kMaxRequests) return fail(error, CSIEM_E_LIMIT, "too many requests in flight");
  OpenRequest open{0, done, user, about_.load(std::memory_order_relaxed), false};
  open.health = context_.health.find(open.token) != nullptr;
  // Only what is sent from within submit(), where the plugin has nothing to undo.
  if (Flight* flight = context_.flights.find(open.token);
      submitting_ && flight != nullptr && flight->requests_made == 0 && flight->parcel->count > 1) {
    const std::size_t bytes = body_bytes(given);
    if (bytes > context_.max_body_bytes) {
      flight->oversize_bytes = bytes;
      return fail(error, CSIEM_E_LIMIT, "the body is larger than batch_max_bytes");
    }
  }
  const uint64_t own_id = next_request_++;
  if (context_.dry_run) {
    context_.dry_run(context_.settings.id, render_request(given, masked_));
    http::Response answer;
    answer.status = 200;
    answer.body = "{}";
    answers_.emplace_back(own_id, std::move(answer));
    context_.mailbox.wake();
  } else {
    ConvertedRequest converted = convert_request(
        given, [this](std::string_view handle) { return secret(handle); }, context_.loop->spare_body());
    if (converted.status != CSIEM_OK) return fail(error, converted.status, converted.error);
    const csiem_status status = put_on_wire(std::move(converted.request), own_id, &open, error);
    if (status != CSIEM_OK) return status;
  }
  requests_[own_id] = open;
  if (Exchange* exchange = context_.exchange(open.token)) exchange->request_sent();
  if (id != nullptr) *id = own_id;
  return CSIEM_OK;
}

csiem_status InstanceServices::put_on_wire(http::Request request, uint64_t id, OpenRequest* open, csiem_error* error) {
  auto policy = policy_for(request);
  auto sent = context_.loop->send(std::move(request), std::move(policy),
                                  [lane = context_.lane, outlet = outlet_, id](const http::Response& response) {
                                    if (const auto self = lane.lock()) self->answered(outlet, id, response);
                                  });
  if (!sent) {
    const bool denied = sent.error().code() == Code::denied;
    return fail(error, denied ? CSIEM_E_DENIED : CSIEM_E_INVALID, log::scrub(sent.error().what()));
  }
  open->wire_id = *sent;
  if (open->health) return CSIEM_OK;
  context_.limiter->take_request(context_.clock->mono_ns());
  context_.stats.requests.fetch_add(1, std::memory_order_relaxed);
  return CSIEM_OK;
}

void InstanceServices::http_cancel(uint64_t id) {
  if (context_.dead.load(std::memory_order_acquire)) return;
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  if (Exchange* exchange = context_.exchange(found->second.token)) exchange->request_over(context_.clock->mono_ns());
  if (found->second.wire_id != 0) context_.loop->cancel(found->second.wire_id);
  requests_.erase(found);
}

void InstanceServices::answered(uint64_t id, const http::Response& response) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  const OpenRequest open = found->second;
  requests_.erase(found);
  if (!open.health) {
    context_.stats.bytes_raw.fetch_add(response.raw_bytes, std::memory_order_relaxed);
    context_.stats.bytes_wire.fetch_add(response.wire_bytes, std::memory_order_relaxed);
    context_.stats.answers.count(request_class(response), response.elapsed_ns);
  }
  if (Exchange* exchange = context_.exchange(open.token)) exchange->answered(response, context_.clock->mono_ns());
  std::vector<csiem_kv> headers;
  headers.reserve(response.headers.size());
  for (const auto& [name, value] : response.headers) headers.push_back({slice(name), slice(value)});
  csiem_http_response out{};
  out.struct_size = sizeof out;
  if (response.truncated) out.flags |= CSIEM_RESPONSE_TRUNCATED;
  if (response.ambiguous) out.flags |= CSIEM_RESPONSE_AMBIGUOUS;
  out.transport = static_cast<int32_t>(response.transport);
  out.status = response.status;
  out.headers = headers.data();
  out.header_count = static_cast<uint32_t>(headers.size());
  out.retry_after_ms = response.retry_after_ms;
  out.body = slice(response.body);
  out.elapsed_ns = response.elapsed_ns;
  const About about(*this, open.token);
  instance_->http_done(open.done, open.user, out);
}

void InstanceServices::fail_all_requests() {
  for (auto& [id, open] : requests_) {
    if (open.wire_id == 0) continue;  // answered without the network, that answer is still to come
    open.wire_id = 0;
    http::Response answer;
    answer.transport = http::Transport::reset;
    answer.ambiguous = true;
    answer.error = "the delivery thread was replaced while the request was in flight";
    answers_.emplace_back(id, std::move(answer));
  }
}

// ---- batches ----

csiem_status InstanceServices::submit(const csiem_batch& batch, uint64_t token, std::string* error) {
  tokens_.open(token, batch.count);
  const About about(*this, token);
  submitting_ = true;
  const csiem_status status = instance_->submit(batch, token, error);
  submitting_ = false;
  return status;
}

csiem_status InstanceServices::health(uint64_t token, std::string* error) {
  tokens_.open(token, 1);
  const About about(*this, token);
  return instance_->health(token, error);
}

void InstanceServices::cancel(uint64_t token) {
  // Closed first: what the plugin completes from within cancel() is too late already.
  tokens_.close(token);
  instance_->cancel(token);
}

csiem_status InstanceServices::complete(uint64_t token, const csiem_batch_result& result) {
  if (context_.dead.load(std::memory_order_acquire)) return CSIEM_E_CLOSED;
  const uint32_t count = tokens_.count(token);
  const TokenTable::Answer answer = count == 0 ? TokenTable::Answer::unknown : tokens_.complete(token);
  if (answer != TokenTable::Answer::first) {
    strike({answer == TokenTable::Answer::again ? "completed token " + std::to_string(token) + " twice"
                                                : "completed token " + std::to_string(token) + ", which is not open"});
    return CSIEM_E_CLOSED;
  }
  Verdict verdict = read_verdict(result, count);
  context_.mailbox.put([&](Mailbox::Content& content) {
    content.completions.push_back({token, std::move(verdict)});
    return true;
  });
  return CSIEM_OK;
}

csiem_status InstanceServices::let_go(uint64_t token) {
  if (context_.dead.load(std::memory_order_acquire) || !tokens_.is_open(token)) return CSIEM_E_CLOSED;
  context_.mailbox.put([&](Mailbox::Content& content) {
    content.let_go.push_back(token);
    return true;
  });
  return CSIEM_OK;
}

void InstanceServices::strike(const plugin::Strike& strike) {
  if (context_.dead.load(std::memory_order_acquire)) return;
  strikes_.fetch_add(1, std::memory_order_relaxed);
  context_.mailbox.put([&](Mailbox::Content& content) {
    content.breaches.push_back(strike.what);
    return true;
  });
}

// ---- tasks and timers ----

csiem_status InstanceServices::post(csiem_task run, void* user) {
  if (context_.dead.load(std::memory_order_acquire)) return CSIEM_E_CLOSED;
  if (run == nullptr) return CSIEM_E_INVALID;
  const bool taken = context_.mailbox.put([&](Mailbox::Content& content) {
    if (content.tasks.size() >= kMaxTasks) return false;
    content.tasks.push_back({outlet_, run, user, about_.load(std::memory_order_relaxed)});
    return true;
  });
  return taken ? CSIEM_OK : CSIEM_E_LIMIT;
}

void InstanceServices::run_task(const Mailbox::Task& task) {
  const About about(*this, task.token);
  instance_->task(task.run, task.user);
}

csiem_status InstanceServices::timer(uint32_t delay_ms, csiem_task run, void* user, uint64_t* id) {
  if (context_.dead.load(std::memory_order_acquire)) return CSIEM_E_CLOSED;
  if (run == nullptr) return CSIEM_E_INVALID;
  {
    const std::lock_guard lock(mutex_);
    if (timers_.size() >= kMaxTimers) return CSIEM_E_LIMIT;
    const int64_t due = context_.clock->mono_ns() + int64_t{delay_ms} * 1'000'000;
    timers_[next_timer_] = {due, run, user, context_.confirms_later ? 0 : about_.load(std::memory_order_relaxed)};
    if (id != nullptr) *id = next_timer_;
    ++next_timer_;
  }
  context_.mailbox.wake();  // the lane sets its alarm anew
  return CSIEM_OK;
}

void InstanceServices::timer_cancel(uint64_t id) {
  if (context_.dead.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(mutex_);
  timers_.erase(id);
}

void InstanceServices::run_due(int64_t now_ns) {
  for (;;) {
    Mailbox::Task task{outlet_, nullptr, nullptr, 0};
    {
      const std::lock_guard lock(mutex_);
      auto first = timers_.end();
      for (auto at = timers_.begin(); at != timers_.end(); ++at)
        if (at->second.due_ns <= now_ns && (first == timers_.end() || at->second.due_ns < first->second.due_ns))
          first = at;
      if (first == timers_.end()) break;
      task.run = first->second.run;
      task.user = first->second.user;
      task.token = first->second.token;
      timers_.erase(first);
    }
    run_task(task);
  }
  // Answering may lead to more requests; theirs wait for the next turn.
  auto answers = std::move(answers_);
  answers_.clear();
  for (const auto& [id, response] : answers) answered(id, response);
}

int64_t InstanceServices::next_timer_ns() const {
  if (!answers_.empty()) return 0;
  const std::lock_guard lock(mutex_);
  int64_t next = std::numeric_limits<int64_t>::max();
  for (const auto& [id, timer] : timers_) next = std::min(next, timer.due_ns);
  return next;
}

void InstanceServices::shut() {
  for (const auto& [id, open] : requests_)
    if (open.wire_id != 0) context_.loop->cancel(open.wire_id);
  requests_.clear();
  answers_.clear();
  const std::lock_guard lock(mutex_);
  timers_.clear();
}

// ---- secrets, log, metrics ----

csiem_status InstanceServices::borrow_secret(std::string_view handle, csiem_secret_use use, void* user) {
  if (context_.dead.load(std::memory_order_acquire)) return CSIEM_E_CLOSED;
  if (use == nullptr) return CSIEM_E_INVALID;
  if (context_.dry_run) {
    static constexpr std::string_view kElided = "***";
    use(user, {kElided.data(), kElided.size()});
    return CSIEM_OK;
  }
  const credentials::SecretRef value = secret(handle);
  if (!value) return CSIEM_E_DENIED;
  if (log::enabled(log::Level::debug))
    log::debug("plugin borrows a secret", {{"exporter", context_.settings.id}, {"credential", handle}});
  value->use([&](std::string_view bytes) { use(user, {bytes.data(), bytes.size()}); });
  return CSIEM_OK;
}

bool InstanceServices::log_enabled(int32_t level) { return log::enabled(log_level(level)); }

void InstanceServices::log(int32_t level, std::string_view text, const csiem_kv* fields, uint32_t count) {
  if (!log::enabled(log_level(level))) return;
  {
    const std::lock_guard lock(mutex_);
    const int64_t now = system_clock().mono_ns();  // a lost lane may still get here: nothing of the daemon's is used
    if (now - log_window_ns_ > kLogWindowNs) {
      log_window_ns_ = now;
      log_lines_ = 0;
    }
    if (++log_lines_ > kMaxLogLines) return;
  }
  std::string line = clean_text(text);
  for (uint32_t i = 0; fields != nullptr && i < std::min<uint32_t>(count, 16); ++i)
    line += ' ' + clean_text(fields[i].key, 64) + '=' + clean_text(fields[i].value, 256);
  log::write(log_level(level), 0, context_.settings.id, line);
}

bool InstanceServices::metric_allowed(std::string_view name) const {
  if (name.empty() || name.size() > 64) return false;
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  return metrics_.size() < kMaxMetrics || metrics_.contains(name);
}

void InstanceServices::count(std::string_view name, uint64_t delta) {
  const std::lock_guard lock(mutex_);
  if (!metric_allowed(name)) return;
  auto found = metrics_.find(name);
  if (found == metrics_.end()) found = metrics_.emplace(std::string(name), PluginMetric{std::string(name), 0, 0}).first;
  found->second.count += delta;
}

void InstanceServices::observe(std::string_view name, double value) {
  const std::lock_guard lock(mutex_);
  if (!metric_allowed(name)) return;
  auto found = metrics_.find(name);
  if (found == metrics_.end()) found = metrics_.emplace(std::string(name), PluginMetric{std::string(name), 0, 0}).first;
  ++found->second.count;
  found->second.sum += value;
}

std::vector<PluginMetric> InstanceServices::metrics() const {
  const std::lock_guard lock(mutex_);
  std::vector<PluginMetric> out;
  for (const auto& [name, metric] : metrics_) out.push_back(metric);
  return out;
}

}  // namespace csiem::delivery
