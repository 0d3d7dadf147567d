// Expressions from hostile text: the parser must answer, point inside the text, and what it accepts must evaluate.
// SPDX-License-Identifier: Apache-2.0
#include "process/expression.hpp"

#include <csiem/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <string_view>

// The first line is the expression, the rest stands in the event: as metadata, path, label and host.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  const std::string_view text = input.substr(0, line);
  const std::string_view rest = line == std::string_view::npos ? std::string_view() : input.substr(line + 1);

  const auto parsed = csiem::process::Expression::parse(text);
  if (!parsed.expression) {
    if (parsed.error.offset > text.size() || parsed.error.length == 0 || parsed.error.what.empty()) std::abort();
    return 0;
  }
  const csiem_kv label{csiem::str("team"), csiem::str(rest)};
  csiem_event event{};
  event.struct_size = sizeof event;
  event.resource_port = -1;
  event.metadata_json = event.resource_path = event.resource_host = event.guard = csiem::str(rest);
  event.labels = &label;
  event.label_count = 1;
  const bool first = parsed.expression->matches(event, 1'772'500'000'000'000'000);
  if (first != parsed.expression->matches(event, 1'772'500'000'000'000'000)) std::abort();
  return 0;
}
