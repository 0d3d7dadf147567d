// The cursor of a lane that has no log: nothing comes from it, and nothing is remembered.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/store.hpp"

namespace csiem::store {

class NoCursor final : public Cursor {
 public:
  void start(Deliver) override {}
  void settle(Sequence, Sequence, const std::array<uint64_t, 4>&) override {}
  void dead_letter(DeadLetter) override {}
  Ledger ledger() const override { return {}; }
  void save_state(std::string) override {}
  std::string state() const override { return {}; }
};

}  // namespace csiem::store
