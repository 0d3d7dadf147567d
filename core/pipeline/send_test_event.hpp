// The event that send-test sends.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "config/config.hpp"
#include "event/batch.hpp"

namespace csiem::pipeline {

// One event with a new id and the current time, marked by labels.clawdstrike_test = "true" and "[TEST]" in front of its
// reason and the name of its resource. It went through the mapping and the stamp like any other one. From `high` on it
// is a block, below an allow.
Result<event::BatchRef> send_test_event(const config::Global& global, const std::string& exporter, int32_t severity);

}  // namespace csiem::pipeline
