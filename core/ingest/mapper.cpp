#include <array>
#include <utility>

#include "ingest/dispatch.hpp"
#include "ingest/ingest.hpp"
#include "ingest/utf8.hpp"

namespace csiem::ingest {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view without_front(std::string_view line, char c) noexcept {
  while (line.starts_with(c)) line.remove_prefix(1);
  return line;
}

}  // namespace

std::string_view reject_word(Reject reason) {
  switch (reason) {
    case Reject::none:
      return "none";
    case Reject::bad_json:
      return "bad_json";
    case Reject::bad_utf8:
      return "bad_utf8";
    case Reject::too_deep:
      return "too_deep";
    case Reject::too_long:
      return "too_long";
    case Reject::not_object:
      return "not_object";
    case Reject::unknown_shape:
      return "unknown_shape";
    case Reject::no_decision:
      return "no_decision";
    case Reject::bad_field:
      return "bad_field";
  }
  return "unknown";
}

struct Mapper::Impl {
  explicit Impl(Options given) : options(std::move(given)), dispatcher(options) {}

  LineResult rejected(Reject reason, std::string_view detail) const {
    LineResult result;
    result.rejected = 1;
    result.reason = reason;
    result.detail = detail;
    return result;
  }
  // Tells lines apart that hold no record: blank ones, foreign ones. Takes the marks before the record off the line.
  std::optional<LineResult> look_at(std::string_view& line) const;
  LineResult map(std::string_view line, int64_t arrival_ns, event::BatchBuilder& out);
  void repair_and_map(std::string_view line, event::BatchBuilder& out, LineResult& result);

  const Options options;
  Dispatcher dispatcher;
  std::string repaired;
};

std::optional<LineResult> Mapper::Impl::look_at(std::string_view& line) const {
  LineResult result;
  if (blank(line)) {
    result.blank = true;
    return result;
  }
  const std::size_t whole = line.size();
  line = without_front(line, '\0');
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  const bool had_marks = line.size() != whole;
  line = event::trim(line);
  const bool foreign = line.empty() || (line.front() != '{' && line.front() != '[');
  if (foreign && options.allow_foreign_lines) {
    result.foreign = true;
    return result;
  }
  if (line.empty()) return rejected(Reject::bad_json, "NUL bytes only");
  if (line.size() > options.max_line_bytes) return rejected(Reject::too_long, "longer than max_line_bytes");
  if (had_marks && options.strict) return rejected(Reject::bad_json, "bytes before the JSON value");
  return std::nullopt;
}

void Mapper::Impl::repair_and_map(std::string_view line, event::BatchBuilder& out, LineResult& result) {
  if (!repair_utf8(line, repaired)) return;
  if (options.strict) {
    result = rejected(Reject::bad_utf8, "invalid UTF-8");
    return;
  }
  result = {};
  dispatcher.map_text(out.arena().copy(repaired), result);
  result.utf8_repaired = true;
}

LineResult Mapper::Impl::map(std::string_view line, int64_t arrival_ns, event::BatchBuilder& out) {
  if (const auto nothing = look_at(line)) return *nothing;
  dispatcher.context().begin_line(arrival_ns, line.size(), out);
  LineResult result;
  dispatcher.map_text(out.arena().copy(line), result);
  if (result.reason == Reject::bad_json && result.accepted == 0) repair_and_map(line, out, result);
  return result;
}

Mapper::Mapper(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Mapper::~Mapper() = default;

LineResult Mapper::map(std::string_view line, int64_t arrival_unix_ns, event::BatchBuilder& out) {
  return impl_->map(line, arrival_unix_ns, out);
}

LineResult Mapper::map_sse(std::string_view event_name, std::string_view data, int64_t arrival_unix_ns,
                           event::BatchBuilder& out) {
  if (data.size() > impl_->options.max_line_bytes)
    return impl_->rejected(Reject::too_long, "longer than max_line_bytes");
  impl_->dispatcher.context().begin_line(arrival_unix_ns, data.size(), out);
  LineResult result;
  impl_->dispatcher.map_sse(out.arena().copy(event::trim(data)), out.arena().copy(event_name), result);
  return result;
}

}  // namespace csiem::ingest
