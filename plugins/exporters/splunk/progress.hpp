// How far one batch has come: which of its requests are answered, what they said, which acknowledgements are missing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/host.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "splunk/acks.hpp"
#include "splunk/raw.hpp"

namespace csiem::splunk {

// In event mode there is one group of all events; in raw mode there may be several, sent one after the other.
struct Progress {
  struct Wait {
    Acks::ChannelRef channel;
    int64_t ack_id;
    std::size_t group;
  };

  std::vector<RawGroup> groups;
  std::size_t next = 0;  // the group under way
  std::vector<Wait> waits;

  // Of the request under way.
  std::size_t endpoint = 0, bytes = 0;
  Acks::ChannelRef channel;
  Acks::Send send;
  bool compressed = false;

  // The group under way is answered; `said` counts its members from 0. Moves on.
  void answered(Verdict said, std::optional<int64_t> ack_id);
  // Nothing was said against any event of the batch.
  bool all_taken() const noexcept;
  // Another group is to be sent: nothing said so far speaks against it.
  bool more() const noexcept { return !stopped_ && next < groups.size(); }

  void acknowledge(const Acks::Channel& from, int64_t ack_id);
  void acknowledge_endpoint(std::size_t which);
  // The members of the groups that still wait, on this channel if one is given, are to be sent again.
  void unacknowledged(const Acks::Channel* on, const std::string& code, const std::string& why);

  // The verdict of the batch, as far as it is known.
  Verdict verdict(uint32_t count) const;

 private:
  std::vector<Verdict> said_;  // by group
  bool stopped_ = false;
};

}  // namespace csiem::splunk
