// The CEF line of an event: schemas.md 6.2 and 6.3, key by key.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <string>

namespace csiem::cef {

struct Settings {
  std::string host_name;     // of the machine where the agents run; empty: not known
  bool include_raw = false;  // the canonical event in cs6
  bool custom_keys = false;  // labels and metadata in user-defined keys
};

inline constexpr std::size_t kMaxCustomString = 4000;  // characters of cs1 to cs6

// Writes lines, without the line feed. One thread; allocates nothing.
class Writer {
 public:
  explicit Writer(Settings settings) : settings_(std::move(settings)) {}
  // False when the raw event was wanted and is too long for its key; the line is complete without it.
  bool write(const csiem_event& event, Out& out) const;

 private:
  Settings settings_;
};

}  // namespace csiem::cef
