// Which requests an indexer has taken and not yet acknowledged. Pure: decides, sends nothing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
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
    std::map<int64_t, Wait> waits_;
    int64_t ask_from_ = 0;
  };
  using ChannelRef = std::shared_ptr<Channel>;
  static constexpr std::size_t kMostIdsAtOnce = 1000;

  // The endpoint's channel for new requests, or null before the first open().
  ChannelRef current(std::size_t endpoint) const;
  ChannelRef open(std::size_t endpoint, std::string guid);

  // Returns true, and `displaced`, when that id waits already: the indexer has started anew and forgotten the other.
  bool add(Channel& channel, int64_t ack_id, Ticket ticket, int64_t now_ns, Ticket* displaced);
  // Channels on which something waits and no question is on the way.
  std::vector<ChannelRef> to_ask() const;
  // At most kMostIdsAtOnce ids that wait; the next call goes on behind them.
  std::vector<int64_t> ids(Channel& channel) const;
  // The ticket that waited for the id, taken out; 0 when none did.
  Ticket acknowledged(Channel& channel, int64_t ack_id);
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
