// How much of a mapped file counts as this process's memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace csiem::store {

// Reading a mapped file adds every page that was touched, and its neighbours, to the resident size, although the page
// cache would hold them anyway; a walk over a log of gigabytes would look, to a memory limit, like a leak.
class MappedPages {
 public:
  MappedPages() = default;
  // The mapping of the file in this process; none when it is not mapped or cannot be found.
  static MappedPages of(const std::string& file);
  // Gives the pages back to the page cache; who reads them next maps them again. Any thread, also while others read.
  void release() const noexcept;

 private:
  void* begin_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace csiem::store
