#include "process/privacy/keyed_hash.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include <array>

namespace csiem::process {
namespace {

constexpr std::size_t kIdBytes = 2, kHashBytes = 16;

std::array<unsigned char, EVP_MAX_MD_SIZE> hmac(std::string_view key, std::string_view value) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(value.data()),
       value.size(), digest.data(), nullptr);
  return digest;
}

void append_hex(std::string& out, const unsigned char* bytes, std::size_t n) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < n; ++i) {
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
}

}  // namespace

KeyedHash::~KeyedHash() { wipe(); }

void KeyedHash::wipe() {
  if (!key_.empty()) explicit_bzero(key_.data(), key_.size());
  key_.clear();
}

bool KeyedHash::set_key(std::string_view key) {
  wipe();
  if (key.size() < kMinKeyBytes || key.size() > 1U << 16) return false;
  key_ = key;
  text_ = "h1_";
  append_hex(text_, hmac(key_, "key id").data(), kIdBytes);
  text_ += '_';
  return true;
}

std::string_view KeyedHash::of(std::string_view value) {
  text_.resize(3 + 2 * kIdBytes + 1);
  append_hex(text_, hmac(key_, value).data(), kHashBytes);
  return text_;
}

}  // namespace csiem::process
