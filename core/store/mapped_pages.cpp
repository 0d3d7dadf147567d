#include "store/mapped_pages.hpp"

#include <sys/mman.h>

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace csiem::store {

MappedPages MappedPages::of(const std::string& file) {
  MappedPages out;
  std::error_code error;
  const std::string path = std::filesystem::canonical(file, error).string();
  if (error) return out;
  // A line: "7f1c00000000-7f1d00000000 r--s 00000000 fe:00 1234   /var/lib/x/data.mdb".
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (!std::string_view(line).ends_with(path) || line.size() == path.size() ||
        line[line.size() - path.size() - 1] != ' ')
      continue;
    uintptr_t begin = 0, end = 0;
    const char* const last = line.data() + line.size();
    const auto [dash, first_error] = std::from_chars(line.data(), last, begin, 16);
    if (first_error != std::errc() || dash == last) continue;
    const auto [rest, second_error] = std::from_chars(dash + 1, last, end, 16);
    if (second_error != std::errc() || end <= begin) continue;
    out.begin_ = reinterpret_cast<void*>(begin);
    out.bytes_ = end - begin;
    return out;
  }
  return out;
}

// The mapping is shared and never written through, so nothing is discarded.
void MappedPages::release() const noexcept {
  if (begin_ != nullptr) ::madvise(begin_, bytes_, MADV_DONTNEED);
}

}  // namespace csiem::store
