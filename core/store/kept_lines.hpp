// One JSON line per event that an exporter gave up, and per input line that is not an event.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/store.hpp"

namespace csiem::store {

// The envelope of delivery.md 8 and the canonical event behind it, ended by a line feed.
std::string dead_letter_line(const std::string& exporter, const DeadLetter& letter);

// Keeps the first 4 KiB: as "text" when they are UTF-8, else as "bytes_base64". Ended by a line feed.
std::string quarantine_line(const Quarantined& record, int64_t now_unix_ns);

// The same for a damaged dead letter; the exporter is empty and the sequence 0 when its key is damaged as well.
std::string damaged_letter_line(std::string_view exporter, Sequence sequence, std::string_view letter,
                                int64_t now_unix_ns);
// The same for a block of the log that begins with event `first`.
std::string damaged_block_line(Sequence first, std::string_view block, int64_t now_unix_ns);

// Length of the longest prefix of `bytes` that is well-formed UTF-8.
std::size_t utf8_prefix(std::string_view bytes);

}  // namespace csiem::store
