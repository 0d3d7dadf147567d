#include "ecs/labels.hpp"

#include <algorithm>

namespace csiem::ecs {
namespace {

constexpr std::size_t kMaxTermBytes = 32766;
constexpr std::size_t kMaxPlainLabels = 64;  // more are compared with the scratch names, not pairwise in place

bool indexable(char c) {
  return static_cast<unsigned char>(c) > 0x20 && c != '.' && c != '*' && c != '"' && c != '\\' && c != 0x7f;
}

std::string_view term(csiem_str value) {
  std::string_view text = view(value);
  if (text.size() <= kMaxTermBytes) return text;
  std::size_t end = kMaxTermBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

bool plain(std::span<const csiem_kv> labels) {
  if (labels.size() > kMaxPlainLabels) return false;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string_view key = view(labels[i].key);
    if (key.empty() || !std::all_of(key.begin(), key.end(), indexable)) return false;
    for (std::size_t j = 0; j < i; ++j)
      if (view(labels[j].key) == key) return false;
  }
  return true;
}

}  // namespace

bool LabelWriter::write(std::span<const csiem_kv> labels, Json& json) {
  if (labels.empty()) return true;
  json.open("labels");
  bool whole = plain(labels);
  if (whole) {
    for (const csiem_kv& label : labels) {
      const std::string_view value = term(label.value);
      json.text(view(label.key), value);
      whole = whole && value.size() == label.value.len;
    }
  } else {
    write_repaired(labels, json);
  }
  json.close();
  return whole;
}

void LabelWriter::write_repaired(std::span<const csiem_kv> labels, Json& json) {
  names_.clear();
  for (const csiem_kv& label : labels) {
    std::string name(view(label.key));
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !indexable(c); }, '_');
    if (name.empty()) name = "_";
    const auto taken = [&](const std::string& n) { return std::find(names_.begin(), names_.end(), n) != names_.end(); };
    const std::size_t stem = name.size();
    for (unsigned copy = 2; taken(name); ++copy) name.replace(stem, std::string::npos, "_" + std::to_string(copy));
    json.text(name, term(label.value));
    names_.push_back(std::move(name));
  }
}

}  // namespace csiem::ecs
