#include "store/page_guard.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace csiem::store {

Result<std::unique_ptr<PageGuard>> PageGuard::of(int data_fd, std::size_t txn_id,
                                                 const std::vector<std::string>& tables) {
  CS_TRY(even, read_meta(data_fd, 0, 0));
  CS_TRY(odd, read_meta(data_fd, 1, even.free.pad));
  const Meta& meta = (txn_id & 1) != 0 ? odd : even;
  if (meta.txn_id != txn_id) return std::unique_ptr<PageGuard>();
  std::unique_ptr<PageGuard> guard(new PageGuard(data_fd, meta.free.pad, meta.last_page + 1));
  guard->tables_.resize(tables.size());
  if (meta.main.root == kNoPage) return guard;
  Table names;
  names.root = meta.main;
  TreePage::Place place = guard->place_;
  place.kind = TreePage::Kind::names;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    guard->tables_[i].root.root = kNoPage;
    if (tables[i].empty()) continue;
    CS_TRY(path, guard->descend(place, names, tables[i]));
    const auto& [leaf, index] = path.back();
    if (index == leaf.nodes() || leaf.key(index) != tables[i]) continue;  // not yet
    const TreePage::Value value = leaf.value(index);
    if (value.bytes.size() == sizeof(TableRoot))
      std::memcpy(&guard->tables_[i].root, value.bytes.data(), sizeof(TableRoot));
  }
  return guard;
}

const PageGuard::Table* PageGuard::table(std::size_t number) const {
  return number < tables_.size() && tables_[number].root.root != kNoPage ? &tables_[number] : nullptr;
}

TreePage::Place PageGuard::place_of(const Table& table) const {
  TreePage::Place place = place_;
  place.integer_keys = table.root.has_integer_keys();
  return place;
}

Result<PageGuard::Path> PageGuard::descend(const TreePage::Place& place, const Table& table,
                                           std::string_view key) const {
  CS_CHECK(check_depth(table.root));
  Path path;
  uint64_t number = table.root.root;
  for (std::size_t depth = table.root.depth; depth > 0; --depth) {
    CS_TRY(page, TreePage::read(place, number, depth));
    const std::size_t index = page.find(place, key);
    if (depth > 1) number = page.child(index);
    path.push_back({std::move(page), index});
  }
  return path;
}

Result<PageGuard::Path> PageGuard::path(std::size_t number, std::string_view key) const {
  const Table* const asked = table(number);
  if (asked == nullptr) return Path{};
  CS_TRY(path, descend(place_of(*asked), *asked, key));
  // Of a key that would stand at the end LMDB looks at the leaf behind it.
  if (Step& leaf = path.back(); leaf.index == leaf.page.nodes()) {
    --leaf.index;
    CS_CHECK(move(number, path, Side::last));
  }
  return std::move(path);
}

Result<PageGuard::Path> PageGuard::edge(std::size_t number, Side side) const {
  Path path;
  const Table* const asked = table(number);
  if (asked == nullptr) return path;
  CS_CHECK(check_depth(asked->root));
  CS_CHECK(edge_of(place_of(*asked), asked->root.root, asked->root.depth, side, path));
  return path;
}

// Appends the steps from the page, which leads `depth` levels down.
Result<void> PageGuard::edge_of(const TreePage::Place& place, uint64_t page, std::size_t depth, Side side, Path& out) {
  for (; depth > 0; --depth) {
    CS_TRY(here, TreePage::read(place, page, depth));
    const std::size_t index = side == Side::first ? 0 : here.nodes() - 1;
    if (depth > 1) page = here.child(index);
    out.push_back({std::move(here), index});
  }
  return {};
}

Result<void> PageGuard::move(std::size_t number, Path& path, Side towards) const {
  const Table* const asked = table(number);
  if (asked == nullptr || path.empty()) return {};
  const bool on = towards == Side::last;
  const auto at_edge = [&](const Step& step) { return on ? step.index + 1 >= step.page.nodes() : step.index == 0; };
  const auto one_on = [&](std::size_t index) { return on ? index + 1 : index - 1; };
  std::size_t up = path.size() - 1;
  while (up > 0 && at_edge(path[up])) --up;
  Step& turn = path[up];
  if (at_edge(turn)) {
    if (on) path.back().index = path.back().page.nodes();
    return {};
  }
  if (up + 1 < path.size()) {
    Path fresh;
    CS_CHECK(edge_of(place_of(*asked), turn.page.child(one_on(turn.index)), path.size() - 1 - up,
                     on ? Side::first : Side::last, fresh));
    std::move(fresh.begin(), fresh.end(), path.begin() + static_cast<std::ptrdiff_t>(up) + 1);
  }
  turn.index = one_on(turn.index);
  return {};
}

// The leaf that follows the path's (`last`), or that lies before it.
Result<void> PageGuard::beside(const TreePage::Place& place, const Path& path, Side side) {
  for (std::size_t up = 1; up < path.size(); ++up) {
    const Step& step = path[path.size() - 1 - up];
    if (side == Side::last ? step.index + 1 == step.page.nodes() : step.index == 0) continue;
    const std::size_t index = side == Side::last ? step.index + 1 : step.index - 1;
    Path ignored;
    return edge_of(place, step.page.child(index), up, side == Side::last ? Side::first : Side::last, ignored);
  }
  return {};
}

Result<void> PageGuard::next_leaf(std::size_t number, std::string_view key) const {
  const Table* const asked = table(number);
  if (asked == nullptr) return {};
  CS_TRY(path, descend(place_of(*asked), *asked, key));
  return beside(place_of(*asked), path, Side::last);
}

Result<void> PageGuard::previous_leaf(std::size_t number, std::string_view key) const {
  const Table* const asked = table(number);
  if (asked == nullptr) return {};
  CS_TRY(path, descend(place_of(*asked), *asked, key));
  return beside(place_of(*asked), path, Side::first);
}

Result<void> PageGuard::around(std::size_t number, std::string_view key) const {
  const Table* const asked = table(number);
  if (asked == nullptr) return {};
  const TreePage::Place place = place_of(*asked);
  const bool known =
      asked->known && (!asked->low || !place.less(key, *asked->low)) && (!asked->high || place.less(key, *asked->high));
  CS_TRY(path, descend(place, *asked, key));
  const Step& leaf = path.back();
  if (leaf.index < leaf.page.nodes() && leaf.page.key(leaf.index) == key)
    if (const TreePage::Value value = leaf.page.value(leaf.index); value.apart)
      CS_CHECK(check_value_head(place, value));
  if (known) return {};
  // When LMDB moves entries between neighbours it looks for the lowest key below them.
  Path ignored;
  std::optional<std::string> low, high;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    const Step& step = path[i];
    const std::size_t depth = path.size() - 1 - i;
    if (step.index > 0) {
      CS_CHECK(edge_of(place, step.page.child(step.index - 1), depth, Side::first, ignored));
      low = std::string(step.page.key(step.index));
    }
    if (step.index + 1 < step.page.nodes()) {
      CS_CHECK(edge_of(place, step.page.child(step.index + 1), depth, Side::first, ignored));
      high = std::string(step.page.key(step.index + 1));
    }
  }
  CS_CHECK(beside(place, path, Side::first));
  CS_CHECK(beside(place, path, Side::last));
  asked->known = true;
  asked->low = std::move(low);
  asked->high = std::move(high);
  return {};
}

std::optional<std::string> PageGuard::behind(std::size_t number, std::string_view key) const {
  const Table* const asked = table(number);
  std::optional<std::string> next;
  if (asked == nullptr || !check_depth(asked->root)) return next;
  const TreePage::Place place = place_of(*asked);
  uint64_t at = asked->root.root;
  for (std::size_t depth = asked->root.depth; depth > 1; --depth) {
    const auto page = TreePage::read(place, at, depth);
    if (!page) break;
    const std::size_t index = page->find(place, key);
    if (index + 1 < page->nodes()) next = std::string(page->key(index + 1));
    at = page->child(index);
  }
  return next;
}

}  // namespace csiem::store
