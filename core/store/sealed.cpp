#include "store/sealed.hpp"

#include <cstring>

#include "store/crc32c.hpp"

namespace csiem::store {
namespace {

uint32_t checksum_of(std::string_view table, std::string_view key, std::string_view value) noexcept {
  return crc32c(value, crc32c(key, crc32c(table)));
}

}  // namespace

std::string seal(std::string_view table, std::string_view key, std::string_view value) {
  std::string out(kSealBytes, '\0');
  out.append(value);
  seal_in_place(table, key, out);
  return out;
}

void seal_in_place(std::string_view table, std::string_view key, std::span<char> room) noexcept {
  const uint32_t checksum = checksum_of(table, key, {room.data() + kSealBytes, room.size() - kSealBytes});
  std::memcpy(room.data(), &checksum, sizeof checksum);
}

std::optional<std::string_view> unseal(std::string_view table, std::string_view key, std::string_view bytes) noexcept {
  if (bytes.size() < kSealBytes) return std::nullopt;
  uint32_t checksum = 0;
  std::memcpy(&checksum, bytes.data(), sizeof checksum);
  const std::string_view value = bytes.substr(kSealBytes);
  if (checksum != checksum_of(table, key, value)) return std::nullopt;
  return value;
}

std::string_view sealed_value(std::string_view bytes) noexcept {
  return bytes.size() < kSealBytes ? std::string_view() : bytes.substr(kSealBytes);
}

}  // namespace csiem::store
