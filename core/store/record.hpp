// Small records as bytes: numbers in the machine's byte order, texts with their length in front.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace csiem::store {

class RecordWriter {
 public:
  template <class T>
  requires std::is_integral_v<T>
  void number(T value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void text(std::string_view text) {
    number(static_cast<uint32_t>(text.size()));
    bytes_.append(text);
  }
  void rest(std::string_view text) { bytes_.append(text); }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads zeros and empty texts behind the end; good() tells.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : left_(bytes) {}
  template <class T>
  requires std::is_integral_v<T> T number() {
    T value{};
    const std::string_view from = take(sizeof value);
    if (good_) std::memcpy(&value, from.data(), sizeof value);
    return value;
  }
  std::string_view text() { return take(number<uint32_t>()); }
  std::string_view rest() { return take(left_.size()); }
  bool good() const noexcept { return good_; }

 private:
  std::string_view take(std::size_t bytes) {
    if (!good_ || bytes > left_.size()) {
      good_ = false;
      return {};
    }
    const std::string_view out = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return out;
  }
  std::string_view left_;
  bool good_ = true;
};

}  // namespace csiem::store
