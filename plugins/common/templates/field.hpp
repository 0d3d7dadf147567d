// The fields of an event that templates name, and what stands in them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::templates {

inline constexpr std::size_t kMaxDepth = 16;

// One event as a template sees it. Borrowed.
struct Subject {
  const csiem_event& event;
  std::string_view body;      // the formatted event
  bool body_is_json = false;  // else it is text
};

// Memory that rendering uses over and over. One per thread that renders.
struct Scratch {
  std::string unescaped, filtered, other;
};

// What a field holds. Text is good until the scratch is used again.
struct Value {
  enum class Kind { absent, text, json } kind = Kind::absent;
  std::string_view text;  // json: of a number, true, false, null, an array or an object
};

// A field by its path: "decision.reason", "labels.team", labels["a b"], "metadata.x.y", or "." for the whole formatted
// event. Immutable.
class Field {
 public:
  // Nothing when there is no such field; `suggestion` may then name one, and `problem` says what is wrong.
  static std::optional<Field> parse(std::string_view path, std::string* problem, std::string* suggestion);

  Value of(const Subject& subject, Scratch& scratch) const;
  // Points in time, for the filters that spell them.
  bool is_time() const noexcept { return kind_ == Kind::timestamp || kind_ == Kind::ingested_at; }
  std::optional<int64_t> unix_ns(const csiem_event& event) const noexcept;
  // One of the names and identifiers that may select a destination: nothing that holds free text of an agent.
  bool is_identifier() const noexcept { return identifier_; }
  bool is_whole_event() const noexcept { return kind_ == Kind::whole; }

 private:
  enum class Kind { whole, text, timestamp, ingested_at, label, metadata, canonical };

  Kind kind_ = Kind::whole;
  bool identifier_ = false;
  csiem_str csiem_event::*member_ = nullptr;
  std::vector<std::string> path_;  // below the place that `kind_` names
};

}  // namespace csiem::templates
