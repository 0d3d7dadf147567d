// Looks at the pages of LMDB's file before LMDB does: it trusts them, and a damaged one can end the process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace csiem::store {

// Before the file is mapped: whether its two meta pages make sense. Fails with CS5009, or CS5005 when it cannot be
// read. `mend_size`: a file that was cut is made as long again as its meta pages say, so that no page lies outside of
// it; what was there reads as zeros, which every check notices.
Result<void> check_meta_pages(const std::string& data_file, bool mend_size);

// Every page that leads to a record, as the transaction with this id sees them, which has to be open: addresses, kinds,
// sizes and order. The records themselves are not looked at. Fails with CS5009, naming the page. `most_pages` of each
// table are read, the first ones; 0: all. Of a file that ends too early always all, and no record may lie behind its
// end; of the list of free pages always all. True when everything was read.
Result<bool> check_tree_pages(int data_fd, std::size_t txn_id, std::size_t most_pages);

}  // namespace csiem::store
