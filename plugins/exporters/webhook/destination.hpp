// Where a request goes and under which headers, as far as an event may say so.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/request.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/buffer.hpp"
#include "common/templates/text_template.hpp"

namespace csiem::webhook {

class Destination {
 public:
  struct Header {
    std::string name;
    std::string secret;            // a handle; or
    templates::TextTemplate text;  // what it says
  };

  Destination() = default;
  // An address that is a secret has no template.
  Destination(std::string url_secret, templates::TextTemplate url, std::vector<Header> headers);

  // Events of one request share it only when this is false, or when of() gives the same text for them.
  bool varies() const noexcept { return varies_; }
  // Address and headers for this event, one per line, good until the next call.
  std::optional<templates::Failure> of(const csiem_event& event, std::string_view* text);
  // Writes them into the request. of() has said that they can be rendered.
  std::optional<templates::Failure> write(const csiem_event& event, Request& out);

 private:
  std::optional<templates::Failure> render(const templates::TextTemplate& part, const csiem_event& event);

  std::string url_secret_;
  templates::TextTemplate url_;
  std::vector<Header> headers_;
  bool varies_ = false;
  common::Buffer rendered_;
  templates::Scratch scratch_;
};

// Which events may share a request.
struct Groups {
  std::vector<uint32_t> order;  // indices into the batch, group by group
  std::vector<uint32_t> ends;   // of the groups, in `order`
  std::vector<std::pair<uint32_t, templates::Failure>> refused;
};
// In the order in which the first events of the groups come.
Groups group(const csiem_batch& batch, Destination& destination);

}  // namespace csiem::webhook
