// A plugin in memory: loaded once, never unloaded.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace csiem::plugin {

// The address ranges of one loaded object. Tells whether a pointer that a plugin handed over may be followed.
class Image {
 public:
  struct Range {
    uintptr_t begin, end;
    bool executable;
  };
  Image() = default;
  explicit Image(std::vector<Range> ranges) : ranges_(std::move(ranges)) {}
  // The object that holds `address`; empty when there is none.
  static Image of(const void* address);

  bool empty() const noexcept { return ranges_.empty(); }
  // `size` bytes of data from `p` on, aligned.
  bool readable(const void* p, std::size_t size, std::size_t align) const noexcept;
  bool executable(uintptr_t address) const noexcept;
  // A terminated string of at most `max` bytes. False when it is none.
  bool text(const char* p, std::size_t max, std::string_view* out) const noexcept;

 private:
  const Range* range_of(uintptr_t address) const noexcept;
  std::vector<Range> ranges_;
};

struct Library {
  csiem_plugin_entry entry = nullptr;
  Image image;
};

// Loads exactly these bytes, through a sealed memory file that stays open for ever (the dynamic linker knows libraries
// by path string, so its /proc/self/fd path must never be reused). `label` names it in stack traces, `path` in errors.
// Fails with CS3002 (entry of another ABI), CS3003 (no entry, unresolved symbol) or CS3007 (missing library).
Result<Library> load_library(std::string_view bytes, const std::string& label, const std::string& path);

}  // namespace csiem::plugin
