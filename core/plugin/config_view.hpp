// The settings of one instance behind csiem.config/1: dotted paths into a JSON text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace csiem::plugin {

// Segments of a path: a member's name; a number for an array's element; in an object "#N" for the name and "@N" for the
// value of its N-th member, in the order of the text. One thread at a time.
class ConfigView {
 public:
  // "" counts as an object without members. Fails for anything that is not a JSON object.
  static Result<std::unique_ptr<ConfigView>> parse(std::string_view json);
  ~ConfigView();

  // A string as it is, anything else as compact JSON text. The slice lives as long as the view. CSIEM_E_INVALID when
  // there is nothing, or null, at that path.
  csiem_status get_str(std::string_view path, csiem_str* out);
  // Integers, whole doubles, and booleans as 0 and 1; CSIEM_E_UNSUPPORTED for any other type.
  csiem_status get_i64(std::string_view path, int64_t* out) const;

 private:
  struct Impl;
  explicit ConfigView(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace csiem::plugin
