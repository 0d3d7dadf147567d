// Field moves in JSON documents: one pass over the objects that a path touches, everything else copied as it is.
#include <csiem/json.hpp>

#include <algorithm>

#include "base/buffer.hpp"
#include "schema/field_moves_of.hpp"
#include "schema/json_splitter.hpp"
#include "schema/move_list.hpp"

namespace csiem::schema {
namespace {

constexpr int kNone = -1;

// One member of the document that some move touches.
struct Node {
  std::string key;
  int leaves = kNone, arrives = kNone;  // moves
  std::vector<Node> children = {};
  std::vector<std::string_view> needs = {};  // without any of these members the object must go
  std::vector<int> tags = {};                // of metadata.tags: moves that add an element

  Node& child(std::string_view name) {
    for (Node& one : children)
      if (one.key == name) return one;
    return children.emplace_back(Node{std::string(name)});
  }
  Node& at(std::string_view path) {
    const std::size_t dot = path.find('.');
    Node& next = child(path.substr(0, dot));
    return dot == std::string_view::npos ? next : next.at(path.substr(dot + 1));
  }
};

class JsonMoves final : public FieldMoves {
 public:
  JsonMoves(std::string_view format, const OutputSettings& settings) : moves_(make_moves(format, settings)) {
    for (std::size_t i = 0; i < moves_.size(); ++i) plan(static_cast<int>(i));
    if (format != "ocsf") return;
    root_.at("policy").needs = {"name", "type", "uid"};
    root_.at("actor.user").needs = {"account", "name", "uid"};
  }

  void apply(const csiem_event& event, std::string_view encoded, csiem_writer& out) override {
    Out writer(out);
    uint64_t skipped = 0;
    const bool any = load(moves_, event, skipped);
    skip(skipped);
    if (!any) return writer.raw(encoded);
    made_.clear();
    writer.raw(object(encoded, root_, 0) ? made_.view() : encoded);
  }

 private:
  void plan(int index) {
    const Move& move = moves_[static_cast<std::size_t>(index)];
    for (const auto& place : move.leaves) root_.at(place).leaves = index;
    if (move.target.tag) {
      root_.at("metadata.tags").tags.push_back(index);
      return;
    }
    Node* node = &root_;
    for (const auto& name : move.target.path) node = &node->child(name);
    node->arrives = index;
  }

  bool active(int move) const { return move != kNone && moves_[static_cast<std::size_t>(move)].active; }
  bool arrives_below(const Node& node) const {
    return active(node.arrives) || std::any_of(node.tags.begin(), node.tags.end(), [&](int m) { return active(m); }) ||
           std::any_of(node.children.begin(), node.children.end(), [&](const Node& n) { return arrives_below(n); });
  }

  static const Node* find(const Node& node, std::string_view key) {
    const auto at =
        std::find_if(node.children.begin(), node.children.end(), [&](const Node& n) { return n.key == key; });
    return at == node.children.end() ? nullptr : &*at;
  }

  void string(std::string_view text) {
    Out writer(made_.writer());
    writer.string(text);
  }
  void begin_member(std::string_view key, bool& first) {
    if (!first) made_.append(",");
    first = false;
    made_.append("\"");
    made_.append(key);
    made_.append("\":");
  }
  void arriving_value(int index) {
    const Move& move = moves_[static_cast<std::size_t>(index)];
    if (move.target.array) made_.append("[");
    const bool bare = move.target.type == MoveTarget::Type::integer || move.target.type == MoveTarget::Type::real ||
                      move.target.type == MoveTarget::Type::boolean;
    if (bare) {
      made_.append(move.value);
    } else {
      string(move.value);
    }
    if (move.target.array) made_.append("]");
  }
  void tags(const Node& node, bool first) {
    for (const int index : node.tags) {
      if (!active(index)) continue;
      const Move& move = moves_[static_cast<std::size_t>(index)];
      made_.append(first ? "{\"name\":" : ",{\"name\":");
      string(move.target.path.front());
      made_.append(",\"value\":");
      string(move.value);
      made_.append("}");
      first = false;
    }
    made_.append("]");
  }

  // A member that the document does not have yet.
  void created(const Node& node, bool& first) {
    if (!arrives_below(node)) return;
    begin_member(node.key, first);
    if (active(node.arrives)) return arriving_value(node.arrives);
    if (!node.tags.empty()) {
      made_.append("[");
      return tags(node, true);
    }
    made_.append("{");
    bool inner = true;
    for (const Node& child : node.children) created(child, inner);
    made_.append("}");
  }

  // Writes the object with its moves. False when nothing is left of it, or it is no object: then nothing is written.
  bool object(std::string_view text, const Node& node, std::size_t depth) {
    if (members_.size() <= depth) members_.resize(depth + 1);
    std::vector<Member> members = std::move(members_[depth]);
    const bool good = Splitter(text).split(members) && text[0] == '{' && keeps_needed(node, members);
    const std::size_t begin = made_.size();
    bool first = true;
    if (good) {
      made_.append("{");
      for (const Member& member : members) one(member, node, first, depth);
      for (const Node& child : node.children)
        if (std::none_of(members.begin(), members.end(), [&](const Member& m) { return m.key == child.key; }))
          created(child, first);
      made_.append("}");
    }
    members_[depth] = std::move(members);
    if (!first) return true;
    made_.truncate(begin);
    return false;
  }

  bool keeps_needed(const Node& node, const std::vector<Member>& members) const {
    if (node.needs.empty()) return true;
    for (const std::string_view need : node.needs) {
      const Node* const child = find(node, need);
      const bool there = std::any_of(members.begin(), members.end(), [&](const Member& m) { return m.key == need; });
      if (there && (child == nullptr || !active(child->leaves))) return true;
      if (child != nullptr && active(child->arrives)) return true;
    }
    return false;
  }

  void one(const Member& member, const Node& node, bool& first, std::size_t depth) {
    const Node* const child = find(node, member.key);
    if (depth == 0 && member.key == "observables") return observables(member, first);
    if (child != nullptr && active(child->arrives)) {
      begin_member(member.key, first);
      return arriving_value(child->arrives);
    }
    if (child != nullptr && active(child->leaves)) return;
    const std::size_t begin = made_.size();
    const bool was_first = first;
    begin_member(member.key, first);
    if (child != nullptr && !child->tags.empty() && member.value.size() > 2) {
      made_.append(member.value.substr(0, member.value.size() - 1));
      return tags(*child, false);
    }
    if (child == nullptr || child->children.empty() || member.value.substr(0, 1) != "{") {
      made_.append(member.value);
    } else if (!object(member.value, *child, depth + 1)) {
      made_.truncate(begin);
      first = was_first;
    }
  }

  // OCSF: an observable may name only what the event has.
  void observables(const Member& member, bool& first) {
    std::vector<Member> elements = std::move(elements_);
    const bool good = Splitter(member.value).split(elements);
    const std::size_t begin = made_.size();
    const bool was_first = first;
    begin_member(member.key, first);
    bool inner = true;
    made_.append("[");
    for (const Member& element : elements) {
      if (!good || gone(element.value)) continue;
      if (!inner) made_.append(",");
      inner = false;
      made_.append(element.value);
    }
    made_.append("]");
    elements_ = std::move(elements);
    if (!inner) return;
    made_.truncate(begin);
    first = was_first;
  }
  bool gone(std::string_view observable) const {
    constexpr std::string_view kName = "{\"name\":\"";
    if (!observable.starts_with(kName)) return false;
    const std::string_view name = observable.substr(kName.size(), observable.find('"', kName.size()) - kName.size());
    return std::any_of(moves_.begin(), moves_.end(), [&](const Move& move) {
      return move.active && std::find(move.leaves.begin(), move.leaves.end(), name) != move.leaves.end();
    });
  }

  std::vector<Move> moves_;
  Node root_;
  Buffer made_;
  std::vector<std::vector<Member>> members_;  // by depth
  std::vector<Member> elements_;
};

}  // namespace

std::unique_ptr<FieldMoves> json_moves(std::string_view format, const OutputSettings& settings) {
  return std::make_unique<JsonMoves>(format, settings);
}

}  // namespace csiem::schema
