// One page of LMDB's trees, read past LMDB and believed only after a check: LMDB trusts what it reads, and a damaged
// page can end the process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/meta_page.hpp"

namespace csiem::store {

// CS5009, naming the page.
Error damaged_page(uint64_t page, const std::string& what);

class TreePage {
 public:
  enum class Kind { free_list, names, records };
  // The file, as some transaction sees it, and the table.
  struct Place {
    int fd;
    std::size_t page_bytes;
    uint64_t pages;  // of the file; none lies behind
    Kind kind;
    bool integer_keys;
    bool less(std::string_view a, std::string_view b) const;
  };
  struct Value {
    bool apart = false;             // on pages of its own
    uint64_t first = 0, pages = 0;  // those
    uint64_t size = 0;
    std::string_view bytes;  // in the page
    unsigned flags = 0;
  };

  // `depth` 1: a leaf. Fails with CS5009, or CS5005 when the file cannot be read.
  static Result<TreePage> read(const Place& place, uint64_t number, std::size_t depth);
  TreePage(TreePage&&) noexcept = default;
  TreePage& operator=(TreePage&&) noexcept = default;

  bool leaf() const noexcept { return leaf_; }
  std::size_t nodes() const noexcept { return nodes_; }
  // Of a branch the first one means nothing.
  std::string_view key(std::size_t index) const noexcept;
  uint64_t child(std::size_t index) const noexcept;
  Value value(std::size_t index) const noexcept;
  // The node of a branch that leads to the key; of a leaf the first whose key is not less, nodes() when there is none.
  std::size_t find(const Place& place, std::string_view key) const;

 private:
  TreePage(std::string bytes, std::size_t nodes, bool leaf) : bytes_(std::move(bytes)), nodes_(nodes), leaf_(leaf) {}
  Result<void> check(const Place& place, uint64_t number) const;

  std::string bytes_;
  std::size_t nodes_;
  bool leaf_;
};

// CS5009 when the table cannot be that deep.
Result<void> check_depth(const TableRoot& table);
// Whether the pages of a value that lies apart begin with the head that belongs there.
Result<void> check_value_head(const TreePage::Place& place, const TreePage::Value& value);

}  // namespace csiem::store
