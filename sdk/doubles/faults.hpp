// What a double does wrong on purpose.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace csiem::doubles {

// One --fail SPEC:  KIND[=VALUE][:PERCENT%][@FIRST[-LAST]][;retry-after=TEXT]
//
//   429:5%                     answer 429 to 5 % of the requests (any status 300..599)
//   503@1-3;retry-after=2      answer 503 to the first three requests, with Retry-After: 2
//   reset-before:1%            close before the request is processed
//   reset-after@4              process the fourth request, then close without an answer
//   hang:1%                    process nothing, answer nothing, keep the connection
//   slow=500ms:10%             process, answer after the delay
//   slow-read=500ms:10%        read the body of the request only after the delay
//   truncate@2                 process, send half of the answer, close
//   max-body=65536             413 for decoded bodies above so many bytes
//   413-early=65536            as soon as a body of more bytes on the wire is announced: 413, and close without reading
//   reset-early=65536          the same without an answer
//   item=400:2%                refuse 2 % of the events of each request with this status (platforms with item results)
//   html@1-2                   answer 200 with a proxy's login page
//   flood=10485760             answer 500 with so many bytes of text
//   inside=500@1               answer 200 with the body of that failure
struct Fault {
  enum class Kind {
    status,
    reset_before,
    reset_after,
    hang,
    slow,
    truncate,
    max_body,
    early_413,
    early_reset,
    slow_read,
    item,
    html,
    flood,
    inside
  } kind = Kind::status;
  int status = 0;
  uint64_t value = 0;  // milliseconds or bytes
  double percent = 100;
  uint64_t first = 0, last = 0;  // request numbers from 1; 0 = any
  std::string retry_after;
};

// The KIND of the text.
std::string_view name_of(Fault::Kind kind);

// Nothing, and `problem` says why, when the text is not of that form.
std::optional<Fault> parse_fault(std::string_view text, std::string* problem);

// Decides which faults strike. The same seed gives the same decisions for the same sequence of requests.
class FaultPlan {
 public:
  FaultPlan(std::vector<Fault> faults, uint64_t seed) : faults_(std::move(faults)), random_(seed) {}

  // The fault that strikes a request whose head announces `wire_bytes`, before its body is read; null for none. After
  // slow_read others may strike.
  const Fault* strike_early(uint64_t request, uint64_t wire_bytes);
  // The fault that strikes request number `request` (1-based) whose decoded body has `body_bytes`; null for none.
  const Fault* strike(uint64_t request, uint64_t body_bytes);
  // The status with which one event of this request is refused, or 0.
  int strike_item(uint64_t request);

 private:
  bool hits(const Fault& fault, uint64_t request);

  std::vector<Fault> faults_;
  std::mt19937_64 random_;
};

}  // namespace csiem::doubles
