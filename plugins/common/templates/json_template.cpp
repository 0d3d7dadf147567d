#include "common/templates/json_template.hpp"

#include <boost/json.hpp>

namespace csiem::templates {

JsonTemplate JsonTemplate::compile(const boost::json::value& root, const std::string& path,
                                   std::vector<PlacedProblem>& problems) {
  JsonTemplate out;
  out.root_ = compile_node(root, path, 0, problems);
  return out;
}

JsonTemplate::Node JsonTemplate::compile_node(const boost::json::value& value, const std::string& path,
                                              std::size_t depth, std::vector<PlacedProblem>& problems) {
  Node node;
  if (depth > kMaxDepth) {
    problems.push_back({path, {0, 0, "the template is nested deeper than 16", {}}});
    return node;
  }
  if (const auto* object = value.if_object()) {
    node.kind = Node::Kind::object;
    for (const auto& [key, member] : *object) {
      Node child = compile_node(member, path + "." + std::string(key), depth + 1, problems);
      child.key = json_string(key) + ":";
      node.children.push_back(std::move(child));
    }
  } else if (const auto* array = value.if_array()) {
    node.kind = Node::Kind::array;
    for (std::size_t i = 0; i < array->size(); ++i)
      node.children.push_back(compile_node((*array)[i], path + "[" + std::to_string(i) + "]", depth + 1, problems));
  } else if (const auto* text = value.if_string()) {
    std::vector<Problem> found;
    node.text = TextTemplate::compile_json_string({text->data(), text->size()}, found);
    for (Problem& problem : found) problems.push_back({path, std::move(problem)});
    const Placeholder* lone = node.text.lone();
    node.kind = lone != nullptr ? Node::Kind::value : Node::Kind::text;
    if (lone != nullptr && lone->fallback) {
      boost::json::error_code error;
      boost::json::parse(*lone->fallback, error);
      node.fixed = error ? json_string(*lone->fallback) : *lone->fallback;
    }
  } else {
    node.kind = Node::Kind::fixed;
    node.fixed = boost::json::serialize(value);
  }
  return node;
}

bool JsonTemplate::write(const Node& node, bool comma, Rendering& to) {
  if (to.failure) return false;
  const auto begin = [&] {
    if (comma) to.out.add(",");
    to.out.add(node.key);
  };
  switch (node.kind) {
    case Node::Kind::none:
      return false;
    case Node::Kind::object:
    case Node::Kind::array: {
      begin();
      const bool object = node.kind == Node::Kind::object;
      to.out.add(object ? "{" : "[");
      bool inner_comma = false;
      for (const Node& child : node.children) inner_comma = write(child, inner_comma, to) || inner_comma;
      to.out.add(object ? "}" : "]");
      break;
    }
    case Node::Kind::value: {
      const Value value = node.text.lone()->value(to.subject, to.scratch);
      const bool absent = value.kind == Value::Kind::absent;
      if (absent && node.fixed.empty()) return false;
      begin();
      if (absent)
        to.out.add(node.fixed);
      else
        write_json_value(value, to.out);
      break;
    }
    case Node::Kind::text:
      begin();
      to.out.add("\"");
      to.failure = node.text.render(to.subject, to.scratch, to.limit, to.out);
      to.out.add("\"");
      break;
    case Node::Kind::fixed:
      begin();
      to.out.add(node.fixed);
      break;
  }
  if (!to.failure && to.out.size() > to.limit)
    to.failure = Failure{Failure::Kind::too_large, "the template gives more than its limit"};
  return true;
}

std::optional<Failure> JsonTemplate::render(const Subject& subject, Scratch& scratch, std::size_t limit,
                                            common::Buffer& out) const {
  Rendering to{subject, scratch, limit, out, std::nullopt};
  write(root_, false, to);
  return std::move(to.failure);
}

}  // namespace csiem::templates
