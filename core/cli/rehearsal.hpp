// What the daemon would do with one event, as far as no network is needed: ingest, process, filter, route, format.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.hpp"
#include "base/result.hpp"
#include "cli/setup.hpp"
#include "event/batch.hpp"
#include "plugin/creation.hpp"
#include "process/filter.hpp"
#include "process/privacy/redactor.hpp"
#include "process/stamp.hpp"
#include "schema/field_moves.hpp"
#include "schema/schema_registry.hpp"
#include "schema/validator.hpp"

namespace csiem::cli {

// What one exporter makes of the event.
struct Rehearsed {
  const config::Exporter* exporter = nullptr;
  bool sent = false;
  std::string kept_back;  // why it is not sent: "filter (severity)"
  // The rest is empty unless the event gets so far.
  const config::Destination* destination = nullptr;
  std::string format;    // empty: the exporter takes no formatted events
  std::string payload;   // one formatted event
  bool checked = false;  // there are rules for the format
  std::vector<schema::Violation> violations;
};

// One thread. Time stands still at `now_unix_ns`, so that the same event always gives the same bytes.
class Rehearsal {
 public:
  // `setup` was loaded without errors and outlives this. `host_name` is what events say of the machine.
  Rehearsal(Setup& setup, int64_t now_unix_ns, std::string host_name);
  ~Rehearsal();

  // Maps and processes one input record. `strict`: it must be an event without any repair.
  Result<void> take(std::string_view record, bool strict);
  // Of the record taken last. The exporter is configured.
  Result<Rehearsed> at(const std::string& exporter);

  // Fields are hashed, for which there is no key here; they show the replacement.
  bool lacks_key() const { return redactor_.needs_key(); }

 private:
  struct Lane;
  Result<Lane*> lane(const std::string& id);
  Result<void> open_format(Lane& lane);
  Result<void> encode(Lane& lane, const csiem_event& event, Rehearsed& out);

  Setup& setup_;
  const int64_t now_;
  const std::string host_name_;
  plugin::CallSlot slot_;
  process::Stamper stamper_;
  process::Redactor redactor_;
  process::Filter filtering_;
  event::BatchBuilder events_{event::BatchPool::create()};
  Buffer buffer_;
  std::map<std::string, std::unique_ptr<Lane>> lanes_;
};

}  // namespace csiem::cli
