#include "delivery/verdict.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/log.hpp"

namespace csiem::delivery {
namespace {

// How far an event is from being delivered; a repeated index keeps the worse.
int badness(int32_t outcome) {
  switch (outcome) {
    case CSIEM_DELIVERED:
      return 0;
    case CSIEM_SKIPPED:
      return 1;
    case CSIEM_RETRY:
      return 2;
    case CSIEM_AUTH:
      return 3;
    case CSIEM_CONFIG:
      return 4;
    case CSIEM_SPLIT:
      return 5;
    default:
      return 6;
  }
}

int32_t known_outcome(int32_t outcome, uint32_t& unknown) {
  if (outcome >= CSIEM_DELIVERED && outcome <= CSIEM_SKIPPED) return outcome;
  ++unknown;
  return CSIEM_RETRY;
}

// Length of the valid UTF-8 sequence at `at`, or 0.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  const unsigned char second = byte(at + 1);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) || (lead == 0xf0 && second < 0x90) ||
      (lead == 0xf4 && second > 0x8f))
    return 0;
  return length;
}

void read_named(const csiem_batch_result& result, uint32_t count, Verdict& verdict) {
  if (result.except_count == 0) return;
  if (result.except == nullptr) {
    verdict.breach = "announced " + std::to_string(result.except_count) + " single results and gave no array";
    return;
  }
  if (result.except_stride < sizeof(csiem_event_result) || result.except_stride % alignof(csiem_event_result) != 0) {
    verdict.breach = "gave single results with a stride of " + std::to_string(result.except_stride) + " bytes";
    return;
  }
  uint32_t entries = result.except_count;
  if (entries / 4 > count) {  // nothing to gain from it, and reading it may leave the plugin's memory
    entries = count * 4;
    verdict.breach =
        "gave " + std::to_string(result.except_count) + " single results for " + std::to_string(count) + " events";
  }
  const auto* at = reinterpret_cast<const unsigned char*>(result.except);
  for (uint32_t i = 0; i < entries; ++i, at += result.except_stride) {
    csiem_event_result entry;
    std::memcpy(&entry, at, sizeof entry);
    if (entry.index >= count) {
      verdict.breach = "named event " + std::to_string(entry.index) + " of a batch of " + std::to_string(count);
      continue;
    }
    verdict.named.push_back({entry.index, known_outcome(entry.outcome, verdict.unknown_outcomes), entry.http_status,
                             clean_text(entry.code, 256), clean_text(entry.message)});
  }
  std::stable_sort(verdict.named.begin(), verdict.named.end(), [](const auto& a, const auto& b) {
    return a.index != b.index ? a.index < b.index : badness(a.outcome) > badness(b.outcome);
  });
  verdict.named.erase(std::unique(verdict.named.begin(), verdict.named.end(),
                                  [](const auto& a, const auto& b) { return a.index == b.index; }),
                      verdict.named.end());
}

}  // namespace

std::string clean_text(std::string_view text, std::size_t max) {
  std::string out;
  out.reserve(std::min(text.size(), max));
  for (std::size_t at = 0; at < text.size() && out.size() < max;) {
    const std::size_t length = sequence_length(text, at);
    if (length == 0) {
      out += '?';
      ++at;
      continue;
    }
    if (out.size() + length > max) break;
    out += text.substr(at, length);
    at += length;
  }
  return out.empty() ? out : log::scrub(out);
}

std::string clean_text(csiem_str text, std::size_t max) {
  return text.ptr == nullptr ? std::string() : clean_text(std::string_view(text.ptr, text.len), max);
}

Verdict read_verdict(const csiem_batch_result& given, uint32_t count) {
  // The plugin may be older (shorter) or newer (longer) than this header.
  csiem_batch_result result{};
  Verdict verdict;
  if (given.struct_size < offsetof(csiem_batch_result, retry_after_ms)) {
    verdict.breach = "gave a result of " + std::to_string(given.struct_size) + " bytes";
    return verdict;
  }
  std::memcpy(&result, &given, std::min<std::size_t>(given.struct_size, sizeof result));
  verdict.outcome = known_outcome(result.outcome, verdict.unknown_outcomes);
  verdict.retry_after_ms = result.retry_after_ms;
  verdict.code = clean_text(result.code, 256);
  verdict.text = clean_text(result.message);
  read_named(result, count, verdict);
  return verdict;
}

std::string_view outcome_word(int32_t outcome) {
  switch (outcome) {
    case CSIEM_DELIVERED:
      return "delivered";
    case CSIEM_RETRY:
      return "retry";
    case CSIEM_REJECT:
      return "reject";
    case CSIEM_SPLIT:
      return "split";
    case CSIEM_AUTH:
      return "auth";
    case CSIEM_CONFIG:
      return "config";
    case CSIEM_SKIPPED:
      return "skipped";
    default:
      return "unknown";
  }
}

}  // namespace csiem::delivery
