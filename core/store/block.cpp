#include "store/block.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>

#include "store/crc32c.hpp"

namespace csiem::store {
namespace {

constexpr uint32_t kMagic = 0x314b4c42;  // "BLK1"
constexpr uint16_t kVersion = 2;
constexpr std::size_t kChecksumAt = offsetof(BlockHeader, checksum);
constexpr std::size_t kBehindChecksum = kChecksumAt + sizeof(uint32_t);

uint32_t checksum_of(std::string_view block) noexcept {
  return crc32c(block.substr(kBehindChecksum), crc32c(block.substr(0, kChecksumAt)));
}

}  // namespace

std::size_t severity_index(int32_t severity) noexcept {
  return static_cast<std::size_t>(std::clamp<int32_t>(severity, 0, static_cast<int32_t>(kSeverities) - 1));
}

std::size_t block_bytes(const event::EventBatch& batch, const BlockOrigin& origin) noexcept {
  uint64_t texts = 0;
  for (const csiem_event& event : batch.events()) texts += event.canonical_json.len;
  const uint64_t all = sizeof(BlockHeader) + origin.source.size() + origin.position.size() +
                       batch.events().size() * (sizeof(uint32_t) + 1) + texts;
  return all > std::numeric_limits<uint32_t>::max() ? 0 : static_cast<std::size_t>(all);
}

void write_block(const event::EventBatch& batch, const BlockOrigin& origin, int64_t accepted_unix_ns,
                 uint64_t log_bytes_before, char* out) noexcept {
  const auto events = batch.events();
  BlockHeader header{};
  header.magic = kMagic;
  header.version = kVersion;
  header.count = static_cast<uint32_t>(events.size());
  header.accepted_unix_ns = accepted_unix_ns;
  header.log_bytes_before = log_bytes_before;
  header.source_bytes = static_cast<uint32_t>(origin.source.size());
  header.position_bytes = static_cast<uint32_t>(origin.position.size());
  char* end_at = out + sizeof header;
  for (const std::string_view text : {origin.source, origin.position})
    end_at = std::copy(text.begin(), text.end(), end_at);
  char* severity_at = end_at + events.size() * sizeof(uint32_t);
  char* const texts = severity_at + events.size();
  uint32_t end = 0;
  for (const csiem_event& event : events) {
    const auto length = static_cast<uint32_t>(event.canonical_json.len);
    if (length > 0) std::memcpy(texts + end, event.canonical_json.ptr, length);
    end += length;
    std::memcpy(end_at, &end, sizeof end);
    end_at += sizeof end;
    const std::size_t severity = severity_index(event.severity);
    *severity_at++ = static_cast<char>(severity);
    ++header.severity_count[severity];
    header.severity_bytes[severity] += length;
  }
  std::memcpy(out, &header, sizeof header);
  header.checksum = checksum_of({out, static_cast<std::size_t>(texts + end - out)});
  std::memcpy(out + kChecksumAt, &header.checksum, sizeof header.checksum);
}

std::optional<BlockHeader> BlockView::peek(std::string_view bytes) noexcept {
  BlockHeader header{};
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kMagic || header.version != kVersion || header.count == 0) return std::nullopt;
  return header;
}

std::optional<BlockView> BlockView::open(std::string_view bytes, Check check) noexcept {
  const auto header = peek(bytes);
  if (!header) return std::nullopt;
  const uint64_t tables = uint64_t{header->count} * (sizeof(uint32_t) + 1);
  const uint64_t before_tables = sizeof(BlockHeader) + uint64_t{header->source_bytes} + header->position_bytes;
  if (before_tables + tables > bytes.size()) return std::nullopt;
  if (check == Check::everything && checksum_of(bytes) != header->checksum) return std::nullopt;
  BlockView view;
  view.header_ = *header;
  view.origin_ = {bytes.substr(sizeof(BlockHeader), header->source_bytes),
                  bytes.substr(sizeof(BlockHeader) + header->source_bytes, header->position_bytes)};
  bytes.remove_prefix(static_cast<std::size_t>(before_tables));
  view.ends_ = bytes.data();
  view.severities_ = bytes.substr(std::size_t{header->count} * sizeof(uint32_t), header->count);
  view.texts_ = bytes.substr(static_cast<std::size_t>(tables));
  uint32_t before = 0;
  for (uint32_t i = 0; i < header->count; ++i) {
    const uint32_t end = view.end_of(i);
    if (end < before || end > view.texts_.size() || view.severity(i) >= static_cast<int>(kSeverities))
      return std::nullopt;
    before = end;
  }
  if (before != view.texts_.size()) return std::nullopt;
  return view;
}

uint32_t BlockView::end_of(uint32_t index) const noexcept {
  uint32_t end = 0;
  std::memcpy(&end, ends_ + std::size_t{index} * sizeof end, sizeof end);
  return end;
}

std::string_view BlockView::event(uint32_t index) const noexcept {
  const uint32_t from = index == 0 ? 0 : end_of(index - 1);
  return texts_.substr(from, end_of(index) - from);
}

}  // namespace csiem::store
