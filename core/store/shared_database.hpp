// The one database of a store: used by several threads, opened again when a sync has failed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "store/database.hpp"

namespace csiem::store {

class SharedDatabase {
 public:
  SharedDatabase(Database database, Database::Settings settings)
      : settings_(std::move(settings)), database_(std::move(database)) {}

  // Calls use(database) while it stays open. Keep it short: reopen() waits for it.
  template <class Use>
  auto with(Use&& use) -> decltype(use(std::declval<Database&>())) {
    const std::shared_lock lock(mutex_);
    if (!database_) return Error{Code::io, "the store is closed after a failure", 5008};
    return std::forward<Use>(use)(*database_);
  }
  // The environment is closed first: it must never be open twice in one process.
  Result<void> reopen() {
    const std::unique_lock lock(mutex_);
    database_.reset();
    Database::Settings settings = settings_;
    settings.rewrite = true;
    CS_TRY(opened, Database::open(settings));
    database_.emplace(std::move(opened));
    return {};
  }

 private:
  const Database::Settings settings_;
  std::shared_mutex mutex_;  // guards database_
  std::optional<Database> database_;
};

}  // namespace csiem::store
