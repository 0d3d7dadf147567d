// The OCSF event of a security event: schemas.md 5.3 to 5.9, section by section.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <string>
#include <string_view>

#include "ocsf/captions.hpp"

namespace csiem::ocsf {

struct Settings {
  std::string host_name;          // of the machine where the agents run; empty: not known
  std::string version = "1.8.0";  // metadata.version
  Mode mode = Mode::finding;
  bool include_raw = false;  // raw_data
};

// The versions that the mapping keeps to without a change.
inline constexpr std::string_view kVersions[] = {"1.5.0", "1.6.0", "1.7.0", "1.8.0"};
bool known_version(std::string_view version) noexcept;

// Writes events. One thread; allocates nothing after construction.
class Writer {
 public:
  explicit Writer(Settings settings);
  void write(const csiem_event& event, Out& out);

 private:
  Settings settings_;
  Captions captions_;
  // The fixed beginning of metadata, up to and with the profiles.
  std::string metadata_head_, metadata_head_ai_;
  bool ai_operation_;  // the version has the profile
};

}  // namespace csiem::ocsf
