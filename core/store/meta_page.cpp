#include "store/meta_page.hpp"

#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/fd.hpp"

namespace csiem::store {
namespace {

constexpr uint32_t kLmdbMagic = 0xBEEFC0DE, kLmdbVersion = 1;
constexpr uint16_t kMetaFlag = 8;
constexpr uint32_t kFixedMap = 1;

// In front of the meta of each page.
struct PageHead {
  uint64_t number;
  uint16_t pad, flags;
  uint32_t unused;
};
static_assert(sizeof(PageHead) == kPageHead);

bool is_page_size(uint64_t bytes) { return std::has_single_bit(bytes) && bytes >= 512 && bytes <= 65536; }

}  // namespace

Error damaged_file(const std::string& what) { return {Code::invalid, "the store's file is damaged: " + what, 5009}; }

Result<std::string> read_at(int fd, uint64_t offset, std::size_t bytes) {
  std::string out(bytes, '\0');
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t n = ::pread(fd, out.data() + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{Code::io, "read the store: " + errno_text(errno), 5005};
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return out;
}

Result<void> write_at(int fd, uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      const bool full = n == 0 || errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
      return Error{Code::io, "write the store: " + errno_text(n == 0 ? ENOSPC : errno), full ? 5001 : 5005};
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return {};
}

Result<Meta> read_meta(int fd, std::size_t which, std::size_t page_bytes) {
  CS_TRY(page, read_at(fd, which * page_bytes, kPageHead + sizeof(Meta)));
  if (page.size() < kPageHead + sizeof(Meta)) return damaged_file("it ends before its head does");
  PageHead head{};
  Meta meta{};
  std::memcpy(&head, page.data(), sizeof head);
  std::memcpy(&meta, page.data() + kPageHead, sizeof meta);
  const std::string name = "page " + std::to_string(which);
  if ((head.flags & kMetaFlag) == 0 || meta.magic != kLmdbMagic || meta.version != kLmdbVersion)
    return damaged_file(name + " is not the head of a store");
  if (!is_page_size(meta.free.pad) || (page_bytes != 0 && meta.free.pad != page_bytes) ||
      (meta.free.flags & kFixedMap) != 0)
    return damaged_file(name + " has a head that makes no sense");
  return meta;
}

Result<void> write_meta(int fd, std::size_t which, const Meta& meta) {
  const PageHead head{which, 0, kMetaFlag, 0};
  std::string page(kPageHead + sizeof meta, '\0');
  std::memcpy(page.data(), &head, sizeof head);
  std::memcpy(page.data() + kPageHead, &meta, sizeof meta);
  return write_at(fd, which * meta.free.pad, page);
}

}  // namespace csiem::store
