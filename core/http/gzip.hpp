// Request bodies as gzip, whole buffers at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

#include "base/result.hpp"

struct libdeflate_compressor;

namespace csiem::http {

// Bytes whose memory is kept for the next use. Growing forgets the content.
class ScratchBytes {
 public:
  char* room_for(std::size_t n) {
    if (capacity_ < n) {
      bytes_ = std::make_unique_for_overwrite<char[]>(n);
      capacity_ = n;
    }
    return bytes_.get();
  }
  const char* data() const noexcept { return bytes_.get(); }
  std::size_t capacity() const noexcept { return capacity_; }
  void free() noexcept {
    bytes_.reset();
    capacity_ = 0;
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
};

// One compressor per level, made when first used. One thread.
class Gzip {
 public:
  // Compresses into `out` and returns the view of it. `level` is clamped to libdeflate's 1..12.
  Result<std::string_view> compress(std::string_view body, int level, ScratchBytes& out);

 private:
  struct Free {
    void operator()(libdeflate_compressor* compressor) const noexcept;
  };
  std::array<std::unique_ptr<libdeflate_compressor, Free>, 13> by_level_;
};

}  // namespace csiem::http
