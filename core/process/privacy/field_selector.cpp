#include "process/privacy/field_selector.hpp"

#include <algorithm>

#include "process/expression_fields.hpp"

namespace csiem::process {
namespace {

using Names = std::span<const std::string>;

enum class Fit { whole, front, beyond };

// Whether `pattern` fits `path`: as a whole; the pattern a front part of the path; the path one of the pattern.
bool fits(Names pattern, Names path, Fit fit) {
  if (pattern.empty()) return fit == Fit::front || path.empty();
  if (path.empty() && fit == Fit::beyond) return true;
  if (pattern.front() == "**") {
    for (std::size_t skipped = 0; skipped <= path.size(); ++skipped)
      if (fits(pattern.subspan(1), path.subspan(skipped), fit)) return true;
    return fit == Fit::beyond;
  }
  if (path.empty()) return false;
  if (pattern.front() != "*" && pattern.front() != path.front()) return false;
  return fits(pattern.subspan(1), path.subspan(1), fit);
}

bool wild(std::string_view segment) { return segment.find('*') != std::string_view::npos; }

const ModelField* model_field(std::string_view path) {
  const auto fields = model_fields();
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const ModelField& f) { return f.path == path; });
  return found == fields.end() ? nullptr : &*found;
}

// Why `purpose` cannot be for this member; empty when it can.
std::string objection(const ModelField& field, FieldSelector::Purpose purpose) {
  using P = FieldSelector::Purpose;
  if (purpose == P::keep) return {};
  if (field.need == Need::fixed) return "every platform needs this member, so it always stays";
  if (field.need == Need::removable && purpose != P::drop)
    return "no other text can stand for this member; it can only be dropped";
  return {};
}

}  // namespace

std::vector<std::string> path_segments(std::string_view path) {
  std::vector<std::string> segments;
  for (std::size_t from = 0;;) {
    const std::size_t dot = path.find('.', from);
    segments.emplace_back(path.substr(from, dot - from));
    if (dot == std::string_view::npos) return segments;
    from = dot + 1;
  }
}

FieldSelector::Parsed FieldSelector::parse(std::string_view text, Purpose purpose) {
  FieldSelector selector;
  selector.text_ = text;
  constexpr std::string_view kLabels = "labels.";
  if (text.starts_with(kLabels)) {
    selector.segments_ = {"labels", std::string(text.substr(kLabels.size()))};
  } else {
    selector.segments_ = path_segments(text);
  }
  const auto& segments = selector.segments_;
  for (const auto& segment : segments) {
    if (segment.empty()) return {std::nullopt, "the path has an empty name", ""};
    if (wild(segment) && segment != "*" && segment != "**")
      return {std::nullopt, "'" + segment + "': a * stands for a whole name", ""};
  }
  // Matching costs the depth of the event for each: an event must not be able to make it cost more.
  if (std::count(segments.begin(), segments.end(), "**") > 1) return {std::nullopt, "a path takes one ** at most", ""};
  const auto may_reach = [&](std::string_view root) {
    const std::string name(root);
    return fits(segments, {&name, 1}, Fit::front) || fits(segments, {&name, 1}, Fit::beyond);
  };
  const std::string first = segments.front();
  const bool open = may_reach("metadata") || (may_reach("labels") && (segments.size() <= 2 || wild(first)));
  const bool plain = std::none_of(segments.begin(), segments.end(), wild);
  if (const ModelField* field = plain ? model_field(text) : nullptr) {
    if (std::string why = objection(*field, purpose); !why.empty())
      return {std::nullopt, "'" + selector.text_ + "': " + why, ""};
  }
  const auto fields = model_fields();
  bool possible = open;
  for (const ModelField& field : fields)
    possible = possible || (selector.covers(field) && objection(field, purpose).empty());
  if (!possible) return {std::nullopt, "there is no field '" + selector.text_ + "' in an event", nearest_field(text)};
  return {std::move(selector), "", ""};
}

bool FieldSelector::names(Names path) const { return fits(segments_, path, Fit::whole); }
bool FieldSelector::covers(Names path) const { return fits(segments_, path, Fit::front); }
bool FieldSelector::reaches_into(Names path) const { return fits(segments_, path, Fit::beyond); }
bool FieldSelector::covers(const ModelField& field) const {
  const auto path = path_segments(field.path);
  return covers(path);
}

}  // namespace csiem::process
