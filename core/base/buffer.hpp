// A growing byte buffer with the ABI's writer on top.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace csiem {

// Bytes appended through writer(); clear() keeps the memory. Addresses move when it grows: remember offsets, not
// pointers, until the last byte is written. One thread at a time.
class Buffer {
 public:
  Buffer() { writer_ = {nullptr, nullptr, &Buffer::grow, this}; }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(begin_); }

  csiem_writer& writer() noexcept { return writer_; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(writer_.cur - begin_); }
  std::size_t capacity() const noexcept { return static_cast<std::size_t>(writer_.end - begin_); }
  std::string_view view() const noexcept { return {reinterpret_cast<const char*>(begin_), size()}; }
  std::string_view view(std::size_t from, std::size_t to) const noexcept { return view().substr(from, to - from); }
  void clear() noexcept { writer_.cur = begin_; }
  void truncate(std::size_t n) noexcept { writer_.cur = begin_ + n; }

  // Makes room for `n` more bytes; false when there is no memory.
  bool reserve(std::size_t n) noexcept {
    return static_cast<std::size_t>(writer_.end - writer_.cur) >= n || grow(&writer_, n) == CSIEM_OK;
  }
  void append(std::string_view bytes) noexcept {
    if (bytes.empty() || !reserve(bytes.size())) return;
    std::memcpy(writer_.cur, bytes.data(), bytes.size());
    writer_.cur += bytes.size();
  }

 private:
  static csiem_status grow(csiem_writer* w, std::size_t need) {
    auto* self = static_cast<Buffer*>(w->impl);
    const std::size_t used = self->size();
    std::size_t want = self->capacity() < 4096 ? 4096 : self->capacity() * 2;
    if (want < used + need) want = used + need;
    auto* bytes = static_cast<uint8_t*>(std::realloc(self->begin_, want));
    if (bytes == nullptr) return CSIEM_E_NOMEM;
    self->begin_ = bytes;
    w->cur = bytes + used;
    w->end = bytes + want;
    return CSIEM_OK;
  }

  uint8_t* begin_ = nullptr;
  csiem_writer writer_{};
};

}  // namespace csiem
