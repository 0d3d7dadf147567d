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
#include "store/tree_page.hpp"

namespace csiem::store {
namespace {

uint64_t number_at(std::string_view bytes, std::size_t offset) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

class TreeCheck {
 public:
  TreeCheck(int fd, uint64_t file_bytes, const Meta& meta, std::size_t most_pages)
      : place_{fd, meta.free.pad, meta.last_page + 1, TreePage::Kind::records, false},
        file_bytes_(file_bytes),
        most_pages_(most_pages),
        behind_(meta.last_page + 1),
        seen_(behind_) {}

  Result<void> table(const TableRoot& table, TreePage::Kind kind) {
    // Every commit works with the free pages, wherever they stand.
    left_ = limit_ = kind == TreePage::Kind::free_list ? 0 : most_pages_;
    place_.kind = kind;
    place_.integer_keys = kind == TreePage::Kind::free_list || table.has_integer_keys();
    if (table.root == kNoPage) return {};
    CS_CHECK(check_depth(table));
    return page(table.root, table.depth);
  }
  std::vector<TableRoot> take_names() { return std::move(names_); }
  // Whether there was more to read than `most_pages` of some table.
  bool stopped_early() const noexcept { return stopped_early_; }

 private:
  bool has_enough() {
    if (limit_ == 0 || (left_ != 0 && --left_ != 0)) return false;
    return stopped_early_ = true;
  }

  Result<void> page(uint64_t number, std::size_t depth) {
    if (has_enough()) return {};
    CS_CHECK(claim(number, 1, number));
    CS_TRY(page_here, TreePage::read(place_, number, depth));
    for (std::size_t i = 0; i < page_here.nodes(); ++i) {
      if (depth > 1)
        CS_CHECK(page(page_here.child(i), depth - 1));
      else
        CS_CHECK(value(number, page_here.value(i)));
    }
    return {};
  }

  Result<void> value(uint64_t page, const TreePage::Value& value) {
    const bool free_list = place_.kind == TreePage::Kind::free_list;
    if (!value.apart) {
      if (place_.kind == TreePage::Kind::names && value.bytes.size() == sizeof(TableRoot) && value.flags != 0) {
        TableRoot root{};
        std::memcpy(&root, value.bytes.data(), sizeof root);
        names_.push_back(root);
      }
      return free_list ? free_pages(page, value.bytes) : Result<void>();
    }
    CS_CHECK(claim(value.first, value.pages, page));
    if (has_enough()) return {};
    CS_CHECK(check_value_head(place_, value));
    const uint64_t begin = value.first * place_.page_bytes + kPageHead;
    if (begin + value.size > file_bytes_) return damaged_page(page, "has a value behind the file's end");
    if (!free_list) return {};
    CS_TRY(list, read_at(place_.fd, begin, value.size));
    return free_pages(value.first, list);
  }

  // A count, and the numbers of free pages, the largest first.
  Result<void> free_pages(uint64_t page, std::string_view list) {
    const auto count = list.size() < sizeof(uint64_t) ? kNoPage : number_at(list, 0);
    if (count > list.size() / sizeof(uint64_t) - 1 || list.size() % sizeof(uint64_t) != 0)
      return damaged_page(page, "has a wrong count of free pages");
    uint64_t before = behind_;
    for (uint64_t i = 1; i <= count; ++i) {
      const auto free = number_at(list, i * sizeof(uint64_t));
      if (free >= before || free < kMetaPages) return damaged_page(page, "has free pages that do not exist");
      CS_CHECK(claim(free, 1, page));
      before = free;
    }
    return {};
  }

  // A page has one use.
  Result<void> claim(uint64_t first, uint64_t pages, uint64_t from) {
    if (first < kMetaPages || pages > behind_ || first > behind_ - pages)
      return damaged_page(from, "leads to a page that does not exist");
    for (uint64_t at = first; at < first + pages; ++at) {
      if (seen_[at]) return damaged_page(at, "is used twice");
      seen_[at] = true;
    }
    return {};
  }

  TreePage::Place place_;
  const uint64_t file_bytes_;
  const std::size_t most_pages_;
  const uint64_t behind_;
  std::vector<bool> seen_;
  std::size_t limit_ = 0, left_ = 0;
  bool stopped_early_ = false;
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

Result<bool> check_tree_pages(int data_fd, std::size_t txn_id, std::size_t most_pages) {
  CS_TRY(first, read_meta(data_fd, 0, 0));
  CS_TRY(second, read_meta(data_fd, 1, first.free.pad));
  const Meta& meta = second.txn_id == txn_id ? second : first;
  // Two commits went by in between: they were made by a daemon that works with the pages.
  if (meta.txn_id != txn_id) return false;
  struct stat st {};
  if (::fstat(data_fd, &st) != 0) return Error{Code::io, "read the store: " + errno_text(errno), 5005};
  const auto bytes = static_cast<uint64_t>(st.st_size);
  // What lies behind the end of a file that was cut and could not be lengthened ends the process when LMDB reads it.
  if (bytes < (meta.last_page + 1) * meta.free.pad) most_pages = 0;
  TreeCheck check(data_fd, bytes, meta, most_pages);
  CS_CHECK(check.table(meta.free, TreePage::Kind::free_list));
  CS_CHECK(check.table(meta.main, TreePage::Kind::names));
  for (const TableRoot& table : check.take_names()) CS_CHECK(check.table(table, TreePage::Kind::records));
  return !check.stopped_early();
}

}  // namespace csiem::store
