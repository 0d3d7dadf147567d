// Bump allocation for everything that dies with one batch.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <vector>

namespace csiem {

// A growing sequence of memory blocks, each twice the size of the one before up to `max_block_bytes`, so that a small
// batch costs little; nothing is freed before clear() or destruction. clear() keeps the blocks of regular size, so an
// arena that is reused stops asking the heap. One thread at a time.
class Arena {
 public:
  explicit Arena(std::size_t max_block_bytes = 256 * 1024)
      : max_block_bytes_(max_block_bytes), next_bytes_(max_block_bytes < kFirstBlock ? max_block_bytes : kFirstBlock) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialised, aligned; valid until clear().
  void* allocate(std::size_t bytes, std::size_t align = alignof(std::max_align_t)) {
    auto at = (reinterpret_cast<std::uintptr_t>(cur_) + (align - 1)) & ~(std::uintptr_t{align} - 1);
    if (cur_ == nullptr || at + bytes > reinterpret_cast<std::uintptr_t>(end_)) return allocate_slow(bytes, align);
    cur_ = reinterpret_cast<char*>(at) + bytes;
    return reinterpret_cast<void*>(at);
  }
  char* allocate_chars(std::size_t n) { return static_cast<char*>(allocate(n, 1)); }

  template <class T>
  T* allocate_array(std::size_t n) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(allocate(n * sizeof(T), alignof(T)));
  }

  // A copy that lives as long as the arena.
  std::string_view copy(std::string_view text) {
    char* p = allocate_chars(text.size());
    if (!text.empty()) std::memcpy(p, text.data(), text.size());
    return {p, text.size()};
  }

  // Gives back the tail of the most recent allocation, which ended at `end` and is used only up to `used_end`.
  void shrink_last(const void* end, const void* used_end) {
    if (end == cur_) cur_ += static_cast<const char*>(used_end) - static_cast<const char*>(end);
  }

  void clear();

  // Bytes held from the heap.
  std::size_t memory_bytes() const noexcept { return held_bytes_; }

 private:
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };
  static constexpr std::size_t kFirstBlock = 8 * 1024;
  void* allocate_slow(std::size_t bytes, std::size_t align);

  std::size_t max_block_bytes_;
  std::size_t next_bytes_;
  std::vector<Block> blocks_;
  std::size_t next_block_ = 0;  // blocks_[0, next_block_) are in use
  char* cur_ = nullptr;
  char* end_ = nullptr;
  std::size_t held_bytes_ = 0;
};

}  // namespace csiem
