// The event that a formatted one was made of, read back as a consumer would. Tests only.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace csiem::testing {

// The members of an event by their path in the canonical form. What is empty or absent is not there; no outcome is
// "unknown".
struct Recovered {
  std::map<std::string, std::string> texts;  // "decision.guard"; true, false and port as text
  std::vector<std::pair<std::string, std::string>> labels;
  boost::json::value metadata;

  void set(const std::string& path, std::string_view text) {
    if (!text.empty()) texts[path] = text;
  }
  std::string get(const std::string& path) const {
    const auto at = texts.find(path);
    return at == texts.end() ? std::string() : at->second;
  }
};

Recovered of_event(const csiem_event& event);
Recovered recover_ecs(std::string_view document);
Recovered recover_ocsf(std::string_view document);
// What a line of CEF says, cut and with the blanks that it cannot keep. Without metadata and labels.
Recovered recover_cef(std::string_view line);

boost::json::value parse_deep(std::string_view json);
// Empty when both are the same, else the first difference. `left_out`: paths that do not count.
std::string difference(const Recovered& event, const Recovered& recovered,
                       const std::vector<std::string>& left_out = {});

// Texts of a document by pointer: "/event/id"; empty when there is none.
class Texts {
 public:
  explicit Texts(const boost::json::value& document) : document_(document) {}
  const boost::json::value* at(std::string_view pointer) const;
  bool has(std::string_view pointer) const { return at(pointer) != nullptr; }
  std::string operator()(std::string_view pointer) const;  // numbers and booleans as text

 private:
  const boost::json::value& document_;
};

}  // namespace csiem::testing
