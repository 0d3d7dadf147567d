// From counts to series.
// SPDX-License-Identifier: Apache-2.0
#include "datadog/tally.hpp"

#include <csiem/json.hpp>

#include <algorithm>

#include "common/buffer.hpp"
#include "datadog/tags.hpp"

namespace csiem::datadog {
namespace {

constexpr std::string_view kSeverities[] = {"info", "low", "medium", "high", "critical"};
constexpr std::string_view kOutcomes[] = {"unknown", "success", "failure"};
constexpr int kCount = 1;  // type of a series whose points are numbers per interval

// The entry of `name`, or of "other" when there are too many. Allocates for a new name only.
template <class Map>
typename Map::mapped_type& entry(Map& map, std::string_view name) {
  if (const auto found = map.find(name); found != map.end()) return found->second;
  if (map.size() >= Tally::kMaxNames) name = "other";
  return map[std::string(name)];
}

template <std::size_t N>
std::size_t index_in(const std::array<uint64_t, N>& of, int32_t value) noexcept {
  return value >= 0 && static_cast<std::size_t>(value) < of.size() ? static_cast<std::size_t>(value) : 0;
}

}  // namespace

bool is_metric_prefix(std::string_view text) noexcept {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && letter(text.front()) && text.back() != '.' &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.'; });
}

void Tally::count(const csiem_event& event) {
  Counts& counts = entry(by_environment_, view(event.environment));
  ++(event.decision_allowed != 0 ? counts.allowed : counts.denied);
  ++counts.severity[index_in(counts.severity, event.severity)];
  ++counts.outcome[index_in(counts.outcome, event.outcome)];
  ++entry(counts.guards, event.guard.len == 0 ? std::string_view("none") : view(event.guard));
}

void Tally::write(std::string_view environment, const Counts& counts, Payload& payload) const {
  common::Buffer buffer;
  buffer.write([&](Out& out) {
    const auto series = [&](std::string_view name, uint64_t value, std::string_view key, std::string_view tag) {
      if (value == 0) return;
      if (payload.points++ > 0) out.byte(',');
      out.raw("{\"metric\":\"");
      out.raw(rules_.prefix);
      out.raw(".events.");
      out.raw(name);
      out.raw("\",\"type\":");
      out.integer(kCount);
      out.raw(",\"interval\":");
      out.integer(rules_.interval_s);
      out.raw(",\"points\":[{\"timestamp\":");
      out.integer(payload.time_s);
      out.raw(",\"value\":");
      out.integer(value);
      out.raw("}]");
      if (!rules_.host.empty()) {
        out.raw(",\"resources\":[{\"name\":");
        out.string(rules_.host);
        out.raw(",\"type\":\"host\"}]");
      }
      out.raw(",\"tags\":[");
      bool comma = false;
      const auto one = [&](std::string_view text) {
        if (comma) out.byte(',');
        out.string(text);
        comma = true;
      };
      for (const std::string& fixed : rules_.tags) one(fixed);
      for (const auto& [name_of, value_of] : {std::pair{std::string_view("env"), environment}, std::pair{key, tag}}) {
        const std::string text =
            value_of.empty() ? std::string() : clean_tag(std::string(name_of) + ":" + std::string(value_of));
        if (!text.empty()) one(text);
      }
      out.raw("]}");
    };
    series("total", counts.allowed + counts.denied, {}, {});
    series("allowed", counts.allowed, {}, {});
    series("denied", counts.denied, {}, {});
    for (std::size_t i = 0; i < counts.severity.size(); ++i)
      series("by_severity", counts.severity[i], "severity", kSeverities[i]);
    for (std::size_t i = 0; i < counts.outcome.size(); ++i)
      series("by_outcome", counts.outcome[i], "outcome", kOutcomes[i]);
    for (const auto& [guard, value] : counts.guards) series("by_guard", value, "guard", guard);
  });
  payload.body += buffer.view();
}

Tally::Payload Tally::take(int64_t now_s) {
  Payload payload;
  payload.time_s = last_time_s_ = std::max(now_s, last_time_s_ + 1);
  payload.body = "{\"series\":[";
  for (const auto& [environment, counts] : by_environment_) write(environment, counts, payload);
  payload.body += "]}";
  by_environment_.clear();
  return payload;
}

}  // namespace csiem::datadog
