#include "source/rotated_files.hpp"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>

namespace csiem::source {
namespace {

// A rotation counter; longer digit runs are dates.
constexpr std::size_t kMostCounterDigits = 5;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_rotation_suffix(std::string_view text) {
  if (text.size() < 2 || (text[0] != '.' && text[0] != '-' && text[0] != '_') || !is_digit(text[1])) return false;
  return text.find_first_not_of("0123456789-_.:TZ", 1) == std::string_view::npos;
}

std::optional<uint64_t> counter(std::string_view suffix) {
  if (suffix.size() > kMostCounterDigits + 1) return std::nullopt;
  uint64_t value = 0;
  for (const char c : suffix.substr(1)) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

// The rotation part of `name`, which is a file beside `base`; empty when it has none.
std::string_view suffix_of(std::string_view name, std::string_view base) {
  if (name.starts_with(base)) {
    const auto suffix = name.substr(base.size());
    if (is_rotation_suffix(suffix)) return suffix;
  }
  const auto dot = base.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  const auto stem = base.substr(0, dot), extension = base.substr(dot);
  if (name.size() <= base.size() || !name.starts_with(stem) || !name.ends_with(extension)) return {};
  const auto suffix = name.substr(stem.size(), name.size() - base.size());
  return is_rotation_suffix(suffix) ? suffix : std::string_view{};
}

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

bool named_alike(const RotatedFile& a, const RotatedFile& b) {
  const bool a_counts = counter(a.suffix).has_value(), b_counts = counter(b.suffix).has_value();
  return a_counts == b_counts && (a_counts || a.suffix.size() == b.suffix.size());
}

bool older_by_name(const RotatedFile& a, const RotatedFile& b) {
  const auto a_counter = counter(a.suffix), b_counter = counter(b.suffix);
  if (a_counter && b_counter && *a_counter != *b_counter) return *a_counter > *b_counter;
  if (!a_counter && a.suffix != b.suffix) return a.suffix < b.suffix;
  return a.path < b.path;
}

bool older_by_time(const RotatedFile& a, const RotatedFile& b) {
  if (a.stamp.modified_ns != b.stamp.modified_ns) return a.stamp.modified_ns < b.stamp.modified_ns;
  return a.path < b.path;
}

}  // namespace

bool older(const RotatedFile& a, const RotatedFile& b) {
  return named_alike(a, b) ? older_by_name(a, b) : older_by_time(a, b);
}

std::vector<RotatedFile> list_rotated(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const std::string_view base = std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
  std::vector<RotatedFile> found;
  const std::unique_ptr<DIR, CloseDirectory> listing(::opendir(directory.c_str()));
  if (!listing) return found;
  while (const dirent* entry = ::readdir(listing.get())) {
    const std::string_view name = entry->d_name;
    const auto suffix = suffix_of(name, base);
    struct stat st {};
    if (suffix.empty() || ::fstatat(::dirfd(listing.get()), entry->d_name, &st, 0) != 0 || !S_ISREG(st.st_mode))
      continue;
    found.push_back({directory + "/" + std::string(name), id_of(st), stamp_of(st), std::string(suffix)});
  }
  // One rule for the whole list, so that it is an order: names only when all are of one style.
  const bool alike =
      std::all_of(found.begin(), found.end(), [&](const RotatedFile& f) { return named_alike(f, found[0]); });
  std::sort(found.begin(), found.end(), alike ? older_by_name : older_by_time);
  return found;
}

}  // namespace csiem::source
