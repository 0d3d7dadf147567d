// The path of an event's line, confined to the directory that the operator wrote out.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace csiem::file {

inline constexpr std::size_t kMaxPathBytes = 1024;
inline constexpr std::size_t kMaxNameBytes = 200;  // leaves room for the suffixes of rotation

class PathTemplate {
 public:
  // Throws std::invalid_argument with what is wrong.
  static PathTemplate compile(std::string_view text);

  bool varies() const noexcept { return varies_; }
  // The literal directory in front of the first placeholder, "/" included: everything rendered lies below it.
  const std::string& root() const noexcept { return root_; }
  // Puts the path below root() into `out`. Null when it may be used, else why the event must not be written: static
  // text. One thread; allocates only while `out` grows.
  const char* render(const csiem_event& event, std::string& out);

 private:
  struct Segment {
    std::string text;  // literal, or the default of a field
    csiem_str csiem_event::*member = nullptr;
    std::string label;
    bool date = false;

    bool literal() const noexcept { return member == nullptr && label.empty() && !date; }
  };
  static Segment placeholder(std::string_view inside);
  std::string_view day(int64_t unix_ns);
  std::string_view value(const Segment& segment, const csiem_event& event);

  std::string root_;
  std::vector<Segment> segments_;  // behind root_
  bool varies_ = false;
  int64_t day_number_ = INT64_MIN;  // of day_text_
  std::string day_text_;
};

}  // namespace csiem::file
