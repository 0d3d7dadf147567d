// The wall between plugins and daemon: nothing thrown gets through in either direction.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <exception>
#include <string>
#include <utility>

#include "plugin/text.hpp"

namespace csiem::plugin {

// Runs a call into a plugin. False when something was thrown; `*what` then describes it.
template <class F>
bool contained(F&& call, std::string* what) {
  try {
    std::forward<F>(call)();
    return true;
  } catch (const std::exception& e) {
    *what = "'" + clean_text(e.what(), 200) + "'";
  } catch (...) {
    *what = "something that is not a std::exception";
  }
  return false;
}

// Runs the host's side of a service, called by a plugin.
template <class F>
csiem_status shielded(F&& service) noexcept {
  try {
    return std::forward<F>(service)();
  } catch (const std::bad_alloc&) {
    return CSIEM_E_NOMEM;
  } catch (...) {
    return CSIEM_E_INTERNAL;
  }
}

}  // namespace csiem::plugin
