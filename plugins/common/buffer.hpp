// Bytes that an exporter writes itself, kept from request to request.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <algorithm>
#include <cstddef>
#include <new>
#include <string>
#include <string_view>

namespace csiem::common {

// Append-only, except that its end can be taken back. Views into it are good until the next append. clear() keeps the
// memory.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&&) = default;
  Buffer& operator=(Buffer&&) = default;

  // Appends what make(Out&) writes. Throws std::bad_alloc.
  template <class F>
  void write(F&& make) {
    csiem_writer writer{at(size_), at(memory_.size()), &Buffer::grow, this};
    Out out(writer);
    make(out);
    if (!out.ok()) throw std::bad_alloc();
    size_ = static_cast<std::size_t>(writer.cur - at(0));
  }
  void add(std::string_view text) {
    write([&](Out& out) { out.raw(text); });
  }

  std::size_t size() const noexcept { return size_; }
  std::string_view view(std::size_t from = 0) const noexcept { return {memory_.data() + from, size_ - from}; }
  void truncate(std::size_t size) noexcept { size_ = std::min(size, size_); }
  void clear() noexcept { size_ = 0; }

 private:
  uint8_t* at(std::size_t i) noexcept { return reinterpret_cast<uint8_t*>(memory_.data()) + i; }
  static csiem_status grow(csiem_writer* w, std::size_t need) noexcept {
    auto* self = static_cast<Buffer*>(w->impl);
    try {
      const auto used = static_cast<std::size_t>(w->cur - self->at(0));
      self->memory_.resize(std::max({std::size_t{4096}, self->memory_.size() * 2, used + need}));
      w->cur = self->at(used);
      w->end = self->at(self->memory_.size());
      return CSIEM_OK;
    } catch (...) {
      return CSIEM_E_NOMEM;
    }
  }

  std::string memory_;
  std::size_t size_ = 0;
};

}  // namespace csiem::common
