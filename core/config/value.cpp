#include "config/value.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "config/parse.hpp"
#include "config/suggest.hpp"

namespace csiem::config {
namespace {

using K = Key::Kind;
constexpr const char* kSeverities = "info|low|medium|high|critical";

std::string in(const std::string& where) { return where.empty() ? "" : " " + where; }

// Checks one value and knows how to complain about it.
class Interpreter {
 public:
  Interpreter(const Key& key, const std::string& name, const std::string& where, Findings* findings)
      : key_(key), name_(name), where_(where), findings_(findings) {}

  std::optional<Value> scalar(const Node& node);
  std::optional<Value> list(const Node& node);
  std::optional<Value> map(const Node& node);

 private:
  std::optional<Value> number(const Node& node);
  std::optional<Value> real(const Node& node);
  std::optional<Value> duration(const Node& node, int64_t per_integer);
  std::optional<Value> size(const Node& node);
  std::optional<Value> word(const Node& node, std::string_view allowed);

  std::nullopt_t wrong_type(const Node& node, std::string_view wanted, std::string hint = {});
  std::nullopt_t out_of_range(const Node& node);
  template <class T, class Parse>
  bool in_range(T value, Parse parse) const;
  bool refused_here(const Node& node, std::string_view word);

  const Key& key_;
  const std::string& name_;
  const std::string& where_;
  Findings* findings_;
};

std::nullopt_t Interpreter::wrong_type(const Node& node, std::string_view wanted, std::string hint) {
  if (findings_ == nullptr) return std::nullopt;
  const std::string seen = node.loose ? "the text given" : std::string(kind_text(node.kind));
  auto& finding = findings_->error(1022, node.value,
                                   "'" + name_ + "'" + in(where_) + " takes " + std::string(wanted) + ", not " + seen);
  finding.hint = std::move(hint);
  if (finding.hint.empty() && !key_.fallback.empty() && key_.kind != K::text && key_.kind != K::texts)
    finding.hint = "for example " + std::string(key_.fallback);
  return std::nullopt;
}

std::nullopt_t Interpreter::out_of_range(const Node& node) {
  if (findings_ == nullptr) return std::nullopt;
  const auto dots = key_.allowed.find("..");
  findings_->error(1025, node.value,
                   "'" + name_ + "'" + in(where_) + " takes " + std::string(key_.allowed.substr(0, dots)) + " to " +
                       std::string(key_.allowed.substr(dots + 2)) + ", not " + toml_text(node));
  return std::nullopt;
}

template <class T, class Parse>
bool Interpreter::in_range(T value, Parse parse) const {
  const auto dots = key_.allowed.find("..");
  if (dots == std::string_view::npos) return true;
  return value >= parse(key_.allowed.substr(0, dots)) && value <= parse(key_.allowed.substr(dots + 2));
}

double to_real(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<Value> Interpreter::number(const Node& node) {
  const bool permits = key_.kind == K::permits;
  if (permits && node.kind == Node::Kind::text && node.text == "adaptive") return Value(int64_t{0});
  const auto value = as_integer(node);
  if (!value) {
    const bool quoted = node.kind == Node::Kind::text && !node.text.empty() &&
                        node.text.find_first_not_of("0123456789-") == std::string::npos;
    return wrong_type(node, permits ? "an integer or \"adaptive\"" : "an integer",
                      quoted ? "write it without quotes" : "");
  }
  const auto to_integer = [](std::string_view text) {
    int64_t bound = 0;
    std::from_chars(text.data(), text.data() + text.size(), bound);
    return bound;
  };
  if (!in_range(*value, to_integer)) return out_of_range(node);
  return Value(*value);
}

std::optional<Value> Interpreter::real(const Node& node) {
  const auto value = as_real(node);
  if (!value || !std::isfinite(*value)) return wrong_type(node, "a number");
  if (!in_range(*value, to_real)) return out_of_range(node);
  return Value(*value);
}

std::optional<Value> Interpreter::duration(const Node& node, int64_t per_integer) {
  std::optional<int64_t> value;
  if (per_integer != 0) {
    value = as_integer(node);
    if (value && (*value < 0 || *value > std::numeric_limits<int64_t>::max() / per_integer)) return out_of_range(node);
    if (value) value = *value * per_integer;
  }
  if (!value && node.kind == Node::Kind::text) value = parse_duration_ms(node.text);
  const std::string wanted = per_integer != 0 ? "seconds or a duration such as \"5m\"" : "a duration such as \"5s\"";
  if (!value && node.kind == Node::Kind::integer)
    return wrong_type(node, wanted, "give it a unit: \"" + std::to_string(node.integer) + "s\"");
  if (!value && node.kind == Node::Kind::text && findings_ != nullptr) {
    findings_->error(1022, node.value, "'" + name_ + "'" + in(where_) + " takes " + wanted + ", not " + toml_text(node))
        .hint = "units are ms, s, m, h and d, from large to small: \"1h30m\"";
    return std::nullopt;
  }
  if (!value) return wrong_type(node, wanted);
  const auto bound = [](std::string_view text) { return parse_duration_ms(text).value_or(0); };
  if (!in_range(*value, bound)) return out_of_range(node);
  return Value(*value);
}

std::optional<Value> Interpreter::size(const Node& node) {
  std::optional<uint64_t> value;
  if (key_.kind == K::memory && node.kind == Node::Kind::text && node.text == "auto") return Value(std::string("auto"));
  if (const auto integer = as_integer(node)) {
    if (*integer < 0) return out_of_range(node);
    value = static_cast<uint64_t>(*integer);
  } else if (node.kind == Node::Kind::text) {
    value = parse_size(node.text);
    if (!value && findings_ != nullptr) {
      findings_
          ->error(1022, node.value,
                  "'" + name_ + "'" + in(where_) + " takes a size such as \"1MiB\", not " + toml_text(node))
          .hint = "units are KiB, MiB, GiB (1024) and KB, MB, GB (1000)";
      return std::nullopt;
    }
  }
  if (!value) return wrong_type(node, "a size such as \"1MiB\", or bytes");
  const auto bound = [](std::string_view text) { return parse_size(text).value_or(0); };
  if (!in_range(*value, bound)) return out_of_range(node);
  return Value(*value);
}

bool Interpreter::refused_here(const Node& node, std::string_view word) {
  for (const auto& refused : split_words(key_.refused)) {
    if (refused != word) continue;
    if (findings_ != nullptr)
      findings_->error(1026, node.value,
                       "'" + name_ + "'" + in(where_) + ": \"" + refused + "\" is not available in this version");
    return true;
  }
  return false;
}

std::optional<Value> Interpreter::word(const Node& node, std::string_view allowed) {
  const std::string* text = as_text(node);
  const auto words = split_words(allowed);
  if (text == nullptr) return wrong_type(node, "a string");
  for (std::size_t rank = 0; rank < words.size(); ++rank) {
    if (words[rank] != *text) continue;
    if (refused_here(node, *text)) return std::nullopt;
    if (key_.kind == K::severity) return Value(static_cast<int64_t>(rank));
    return Value(*text);
  }
  if (findings_ == nullptr) return std::nullopt;
  auto& finding =
      findings_->error(1024, node.value, "'" + name_ + "'" + in(where_) + " cannot be " + toml_quoted(*text));
  finding.hint = did_you_mean(*text, words);
  std::string note = "one of";
  for (const auto& known : words) note += (&known == &words.front() ? " " : ", ") + known;
  finding.notes.push_back(std::move(note));
  return std::nullopt;
}

std::optional<Value> Interpreter::scalar(const Node& node) {
  switch (key_.kind) {
    case K::flag: {
      const auto flag = as_flag(node);
      if (flag) return Value(*flag);
      const bool quoted = node.kind == Node::Kind::text && (node.text == "true" || node.text == "false");
      return wrong_type(node, "true or false", quoted ? "write it without quotes" : "");
    }
    case K::integer:
    case K::permits:
      return number(node);
    case K::real:
      return real(node);
    case K::duration:
      return duration(node, 0);
    case K::seconds:
      return duration(node, 1000);
    case K::size:
    case K::memory:
      return size(node);
    case K::severity:
      return word(node, kSeverities);
    case K::word:
      return word(node, key_.allowed);
    default:
      break;
  }
  const std::string* text = as_text(node);
  if (text == nullptr)
    return wrong_type(node, "a string",
                      node.kind == Node::Kind::table || node.kind == Node::Kind::list ? "" : "put it in quotes");
  return Value(*text);
}

std::optional<Value> Interpreter::list(const Node& node) {
  if (node.kind != Node::Kind::list)
    return wrong_type(node, key_.kind == K::reals ? "an array of numbers" : "an array of strings",
                      node.kind == Node::Kind::text && !node.loose ? "put it in brackets: [\"…\"]" : "");
  std::vector<std::string> texts;
  std::vector<double> reals;
  bool good = true;
  for (const auto& item : node.items) {
    std::optional<Value> value;
    if (key_.kind == K::reals)
      value = real(item);
    else if (key_.kind == K::words)
      value = word(item, key_.allowed);
    else if (const std::string* text = as_text(item))
      value = Value(*text);
    else
      wrong_type(item, "an array of strings", "put it in quotes");
    if (!value) {
      good = false;
    } else if (key_.kind == K::reals) {
      reals.push_back(std::get<double>(*value));
    } else {
      texts.push_back(std::get<std::string>(*value));
    }
  }
  if (!good) return std::nullopt;
  if (key_.kind == K::reals) return Value(std::move(reals));
  return Value(std::move(texts));
}

std::optional<Value> Interpreter::map(const Node& node) {
  if (node.kind != Node::Kind::table)
    return wrong_type(node, "a table of strings", "for example { team = \"security\" }");
  TextMap out;
  bool good = true;
  for (const auto& [key, member] : node.members) {
    if (const std::string* text = as_text(member)) {
      out.emplace_back(key, *text);
    } else {
      wrong_type(member, "a table of strings", "put it in quotes");
      good = false;
    }
  }
  if (!good) return std::nullopt;
  return Value(std::move(out));
}

template <class T>
std::optional<T> from_text(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> as_integer(const Node& node) {
  if (node.kind == Node::Kind::integer) return node.integer;
  if (node.kind == Node::Kind::text && node.loose) return from_text<int64_t>(node.text);
  return std::nullopt;
}

std::optional<double> as_real(const Node& node) {
  if (node.kind == Node::Kind::real) return node.real;
  if (node.kind == Node::Kind::integer) return static_cast<double>(node.integer);
  if (node.kind == Node::Kind::text && node.loose) return from_text<double>(node.text);
  return std::nullopt;
}

std::optional<bool> as_flag(const Node& node) {
  if (node.kind == Node::Kind::flag) return node.flag;
  if (node.kind == Node::Kind::text && node.loose && (node.text == "true" || node.text == "false"))
    return node.text == "true";
  return std::nullopt;
}

const std::string* as_text(const Node& node) {
  const bool scalar = node.kind != Node::Kind::table && node.kind != Node::Kind::list;
  return node.kind == Node::Kind::text || (node.loose && scalar) ? &node.text : nullptr;
}

std::optional<Value> interpret(const Key& key, const Node& node, const std::string& name, const std::string& where,
                               Findings* findings) {
  if (node.unresolved || key.kind == K::any) return Value();
  Interpreter interpreter(key, name, where, findings);
  if (key.kind == K::texts || key.kind == K::words || key.kind == K::reals) return interpreter.list(node);
  if (key.kind == K::text_map) return interpreter.map(node);
  return interpreter.scalar(node);
}

Value fallback_value(const Key& key) {
  if (key.fallback.empty()) return {};
  Findings ignored;
  const auto tree = parse_toml("v = " + std::string(key.fallback) + "\n", "default", ignored);
  if (!tree) return {};
  return interpret(key, *tree->find("v"), "v", "", nullptr).value_or(Value());
}

bool is_active(const Node& node) {
  switch (node.kind) {
    case Node::Kind::text:
      return node.loose ? !node.text.empty() && node.text != "false" : !node.text.empty();
    case Node::Kind::flag:
      return node.flag;
    case Node::Kind::table:
      return !node.members.empty();
    case Node::Kind::list:
      return !node.items.empty();
    default:
      return true;
  }
}

}  // namespace csiem::config
