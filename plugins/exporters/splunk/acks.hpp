// Which requests an indexer has taken and not yet acknowledged. Pure: decides, sends nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace csiem::splunk {

// Names one request that waits, as its owner counts them.
using Ticket = uint64_t;

// Acknowledgement ids count from 0 in each channel of each indexer, so a wait is known by channel and id. A channel
// belongs to one endpoint; a new one is opened when acknowledgements stop coming, and the old one goes when nothing
// waits on it any more. Times are monotonic nanoseconds. One thread.
class Acks {
 public:
  struct Channel {
    std::size_t endpoint = 0;
    std::string guid;
    // Balancers in front of several indexers keep a client on one of them by a cookie; without it every question may
    // reach an indexer that knows nothing.
    std::map<std::string, std::string> cookies;
    bool current = true;
    bool asking = false;  // a question is on the way

    // "a=1; b=2", empty without cookies.
    std::string cookie_header() const;
    // Keeps name and value of a Set-Cookie header.
    void take_cookie(std::string_view set_cookie);

   private:
    friend class Acks;
    struct Wait {
      Ticket ticket;
      int64_t since_ns;
    };
    struct Report {
      uint64_t last_send;  // that may have been on the way when the indexer answered
      std::vector<int64_t> ids;
    };
    std::map<int64_t, Wait> waits_;
    int64_t ask_from_ = 0;
    int64_t highest_ = -1;  // id that was given out
    uint64_t last_send_ = 0;
    std::set<uint64_t> sending_;  // not answered
    std::vector<Report> reports_;
  };
  using ChannelRef = std::shared_ptr<Channel>;
  static constexpr std::size_t kMostIdsAtOnce = 1000;

  // The endpoint's channel for new requests, or null before the first open().
  ChannelRef current(std::size_t endpoint) const;
  ChannelRef open(std::size_t endpoint, std::string guid);

  // A request goes out on the channel. What begin() gives belongs to end().
  struct Send {
    uint64_t number = 0;
    int64_t floor = -1;  // the answer's id is above, unless the indexer has started anew
  };
  static Send begin(Channel& channel);
  static void end(Channel& channel, const Send& send);

  // The answer to `send` gave an id; `ticket` waits for it from now on. An id that is not above its floor tells that
  // the indexer has started anew, or that another one answers, and that what waited before is forgotten: those tickets
  // are returned, taken out, and the channel is not current any more.
  std::vector<Ticket> add(Channel& channel, const Send& send, int64_t ack_id, Ticket ticket, int64_t now_ns);
  // Channels on which something waits and no question is on the way.
  std::vector<ChannelRef> to_ask() const;
  // At most kMostIdsAtOnce ids that wait; the next call goes on behind them.
  std::vector<int64_t> ids(Channel& channel) const;
  // The indexer reports these as safe. That counts when every request that was on the way by then is answered: it might
  // have been one of them, with an id that a restarted indexer gives out for the second time.
  static void report(Channel& channel, std::vector<int64_t> ids);
  // What counts now: id and ticket, taken out.
  static std::vector<std::pair<int64_t, Ticket>> acknowledged(Channel& channel);
  // Tickets that have waited since `before_ns` or longer, taken out. Their channels are not current any more.
  std::vector<Ticket> overdue(int64_t before_ns);
  // Every ticket of the endpoint, taken out.
  std::vector<Ticket> all_of(std::size_t endpoint);
  void forget(Ticket ticket);
  bool empty() const noexcept;

 private:
  void drop_idle();

  std::vector<ChannelRef> channels_;
};

// {"acks":[0,1,2]}
std::string question(const std::vector<int64_t>& ids);
// Ids that {"acks":{"0":true,"1":false}} reports as true. `broken`: it is not such an answer.
std::vector<int64_t> acknowledged_ids(std::string_view answer, bool* broken);

}  // namespace csiem::splunk
