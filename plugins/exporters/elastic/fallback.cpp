// Recognises mapping errors and writes the second form.
// SPDX-License-Identifier: Apache-2.0
#include "elastic/fallback.hpp"

#include <csiem/json.hpp>

#include <algorithm>

namespace csiem::elastic {
namespace {

constexpr std::string_view kMappingErrors[] = {"es.document_parsing_exception", "es.mapper_parsing_exception",
                                               "es.strict_dynamic_mapping_exception", "es.illegal_argument_exception"};

csiem_status grow(csiem_writer* writer, std::size_t need) noexcept {
  auto& text = *static_cast<std::string*>(writer->impl);
  try {
    auto* begin = reinterpret_cast<uint8_t*>(text.data());
    const std::size_t used = static_cast<std::size_t>(writer->cur - begin);
    text.resize(std::max(text.size() * 2, used + need));
    begin = reinterpret_cast<uint8_t*>(text.data());
    writer->cur = begin + used;
    writer->end = begin + text.size();
    return CSIEM_OK;
  } catch (...) {
    return CSIEM_E_NOMEM;
  }
}

}  // namespace

std::vector<std::size_t> mapping_errors(const Verdict& verdict) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < verdict.except.size(); ++i) {
    const EventVerdict& one = verdict.except[i];
    if (one.outcome == CSIEM_REJECT && one.http_status == 400 &&
        std::find(std::begin(kMappingErrors), std::end(kMappingErrors), one.code) != std::end(kMappingErrors))
      out.push_back(i);
  }
  return out;
}

std::string fallback_document(const csiem_event& event, std::string_view body, std::string_view reason) {
  std::string text(body.size() + reason.size() + 512, '\0');
  auto* begin = reinterpret_cast<uint8_t*>(text.data());
  csiem_writer writer{begin, begin + text.size(), &grow, &text};
  Out out(writer);
  out.raw("{\"@timestamp\":");
  out.string(view(event.time_text));
  out.raw(",\"event\":{\"id\":");
  out.string(view(event.event_id));
  out.raw(",\"original\":");
  out.string(body);
  out.raw("},\"error\":{\"message\":");
  out.string(reason);
  out.raw("},\"tags\":[\"mapping_error\"]}");
  if (!out.ok()) throw std::bad_alloc();
  text.resize(static_cast<std::size_t>(writer.cur - reinterpret_cast<uint8_t*>(text.data())));
  return text;
}

}  // namespace csiem::elastic
