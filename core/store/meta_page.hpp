// The head of LMDB's file: the two pages that tell where its tables begin.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace csiem::store {

// The file format of LMDB 0.9 (data version 1) on a 64-bit machine, as far as it is looked at.
inline constexpr uint64_t kNoPage = ~uint64_t{0};
inline constexpr std::size_t kPageHead = 16;
inline constexpr std::size_t kMetaPages = 2;

struct TableRoot {
  uint32_t pad;  // of the free list: the page size
  uint16_t flags, depth;
  uint64_t branch_pages, leaf_pages, overflow_pages, entries, root;
  bool has_integer_keys() const noexcept { return (flags & 8) != 0; }
};
static_assert(sizeof(TableRoot) == 48);

// A commit writes the page `txn_id & 1`; LMDB opens the file at the page with the higher one.
struct Meta {
  uint32_t magic, version;
  uint64_t address, map_bytes;
  TableRoot free, main;
  uint64_t last_page, txn_id;
};
static_assert(sizeof(Meta) == 136);

// Fails with CS5009 when the page is none; `page_bytes` 0: unknown, which is good for page 0.
Result<Meta> read_meta(int data_fd, std::size_t which, std::size_t page_bytes);
// Over what is there. Durable with the next sync.
Result<void> write_meta(int data_fd, std::size_t which, const Meta& meta);

// Less than asked for when the file ends. CS5005.
Result<std::string> read_at(int fd, uint64_t offset, std::size_t bytes);
// All of them. CS5001 when the disk is full, else CS5005.
Result<void> write_at(int fd, uint64_t offset, std::string_view bytes);

// CS5009.
Error damaged_file(const std::string& what);

}  // namespace csiem::store
