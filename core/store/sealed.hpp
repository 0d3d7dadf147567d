// Values with a checksum, so that damage to a small record is never taken for what was written.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace csiem::store {

// The value with a CRC-32C in front, which covers the table's name and the key as well: a record that turns up at
// another place is damage, too. Any thread.
std::string seal(std::string_view table, std::string_view key, std::string_view value);
// The same in place, for a value that is written where it stays: `room` is kSealBytes and the value behind them.
inline constexpr std::size_t kSealBytes = sizeof(uint32_t);
void seal_in_place(std::string_view table, std::string_view key, std::span<char> room) noexcept;
// The value inside of `bytes`, which must outlive it; nothing when they are not what seal() made for this place.
std::optional<std::string_view> unseal(std::string_view table, std::string_view key, std::string_view bytes) noexcept;
// The same unchecked: for what only has to be looked at. Empty when the bytes are too few.
std::string_view sealed_value(std::string_view bytes) noexcept;

}  // namespace csiem::store
