// The body of a webhook: events in an envelope or as they are, alone, in an array or in lines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/request.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace csiem::webhook {

enum class Framing { single, array, ndjson };

struct Shape {
  Framing framing = Framing::single;
  bool envelope = true;
  std::string content_type;  // empty: by framing and format
};

// Appends the body for the events [first, last) of the batch. Formatted events are borrowed where they stand as they
// are.
void write_body(const Shape& shape, const csiem_batch& batch, uint32_t first, uint32_t last, Request& out);
std::string content_type_of(const Shape& shape, const csiem_batch& batch);

// An id for the headers of one delivery: letters, digits, '-' and '_' of `text` stay, all else becomes %XX; never a
// '.', which signatures use as separator. At most 255 bytes.
std::string header_id(std::string_view text);

}  // namespace csiem::webhook
