// OTLP JSON log requests whose records carry an AuditEvent as text (events.md B.1).
#include "ingest/dispatch.hpp"

namespace csiem::ingest {
namespace {

constexpr std::string_view kRawRecord = "hush.audit.raw_json";

// Calls `visit` for every element of the array member `name`; nothing when there is none.
template <class Visit>
void for_each(const Token& object, std::string_view name, const Visit& visit) {
  const Token* array = find(&object, name);
  if (array == nullptr || !array->is(Kind::array)) return;
  for (const Token& element : Children(*array)) visit(element);
}

}  // namespace

void Dispatcher::map_otlp(const Record& record, LineResult& result) {
  if (inside_text_) return refuse(Reject::unknown_shape, "an OTLP request inside a log record", result);
  std::size_t n = 0;
  for (const Token& resource : Children(*record.at(Key::resourceLogs))) {
    for_each(resource, "scopeLogs", [&](const Token& scope) {
      for_each(scope, "logRecords", [&](const Token& log_record) {
        if (++n > options_.max_array_elements)
          refuse(Reject::too_long, "more records than max_array_elements", result);
        else
          map_log_record(log_record, result);
      });
    });
  }
}

void Dispatcher::map_log_record(const Token& log_record, LineResult& result) {
  std::string_view text;
  for_each(log_record, "attributes", [&](const Token& attribute) {
    if (text_of(find(&attribute, "key")) == kRawRecord) text = text_of(find(find(&attribute, "value"), "stringValue"));
  });
  if (blank(text)) return refuse(Reject::unknown_shape, "a log record without hush.audit.raw_json", result);
  if (!inner_) inner_ = std::make_unique<Tape>(options_.max_depth + 2);
  inside_text_ = true;
  map_text(event::trim(text), result);
  inside_text_ = false;
}

}  // namespace csiem::ingest
