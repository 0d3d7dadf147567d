// The JSON that the admin interface answers with. Members are only ever added within v1.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/process_figures.hpp"
#include "admin/rates.hpp"
#include "admin/readiness.hpp"
#include "admin/snapshot.hpp"

namespace csiem::admin {

// Each ends with a line break.
std::string version_document(const Snapshot& snapshot);
std::string status_document(const Snapshot& snapshot, const Rates& rates, const ProcessFigures& process);
std::string exporters_document(const Snapshot& snapshot, const Rates& rates);
std::string exporter_document(const Snapshot& snapshot, const ExporterView& exporter, const Rates& rates);
// `all`: every check, not only those that failed.
std::string health_document(const std::vector<Check>& checks, bool all);
std::string action_document(std::string_view action, const std::string& exporter);
std::string error_document(int code, std::string_view message);

}  // namespace csiem::admin
