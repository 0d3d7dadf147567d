// The messages of one batch, and how they stand on the wire.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "syslog/header.hpp"

namespace csiem::syslog {

enum class Framing { octet, lf };

// Appends one message as it goes over a stream: its length in bytes in front of it, or a line feed behind it.
void append_frame(Framing framing, std::string_view message, std::string& out);

// The memory is kept from batch to batch. One thread.
class Messages {
 public:
  struct Message {
    uint32_t index;  // in the batch
    std::size_t from, size;
  };

  void clear() noexcept {
    bytes_.clear();
    all_.clear();
  }
  // Adds the message of one event. What is longer than `limit` is shortened; false when that is not possible, then
  // nothing is added.
  bool add(const HeaderSettings& header, const csiem_event& event, uint32_t index, std::string_view body, bool json,
           std::size_t limit, int64_t now_unix_ns);

  const std::vector<Message>& all() const noexcept { return all_; }
  std::string_view text(const Message& message) const noexcept {
    return std::string_view(bytes_).substr(message.from, message.size);
  }
  uint64_t shortened_count() const noexcept { return shortened_; }  // since construction

 private:
  std::string bytes_;
  std::vector<Message> all_;
  uint64_t shortened_ = 0;
};

}  // namespace csiem::syslog
