// One value of an event, named by its path in the canonical form.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <string>
#include <string_view>
#include <vector>

#include "process/expression_metadata.hpp"

namespace csiem::schema {

// "session.user_id", "labels.team", "metadata.request.id". Looks up one event at a time; keeps scratch memory.
class SourceValue {
 public:
  // Whether the model has such a value. Paths below labels and metadata always are.
  static bool exists(std::string_view path);
  // The nearest path that does, or empty.
  static std::string nearest(std::string_view path);

  explicit SourceValue(std::string path);
  // `missing` when the event has no such value, or an empty text. Valid until the next call and as long as the event.
  process::Value of(const csiem_event& event);

 private:
  enum class Kind { text, allowed, port, ingested, label, metadata };
  Kind kind_ = Kind::text;
  csiem_str csiem_event::*text_ = nullptr;
  std::string label_;
  std::vector<std::string> members_;  // of metadata
  std::string scratch_;
};

}  // namespace csiem::schema
