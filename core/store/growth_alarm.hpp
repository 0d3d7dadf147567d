// When to say that dead letters come near their limit.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace csiem::store {

// Once at 80 % of an exporter's limit, and again only after there were fewer than 70 %. Pure: decides, does nothing.
class GrowthAlarm {
 public:
  static uint64_t percent(uint64_t bytes, uint64_t max_bytes) {
    return max_bytes < 100 ? 100 : bytes / (max_bytes / 100);
  }
  bool tell(const std::string& exporter, uint64_t bytes, uint64_t max_bytes) {
    const uint64_t now = percent(bytes, max_bytes);
    if (now < 70) told_.erase(exporter);
    return now >= 80 && told_.insert(exporter).second;
  }

 private:
  std::set<std::string> told_;
};

}  // namespace csiem::store
