// The body of _bulk: one action line and one document line per event.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/request.hpp>

#include "elastic/target.hpp"

namespace csiem::elastic {

// One thread.
class Bulk {
 public:
  // `with_id`: the event id is the document's _id, which makes a second attempt harmless.
  Bulk(Target target, bool with_id);

  // Appends two lines. `body` is one JSON object and is borrowed, unless it has to be changed: a line feed between its
  // members would end the line, and a data stream wants a @timestamp that formats other than ECS do not write.
  void write(const csiem_event& event, csiem_str body, Request& out);

  // The action line alone, for a document of the caller's.
  void action(const csiem_event& event, Request& out);

 private:
  void action(const csiem_event& event, Out& out);
  bool lacks_timestamp(const csiem_event& event, std::string_view body) const;

  Target target_;
  bool with_id_;
};

}  // namespace csiem::elastic
