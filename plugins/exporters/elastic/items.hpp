// Reads {"errors":…,"items":[{"create":{"status":…,"error":{…}}},…]} as a stream: an answer that was cut in the middle
// still gives the items before the cut.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace csiem::elastic {

struct Item {
  int64_t status = 0;        // 0: the answer had none
  std::string type, reason;  // of the error, both cut to a few hundred bytes
  bool failure_store = false;
};

class ItemSink {
 public:
  virtual ~ItemSink() = default;
  // `position` counts from 0. The item is good during the call.
  virtual void item(uint64_t position, const Item& item) = 0;
};

struct ItemsRead {
  bool whole = false;   // the text was one complete JSON object
  bool broken = false;  // the text was not JSON
  uint64_t items = 0;
};

// `cut`: the end of the text is missing.
ItemsRead read_items(std::string_view body, bool cut, ItemSink& sink);

}  // namespace csiem::elastic
