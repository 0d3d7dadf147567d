// Templates that are text: a body, a header, a URL. What is inserted is escaped as the target demands, so that no
// event can break out of the place that the template gives it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/buffer.hpp"
#include "common/templates/placeholder.hpp"

namespace csiem::templates {

// json: inside of a string the text of the value, escaped; elsewhere the value itself as JSON, null when it is absent.
// The rendered text is JSON whatever the event holds.
// plain: control characters go. header: printable ASCII or a failure. url: percent-encoded, and the rendered address
// has the scheme, host, port and the depth of the template.
enum class Target { json, plain, header, url };

// Why an event cannot be rendered.
struct Failure {
  enum class Kind { too_large, format, confinement } kind = Kind::format;
  std::string what;
};

// Immutable. Rendering allocates nothing but what `out` and `scratch` grow.
class TextTemplate {
 public:
  TextTemplate() = default;
  // What is wrong goes to `problems`; the template may be used when there is nothing.
  static TextTemplate compile(std::string_view source, Target target, std::vector<Problem>& problems);
  // A string of a JSON document: its content, without the quotes.
  static TextTemplate compile_json_string(std::string_view source, std::vector<Problem>& problems);

  bool empty() const noexcept { return segments_.empty(); }
  bool varies() const noexcept;
  // The one placeholder that the whole template is.
  const Placeholder* lone() const noexcept;
  // Of a URL: an event chooses the host, or a part of it.
  bool chooses_host() const noexcept { return chooses_host_; }

  // Appends to `out`, which may not grow beyond `limit`. After a failure what was appended is to be thrown away.
  std::optional<Failure> render(const Subject& subject, Scratch& scratch, std::size_t limit, common::Buffer& out) const;

 private:
  struct Piece {
    std::string literal;  // ready for the target; of a placeholder its fallback
    std::optional<Placeholder> placeholder;
    enum class Place { elsewhere, json_string, json_value, url_host } place = Place::elsewhere;
  };

  void check_json(const std::vector<Segment>& segments, std::string_view source, std::vector<Problem>& problems);
  void check_url(const std::vector<Segment>& segments, std::string_view source, std::vector<Problem>& problems);
  std::optional<Failure> insert(const Piece& piece, const Value& value, common::Buffer& out) const;

  Target target_ = Target::plain;
  std::vector<Piece> segments_;
  bool chooses_host_ = false;
};

// `value` as JSON, and `text` as a JSON string or, with quotes = false, its content.
void write_json_value(const Value& value, common::Buffer& out);
std::string json_string(std::string_view text, bool quotes = true);

}  // namespace csiem::templates
