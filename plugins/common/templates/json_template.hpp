// Templates that are a tree of JSON whose strings are templates. Nothing that an event holds can change its shape.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/templates/text_template.hpp"

namespace csiem::templates {

// A problem in one string of the tree; `path` leads to it, as in "body.alerts[0].text".
struct PlacedProblem {
  std::string path;
  Problem problem;
};

// A string that is one placeholder becomes the value with its type; when that is absent and there is no fallback, the
// member or element is left out. Immutable.
class JsonTemplate {
 public:
  JsonTemplate() = default;
  // `root` is an object; `path` is the name of the setting that holds it.
  static JsonTemplate compile(const boost::json::value& root, const std::string& path,
                              std::vector<PlacedProblem>& problems);

  bool empty() const noexcept { return root_.kind == Node::Kind::none; }
  // As TextTemplate::render.
  std::optional<Failure> render(const Subject& subject, Scratch& scratch, std::size_t limit, common::Buffer& out) const;

 private:
  struct Node {
    enum class Kind { none, object, array, text, value, fixed } kind = Kind::none;
    std::string key;    // `"name":` of a member
    std::string fixed;  // JSON; of a value its fallback, which may be missing
    TextTemplate text;  // of text and value
    std::vector<Node> children;
  };
  struct Rendering {
    const Subject& subject;
    Scratch& scratch;
    std::size_t limit;
    common::Buffer& out;
    std::optional<Failure> failure;
  };

  static Node compile_node(const boost::json::value& value, const std::string& path, std::size_t depth,
                           std::vector<PlacedProblem>& problems);
  // False when the node is left out; then nothing was written.
  static bool write(const Node& node, bool comma, Rendering& to);

  Node root_;
};

}  // namespace csiem::templates
