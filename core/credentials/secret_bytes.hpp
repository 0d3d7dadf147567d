// Secret values on their way from a provider into a Secret.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string.h>

#include <cstddef>
#include <string_view>
#include <vector>

#include "credentials/credential_store.hpp"

namespace csiem::credentials {

// A buffer of fixed size, wiped at its end. It never grows, so it leaves no copy behind.
class SecretBytes {
 public:
  explicit SecretBytes(std::size_t capacity) : bytes_(capacity) {}
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  SecretBytes(SecretBytes&& other) noexcept : bytes_(std::move(other.bytes_)), size_(other.size_) {
    other.bytes_.clear();
    other.size_ = 0;
  }
  SecretBytes& operator=(SecretBytes&&) = delete;
  ~SecretBytes() {
    if (!bytes_.empty()) explicit_bzero(bytes_.data(), bytes_.size());
  }

  char* end() noexcept { return bytes_.data() + size_; }
  std::size_t room() const noexcept { return bytes_.size() - size_; }
  void added(std::size_t n) noexcept { size_ += n; }
  std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::vector<char> bytes_;
  std::size_t size_ = 0;
};

// A secret that the log masks from now on. What providers and literals make.
SecretRef make_masked(std::string_view value);

}  // namespace csiem::credentials
