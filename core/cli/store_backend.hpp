// The store and its jobs, for the admin interface.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "admin/api.hpp"
#include "config/config.hpp"
#include "pipeline/pipeline.hpp"

namespace csiem::cli {

// See admin::Backend::store.
Result<std::string> ask_store(pipeline::Pipeline& pipeline, const config::Configuration& configuration,
                              admin::StoreRequest what, const admin::Parameters& parameters);

// "EXPORTER/SEQUENCE" in its parts; sequence 0 when it is no such name.
struct LetterName {
  std::string exporter;
  store::Sequence sequence = 0;
};
LetterName letter_name(std::string_view id);

}  // namespace csiem::cli
