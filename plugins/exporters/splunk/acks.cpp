// Waits by channel and id.
// SPDX-License-Identifier: Apache-2.0
#include "splunk/acks.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "common/text.hpp"

namespace csiem::splunk {
namespace {

constexpr std::size_t kMostCookies = 16, kMostCookieBytes = 4096;

}  // namespace

std::string Acks::Channel::cookie_header() const {
  std::string out;
  for (const auto& [name, value] : cookies) out += (out.empty() ? "" : "; ") + name + "=" + value;
  return out;
}

void Acks::Channel::take_cookie(std::string_view set_cookie) {
  const std::string_view pair = set_cookie.substr(0, set_cookie.find(';'));
  const auto equals = pair.find('=');
  if (equals == std::string_view::npos || set_cookie.size() > kMostCookieBytes) return;
  const std::string_view name = common::trimmed(pair.substr(0, equals));
  const std::string_view value = common::trimmed(pair.substr(equals + 1));
  const auto hostile = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; };
  if (name.empty() || std::any_of(name.begin(), name.end(), hostile) ||
      std::any_of(value.begin(), value.end(), hostile))
    return;
  if (cookies.size() >= kMostCookies && cookies.find(std::string(name)) == cookies.end()) return;
  cookies[std::string(name)] = value;
}

Acks::ChannelRef Acks::current(std::size_t endpoint) const {
  for (const ChannelRef& channel : channels_)
    if (channel->endpoint == endpoint && channel->current) return channel;
  return nullptr;
}

Acks::ChannelRef Acks::open(std::size_t endpoint, std::string guid) {
  for (const ChannelRef& channel : channels_)
    if (channel->endpoint == endpoint) channel->current = false;
  drop_idle();
  auto channel = std::make_shared<Channel>();
  channel->endpoint = endpoint;
  channel->guid = std::move(guid);
  channels_.push_back(channel);
  return channel;
}

Acks::Send Acks::begin(Channel& channel) {
  channel.sending_.insert(++channel.last_send_);
  return {channel.last_send_, channel.highest_};
}

void Acks::end(Channel& channel, const Send& send) { channel.sending_.erase(send.number); }

std::vector<Ticket> Acks::add(Channel& channel, const Send& send, int64_t ack_id, Ticket ticket, int64_t now_ns) {
  std::vector<Ticket> lost;
  if (ack_id <= send.floor || channel.waits_.find(ack_id) != channel.waits_.end()) {
    for (const auto& [id, wait] : channel.waits_) lost.push_back(wait.ticket);
    channel.waits_.clear();
    channel.reports_.clear();
    channel.current = false;
  }
  channel.highest_ = std::max(channel.highest_, ack_id);
  channel.waits_[ack_id] = {ticket, now_ns};
  return lost;
}

std::vector<Acks::ChannelRef> Acks::to_ask() const {
  std::vector<ChannelRef> out;
  for (const ChannelRef& channel : channels_)
    if (!channel->waits_.empty() && !channel->asking) out.push_back(channel);
  return out;
}

std::vector<int64_t> Acks::ids(Channel& channel) const {
  std::vector<int64_t> out;
  auto at = channel.waits_.lower_bound(channel.ask_from_);
  if (at == channel.waits_.end()) at = channel.waits_.begin();
  for (; at != channel.waits_.end() && out.size() < kMostIdsAtOnce; ++at) out.push_back(at->first);
  channel.ask_from_ = at == channel.waits_.end() ? 0 : at->first;
  return out;
}

void Acks::report(Channel& channel, std::vector<int64_t> ids) {
  if (!ids.empty()) channel.reports_.push_back({channel.last_send_, std::move(ids)});
}

std::vector<std::pair<int64_t, Ticket>> Acks::acknowledged(Channel& channel) {
  std::vector<std::pair<int64_t, Ticket>> out;
  const uint64_t oldest = channel.sending_.empty() ? UINT64_MAX : *channel.sending_.begin();
  auto report = channel.reports_.begin();
  for (; report != channel.reports_.end() && report->last_send < oldest; ++report)
    for (const int64_t id : report->ids)
      if (const auto at = channel.waits_.find(id); at != channel.waits_.end()) {
        out.emplace_back(id, at->second.ticket);
        channel.waits_.erase(at);
      }
  channel.reports_.erase(channel.reports_.begin(), report);
  return out;
}

std::vector<Ticket> Acks::overdue(int64_t before_ns) {
  std::vector<Ticket> out;
  for (const ChannelRef& channel : channels_)
    for (auto at = channel->waits_.begin(); at != channel->waits_.end();) {
      if (at->second.since_ns > before_ns) {
        ++at;
        continue;
      }
      out.push_back(at->second.ticket);
      channel->current = false;
      at = channel->waits_.erase(at);
    }
  drop_idle();
  return out;
}

std::vector<Ticket> Acks::all_of(std::size_t endpoint) {
  std::vector<Ticket> out;
  for (const ChannelRef& channel : channels_) {
    if (channel->endpoint != endpoint) continue;
    for (const auto& [id, wait] : channel->waits_) out.push_back(wait.ticket);
    channel->waits_.clear();
    channel->reports_.clear();
  }
  drop_idle();
  return out;
}

void Acks::forget(Ticket ticket) {
  for (const ChannelRef& channel : channels_)
    for (auto at = channel->waits_.begin(); at != channel->waits_.end();)
      at = at->second.ticket == ticket ? channel->waits_.erase(at) : std::next(at);
  drop_idle();
}

bool Acks::empty() const noexcept {
  return std::all_of(channels_.begin(), channels_.end(),
                     [](const ChannelRef& channel) { return channel->waits_.empty(); });
}

void Acks::drop_idle() {
  channels_.erase(std::remove_if(channels_.begin(), channels_.end(),
                                 [](const ChannelRef& one) { return !one->current && one->waits_.empty(); }),
                  channels_.end());
}

std::string question(const std::vector<int64_t>& ids) {
  std::string out = "{\"acks\":[";
  for (std::size_t i = 0; i < ids.size(); ++i) out += (i == 0 ? "" : ",") + std::to_string(ids[i]);
  return out + "]}";
}

std::vector<int64_t> acknowledged_ids(std::string_view answer, bool* broken) {
  std::vector<int64_t> out;
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse({answer.data(), answer.size()}, error);
  const auto* object = error ? nullptr : value.if_object();
  const boost::json::value* acks = object == nullptr ? nullptr : object->if_contains("acks");
  *broken = acks == nullptr || !acks->is_object();
  if (*broken) return out;
  for (const auto& member : acks->get_object()) {
    int64_t id = 0;
    const char* end = member.key().data() + member.key().size();
    const auto [stop, problem] = std::from_chars(member.key().data(), end, id);
    if (problem == std::errc() && stop == end && member.value().is_bool() && member.value().get_bool())
      out.push_back(id);
  }
  return out;
}

}  // namespace csiem::splunk
