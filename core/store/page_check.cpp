#include "store/page_check.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "store/meta_page.hpp"

namespace csiem::store {
namespace {

constexpr std::size_t kNodeHead = 8;
constexpr unsigned kBranch = 1, kLeaf = 2, kOverflow = 4;
constexpr unsigned kBigData = 1, kSubTable = 2;
constexpr unsigned kIntegerKey = 8;
constexpr std::size_t kMostDepth = 32;

template <class T>
T at(std::string_view bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

Error damaged(uint64_t page, const std::string& what) {
  return damaged_file("page " + std::to_string(page) + " " + what);
}

class TreeCheck {
 public:
  TreeCheck(int fd, uint64_t file_bytes, const Meta& meta, std::size_t most_pages)
      : fd_(fd),
        file_bytes_(file_bytes),
        most_pages_(most_pages),
        page_bytes_(meta.free.pad),
        behind_(meta.last_page + 1),
        seen_(behind_) {}

  enum class Kind { free_list, names, records };
  Result<void> table(const TableRoot& table, Kind kind) {
    left_ = most_pages_;
    kind_ = kind;
    integer_keys_ = kind == Kind::free_list || (table.flags & kIntegerKey) != 0;
    if (table.root == kNoPage) return {};
    if (table.depth == 0 || table.depth > kMostDepth) return damaged_file("a table of it has an impossible depth");
    return page(table.root, table.depth);
  }
  std::vector<TableRoot> take_names() { return std::move(names_); }

 private:
  Result<void> page(uint64_t number, std::size_t depth) {
    if (most_pages_ != 0 && (left_ == 0 || --left_ == 0)) return {};
    CS_CHECK(claim(number, 1, number));
    CS_TRY(bytes, read_at(fd_, number * page_bytes_, page_bytes_));
    if (bytes.size() < page_bytes_) return damaged(number, "lies behind the file's end");
    const unsigned flags = at<uint16_t>(bytes, 10), lower = at<uint16_t>(bytes, 12), upper = at<uint16_t>(bytes, 14);
    if (at<uint64_t>(bytes, 0) != number || flags != (depth > 1 ? kBranch : kLeaf))
      return damaged(number, "is not what leads to it expects");
    if (lower < kPageHead || lower > upper || upper > page_bytes_ || lower % 2 != 0)
      return damaged(number, "has an impossible size");
    const std::size_t nodes = (lower - kPageHead) / 2;
    if (nodes == 0 || (depth > 1 && nodes < 2 && kind_ != Kind::free_list)) return damaged(number, "is empty");
    std::string_view before;
    for (std::size_t i = 0; i < nodes; ++i) {
      const std::size_t node = at<uint16_t>(bytes, kPageHead + 2 * i);
      if (node < upper || node % 2 != 0 || node + kNodeHead > page_bytes_)
        return damaged(number, "has an entry outside of it");
      const std::size_t key_bytes = at<uint16_t>(bytes, node + 6), rest = page_bytes_ - node - kNodeHead;
      if (key_bytes > rest) return damaged(number, "has a key that is too long");
      const std::string_view key = std::string_view(bytes).substr(node + kNodeHead, key_bytes);
      if (depth == 1 || i > 0) {
        if (key.empty() || (integer_keys_ && key.size() != sizeof(uint64_t)) || (!before.empty() && !less(before, key)))
          return damaged(number, "has keys out of order");
        before = key;
      }
      const uint64_t low = at<uint16_t>(bytes, node) | uint64_t{at<uint16_t>(bytes, node + 2)} << 16;
      const unsigned node_flags = at<uint16_t>(bytes, node + 4);
      if (depth > 1) {
        CS_CHECK(page(low | uint64_t{node_flags} << 32, depth - 1));
        continue;
      }
      const std::size_t value_at = node + kNodeHead + key_bytes;
      CS_CHECK(value(number, node_flags, low, std::string_view(bytes).substr(value_at)));
    }
    return {};
  }

  bool less(std::string_view a, std::string_view b) const {
    return integer_keys_ ? at<uint64_t>(a, 0) < at<uint64_t>(b, 0) : a < b;
  }

  // `rest`: of the page, from the value on.
  Result<void> value(uint64_t page, unsigned flags, uint64_t size, std::string_view rest) {
    if ((flags & kBigData) == 0) {
      if (size > rest.size()) return damaged(page, "has a value that is too long");
      rest = rest.substr(0, size);
      if (flags == kSubTable && kind_ == Kind::names && size == sizeof(TableRoot)) {
        names_.push_back(at<TableRoot>(rest, 0));
        return {};
      }
      if (flags != 0) return damaged(page, "has an entry of an unknown kind");
      return kind_ == Kind::free_list ? free_pages(page, rest) : Result<void>();
    }
    if (flags != kBigData || rest.size() < sizeof(uint64_t)) return damaged(page, "has an entry of an unknown kind");
    const auto first = at<uint64_t>(rest, 0);
    const uint64_t pages = (kPageHead + size + page_bytes_ - 1) / page_bytes_;
    CS_CHECK(claim(first, pages, page));
    if (most_pages_ != 0 && (left_ == 0 || --left_ == 0)) return {};
    CS_TRY(head, read_at(fd_, first * page_bytes_, kPageHead));
    if (head.size() < kPageHead || at<uint64_t>(head, 0) != first || at<uint16_t>(head, 10) != kOverflow ||
        at<uint32_t>(head, 12) != pages)
      return damaged(first, "is not what leads to it expects");
    if (first * page_bytes_ + kPageHead + size > file_bytes_) return damaged(page, "has a value behind the file's end");
    if (kind_ != Kind::free_list) return {};
    CS_TRY(list, read_at(fd_, first * page_bytes_ + kPageHead, size));
    return free_pages(first, list);
  }

  // A count, and the numbers of free pages, the largest first.
  Result<void> free_pages(uint64_t page, std::string_view list) {
    const auto count = list.size() < sizeof(uint64_t) ? kNoPage : at<uint64_t>(list, 0);
    if (count > list.size() / sizeof(uint64_t) - 1 || list.size() % sizeof(uint64_t) != 0)
      return damaged(page, "has a wrong count of free pages");
    uint64_t before = behind_;
    for (uint64_t i = 1; i <= count; ++i) {
      const auto free = at<uint64_t>(list, i * sizeof(uint64_t));
      if (free >= before || free < kMetaPages) return damaged(page, "has free pages that do not exist");
      CS_CHECK(claim(free, 1, page));
      before = free;
    }
    return {};
  }

  // A page has one use.
  Result<void> claim(uint64_t first, uint64_t pages, uint64_t from) {
    if (first < kMetaPages || pages > behind_ || first > behind_ - pages)
      return damaged(from, "leads to a page that does not exist");
    for (uint64_t at = first; at < first + pages; ++at) {
      if (seen_[at]) return damaged(at, "is used twice");
      seen_[at] = true;
    }
    return {};
  }

  const int fd_;
  const uint64_t file_bytes_;
  const std::size_t most_pages_, page_bytes_;
  const uint64_t behind_;
  std::vector<bool> seen_;
  std::size_t left_ = 0;
  Kind kind_ = Kind::records;
  bool integer_keys_ = false;
  std::vector<TableRoot> names_;
};

}  // namespace

Result<void> check_meta_pages(const std::string& data_file, bool mend_size) {
  const Fd fd(::open(data_file.c_str(), (mend_size ? O_RDWR : O_RDONLY) | O_CLOEXEC));
  if (!fd) {
    const Code code = errno == EACCES || errno == EROFS ? Code::denied : Code::io;
    return Error{code, "open " + data_file + ": " + errno_text(errno), 5005};
  }
  struct stat st {};
  if (::fstat(fd.get(), &st) != 0) return Error{Code::io, "read the store: " + errno_text(errno), 5005};
  if (!S_ISREG(st.st_mode)) return damaged_file("it is not a regular file");
  CS_TRY(first, read_meta(fd.get(), 0, 0));
  CS_TRY(second, read_meta(fd.get(), 1, first.free.pad));
  const Meta& newest = second.txn_id > first.txn_id ? second : first;
  // The other one may be half of a commit that failed; it is not used.
  for (const TableRoot* table : {&newest.free, &newest.main})
    if (table->root != kNoPage && (table->root < kMetaPages || table->root > newest.last_page))
      return damaged_file("its head leads to a page that does not exist");
  const uint64_t most = uint64_t{1} << 46;
  if (newest.last_page < kMetaPages - 1 || newest.last_page > most / newest.free.pad)
    return damaged_file("its head tells an impossible size");
  const uint64_t want = (newest.last_page + 1) * newest.free.pad;
  if (!mend_size || static_cast<uint64_t>(st.st_size) >= want) return {};
  // LMDB itself does not write pages at the end that are free, so this is no damage yet.
  if (::ftruncate(fd.get(), static_cast<off_t>(want)) != 0)
    return Error{Code::io, "lengthen " + data_file + ": " + errno_text(errno),
                 errno == ENOSPC || errno == EFBIG ? 5001 : 5005};
  return {};
}

Result<void> check_tree_pages(int data_fd, std::size_t txn_id, std::size_t most_pages) {
  CS_TRY(first, read_meta(data_fd, 0, 0));
  CS_TRY(second, read_meta(data_fd, 1, first.free.pad));
  const Meta& meta = second.txn_id == txn_id ? second : first;
  // Two commits went by in between: they were made by a daemon that works with the pages.
  if (meta.txn_id != txn_id) return {};
  struct stat st {};
  if (::fstat(data_fd, &st) != 0) return Error{Code::io, "read the store: " + errno_text(errno), 5005};
  const auto bytes = static_cast<uint64_t>(st.st_size);
  // What lies behind the end of a file that was cut and could not be lengthened ends the process when LMDB reads it.
  if (bytes < (meta.last_page + 1) * meta.free.pad) most_pages = 0;
  TreeCheck check(data_fd, bytes, meta, most_pages);
  CS_CHECK(check.table(meta.free, TreeCheck::Kind::free_list));
  CS_CHECK(check.table(meta.main, TreeCheck::Kind::names));
  for (const TableRoot& table : check.take_names()) CS_CHECK(check.table(table, TreeCheck::Kind::records));
  return {};
}

}  // namespace csiem::store
