#include <link.h>

#include <algorithm>
#include <cstring>

#include "plugin/library.hpp"

namespace csiem::plugin {
namespace {

struct Search {
  uintptr_t address;
  std::vector<Image::Range> found;
};

int visit(dl_phdr_info* info, std::size_t, void* user) {
  auto* search = static_cast<Search*>(user);
  std::vector<Image::Range> ranges;
  bool holds = false;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_R) == 0) continue;
    const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    ranges.push_back({begin, begin + segment.p_memsz, (segment.p_flags & PF_X) != 0});
    holds = holds || (search->address >= begin && search->address < begin + segment.p_memsz);
  }
  if (!holds) return 0;
  search->found = std::move(ranges);
  return 1;
}

}  // namespace

Image Image::of(const void* address) {
  Search search{reinterpret_cast<uintptr_t>(address), {}};
  dl_iterate_phdr(&visit, &search);
  return Image(std::move(search.found));
}

const Image::Range* Image::range_of(uintptr_t address) const noexcept {
  const auto at = std::find_if(ranges_.begin(), ranges_.end(),
                               [&](const Range& r) { return address >= r.begin && address < r.end; });
  return at == ranges_.end() ? nullptr : &*at;
}

bool Image::readable(const void* p, std::size_t size, std::size_t align) const noexcept {
  const auto address = reinterpret_cast<uintptr_t>(p);
  const Range* range = range_of(address);
  return range != nullptr && address % align == 0 && range->end - address >= size;
}

bool Image::executable(uintptr_t address) const noexcept {
  const Range* range = range_of(address);
#if defined(__aarch64__)
  if (address % 4 != 0) return false;
#endif
  return range != nullptr && range->executable;
}

bool Image::text(const char* p, std::size_t max, std::string_view* out) const noexcept {
  const auto address = reinterpret_cast<uintptr_t>(p);
  const Range* range = range_of(address);
  if (range == nullptr) return false;
  const std::size_t room = std::min<std::size_t>(range->end - address, max + 1);
  const std::size_t n = strnlen(p, room);
  *out = {p, n};
  return n < room;
}

}  // namespace csiem::plugin
