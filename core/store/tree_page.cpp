#include "store/tree_page.hpp"

#include <cstring>
#include <utility>

namespace csiem::store {
namespace {

constexpr std::size_t kNodeHead = 8;
constexpr unsigned kBranch = 1, kLeaf = 2, kOverflow = 4;
constexpr unsigned kBigData = 1, kSubTable = 2;

template <class T>
T at(std::string_view bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

std::size_t node_at(std::string_view page, std::size_t index) { return at<uint16_t>(page, kPageHead + 2 * index); }

}  // namespace

Error damaged_page(uint64_t page, const std::string& what) {
  return damaged_file("page " + std::to_string(page) + " " + what);
}

bool TreePage::Place::less(std::string_view a, std::string_view b) const {
  return integer_keys ? at<uint64_t>(a, 0) < at<uint64_t>(b, 0) : a < b;
}

Result<TreePage> TreePage::read(const Place& place, uint64_t number, std::size_t depth) {
  if (number < kMetaPages || number >= place.pages) return damaged_page(number, "does not exist");
  CS_TRY(bytes, read_at(place.fd, number * place.page_bytes, place.page_bytes));
  if (bytes.size() < place.page_bytes) return damaged_page(number, "lies behind the file's end");
  const unsigned flags = at<uint16_t>(bytes, 10), lower = at<uint16_t>(bytes, 12), upper = at<uint16_t>(bytes, 14);
  if (at<uint64_t>(bytes, 0) != number || flags != (depth > 1 ? kBranch : kLeaf))
    return damaged_page(number, "is not what leads to it expects");
  if (lower < kPageHead || lower > upper || upper > place.page_bytes || lower % 2 != 0)
    return damaged_page(number, "has an impossible size");
  const std::size_t nodes = (lower - kPageHead) / 2;
  if (nodes == 0 || (depth > 1 && nodes < 2 && place.kind != Kind::free_list)) return damaged_page(number, "is empty");
  TreePage page(std::move(bytes), nodes, depth == 1);
  CS_CHECK(page.check(place, number));
  return page;
}

Result<void> TreePage::check(const Place& place, uint64_t number) const {
  const std::size_t upper = at<uint16_t>(bytes_, 14);
  std::string_view before;
  for (std::size_t i = 0; i < nodes_; ++i) {
    const std::size_t node = node_at(bytes_, i);
    if (node < upper || node % 2 != 0 || node + kNodeHead > bytes_.size())
      return damaged_page(number, "has an entry outside of it");
    const std::size_t key_bytes = at<uint16_t>(bytes_, node + 6), rest = bytes_.size() - node - kNodeHead;
    if (key_bytes > rest) return damaged_page(number, "has a key that is too long");
    if (leaf_ || i > 0) {
      const std::string_view here = key(i);
      if (here.empty() || (place.integer_keys && here.size() != sizeof(uint64_t)) ||
          (!before.empty() && !place.less(before, here)))
        return damaged_page(number, "has keys out of order");
      before = here;
    }
    if (!leaf_) {
      if (child(i) < kMetaPages || child(i) >= place.pages)
        return damaged_page(number, "leads to a page that does not exist");
      continue;
    }
    const unsigned flags = at<uint16_t>(bytes_, node + 4);
    const std::size_t room = rest - key_bytes;
    if ((flags & kBigData) == 0) {
      const Value inside = value(i);
      if (inside.size > room) return damaged_page(number, "has a value that is too long");
      const bool table = flags == kSubTable && place.kind == Kind::names && inside.size == sizeof(TableRoot);
      if (flags != 0 && !table) return damaged_page(number, "has an entry of an unknown kind");
      continue;
    }
    if (flags != kBigData || room < sizeof(uint64_t)) return damaged_page(number, "has an entry of an unknown kind");
    const Value apart = value(i);
    const uint64_t pages = (kPageHead + apart.size + place.page_bytes - 1) / place.page_bytes;
    if (apart.first < kMetaPages || pages > place.pages || apart.first > place.pages - pages)
      return damaged_page(number, "leads to a page that does not exist");
  }
  return {};
}

std::string_view TreePage::key(std::size_t index) const noexcept {
  const std::size_t node = node_at(bytes_, index);
  return std::string_view(bytes_).substr(node + kNodeHead, at<uint16_t>(bytes_, node + 6));
}

uint64_t TreePage::child(std::size_t index) const noexcept {
  const std::size_t node = node_at(bytes_, index);
  return at<uint16_t>(bytes_, node) | uint64_t{at<uint16_t>(bytes_, node + 2)} << 16 |
         uint64_t{at<uint16_t>(bytes_, node + 4)} << 32;
}

TreePage::Value TreePage::value(std::size_t index) const noexcept {
  const std::size_t node = node_at(bytes_, index);
  Value out;
  out.size = at<uint16_t>(bytes_, node) | uint64_t{at<uint16_t>(bytes_, node + 2)} << 16;
  out.flags = at<uint16_t>(bytes_, node + 4);
  out.bytes = std::string_view(bytes_).substr(node + kNodeHead + at<uint16_t>(bytes_, node + 6));
  out.apart = (out.flags & kBigData) != 0;
  if (!out.apart) {
    out.bytes = out.bytes.substr(0, out.size);
    return out;
  }
  out.first = at<uint64_t>(out.bytes, 0);
  out.pages = (kPageHead + out.size + bytes_.size() - 1) / bytes_.size();
  out.bytes = {};
  return out;
}

std::size_t TreePage::find(const Place& place, std::string_view wanted) const {
  // The first node of a branch stands for everything below the second.
  std::size_t low = leaf_ ? 0 : 1, high = nodes_;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const bool before = leaf_ ? place.less(key(middle), wanted) : !place.less(wanted, key(middle));
    if (before)
      low = middle + 1;
    else
      high = middle;
  }
  return leaf_ ? low : low - 1;
}

Result<void> check_depth(const TableRoot& table) {
  constexpr std::size_t kMostDepth = 32;
  if (table.depth == 0 || table.depth > kMostDepth) return damaged_file("a table of it has an impossible depth");
  return {};
}

Result<void> check_value_head(const TreePage::Place& place, const TreePage::Value& value) {
  CS_TRY(head, read_at(place.fd, value.first * place.page_bytes, kPageHead));
  if (head.size() < kPageHead || at<uint64_t>(head, 0) != value.first || at<uint16_t>(head, 10) != kOverflow ||
      at<uint32_t>(head, 12) != value.pages)
    return damaged_page(value.first, "is not what leads to it expects");
  return {};
}

}  // namespace csiem::store
