// How many events of which kind were delivered, for a metrics index.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/request.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::splunk {

// Counts by type, severity, outcome and guard. Knows at most kMostKinds kinds; further ones count as one kind without
// dimensions, so that nothing that an event says makes it grow. One thread.
class EventCounts {
 public:
  static constexpr std::size_t kMostKinds = 500;

  void add(const csiem_event& event);
  bool empty() const noexcept { return kinds_.empty(); }
  // One metric event of HEC per kind.
  void write(int64_t unix_ns, std::string_view index, std::string_view source, std::string_view host,
             Request& out) const;
  // Adds what `other` has counted.
  void merge(const EventCounts& other);

 private:
  struct Kind {
    std::string type, severity, outcome, guard;
    uint64_t count;

    bool is(std::string_view t, std::string_view s, std::string_view o, std::string_view g) const noexcept {
      return type == t && severity == s && outcome == o && guard == g;
    }
  };
  void add(std::string_view type, std::string_view severity, std::string_view outcome, std::string_view guard,
           uint64_t count);

  std::vector<Kind> kinds_;
  std::size_t last_ = 0;  // the kind that was counted last: events of a kind come in rows
};

}  // namespace csiem::splunk
