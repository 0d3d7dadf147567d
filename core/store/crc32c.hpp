// CRC-32C, the checksum of what the log holds.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace csiem::store {

// Of `bytes`, going on from the checksum of what stands in front of them. Uses the processor's instruction where there
// is one. Any thread.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0) noexcept;

// Without that instruction. Gives the same result; for tests and other processors.
uint32_t crc32c_portable(std::string_view bytes, uint32_t before = 0) noexcept;

}  // namespace csiem::store
