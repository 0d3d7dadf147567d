// Whether mappings can be used, decided before anything runs.
#include <algorithm>
#include <iterator>

#include "schema/field_moves.hpp"
#include "schema/move_target.hpp"
#include "schema/source_value.hpp"

namespace csiem::schema {
namespace {

using Type = MoveTarget::Type;

constexpr std::string_view kTimes[] = {"timestamp", "ingested_at"};
constexpr std::string_view kWords[] = {"event_type",    "event_category",        "outcome", "decision.severity",
                                       "resource.type", "threat.indicator.type", "action"};
// Labels that the format `cef` uses itself.
constexpr std::string_view kCefLabels[] = {"Guard",     "Session ID",   "Ruleset",   "Policy Hash",
                                           "Tenant ID", "MITRE ATT&CK", "Raw Event", "Ingested Time"};

template <std::size_t N>
bool among(const std::string_view (&list)[N], std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

// Whether any value of the source fits the type.
bool can_fit(std::string_view source, Type type) {
  if (type == Type::text) return true;
  if (among(kTimes, source)) return type == Type::date || type == Type::epoch_ms;
  if (source == "decision.allowed") return type == Type::boolean;
  if (source == "resource.port") return type == Type::integer || type == Type::real;
  return !among(kWords, source);
}

std::string_view type_word(Type type) {
  switch (type) {
    case Type::text:
      return "text";
    case Type::integer:
      return "a whole number";
    case Type::real:
      return "a number";
    case Type::boolean:
      return "true or false";
    case Type::ip:
      return "an address";
    case Type::ipv6:
      return "an IPv6 address";
    case Type::date:
    case Type::epoch_ms:
      return "a time";
  }
  return "";
}

std::optional<MoveTarget> resolve(std::string_view format, std::string_view target, const OutputSettings& settings,
                                  std::string& problem, std::vector<std::string_view>& known) {
  if (format == "ecs") return ecs_target(target, settings, problem, known);
  return format == "ocsf" ? ocsf_target(target, settings, problem, known)
                          : cef_target(target, settings, problem, known);
}

// A path and one below it cannot both hold values.
bool overlap(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(std::min(a.size(), b.size())), b.begin());
}

class MappingCheck {
 public:
  MappingCheck(std::string_view format, const std::vector<FieldMapping>& mappings, const OutputSettings& settings)
      : format_(format), mappings_(mappings), settings_(settings), places_(usual_places(format)) {}

  std::vector<MappingProblem> run() {
    for (std::size_t i = 0; i < mappings_.size(); ++i) targets_.push_back(one(i));
    for (std::size_t i = 0; i < mappings_.size(); ++i)
      for (std::size_t k = 0; k < i; ++k) pair(k, i);
    return std::move(problems_);
  }

 private:
  void problem(std::size_t index, bool at_target, std::string what) {
    problems_.push_back({index, at_target, std::move(what), {}, {}});
  }

  std::optional<MoveTarget> one(std::size_t i) {
    const auto& [source, target] = mappings_[i];
    if (!SourceValue::exists(source)) {
      problem(i, false, "'" + source + "' is no value of an event");
      if (std::string near = SourceValue::nearest(source); !near.empty())
        problems_.back().known.push_back(std::move(near));
    }
    std::string why;
    std::vector<std::string_view> known;
    auto resolved = resolve(format_, target, settings_, why, known);
    if (!resolved) {
      problem(i, true, std::move(why));
      problems_.back().known.assign(known.begin(), known.end());
      return resolved;
    }
    if (!can_fit(source, resolved->type))
      problem(i, true,
              "'" + target + "' takes " + std::string(type_word(resolved->type)) + ", which '" + source + "' never is");
    taken(i, *resolved);
    return resolved;
  }

  void taken(std::size_t i, const MoveTarget& target) {
    if (!target.label.empty()) {
      if (among(kCefLabels, target.label)) problem(i, true, "the label '" + target.label + "' is in use");
      if (settings_.include_raw && target.path.front() == "cs6")
        problem(i, true, "'cs6' holds the raw event, because include_raw is set");
      return;  // takes the slot over
    }
    const std::string_view place = std::string_view(mappings_[i].target);
    bool own = false;
    const UsualPlace* other = nullptr;
    for (const UsualPlace& usual : places_) {
      if (usual.place != place) continue;
      if (usual.source == mappings_[i].source) {
        own = true;
      } else {
        other = &usual;
      }
    }
    if (own || other == nullptr || target.tag) return;
    problem(i, true,
            "'" + mappings_[i].target + "' is filled by the format itself" +
                (other->source.empty() ? "" : ", from '" + std::string(other->source) + "'"));
  }

  void pair(std::size_t k, std::size_t i) {
    if (!targets_[k] || !targets_[i] || targets_[k]->tag != targets_[i]->tag) return;
    const bool labels = !targets_[i]->label.empty() && targets_[i]->label == targets_[k]->label;
    if (!labels && !overlap(targets_[k]->path, targets_[i]->path)) return;
    problem(i, true,
            labels ? "the label '" + targets_[i]->label + "' is given twice"
                   : "'" + mappings_[i].target + "' is the target of two mappings");
    problems_.back().other = k;
  }

  const std::string_view format_;
  const std::vector<FieldMapping>& mappings_;
  const OutputSettings& settings_;
  const std::vector<UsualPlace> places_;
  std::vector<std::optional<MoveTarget>> targets_;
  std::vector<MappingProblem> problems_;
};

}  // namespace

std::vector<MappingProblem> check_mappings(std::string_view format, const std::vector<FieldMapping>& mappings,
                                           const OutputSettings& settings) {
  return MappingCheck(format, mappings, settings).run();
}

}  // namespace csiem::schema
