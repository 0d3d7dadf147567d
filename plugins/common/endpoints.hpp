// Several addresses of one destination: which to use next, and which rest after a failure.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace csiem::common {

enum class Spread { failover, round_robin };

// An endpoint that failed rests 1 s, doubling with every failure in a row up to `longest_rest`; one success ends that.
// While all rest, the one that is due first is used: resting is a preference, never a refusal. One thread; times are
// monotonic nanoseconds.
class Endpoints {
 public:
  static constexpr int64_t kFirstRest = 1'000'000'000;

  Endpoints() = default;
  Endpoints(std::vector<std::string> urls, Spread spread, int64_t longest_rest = 30 * 60 * kFirstRest)
      : spread_(spread), longest_rest_(longest_rest) {
    for (std::string& url : urls) nodes_.push_back({std::move(url), 0, 0});
  }

  std::size_t size() const noexcept { return nodes_.size(); }
  const std::string& url(std::size_t i) const noexcept { return nodes_[i].url; }

  // failover: the first that does not rest. round_robin: the next that does not rest.
  std::size_t pick(int64_t now) noexcept {
    const std::size_t start = spread_ == Spread::round_robin ? next_ : 0;
    std::size_t best = start;
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      const std::size_t i = (start + n) % nodes_.size();
      if (nodes_[i].rests_until <= now) {
        best = i;
        break;
      }
      if (nodes_[i].rests_until < nodes_[best].rests_until) best = i;
    }
    next_ = (best + 1) % nodes_.size();
    return best;
  }
  void succeeded(std::size_t i) noexcept {
    nodes_[i].failures = 0;
    nodes_[i].rests_until = 0;
  }
  // `at_least_ms`: what the endpoint itself asked for.
  void failed(std::size_t i, int64_t now, uint32_t at_least_ms = 0) noexcept {
    const int64_t rest = std::min(longest_rest_, kFirstRest << std::min(nodes_[i].failures, 20));
    ++nodes_[i].failures;
    nodes_[i].rests_until = now + std::max(rest, int64_t{at_least_ms} * 1'000'000);
  }
  bool another_is_ready(int64_t now) const noexcept {
    return std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& node) { return node.rests_until <= now; });
  }

 private:
  struct Node {
    std::string url;
    int64_t rests_until;
    int failures;
  };
  std::vector<Node> nodes_;
  Spread spread_ = Spread::failover;
  int64_t longest_rest_ = 30 * 60 * kFirstRest;
  std::size_t next_ = 0;
};

}  // namespace csiem::common
