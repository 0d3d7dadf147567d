// One block of the log: the events of one published batch as bytes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "event/batch.hpp"

namespace csiem::store {

inline constexpr std::size_t kSeverities = 5;
using BySeverity = std::array<uint64_t, kSeverities>;

// Where the events of a block were read.
struct BlockOrigin {
  std::string_view source;    // its id
  std::string_view position;  // the source's checkpoint behind the events; empty when it has none
};

// Layout, in the machine's byte order: this header; the source's id; its position; the end of each event's text,
// counted from the first text (u32); the severity of each event (u8); the canonical JSON of each event. The checksum
// covers everything but itself.
struct BlockHeader {
  uint32_t magic;
  uint16_t version;
  uint16_t flags;  // none yet
  uint32_t count;
  uint32_t checksum;  // CRC-32C
  int64_t accepted_unix_ns;
  uint64_t log_bytes_before;  // bytes of all blocks ever written before this one
  uint32_t severity_count[kSeverities];
  uint32_t severity_bytes[kSeverities];
  uint32_t source_bytes, position_bytes;
};
static_assert(sizeof(BlockHeader) == 80);

// What a batch will need, 0 when it cannot be one block (4 GiB).
std::size_t block_bytes(const event::EventBatch& batch, const BlockOrigin& origin) noexcept;
// Writes the block into `out`, which has block_bytes(batch, origin) bytes.
void write_block(const event::EventBatch& batch, const BlockOrigin& origin, int64_t accepted_unix_ns,
                 uint64_t log_bytes_before, char* out) noexcept;

// A look into a block's bytes, which must outlive it.
class BlockView {
 public:
  enum class Check { structure, everything };
  // Nothing when the bytes are not a whole block; with `everything` also when the checksum is not theirs.
  static std::optional<BlockView> open(std::string_view bytes, Check check) noexcept;
  // The header alone, if it looks like one; for walking over many blocks.
  static std::optional<BlockHeader> peek(std::string_view bytes) noexcept;

  const BlockHeader& header() const noexcept { return header_; }
  uint32_t count() const noexcept { return header_.count; }
  int severity(uint32_t index) const noexcept { return static_cast<unsigned char>(severities_[index]); }
  std::string_view event(uint32_t index) const noexcept;
  const BlockOrigin& origin() const noexcept { return origin_; }

 private:
  BlockHeader header_{};
  BlockOrigin origin_;
  const char* ends_ = nullptr;
  std::string_view severities_, texts_;
  uint32_t end_of(uint32_t index) const noexcept;
};

// The severity as the log counts it; values of other versions count as the nearest.
std::size_t severity_index(int32_t severity) noexcept;

}  // namespace csiem::store
