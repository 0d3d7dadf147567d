// The end of a send-test as JSON: what the admin interface answers and what --json prints.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "admin/request_parameters.hpp"
#include "base/result.hpp"
#include "pipeline/send_test.hpp"

namespace csiem::cli {

// {"schema": "clawdstrike-siem/send-test/v1", "results": [one]}
std::string send_test_document(const pipeline::SendTestReport& report);

// `severity`, a word, and `wait_ms`; Code::invalid with words when one of them is wrong.
Result<pipeline::SendTestOrder> send_test_order(const std::string& exporter, const admin::Parameters& parameters);

}  // namespace csiem::cli
