// csiem/sdk/format.hpp - formats: events into bytes. C++17.
// SPDX-License-Identifier: Apache-2.0
#ifndef CSIEM_SDK_FORMAT_HPP
#define CSIEM_SDK_FORMAT_HPP

#include <csiem/sdk/config.hpp>

namespace csiem {

// A pure function of the event and the settings. Constructed from `const Config&`; one instance per thread that uses
// it.
class Format {
 public:
  Format() = default;
  Format(const Format&) = delete;
  Format& operator=(const Format&) = delete;
  virtual ~Format() = default;
  // Appends the event's bytes; no line feed at the end. Called once per event: should not allocate. Throw
  // std::invalid_argument to refuse the event for good; what was written until then is dropped.
  virtual void encode(const csiem_event& event, Out& out) = 0;
};

}  // namespace csiem

#endif
