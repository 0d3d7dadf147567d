// The JSON about the store that commands print and the admin interface answers with.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/replay.hpp"
#include "store/store.hpp"

namespace csiem::cli {

// Each ends with a line break. `configured`: ids of exporters that are not orphans.
std::string queues_document(const std::vector<store::CursorView>& cursors, const std::set<std::string>& configured);
// `more`: there are others behind these.
std::string letters_document(const std::vector<store::KeptLetter>& letters, bool more);
std::string job_document(const pipeline::ReplayView& job);
std::string jobs_document(const std::vector<pipeline::ReplayView>& jobs);
std::string purge_document(uint64_t purged);

}  // namespace csiem::cli
