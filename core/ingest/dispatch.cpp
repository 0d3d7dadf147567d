#include "ingest/dispatch.hpp"

namespace csiem::ingest {
namespace {

// Room for the brackets around the deepest value that the limit allows.
constexpr std::size_t kOuterLevels = 2;

// Integers of any length are exact; only numbers with a point or an exponent stand for a double.
bool has_infinite_number(const Token& root) noexcept {
  for (const Token* t = &root; t != &root + root.span; ++t)
    if (t->is(Kind::number) && t->non_finite && t->text_view().find_first_of(".eE") != std::string_view::npos)
      return true;
  return false;
}

bool is_json_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

Dispatcher::Dispatcher(const Options& options)
    : options_(options),
      pinned_(shape_of_tag(options.shape)),
      context_(options_),
      tape_(options.max_depth + kOuterLevels) {}

void Dispatcher::refuse(Reject reason, std::string_view detail, LineResult& result) noexcept {
  ++result.rejected;
  if (result.reason != Reject::none) return;
  result.reason = reason;
  result.detail = detail;
}

void Dispatcher::count(Verdict verdict, LineResult& result) noexcept {
  switch (verdict) {
    case Verdict::accepted:
      ++result.accepted;
      break;
    case Verdict::suppressed:
      ++result.suppressed;
      break;
    case Verdict::rejected:
      refuse(context_.reason(), context_.detail(), result);
      break;
  }
}

bool Dispatcher::allowed_in_strict(std::string_view what, LineResult& result) noexcept {
  if (!options_.strict) return true;
  refuse(Reject::not_object, what, result);
  return false;
}

void Dispatcher::map_text(std::string_view text, LineResult& result) {
  Tape& tape = inside_text_ ? *inner_ : tape_;
  const LineResult before = result;
  std::size_t documents = 0;
  while (!text.empty()) {
    std::size_t consumed = 0;
    const ParseError error = tape.parse(text, context_.arena(), consumed);
    if (error != ParseError::none || (documents != 0 && options_.strict)) {
      for (uint32_t i = before.accepted; i < result.accepted; ++i) context_.out().drop_last();
      result = before;
      if (error == ParseError::too_deep) return refuse(Reject::too_deep, "nested too deep", result);
      return refuse(Reject::bad_json, documents == 0 ? "not JSON" : "text after the JSON value", result);
    }
    ++documents;
    map_document(tape, result);
    text.remove_prefix(consumed);
    while (!text.empty() && is_json_space(text.front())) text.remove_prefix(1);
  }
}

void Dispatcher::map_document(const Tape& tape, LineResult& result) {
  Emitter& emitter = context_.emitter();
  emitter.set_compact(tape.compact());
  const Token& root = tape.root();
  if (options_.strict) {
    if (root.non_finite && has_infinite_number(root))
      return refuse(Reject::bad_field, "a number beyond the range of a double", result);
    if (emitter.mark_all_shadowed(root)) return refuse(Reject::bad_json, "a key twice in one object", result);
  }
  map_value(root, result);
}

void Dispatcher::map_value(const Token& value, LineResult& result) {
  if (value.is(Kind::array)) {
    if (allowed_in_strict("an array", result)) map_elements(value, result);
    return;
  }
  if (!value.is(Kind::object)) return refuse(Reject::not_object, "not a JSON object", result);
  const Record record(value);
  const auto shape = shape_of(record);
  if (!shape) return refuse(Reject::unknown_shape, "no known record shape", result);
  switch (*shape) {
    case Shape::dead_letter:
      return map_value(*record.at(Key::event), result);
    case Shape::wrapped:
      if (allowed_in_strict("an envelope", result)) map_value(*record.at(Key::event), result);
      return;
    case Shape::api_envelope:
      if (allowed_in_strict("an envelope", result)) map_elements(*record.at(Key::events), result);
      return;
    case Shape::otlp:
      if (allowed_in_strict("an envelope", result)) map_otlp(record, result);
      return;
    default:
      return map_record(record, *shape, result);
  }
}

void Dispatcher::map_elements(const Token& array, LineResult& result) {
  std::size_t n = 0;
  for (const Token& element : Children(array)) {
    if (++n > options_.max_array_elements)
      refuse(Reject::too_long, "more elements than max_array_elements", result);
    else
      map_value(element, result);
  }
}

std::optional<Shape> Dispatcher::shape_of(const Record& record) const noexcept {
  if (options_.shape == "auto") return detect(record);
  if (pinned_ && has_shape(record, *pinned_)) return pinned_;
  for (const Shape envelope : {Shape::dead_letter, Shape::otlp, Shape::api_envelope, Shape::wrapped})
    if (has_shape(record, envelope)) return envelope;
  return std::nullopt;
}

void Dispatcher::map_record(const Record& record, Shape shape, LineResult& result) {
  context_.begin_record(shape_tag(shape));
  const auto run = [&]() -> Verdict {
    switch (shape) {
      case Shape::security_event:
        return map_security_event(context_, record);
      case Shape::hushd_audit:
        return map_hushd_audit(context_, record);
      case Shape::openclaw_store:
        return map_openclaw_store(context_, record);
      case Shape::adapter_core:
        return map_adapter_core(context_, record);
      case Shape::policy_event:
        return map_policy_event(context_, record);
      case Shape::audit_v2:
        return map_audit_v2(context_, record);
      case Shape::irm_event:
        return map_irm_event(context_, record);
      case Shape::hushd_webhook:
        return map_hushd_webhook(context_, record);
      default:
        return context_.reject(Reject::unknown_shape, "no known record shape");
    }
  };
  count(run(), result);
}

void Dispatcher::map_sse(std::string_view text, std::string_view event_name, LineResult& result) {
  std::size_t consumed = 0;
  if (tape_.parse(text, context_.arena(), consumed) != ParseError::none || consumed != text.size())
    return refuse(Reject::bad_json, "not JSON", result);
  const Token& root = tape_.root();
  if (!root.is(Kind::object)) return refuse(Reject::not_object, "not a JSON object", result);
  context_.emitter().set_compact(tape_.compact());
  context_.begin_record("hushd_sse");
  count(map_hushd_sse(context_, Record(root), event_name), result);
}

}  // namespace csiem::ingest
