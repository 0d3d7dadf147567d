// The body of a webhook: events in an envelope, as they are or through a template; alone, in an array or in lines.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/sdk/request.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/buffer.hpp"
#include "common/templates/json_template.hpp"

namespace csiem::webhook {

enum class Framing { single, array, ndjson };

struct Shape {
  Framing framing = Framing::single;
  bool envelope = true;
  std::string content_type;  // empty: by framing, template and format
  // At most one of them is there; it takes the place of the envelope and the event.
  templates::JsonTemplate tree;
  templates::TextTemplate text;
  bool json_text = false;  // `text` gives JSON

  bool templated() const noexcept { return !tree.empty() || !text.empty(); }
};

// Writes bodies. Keeps memory from request to request: what it wrote last is borrowed by that request.
class BodyWriter {
 public:
  explicit BodyWriter(Shape shape) : shape_(std::move(shape)) {}
  const Shape& shape() const noexcept { return shape_; }

  struct Refused {
    uint32_t event;
    templates::Failure failure;
  };
  // Appends the body for `events`, indices into the batch. `shortened` stands for the body of the only event, unless it
  // is empty. Those that no template can render are taken out of `events` and returned; when none is left there is no
  // body. `limit`: bytes that one rendered event may take.
  std::vector<Refused> write(const csiem_batch& batch, std::vector<uint32_t>& events, std::string_view shortened,
                             std::size_t limit, Request& out);
  std::string content_type(const csiem_batch& batch) const;

 private:
  std::vector<Refused> write_templated(const csiem_batch& batch, std::vector<uint32_t>& events,
                                       std::string_view shortened, std::size_t limit, Request& out);
  std::optional<templates::Failure> render(const templates::Subject& subject, std::size_t limit);

  Shape shape_;
  common::Buffer rendered_;
  templates::Scratch scratch_;
  std::vector<std::size_t> ends_;  // of the rendered events
};

}  // namespace csiem::webhook
