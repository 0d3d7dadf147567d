#include "schema/ecs_quick.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <deque>
#include <string>
#include <vector>

#include "base/rfc3339.hpp"
#include "schema/ecs_fields.hpp"
#include "schema/name_hash.hpp"
#include "schema/quick_json.hpp"
#include "schema/quick_time.hpp"

namespace csiem::schema {
namespace {

using ecs::Field;
using ecs::Type;
using Text = QuickJson::Text;

constexpr std::size_t kTermBytes = 32766;
constexpr int kRoom = 17;              // containers inside each other; the thorough check allows three more
constexpr std::size_t kMembers = 128;  // of one known object

// What a value of the document is to be.
enum class Kind { object, own, labels, text, words, number, port, flag, date, address, unusual };
// Values that the rules about events look at.
enum class Role { none, timestamp, version, kind, category, type };

struct Node {
  std::string_view name;
  std::size_t id = 0;
  Kind kind = Kind::unusual;
  Role role = Role::none;
  bool array = false;
  std::size_t max_bytes = SIZE_MAX;
  const std::vector<std::string_view>* words = nullptr;
  std::vector<Node*> slots;  // children by hash; null where none is
};

Kind kind_of(const Field& field) {
  if (!field.pattern.empty()) return Kind::unusual;
  switch (field.type) {
    case Type::keyword:
    case Type::constant_keyword:
    case Type::wildcard:
    case Type::match_only_text:
    case Type::text:
      return field.allowed.empty() && field.expected.empty() ? Kind::text : Kind::words;
    case Type::long_:
      return field.name.ends_with(".port") ? Kind::port : Kind::number;
    case Type::boolean:
      return Kind::flag;
    case Type::date:
      return Kind::date;
    case Type::ip:
      return Kind::address;
    default:
      return Kind::unusual;
  }
}

Role role_of(std::string_view path) {
  if (path == "@timestamp") return Role::timestamp;
  if (path == "ecs.version") return Role::version;
  if (path == "event.kind") return Role::kind;
  if (path == "event.category") return Role::category;
  return path == "event.type" ? Role::type : Role::none;
}

bool is_address(std::string_view text) noexcept {
  char terminated[INET6_ADDRSTRLEN + 1] = {};
  unsigned char bytes[16];
  if (text.size() >= sizeof terminated) return false;
  text.copy(terminated, sizeof terminated - 1);
  return inet_pton(AF_INET, terminated, bytes) == 1 || inet_pton(AF_INET6, terminated, bytes) == 1;
}

}  // namespace

struct EcsQuick::Tree {
  std::deque<Node> nodes;
  Node* root = nullptr;
  std::vector<std::string_view> types;                                // of event.type, by bit
  std::vector<std::pair<std::string_view, uint32_t>> category_types;  // bits of the types that a category may carry
  std::string name_space;

  uint32_t type_bit(std::string_view word) const noexcept {
    const auto at = std::find(types.begin(), types.end(), word);
    return at == types.end() ? 0 : 1U << (at - types.begin());
  }
};

namespace {

const Node* find(const Node& object, std::string_view name) noexcept {
  if (object.slots.empty() || name.empty()) return nullptr;
  const std::size_t mask = object.slots.size() - 1;
  for (std::size_t i = name_hash(name) & mask; object.slots[i] != nullptr; i = (i + 1) & mask)
    if (object.slots[i]->name == name) return object.slots[i];
  return nullptr;
}

}  // namespace

EcsQuick::EcsQuick(std::string_view name_space) {
  auto tree = std::make_unique<Tree>();
  tree->name_space = name_space;
  std::vector<std::vector<Node*>> children;
  const auto add = [&](std::string_view name) {
    children.emplace_back();
    Node& node = tree->nodes.emplace_back();
    node.name = name;
    node.id = tree->nodes.size() - 1;
    return &node;
  };
  tree->root = add("");
  tree->root->kind = Kind::object;
  const ecs::FieldSet& set = ecs::field_set();
  for (const auto& [path, field] : set.fields) {
    Node* at = tree->root;
    bool inside = false;  // below a field that is not a plain object
    std::size_t begin = 0;
    for (;;) {
      const std::size_t dot = path.find('.', begin);
      const std::string_view name = path.substr(begin, dot == std::string_view::npos ? dot : dot - begin);
      auto& siblings = children[at->id];
      const auto known = std::find_if(siblings.begin(), siblings.end(), [&](const Node* n) { return n->name == name; });
      Node* next = known == siblings.end() ? nullptr : *known;
      if (next == nullptr) {
        next = add(name);
        children[at->id].push_back(next);
      }
      at = next;
      if (dot == std::string_view::npos) break;
      inside = inside || set.fields.find(path.substr(0, dot)) != set.fields.end();
      if (!inside) at->kind = Kind::object;
      begin = dot + 1;
    }
    const bool leaf = kind_of(field) != Kind::unusual && !inside && path.substr(0, 11) != "data_stream";
    at->kind = path == "labels" ? Kind::labels : leaf ? kind_of(field) : Kind::unusual;
    at->role = role_of(path);
    at->array = field.array;
    at->words = field.allowed.empty() ? &field.expected : &field.allowed;
    if (field.type == Type::keyword && !field.cut && field.indexed) at->max_bytes = kTermBytes;
  }
  Node* own = add(tree->name_space);
  own->kind = Kind::own;
  children[0].push_back(own);
  for (std::size_t i = 0; i < tree->nodes.size(); ++i) {
    if (children[i].empty()) continue;
    std::size_t size = 4;
    while (size < children[i].size() * 3) size *= 2;
    auto& slots = tree->nodes[i].slots;
    slots.resize(size);
    for (Node* child : children[i]) {
      std::size_t at = name_hash(child->name) & (size - 1);
      while (slots[at] != nullptr) at = (at + 1) & (size - 1);
      slots[at] = child;
    }
  }
  tree->types = set.fields.find("event.type")->second.allowed;
  for (const auto& [category, types] : set.category_types) {
    uint32_t bits = 0;
    for (const std::string_view type : types) bits |= tree->type_bit(type);
    tree->category_types.emplace_back(category, bits);
  }
  tree_ = std::move(tree);
}

EcsQuick::~EcsQuick() = default;

namespace {

// One document.
template <class TreeType>
class Reading {
 public:
  Reading(const TreeType& tree, std::string_view document) : tree_(tree), json_(document) {}

  bool run() noexcept {
    if (json_.peek() != '{' || !object(*tree_.root, kRoom) || !json_.at_end()) return false;
    return timestamp_ && version_ && kind_ && event_rules();
  }

 private:
  // Stands on the brace.
  bool object(const Node& node, int room) noexcept {
    if (room == 0) return false;
    std::array<const Node*, kMembers> seen;
    std::size_t count = 0;
    json_.take('{');
    if (json_.take('}')) return true;
    do {
      Text key;
      if (!json_.string(key) || !json_.take(':')) return false;
      const Node* const member = find(node, key.raw);
      if (member == nullptr || count == seen.size()) return false;
      for (std::size_t i = 0; i < count; ++i)
        if (seen[i] == member) return false;
      seen[count++] = member;
      if (!value(*member, room - 1)) return false;
    } while (json_.take(','));
    return json_.take('}');
  }

  bool value(const Node& node, int room) noexcept {
    switch (node.kind) {
      case Kind::object:
        return json_.peek() == '{' && object(node, room);
      case Kind::own:
        return json_.peek() == '{' && room > 0 && json_.object(room - 1);
      case Kind::labels:
        return json_.peek() == '{' && labels();
      case Kind::unusual:
        return false;
      default:
        break;
    }
    if (!node.array) return scalar(node);
    if (!json_.take('[')) return false;
    if (json_.take(']')) return true;
    do {
      if (!scalar(node)) return false;
    } while (json_.take(','));
    return json_.take(']');
  }

  bool scalar(const Node& node) noexcept {
    int64_t number = 0;
    Text text;
    switch (node.kind) {
      case Kind::text:
        return json_.string(text) && text.raw.size() <= node.max_bytes && role(node, text);
      case Kind::words:
        return json_.string(text) && text.plain &&
               std::find(node.words->begin(), node.words->end(), text.raw) != node.words->end() && role(node, text);
      case Kind::number:
        return json_.integer(number);
      case Kind::port:
        return json_.integer(number) && number >= 0 && number <= 65535;
      case Kind::flag:
        return json_.word("true") || json_.word("false");
      case Kind::date:
        if (!json_.string(text) || !text.plain) return false;
        if (node.role == Role::timestamp) timestamp_ = true;
        return usual_time(text.raw) ||
               (parse_rfc3339(text.raw) && text.raw.back() == 'Z' && text.raw.find('T') != std::string_view::npos);
      case Kind::address:
        return json_.string(text) && text.plain && is_address(text.raw);
      default:
        return false;
    }
  }

  bool role(const Node& node, const Text& text) noexcept {
    switch (node.role) {
      case Role::version:
        return version_ = text.raw == ecs::kEcsVersion;
      case Role::kind:
        return kind_ = text.raw != "signal";
      case Role::category: {
        const auto at = std::find_if(tree_.category_types.begin(), tree_.category_types.end(),
                                     [&](const auto& pair) { return pair.first == text.raw; });
        if (at == tree_.category_types.end() || categories_ == category_.size()) return false;
        category_[categories_++] = at->second;
        for (std::size_t i = 0; i + 1 < categories_; ++i)
          if (names_[i] == text.raw) return false;
        names_[categories_ - 1] = text.raw;
        return true;
      }
      case Role::type: {
        const uint32_t bit = tree_.type_bit(text.raw);
        if (bit == 0 || (types_ & bit) != 0) return false;
        types_ |= bit;
        return true;
      }
      default:
        return true;
    }
  }

  // Every category owns one of the types at least, every type belongs to a category.
  bool event_rules() const noexcept {
    if (types_ == 0) return true;
    uint32_t possible = 0;
    for (std::size_t i = 0; i < categories_; ++i) {
      if ((category_[i] & types_) == 0) return false;
      possible |= category_[i];
    }
    return (types_ & ~possible) == 0;
  }

  bool labels() noexcept {
    std::array<std::string_view, 24> keys;
    std::size_t count = 0;
    json_.take('{');
    if (json_.take('}')) return true;
    do {
      Text key, text;
      if (count == keys.size() || !json_.string(key) || !key.plain || key.raw.empty() ||
          key.raw.find_first_of(". \t") != std::string_view::npos || !json_.take(':') || !json_.string(text) ||
          text.raw.size() > kTermBytes)
        return false;
      for (std::size_t i = 0; i < count; ++i)
        if (keys[i] == key.raw) return false;
      keys[count++] = key.raw;
    } while (json_.take(','));
    return json_.take('}');
  }

  const TreeType& tree_;
  QuickJson json_;
  bool timestamp_ = false, version_ = false, kind_ = false;
  uint32_t types_ = 0;
  std::array<uint32_t, 4> category_{};
  std::array<std::string_view, 4> names_{};
  std::size_t categories_ = 0;
};

}  // namespace

bool EcsQuick::accepts(std::string_view document) const noexcept { return Reading(*tree_, document).run(); }

}  // namespace csiem::schema
