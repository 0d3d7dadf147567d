// One source with its mapper: a block of lines becomes events in a batch, quarantine records and counters.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "config/config.hpp"
#include "event/batch.hpp"
#include "ingest/ingest.hpp"
#include "ingest/recent_ids.hpp"
#include "pipeline/intake.hpp"
#include "process/filter.hpp"
#include "process/privacy/redactor.hpp"
#include "process/stamp.hpp"
#include "source/source.hpp"
#include "store/store.hpp"

namespace csiem::pipeline {

// What all inputs share. Ingest thread only.
struct Workshop {
  event::BatchBuilder builder;
  process::Stamper stamper;
  process::Redactor redactor;
  process::Filter filter;
  ingest::RecentIds recent;
  store::Store& store;
  IntakeStats& stats;
};

class Input {
 public:
  Input(config::Source settings, std::unique_ptr<source::Source> source,
        std::shared_ptr<const event::AttackOverrides> attack);

  source::Source& source() noexcept { return *source_; }
  const config::Source& settings() const noexcept { return settings_; }
  uint64_t events() const noexcept { return events_; }

  // Maps the block's lines into the builder and drops what the filter or the window of recent ids refuses. Returns
  // false when the block was a speculative tail that is no event yet: then nothing was taken and its checkpoint must
  // not move.
  bool take(const source::LineBlock& block, int64_t now_unix_ns, Workshop& shop);

  // Logs a source's condition when it changes.
  void report();

 private:
  bool take_line(std::string_view line, uint64_t offset, uint64_t number, bool speculative, int64_t now_unix_ns,
                 Workshop& shop);

  config::Source settings_;
  std::unique_ptr<source::Source> source_;
  ingest::Mapper mapper_;
  std::string reported_problem_;
  uint64_t events_ = 0;
};

// `attack`: of the configuration; may be null.
ingest::Options mapping_options(const config::Source& settings, std::shared_ptr<const event::AttackOverrides> attack);

}  // namespace csiem::pipeline
