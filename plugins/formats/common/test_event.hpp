// Events for the tests of formats, read from the canonical JSON text. Tests only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <algorithm>
#include <boost/json.hpp>
#include <ctime>
#include <deque>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::testing {

// The view stays good as long as this lives.
class TestEvent {
 public:
  explicit TestEvent(std::string_view canonical) : text_(canonical) {
    boost::json::parse_options options;
    options.max_depth = 1024;
    const auto root = boost::json::parse({text_.data(), text_.size()}, {}, options);
    view_.struct_size = sizeof view_;
    view_.resource_port = -1;
    struct Row {
      const char* path;
      csiem_str csiem_event::*member;
    };
    using E = csiem_event;
    static constexpr Row kRows[] = {{"/schema_version", &E::schema_version},
                                    {"/event_id", &E::event_id},
                                    {"/event_type", &E::type_name},
                                    {"/event_category", &E::category_name},
                                    {"/timestamp", &E::time_text},
                                    {"/agent/id", &E::agent_id},
                                    {"/agent/name", &E::agent_name},
                                    {"/agent/version", &E::agent_version},
                                    {"/agent/type", &E::agent_type},
                                    {"/session/id", &E::session_id},
                                    {"/session/user_id", &E::user_id},
                                    {"/session/tenant_id", &E::tenant_id},
                                    {"/session/environment", &E::environment},
                                    {"/outcome", &E::outcome_name},
                                    {"/action", &E::action},
                                    {"/threat/indicator/type", &E::indicator_type_name},
                                    {"/threat/indicator/value", &E::indicator_value},
                                    {"/threat/tactic", &E::tactic},
                                    {"/threat/technique", &E::technique},
                                    {"/decision/guard", &E::guard},
                                    {"/decision/severity", &E::severity_name},
                                    {"/decision/reason", &E::reason},
                                    {"/decision/policy_hash", &E::policy_hash},
                                    {"/decision/ruleset", &E::ruleset},
                                    {"/resource/type", &E::resource_type_name},
                                    {"/resource/name", &E::resource_name},
                                    {"/resource/path", &E::resource_path},
                                    {"/resource/host", &E::resource_host}};
    for (const Row& row : kRows) {
      boost::json::error_code error;
      if (const auto* value = root.find_pointer(row.path, error); value != nullptr && value->is_string())
        view_.*row.member = keep(plain(value->get_string()));
    }
    boost::json::error_code error;
    if (const auto* allowed = root.find_pointer("/decision/allowed", error); allowed != nullptr)
      view_.decision_allowed = allowed->get_bool() ? 1 : 0;
    if (const auto* port = root.find_pointer("/resource/port", error); port != nullptr)
      view_.resource_port = static_cast<int32_t>(port->get_int64());
    const auto* metadata = root.get_object().if_contains("metadata");
    view_.metadata_json = keep(metadata != nullptr && metadata->is_object() ? boost::json::serialize(*metadata) : "{}");
    if (const auto* labels = root.get_object().if_contains("labels"); labels != nullptr && labels->is_object())
      for (const auto& label : labels->get_object())
        labels_.push_back(
            {keep(plain(label.key())), keep(label.value().is_string() ? plain(label.value().get_string())
                                                                      : boost::json::serialize(label.value()))});
    view_.labels = labels_.data();
    view_.label_count = labels_.size();
    view_.canonical_json = str(text_);
    view_.time_unix_ns = unix_ns(csiem::view(view_.time_text));
    if (const auto* received = root.get_object().if_contains("ingested_at"); received != nullptr)
      view_.ingested_unix_ns = unix_ns(plain(received->get_string()));
    name_enums();
  }
  TestEvent(const TestEvent&) = delete;
  TestEvent& operator=(const TestEvent&) = delete;

  csiem_event& view() { return view_; }
  csiem_str keep(std::string_view text) { return str(strings_.emplace_back(text)); }

 private:
  static std::string plain(boost::json::string_view text) { return std::string(text.data(), text.size()); }
  // Of the canonical form, YYYY-MM-DDThh:mm:ss.nnnnnnnnnZ; 0 for anything else.
  static int64_t unix_ns(std::string_view text) {
    if (text.size() != 30 || text.back() != 'Z') return 0;
    const auto number = [text](std::size_t at, std::size_t length) {
      return std::stoll(std::string(text.substr(at, length)));
    };
    std::tm date{};
    date.tm_year = static_cast<int>(number(0, 4)) - 1900;
    date.tm_mon = static_cast<int>(number(5, 2)) - 1;
    date.tm_mday = static_cast<int>(number(8, 2));
    date.tm_hour = static_cast<int>(number(11, 2));
    date.tm_min = static_cast<int>(number(14, 2));
    date.tm_sec = static_cast<int>(number(17, 2));
    return timegm(&date) * 1'000'000'000 + number(20, 9);
  }
  template <std::size_t N>
  static int32_t index(const std::string_view (&words)[N], csiem_str word) {
    const auto at = std::find(std::begin(words), std::end(words), csiem::view(word));
    return at == std::end(words) ? 0 : static_cast<int32_t>(at - std::begin(words));
  }
  void name_enums() {
    static constexpr std::string_view kTypes[] = {"?",
                                                  "policy_violation",
                                                  "policy_allow",
                                                  "guard_block",
                                                  "guard_warn",
                                                  "secret_detected",
                                                  "egress_blocked",
                                                  "forbidden_path",
                                                  "patch_rejected",
                                                  "session_start",
                                                  "session_end"};
    static constexpr std::string_view kCategories[] = {
        "?", "authentication", "authorization", "file", "network", "process", "configuration", "tool", "session"};
    static constexpr std::string_view kOutcomes[] = {"unknown", "success", "failure"};
    static constexpr std::string_view kSeverities[] = {"info", "low", "medium", "high", "critical"};
    static constexpr std::string_view kResources[] = {"?", "file", "network", "process", "tool", "configuration"};
    static constexpr std::string_view kIndicators[] = {"?", "domain", "file_path", "pattern"};
    view_.type = index(kTypes, view_.type_name);
    view_.category = index(kCategories, view_.category_name);
    view_.outcome = index(kOutcomes, view_.outcome_name);
    view_.severity = index(kSeverities, view_.severity_name);
    view_.resource_type = index(kResources, view_.resource_type_name);
    view_.indicator_type = index(kIndicators, view_.indicator_type_name);
  }

  std::string text_;
  std::deque<std::string> strings_;
  std::vector<csiem_kv> labels_;
  csiem_event view_{};
};

}  // namespace csiem::testing
