#include "schema/source_value.hpp"

#include "base/rfc3339.hpp"
#include "process/expression_fields.hpp"

namespace csiem::schema {
namespace {

constexpr std::string_view kLabels = "labels.", kMetadata = "metadata.";

std::string_view view(csiem_str s) { return s.ptr == nullptr ? std::string_view() : std::string_view(s.ptr, s.len); }

process::Value text_value(std::string_view text) {
  process::Value out;
  if (text.empty()) return out;
  out.type = process::Value::Type::text;
  out.text = text;
  return out;
}

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> out;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    out.emplace_back(path.substr(0, dot));
    path.remove_prefix(dot + 1);
  }
  out.emplace_back(path);
  return out;
}

}  // namespace

bool SourceValue::exists(std::string_view path) {
  if (path.starts_with(kLabels)) return path.size() > kLabels.size();
  if (path.starts_with(kMetadata))
    return path.size() > kMetadata.size() && path.back() != '.' && path.find("..") == std::string_view::npos;
  const process::Field* const field = process::find_field(path);
  return field != nullptr && field->type != process::FieldType::object;
}

std::string SourceValue::nearest(std::string_view path) { return process::nearest_field(path); }

SourceValue::SourceValue(std::string path) {
  if (path.starts_with(kLabels)) {
    kind_ = Kind::label;
    label_ = path.substr(kLabels.size());
  } else if (path.starts_with(kMetadata)) {
    kind_ = Kind::metadata;
    members_ = split(std::string_view(path).substr(kMetadata.size()));
  } else if (path == "decision.allowed") {
    kind_ = Kind::allowed;
  } else if (path == "resource.port") {
    kind_ = Kind::port;
  } else if (path == "ingested_at") {
    kind_ = Kind::ingested;
  } else if (const process::Field* const field = process::find_field(path)) {
    text_ = field->text;
  }
}

process::Value SourceValue::of(const csiem_event& event) {
  process::Value out;
  switch (kind_) {
    case Kind::text:
      return text_ == nullptr ? out : text_value(view(event.*text_));
    case Kind::allowed:
      out.type = process::Value::Type::boolean;
      out.boolean = event.decision_allowed != 0;
      return out;
    case Kind::port:
      if (event.resource_port < 0) return out;
      out.type = process::Value::Type::integer;
      out.integer = event.resource_port;
      return out;
    case Kind::ingested:
      if (event.ingested_unix_ns == 0) return out;
      scratch_ = format_rfc3339(event.ingested_unix_ns);
      return text_value(scratch_);
    case Kind::label:
      for (uint64_t i = 0; i < event.label_count; ++i)
        if (view(event.labels[i].key) == label_) return text_value(view(event.labels[i].value));
      return out;
    case Kind::metadata:
      out = process::find_in_metadata(view(event.metadata_json), members_, scratch_);
      if (out.type == process::Value::Type::text && out.text.empty()) out.type = process::Value::Type::missing;
      return out;
  }
  return out;
}

}  // namespace csiem::schema
