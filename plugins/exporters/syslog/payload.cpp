#include "syslog/payload.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "common/text.hpp"

namespace csiem::syslog {
namespace {

namespace json = boost::json;

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// ---- texts of key=value pairs

struct Pair {
  std::size_t from, value, end;  // the space in front of the key, the first byte of the value, one past its last
  std::string_view key;
};

bool is_key_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

// The pairs of `text` from `from` on. A value ends where the next key begins; in quotes it may hold anything.
std::vector<Pair> pairs_of(std::string_view text, std::size_t from, bool quotes) {
  std::vector<Pair> out;
  bool quoted = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
      continue;
    }
    if (quotes && text[i] == '"') quoted = !quoted;
    if (text[i] != '=' || quoted) continue;
    std::size_t key = i;
    while (key > from && is_key_char(text[key - 1])) --key;
    if (key == i || (key != from && text[key - 1] != ' ')) continue;
    const std::size_t start = key == from ? from : key - 1;
    if (!out.empty()) out.back().end = start;
    out.push_back({start, i + 1, text.size(), text.substr(key, i - key)});
  }
  return out;
}

// Whether a pair must stay: what finds the event again and says when it happened and how bad it is.
bool is_kept(std::string_view key) noexcept {
  static constexpr std::string_view kKept[] = {"externalId", "start",     "rt",         "act",     "outcome",
                                               "event_id",   "timestamp", "event_type", "severity"};
  return std::find(std::begin(kKept), std::end(kKept), key) != std::end(kKept);
}

// Not in the middle of an escape: an odd number of backslashes would eat what follows.
std::string_view clip_escaped(std::string_view value, std::size_t limit) noexcept {
  std::string_view out = common::clip(value, limit);
  if (out.size() == value.size()) return out;
  std::size_t backslashes = 0;
  while (backslashes < out.size() && out[out.size() - 1 - backslashes] == '\\') ++backslashes;
  if (backslashes % 2 == 1) out.remove_suffix(1);
  return out;
}

std::string shortened_pairs(std::string_view body, std::size_t from, bool quotes, std::string_view cut_key,
                            std::string_view mark, std::size_t limit) {
  if (limit < mark.size()) return {};
  limit -= mark.size();
  std::vector<Pair> pairs = pairs_of(body, from, quotes);
  std::size_t size = body.size();
  const auto length = [](const Pair& pair) { return pair.end - pair.from; };
  // A value and the label that belongs to it go together: cs1=… cs1Label=…
  for (std::size_t i = pairs.size(); i-- > 0 && size > limit;) {
    if (is_kept(pairs[i].key) || pairs[i].key == cut_key) continue;
    const bool labelled = i > 0 && pairs[i].key.size() > 5 && pairs[i].key == std::string(pairs[i - 1].key) + "Label";
    size -= length(pairs[i]);
    pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(i));
    if (!labelled) continue;
    --i;
    size -= length(pairs[i]);
    pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::string out(body.substr(0, from));
  for (const Pair& pair : pairs) {
    if (size <= limit || pair.key != cut_key) {
      out += body.substr(pair.from, length(pair));
      continue;
    }
    const std::string_view value = body.substr(pair.value, pair.end - pair.value);
    const std::size_t excess = size - limit;
    if (excess >= value.size()) continue;
    out += body.substr(pair.from, pair.value - pair.from);
    out += clip_escaped(value, value.size() - excess);
  }
  if (out.size() > limit) return {};
  return out.append(mark);
}

// Where the extension of a CEF line begins: behind the seventh bar that is not escaped.
std::size_t cef_extension(std::string_view line) noexcept {
  int bars = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\')
      ++i;
    else if (line[i] == '|' && ++bars == 7)
      return i + 1;
  }
  return line.size();
}

// ---- JSON

constexpr std::size_t kLeast = 48;  // bytes that stay of a text

void find_longest(json::value& value, json::string*& longest) {
  if (auto* text = value.if_string()) {
    if (longest == nullptr || text->size() > longest->size()) longest = text;
  } else if (auto* object = value.if_object()) {
    for (auto& member : *object) find_longest(member.value(), longest);
  } else if (auto* array = value.if_array()) {
    for (auto& element : *array) find_longest(element, longest);
  }
}

// The objects that formats keep free-form data in; OCSF's own `metadata` is none.
bool drop_free_form(json::object& root) {
  for (const std::string_view name : {"unmapped", "clawdstrike", "labels", "metadata", "observables", "raw_data"}) {
    if (name == "metadata" && root.contains("class_uid")) continue;
    const auto found = root.find(json::string_view(name.data(), name.size()));
    if (found == root.end()) continue;
    auto* object = found->value().if_object();
    if (object == nullptr) {
      root.erase(found);
      return true;
    }
    if (object->empty()) continue;
    object->clear();
    return true;
  }
  return false;
}

void mark_shortened(json::object& root) {
  const char* holder = root.contains("@timestamp") ? "labels" : root.contains("class_uid") ? "unmapped" : nullptr;
  if (holder == nullptr) {
    root["truncated"] = true;
    return;
  }
  json::value& inner = root[holder];
  if (!inner.is_object()) inner.emplace_object();
  inner.get_object()["truncated"] = holder[0] == 'l' ? json::value("true") : json::value(true);
}

std::string shortened_json(std::string_view body, std::size_t limit) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 1024;
  json::value root = json::parse({body.data(), body.size()}, error, {}, options);
  if (error || !root.is_object()) return {};
  for (;;) {
    json::value marked = root;
    mark_shortened(marked.get_object());
    std::string text = json::serialize(marked);
    if (text.size() <= limit) return text;
    const std::size_t excess = text.size() - limit;
    json::string* longest = nullptr;
    find_longest(root, longest);
    if (longest != nullptr && longest->size() > kLeast) {
      const std::size_t most = longest->size() > excess ? longest->size() - excess : 0;
      longest->resize(common::clip({longest->data(), longest->size()}, std::max(kLeast, most)).size());
    } else if (!drop_free_form(root.get_object())) {
      return {};
    }
  }
}

}  // namespace

void append_text(std::string_view body, std::string& out) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (body.substr(0, kByteOrderMark.size()) == kByteOrderMark) body.remove_prefix(kByteOrderMark.size());
  const std::size_t from = out.size();
  out += body;
  const auto first = std::find_if(out.begin() + static_cast<std::ptrdiff_t>(from), out.end(), is_control);
  std::replace_if(first, out.end(), is_control, ' ');
}

std::string shortened(std::string_view body, bool json, std::size_t limit) {
  if (json) return shortened_json(body, limit);
  if (body.substr(0, 4) == "CEF:")
    return shortened_pairs(body, cef_extension(body), false, "msg", " flexString2=true flexString2Label=truncated",
                           limit);
  constexpr std::string_view kMark = " truncated=true";
  if (const auto pairs = pairs_of(body, 0, true); pairs.size() > 1 && pairs.front().from == 0)
    return shortened_pairs(body, 0, true, {}, kMark, limit);
  if (limit < kMark.size()) return {};
  return std::string(common::clip(body, limit - kMark.size())).append(kMark);
}

}  // namespace csiem::syslog
