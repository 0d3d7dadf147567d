#include "source/line_splitter.hpp"

#include <algorithm>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace csiem::source {
namespace {

constexpr std::size_t kFirstCapacity = 512 * 1024;

// Position behind the last line feed, or 0.
std::size_t behind_last_line_feed(const char* from, std::size_t n) {
  const void* at = memrchr(from, '\n', n);
  return at == nullptr ? 0 : static_cast<std::size_t>(static_cast<const char*>(at) - from) + 1;
}

}  // namespace

uint64_t count_lines(std::string_view bytes) {
  uint64_t n = 0;
  std::size_t i = 0;
#if defined(__SSE2__)
  // Sixteen byte counters, emptied before one of them can overflow.
  const __m128i feed = _mm_set1_epi8('\n');
  while (bytes.size() - i >= 16) {
    const std::size_t rounds = std::min<std::size_t>((bytes.size() - i) / 16, 255);
    __m128i counters = _mm_setzero_si128();
    for (std::size_t r = 0; r < rounds; ++r, i += 16)
      counters = _mm_sub_epi8(
          counters, _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + i)), feed));
    const __m128i sums = _mm_sad_epu8(counters, _mm_setzero_si128());
    n += static_cast<uint64_t>(_mm_cvtsi128_si32(sums)) +
         static_cast<uint64_t>(_mm_cvtsi128_si32(_mm_srli_si128(sums, 8)));
  }
#endif
  for (; i < bytes.size(); ++i) n += bytes[i] == '\n';
  return n;
}

void LineSplitter::reset(uint64_t offset, uint64_t next_line) {
  begin_ = end_ = scanned_ = 0;
  offset_ = line_start_ = offset;
  next_line_ = next_line;
  skipping_ = false;
  head_.clear();
}

std::span<char> LineSplitter::space(std::size_t want) {
  if (begin_ > 0) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (capacity_ - end_ < want) {
    const std::size_t larger = std::max({kFirstCapacity, capacity_ * 2, end_ + want});
    auto grown = std::make_unique_for_overwrite<char[]>(larger);
    if (end_ > 0) std::memcpy(grown.get(), bytes_.get(), end_);
    bytes_ = std::move(grown);
    capacity_ = larger;
  }
  return {bytes_.get() + end_, capacity_ - end_};
}

void LineSplitter::drop_pending() {
  end_ = begin_;
  scanned_ = 0;
  if (!skipping_) offset_ = line_start_;
}

void LineSplitter::skip_nul() {
  while (begin_ != end_ && bytes_[begin_] == '\0') {
    ++begin_;
    ++offset_;
    if (scanned_ > 0) --scanned_;
  }
}

LineSplitter::Piece LineSplitter::piece(std::size_t length) {
  const std::string_view bytes(bytes_.get() + begin_, length);
  const bool whole = bytes.back() == '\n';
  Piece out{.bytes = bytes, .offset = offset_, .end = offset_ + length, .first_line = next_line_};
  out.lines = count_lines(bytes) + (whole ? 0 : 1);
  const std::size_t last = behind_last_line_feed(bytes.data(), length - 1);
  out.mark = bytes.substr(std::max(last, length - std::min(length, kMarkBytes)));
  begin_ += length;
  line_start_ = offset_ += length;
  scanned_ = 0;
  if (next_line_ != 0) next_line_ += out.lines;
  return out;
}

std::optional<LineSplitter::Piece> LineSplitter::take(std::size_t max_bytes) {
  if (skipping_) {
    if (auto done = finish_skipped()) return done;
    return std::nullopt;
  }
  skip_nul();
  const std::size_t have = end_ - begin_;
  const char* const from = bytes_.get() + begin_;
  // No line inside a window of this size can be longer than the limit, so none has to be measured.
  const std::size_t window = std::min({have, std::max<std::size_t>(max_bytes, 1), max_line_ + 1});
  if (window > scanned_)
    if (const std::size_t end = behind_last_line_feed(from + scanned_, window - scanned_); end != 0)
      return piece(scanned_ + end);
  if (scanned_ < window) scanned_ = window;
  if (have > scanned_) {
    const void* at = std::memchr(from + scanned_, '\n', have - scanned_);
    if (at != nullptr) {
      const auto length = static_cast<std::size_t>(static_cast<const char*>(at) - from) + 1;
      if (length <= max_line_ + 1) return piece(length);
      start_skipping();
      return finish_skipped();
    }
    scanned_ = have;
  }
  if (have > max_line_) {
    start_skipping();
    return finish_skipped();
  }
  return std::nullopt;
}

void LineSplitter::start_skipping() {
  skipping_ = true;
  skip_start_ = offset_;
  head_.assign(bytes_.get() + begin_, std::min(end_ - begin_, kKeptOfOversize));
}

std::optional<LineSplitter::Piece> LineSplitter::finish_skipped() {
  const char* const from = bytes_.get() + begin_;
  const std::size_t have = end_ - begin_;
  const void* at = have == 0 ? nullptr : std::memchr(from, '\n', have);
  const std::size_t length = at == nullptr ? have : static_cast<std::size_t>(static_cast<const char*>(at) - from) + 1;
  begin_ += length;
  offset_ += length;
  scanned_ = 0;
  if (at == nullptr) return std::nullopt;
  Piece out{.bytes = head_, .offset = skip_start_, .end = offset_, .first_line = next_line_, .lines = 1};
  out.oversize = true;
  out.mark = std::string_view(from, length).substr(length - std::min(length, kMarkBytes));
  if (next_line_ != 0) ++next_line_;
  skipping_ = false;
  line_start_ = offset_;
  return out;
}

std::optional<LineSplitter::Piece> LineSplitter::take_rest() {
  if (skipping_) {
    begin_ = end_;
    Piece out{.bytes = head_, .offset = skip_start_, .end = offset_, .first_line = next_line_, .lines = 1};
    out.oversize = true;
    if (next_line_ != 0) ++next_line_;
    skipping_ = false;
    line_start_ = offset_;
    return out;
  }
  skip_nul();
  if (begin_ == end_) return std::nullopt;
  return piece(end_ - begin_);
}

}  // namespace csiem::source
