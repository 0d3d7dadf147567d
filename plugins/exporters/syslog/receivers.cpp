#include "syslog/receivers.hpp"

#include <algorithm>

namespace csiem::syslog {
namespace {

constexpr auto kConnectTimeout = std::chrono::seconds(10);
// How long a new connection is watched after its first messages: receivers that dislike the framing close at once.
constexpr auto kFirstLook = std::chrono::milliseconds(200);
// An orderly end so soon after messages may have cost them.
constexpr auto kSuspicious = std::chrono::seconds(5);
constexpr int64_t kLongestRestNs = 60'000'000'000;

std::vector<std::string> texts_of(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> out;
  for (const Endpoint& endpoint : endpoints) out.push_back(endpoint.text);
  return out;
}

}  // namespace

Receivers::Receivers(StreamSettings settings, Host host, Waiter& waiter)
    : settings_(std::move(settings)),
      host_(host),
      waiter_(waiter),
      order_(texts_of(settings_.endpoints), settings_.spread, kLongestRestNs) {
  for (std::size_t i = 0; i < settings_.endpoints.size(); ++i) receivers_.push_back(std::make_unique<Receiver>());
}

Framing Receivers::framing_of(const Endpoint& endpoint) const noexcept {
  if (settings_.framing) return *settings_.framing;
  return settings_.rfc3164 && endpoint.transport == Transport::tcp ? Framing::lf : Framing::octet;
}

std::optional<Failure> Receivers::send(const Messages& messages, std::vector<std::size_t>& unsent) {
  for (std::size_t at = 0; at < messages.all().size(); ++at) unsent.push_back(at);
  std::optional<Failure> failure;
  for (std::size_t attempt = 0; attempt < receivers_.size(); ++attempt) {
    if (attempt > 0 && !order_.another_is_ready(host_.mono_ns())) break;
    const std::size_t i = order_.pick(host_.mono_ns());
    failure = connect(i);
    if (!failure) failure = send_lost(i);
    if (!failure) failure = send_pending(i, messages, unsent);
    if (!failure) {
      order_.succeeded(i);
      return std::nullopt;
    }
    lost(i, *failure);
    if (waiter_.interrupted()) break;
  }
  return failure;
}

// A connection that is there may have ended since it was last used.
std::optional<Failure> Receivers::connect(std::size_t i) {
  Receiver& receiver = *receivers_[i];
  if (receiver.stream.is_open()) {
    const auto failure = receiver.stream.look_for_end(waiter_, Clock::now());
    if (!failure) return std::nullopt;
    lost(i, *failure);
  }
  receiver.proven = false;
  auto failure = receiver.stream.open(settings_.endpoints[i], settings_.tls, resolver_, waiter_,
                                      Clock::now() + std::min<Clock::duration>(kConnectTimeout, settings_.timeout));
  if (!failure) host_.count("connects");
  return failure;
}

std::optional<Failure> Receivers::send_lost(std::size_t i) {
  if (lost_.empty()) return std::nullopt;
  Receiver& receiver = *receivers_[i];
  const Framing framing = framing_of(settings_.endpoints[i]);
  frames_.clear();
  for (const std::string& message : lost_) append_frame(framing, message, frames_);
  auto failure = receiver.stream.write(frames_, waiter_, deadline());
  if (!failure) failure = settle(i);
  if (failure) return failure;
  host_.count("resent", lost_.size());
  for (const std::string& message : lost_) remember(receiver, message);
  lost_.clear();
  return std::nullopt;
}

std::optional<Failure> Receivers::send_pending(std::size_t i, const Messages& messages,
                                               std::vector<std::size_t>& pending) {
  Receiver& receiver = *receivers_[i];
  const Framing framing = framing_of(settings_.endpoints[i]);
  frames_.clear();
  ends_.clear();
  const uint64_t before = receiver.stream.written();
  for (const std::size_t at : pending) {
    append_frame(framing, messages.text(messages.all()[at]), frames_);
    ends_.push_back(before + frames_.size());
  }
  auto failure = receiver.stream.write(frames_, waiter_, deadline());
  if (!failure) failure = settle(i);
  // Before the receiver has proven that it understands us, an acknowledgement of its kernel means nothing. With
  // at_most_once what may have arrived counts as arrived.
  uint64_t arrived = receiver.proven ? receiver.stream.acknowledged() : before;
  if (failure && !settings_.resend) arrived = receiver.stream.written();
  const auto first_unsent = std::upper_bound(ends_.begin(), ends_.end(), arrived);
  const auto count = static_cast<std::size_t>(first_unsent - ends_.begin());
  for (std::size_t n = 0; n < count; ++n) remember(receiver, messages.text(messages.all()[pending[n]]));
  pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(count));
  return failure;
}

// Everything is acknowledged and, on a new connection, did not make the receiver hang up.
std::optional<Failure> Receivers::settle(std::size_t i) {
  Receiver& receiver = *receivers_[i];
  auto failure = receiver.stream.await_acknowledged(waiter_, deadline());
  if (receiver.proven) return failure;
  if (!failure) failure = receiver.stream.look_for_end(waiter_, Clock::now() + kFirstLook);
  if (failure) {
    if (failure->code == "syslog.closed" || failure->code == "transport.reset")
      failure->message += " right after data: framing mismatch?";
    return failure;
  }
  receiver.proven = true;
  return std::nullopt;
}

void Receivers::lost(std::size_t i, const Failure& failure) {
  Receiver& receiver = *receivers_[i];
  order_.failed(i, host_.mono_ns());
  const bool had_messages = !receiver.window.empty();
  const bool orderly = receiver.stream.end() == End::closed;
  // Closing a connection that is idle is a receiver's right and costs nothing.
  if (orderly && receiver.proven && Clock::now() - receiver.stream.last_write() > kSuspicious) {
    order_.succeeded(i);
    receiver.window.clear();
    return;
  }
  if (settings_.resend)
    for (std::string& message : receiver.window) lost_.push_back(std::move(message));
  receiver.window.clear();
  while (lost_.size() > settings_.resend_window * receivers_.size()) lost_.pop_front();
  if (failure.code == "syslog.interrupted") return;
  host_.count("connection_failures");
  // With one receiver and nothing to send again the verdict says it all.
  if (!had_messages && receivers_.size() == 1) return;
  host_.log(
      CSIEM_LOG_WARN, failure.message,
      {{"code", failure.code}, {"sent_again", std::to_string(settings_.resend && had_messages ? lost_.size() : 0)}});
}

void Receivers::remember(Receiver& receiver, std::string_view message) {
  if (!settings_.resend || settings_.resend_window == 0) return;
  if (receiver.window.size() < settings_.resend_window) {
    receiver.window.emplace_back(message);
    return;
  }
  // The oldest one's memory serves the newest.
  receiver.window.push_back(std::move(receiver.window.front()));
  receiver.window.pop_front();
  receiver.window.back().assign(message);
}

void Receivers::tend() {
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    Stream& stream = receivers_[i]->stream;
    if (!stream.is_open()) continue;
    if (const auto failure = stream.look_for_end(waiter_, Clock::now())) lost(i, *failure);
  }
  if (lost_.empty() || !order_.another_is_ready(host_.mono_ns())) return;
  const std::size_t i = order_.pick(host_.mono_ns());
  auto failure = connect(i);
  if (!failure) failure = send_lost(i);
  if (failure)
    lost(i, *failure);
  else
    order_.succeeded(i);
}

std::optional<Failure> Receivers::probe() {
  std::optional<Failure> failure;
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    Receiver& receiver = *receivers_[i];
    if (receiver.stream.is_open() && !receiver.stream.look_for_end(waiter_, Clock::now())) return std::nullopt;
    Stream stream;
    failure = stream.open(settings_.endpoints[i], settings_.tls, resolver_, waiter_, Clock::now() + kConnectTimeout);
    if (!failure && settings_.endpoints[i].transport == Transport::tls)
      failure = stream.look_for_end(waiter_, Clock::now() + kFirstLook);  // a refused certificate is told afterwards
    if (!failure) return std::nullopt;
  }
  return failure;
}

void Receivers::close() noexcept {
  for (const auto& receiver : receivers_) receiver->stream.close();
}

}  // namespace csiem::syslog
