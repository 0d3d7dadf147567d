// What Sumo Logic stores about all messages of one request, and so decides which events may share one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/template.hpp"

namespace csiem::sumo_logic {

inline constexpr std::size_t kMaxFields = 30;

struct Metadata {
  std::string category, name, host, fields;  // header values; empty: no header
};

struct Group {
  Metadata metadata;
  std::vector<uint32_t> events;  // by index in the batch, in order
};

class Partitions {
 public:
  struct Rules {
    common::Template category, name, host;
    std::vector<csiem_str csiem_event::*> suffixes;  // appended to the category
    std::vector<std::pair<std::string, common::Template>> fields;
  };
  explicit Partitions(Rules rules) : rules_(std::move(rules)) {}

  Metadata of(const csiem_event& event) const;
  // In the order in which their first events come.
  std::vector<Group> group(const csiem_batch& batch) const;

 private:
  Rules rules_;
};

}  // namespace csiem::sumo_logic
