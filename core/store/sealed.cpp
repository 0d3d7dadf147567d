#include "store/sealed.hpp"

#include <cstdint>
#include <cstring>

#include "store/crc32c.hpp"

namespace csiem::store {
namespace {

constexpr std::size_t kChecksumBytes = sizeof(uint32_t);

uint32_t checksum_of(std::string_view table, std::string_view key, std::string_view value) noexcept {
  return crc32c(value, crc32c(key, crc32c(table)));
}

}  // namespace

std::string seal(std::string_view table, std::string_view key, std::string_view value) {
  const uint32_t checksum = checksum_of(table, key, value);
  std::string out(kChecksumBytes, '\0');
  std::memcpy(out.data(), &checksum, sizeof checksum);
  return out.append(value);
}

std::optional<std::string_view> unseal(std::string_view table, std::string_view key, std::string_view bytes) noexcept {
  if (bytes.size() < kChecksumBytes) return std::nullopt;
  uint32_t checksum = 0;
  std::memcpy(&checksum, bytes.data(), sizeof checksum);
  const std::string_view value = bytes.substr(kChecksumBytes);
  if (checksum != checksum_of(table, key, value)) return std::nullopt;
  return value;
}

std::string_view sealed_value(std::string_view bytes) noexcept {
  return bytes.size() < kChecksumBytes ? std::string_view() : bytes.substr(kChecksumBytes);
}

}  // namespace csiem::store
