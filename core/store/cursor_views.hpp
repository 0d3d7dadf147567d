// The places of all exporters, for whoever looks at a store.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "store/database.hpp"
#include "store/store.hpp"

namespace csiem::store {

// As they were written last, orphans included, in order of exporter ids.
Result<std::vector<CursorView>> cursor_views(const lmdb::Transaction& txn, const Database& database);

}  // namespace csiem::store
