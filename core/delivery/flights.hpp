// Batches that a plugin has and has not finished.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "delivery/exchange.hpp"
#include "delivery/out_batch.hpp"

namespace csiem::delivery {

// One submit() and what the host itself saw of the answers to it.
struct Flight : Exchange {
  std::unique_ptr<Parcel> parcel;
  bool probe = false;
  std::size_t oversize_bytes = 0;  // of a body that was not sent because it was over the limit
  bool confirming = false;         // the server took it; its later word that it is safe is still to come
  std::size_t confirming_bytes = 0;
};

// At most as many as the lane's concurrency, and those that only wait for a confirmation: searching from the front is
// fast enough. Lane's thread.
class Flights {
 public:
  Flight& add() { return *all_.emplace_back(std::make_unique<Flight>()); }
  Flight* find(uint64_t token) {
    for (const auto& flight : all_)
      if (flight->token == token) return flight.get();
    return nullptr;
  }
  std::unique_ptr<Flight> take(uint64_t token) {
    for (auto at = all_.begin(); at != all_.end(); ++at) {
      if ((*at)->token != token) continue;
      auto flight = std::move(*at);
      all_.erase(at);
      if (flight->confirming) --confirming_;
      confirming_bytes_ -= flight->confirming_bytes;
      return flight;
    }
    return nullptr;
  }
  // From now on it only waits for a confirmation.
  void confirming(Flight& flight) {
    flight.confirming = true;
    flight.confirming_bytes = flight.parcel->bytes();
    ++confirming_;
    confirming_bytes_ += flight.confirming_bytes;
  }
  std::size_t size() const noexcept { return all_.size(); }
  std::size_t confirming() const noexcept { return confirming_; }
  std::size_t confirming_bytes() const noexcept { return confirming_bytes_; }
  bool empty() const noexcept { return all_.empty(); }
  const std::vector<std::unique_ptr<Flight>>& all() const noexcept { return all_; }

 private:
  std::vector<std::unique_ptr<Flight>> all_;
  std::size_t confirming_ = 0, confirming_bytes_ = 0;
};

}  // namespace csiem::delivery
