// Checks the pages that LMDB is about to walk over, just before it does.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/tree_page.hpp"

namespace csiem::store {

// For a store that is too large to be checked as a whole at its start. Looks at one state of the file, the one that a
// transaction began with; what the process itself has written since needs no check. A few reads of the page cache for
// each call. One thread at a time.
class PageGuard {
 public:
  // Of the committed state `txn_id`; `tables`: names, in the order of the numbers by which they are asked for. Null
  // when two commits went by in between: begin the transaction again.
  static Result<std::unique_ptr<PageGuard>> of(int data_fd, std::size_t txn_id, const std::vector<std::string>& tables);

  // The pages from a table's root to one entry of a leaf, all of them checked; empty for a table without entries.
  struct Step {
    TreePage page;
    std::size_t index;
  };
  using Path = std::vector<Step>;
  enum class Side { first, last };

  // To the first entry at or behind the key, or to the first or last of all. Each of these fails with CS5009.
  Result<Path> path(std::size_t table, std::string_view key) const;
  Result<Path> edge(std::size_t table, Side side) const;
  // To the entry behind the path's (`last`) or before it; a path that fails stays where it is. Behind the last entry of
  // all the index of its leaf is one too many.
  Result<void> move(std::size_t table, Path& path, Side towards) const;
  // What a step from the leaf of the key to the one behind it, or before it, needs.
  Result<void> next_leaf(std::size_t table, std::string_view key) const;
  Result<void> previous_leaf(std::size_t table, std::string_view key) const;
  // What a change at the key may touch: its neighbours on every level, the head of its value.
  Result<void> around(std::size_t table, std::string_view key) const;
  // Where what lies behind the leaf of the key begins, or behind the page that keeps it from being reached. Nothing:
  // that was the end of the table.
  std::optional<std::string> behind(std::size_t table, std::string_view key) const;

 private:
  struct Table {
    TableRoot root{};
    // Between these keys, both ends optional, around() has found nothing.
    mutable std::optional<std::string> low, high;
    mutable bool known = false;
  };
  PageGuard(int fd, std::size_t page_bytes, uint64_t pages)
      : place_{fd, page_bytes, pages, TreePage::Kind::records, false} {}
  const Table* table(std::size_t number) const;
  TreePage::Place place_of(const Table& table) const;
  Result<Path> descend(const TreePage::Place& place, const Table& table, std::string_view key) const;
  static Result<void> edge_of(const TreePage::Place& place, uint64_t page, std::size_t depth, Side side, Path& out);
  static Result<void> beside(const TreePage::Place& place, const Path& path, Side side);

  TreePage::Place place_;
  std::vector<Table> tables_;
};

}  // namespace csiem::store
