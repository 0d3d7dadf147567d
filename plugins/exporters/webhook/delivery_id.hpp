// The id by which a receiver tells a repeated delivery from a new one. The same over all attempts and restarts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::webhook {

// Of one event its own id, with what a header cannot hold as %XX; of several "msg_" and 27 base62 characters of the
// SHA-256 over their ids, each followed by a line feed, in this order. Never a '.', which signatures use as separator.
// `events` are indices into the batch; not empty.
std::string delivery_id(const csiem_batch& batch, const std::vector<uint32_t>& events, bool single);

// Letters, digits, '-' and '_' of `text` stay, all else becomes %XX. At most 255 bytes.
std::string header_id(std::string_view text);

// The first 160 bits of `digest` as a number in base 62 (0-9, A-Z, a-z) of 27 digits. At least 20 bytes.
std::string base62_of_160_bits(const unsigned char* digest);

}  // namespace csiem::webhook
