// A section of the configuration: checks it against its keys, then gives typed values. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/value.hpp"

namespace csiem::config {

// Checks `table` against `keys`: unknown keys, types, ranges, refused settings, references where no secret stands.
// `unknown` is asked about every member that is no key, with its full path below the table; when it returns true
// somebody else deals with it. `others` are further names to suggest.
struct Check {
  std::span<const Key> keys;
  std::string where;  // "in exporter 'splunk'"
  Findings* findings = nullptr;
  std::function<bool(const std::string& path, const Node& member)> unknown;
  std::vector<std::string> others;

  void run(const Node& table) const { walk(table, ""); }

 private:
  void walk(const Node& table, const std::string& path) const;
  void member(const std::string& name, const std::string& full, const Node& node, const std::string& path) const;
  void section(const std::string& full, const Node& node) const;
  void value(const Key& key, const std::string& full, const Node& node) const;
};

Diagnostic& report_unknown(const Node& node, const std::string& name, const std::string& full, const std::string& where,
                           const std::vector<std::string>& known, Findings& findings);

// Values by path: the first table that has the key wins, else the key's default. Values that do not fit were reported
// by Check and read as the default here.
class Reader {
 public:
  Reader(std::vector<const Node*> tables, std::span<const Key> keys) : tables_(std::move(tables)), keys_(keys) {}

  std::string text(std::string_view path) const { return get<std::string>(path); }
  bool flag(std::string_view path) const { return get<bool>(path); }
  int64_t number(std::string_view path) const { return get<int64_t>(path); }  // also durations (ms), severities (rank)
  uint64_t size(std::string_view path) const { return get<uint64_t>(path); }
  double real(std::string_view path) const { return get<double>(path); }
  std::vector<std::string> texts(std::string_view path) const { return get<std::vector<std::string>>(path); }
  TextMap map(std::string_view path) const { return get<TextMap>(path); }
  // The value as written, or null.
  const Node* node(std::string_view path) const;

 private:
  template <class T>
  T get(std::string_view path) const {
    Value value = find(path);
    T* typed = std::get_if<T>(&value);
    return typed == nullptr ? T() : std::move(*typed);
  }
  Value find(std::string_view path) const;

  std::vector<const Node*> tables_;
  std::span<const Key> keys_;
};

}  // namespace csiem::config
