// Class, activity and verdict of an event (schemas.md 5.2 and 5.4).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/plugin.h>

#include <cstddef>

#include "common/reading.hpp"

namespace csiem::ocsf {

enum class Mode { finding, activity };  // of what was denied or warned about

enum class Class { base, finding, file, process, network, tool, configuration, authentication, lifecycle };
inline constexpr std::size_t kClasses = 9;

// What was done, in the words of all classes together; which class has which is a table in captions.cpp.
enum class Activity { unknown, create, read, update, remove, open, refuse, launch, logon, logoff, start, stop, other };
inline constexpr std::size_t kActivities = 13;

// Rows of 5.4.
enum class Verdict { denied, rejected, warned, detected, allowed };
inline constexpr std::size_t kVerdicts = 5;

struct Taxonomy {
  Class event_class;
  Activity activity;  // `other`: the event's own action names it
  Verdict verdict;
};

Taxonomy taxonomy(const csiem_event& event, formats::Base base, Mode mode) noexcept;

}  // namespace csiem::ocsf
