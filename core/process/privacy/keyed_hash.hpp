// Values replaced by keyed hashes, so that equal values stay equal and none can be guessed without the key.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace csiem::process {

// "h1_" + 4 hex digits that tell keys apart + "_" + the first 32 hex digits of HMAC-SHA256(key, value). One thread.
class KeyedHash {
 public:
  static constexpr std::size_t kMinKeyBytes = 16;

  KeyedHash() = default;
  KeyedHash(const KeyedHash&) = delete;
  KeyedHash& operator=(const KeyedHash&) = delete;
  ~KeyedHash();

  // Copies the key; the copy is wiped when it is replaced and at the end. False, and no key, when it is too short.
  bool set_key(std::string_view key);
  bool ready() const { return !key_.empty(); }
  // The view is good until the next call. Needs a key.
  std::string_view of(std::string_view value);

 private:
  void wipe();
  std::string key_, text_;
};

}  // namespace csiem::process
