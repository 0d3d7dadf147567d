// What a lane remembers of its destination over a restart.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "delivery/breaker.hpp"

namespace csiem::delivery {

// Kept with the exporter's cursor, so that a restart neither hammers a platform that is down nor asks again with a
// credential that was refused a moment ago. Times are milliseconds of the wall clock: what is left of them is bounded
// by whoever reads them, because that clock may have jumped.
struct Remembered {
  struct Open {
    int64_t until_unix_ms = 0;  // then the probe goes
    int64_t open_for_ms = 0;    // the step of the doubling
    bool operator==(const Open&) const = default;
  };
  struct Held {
    Hold::Kind kind = Hold::Kind::none;
    int code = 0;  // of messages.def
    int64_t until_unix_ms = 0;
    bool operator==(const Held&) const = default;
  };
  // Of the exporter's settings and credentials. When they are others now, somebody has mended something, and what is
  // remembered says nothing any more.
  uint32_t settings = 0;
  uint32_t outlet = 0;  // where it happened; routes in order, then the exporter's own destination
  std::optional<Open> breaker;
  std::optional<Held> hold;
  std::string words;  // why, as it was reported

  bool nothing() const noexcept { return !breaker && !hold; }
  bool operator==(const Remembered&) const = default;
};

// Text, one entry a line, for people and for later versions:
//
//   lane 1                            version of the format
//   settings 9f2c41aa 0               digest, outlet
//   breaker 1772500030000 60000       until, step
//   hold auth 4010 1772500060000      kind (auth, destination, rejected), code, until
//   words HTTP 401 ...                to the end of the text
//
// Empty when there is nothing to remember.
std::string write_remembered(const Remembered& remembered);
// Nothing when the text is of another version or not of this form in any respect.
Remembered read_remembered(std::string_view text);

// A digest that says nothing about a secret that goes into it: 32 bits fit to far too many values.
uint32_t short_digest(std::string_view bytes);

}  // namespace csiem::delivery
