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
// Of what is sent again, before looking whether the receiver's kernel has it.
constexpr std::size_t kPortionBytes = 64 * 1024;
constexpr const char* kResending = "syslog.resending";

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
  const Deadline halfway = Clock::now() + settings_.timeout / 2, deadline = Clock::now() + settings_.timeout;
  std::optional<Failure> failure;
  for (std::size_t attempt = 0; attempt < receivers_.size(); ++attempt) {
    if (attempt > 0 && (!order_.another_is_ready(host_.mono_ns()) || Clock::now() >= deadline)) break;
    const std::size_t i = order_.pick(host_.mono_ns());
    failure = connect(i, deadline);
    if (!failure) failure = send_lost(i, halfway, deadline);
    if (failure && failure->code == kResending) return failure;
    if (!failure) failure = send_pending(i, messages, unsent, deadline);
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
std::optional<Failure> Receivers::connect(std::size_t i, Deadline deadline) {
  Receiver& receiver = *receivers_[i];
  if (receiver.stream.is_open()) {
    const auto failure = receiver.stream.look_for_end(waiter_, Clock::now());
    if (!failure) return std::nullopt;
    lost(i, *failure);
  }
  receiver.proven = false;
  auto failure = receiver.stream.open(settings_.endpoints[i], settings_.tls, resolver_, waiter_,
                                      std::min<Deadline>(Clock::now() + kConnectTimeout, deadline));
  if (!failure) host_.count("connects");
  return failure;
}

// In portions, so that a receiver that reads slowly has the same message again only when its connection ends once more.
// What is left at `enough` waits for the next call, over the same connection.
std::optional<Failure> Receivers::send_lost(std::size_t i, Deadline enough, Deadline deadline) {
  Receiver& receiver = *receivers_[i];
  const Framing framing = framing_of(settings_.endpoints[i]);
  while (!lost_.empty()) {
    if (Clock::now() >= enough)
      return Failure{CSIEM_RETRY, kResending,
                     settings_.endpoints[i].text + ": " + std::to_string(lost_.size()) +
                         " messages of a lost connection are still to be sent again"};
    frames_.clear();
    std::size_t count = 0;
    for (; count < lost_.size() && frames_.size() < kPortionBytes; ++count)
      append_frame(framing, lost_[count], frames_);
    auto failure = receiver.stream.write(frames_, waiter_, deadline);
    if (!failure) failure = settle(i, deadline);
    if (failure) return failure;
    host_.count("resent", count);
    for (; count > 0; --count) {
      remember(receiver, lost_.front());
      lost_.pop_front();
    }
  }
  return std::nullopt;
}

std::optional<Failure> Receivers::send_pending(std::size_t i, const Messages& messages,
                                               std::vector<std::size_t>& pending, Deadline deadline) {
  Receiver& receiver = *receivers_[i];
  const Framing framing = framing_of(settings_.endpoints[i]);
  frames_.clear();
  ends_.clear();
  const uint64_t before = receiver.stream.written();
  for (const std::size_t at : pending) {
    append_frame(framing, messages.text(messages.all()[at]), frames_);
    ends_.push_back(before + frames_.size());
  }
  auto failure = receiver.stream.write(frames_, waiter_, deadline);
  if (!failure) failure = settle(i, deadline);
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
std::optional<Failure> Receivers::settle(std::size_t i, Deadline deadline) {
  Receiver& receiver = *receivers_[i];
  auto failure = receiver.stream.await_acknowledged(waiter_, deadline);
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
  const Deadline halfway = Clock::now() + settings_.timeout / 2, deadline = Clock::now() + settings_.timeout;
  auto failure = connect(i, deadline);
  if (!failure) failure = send_lost(i, halfway, deadline);
  if (!failure)
    order_.succeeded(i);
  else if (failure->code != kResending)
    lost(i, *failure);
}

std::optional<Failure> Receivers::probe() {
  std::optional<Failure> failure;
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    Receiver& receiver = *receivers_[i];
    if (receiver.stream.is_open()) {
      const auto ended = receiver.stream.look_for_end(waiter_, Clock::now());
      if (!ended) return std::nullopt;
      lost(i, *ended);
    }
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
