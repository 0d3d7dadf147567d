#include "base/arena.hpp"

#include <utility>

namespace csiem {

void* Arena::allocate_slow(std::size_t bytes, std::size_t align) {
  const std::size_t need = bytes + align;
  // Reuse a kept block when it is large enough, else put a new one in its place in the order of use.
  if (next_block_ >= blocks_.size() || blocks_[next_block_].size < need) {
    const std::size_t size = need > next_bytes_ ? need : next_bytes_;
    if (next_bytes_ < max_block_bytes_) next_bytes_ *= 2;
    if (next_bytes_ > max_block_bytes_) next_bytes_ = max_block_bytes_;
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(next_block_),
                   Block{std::unique_ptr<char[]>(new char[size]), size});
    held_bytes_ += size;
  }
  Block& block = blocks_[next_block_++];
  cur_ = block.bytes.get();
  end_ = cur_ + block.size;
  const auto at = (reinterpret_cast<std::uintptr_t>(cur_) + (align - 1)) & ~(std::uintptr_t{align} - 1);
  cur_ = reinterpret_cast<char*>(at) + bytes;
  return reinterpret_cast<void*>(at);
}

void Arena::clear() {
  std::size_t kept = 0;
  for (auto& block : blocks_) {
    if (block.size <= max_block_bytes_) {
      if (&blocks_[kept] != &block) blocks_[kept] = std::move(block);
      ++kept;
    } else {
      held_bytes_ -= block.size;
    }
  }
  blocks_.resize(kept);
  next_block_ = 0;
  cur_ = end_ = nullptr;
}

}  // namespace csiem
