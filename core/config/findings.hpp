// What the loader has to complain about, collected over all files. Private to this room.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "config/config.hpp"

namespace csiem::config {

class Findings {
 public:
  // The reference is for adding hint and notes at once. Beyond a bound (hostile files) findings are counted only.
  Diagnostic& error(int code, const Origin& origin, std::string message);
  Diagnostic& warning(int code, const Origin& origin, std::string message);

  std::size_t errors() const { return errors_; }
  bool has_error_at(const Origin& place) const { return places_.count({place.file, place.line, place.column}) != 0; }

  // The value at this place is a secret: it must not be shown.
  void secret_at(const Origin& value) { secrets_.insert({value.file, value.line, value.column}); }
  bool is_secret(const Origin& value) const { return secrets_.count({value.file, value.line, value.column}) != 0; }
  const std::set<std::tuple<std::string, uint32_t, uint32_t>>& secrets() const { return secrets_; }
  // The value at this place is a URL of which only scheme and host may be shown.
  void secret_url_at(const Origin& value) { secret_urls_.insert({value.file, value.line, value.column}); }
  bool is_secret_url(const Origin& value) const {
    return secret_urls_.count({value.file, value.line, value.column}) != 0;
  }
  const std::set<std::tuple<std::string, uint32_t, uint32_t>>& secret_urls() const { return secret_urls_; }

  // Sorted by file and position, without repeats, at most `max_errors` errors and as many warnings.
  std::vector<Diagnostic> sorted(std::size_t max_errors) const;

 private:
  Diagnostic& add(Severity severity, int code, const Origin& origin, std::string message);

  std::deque<Diagnostic> all_;
  Diagnostic overflow_;
  std::size_t errors_ = 0;
  std::set<std::tuple<std::string, uint32_t, uint32_t>> secrets_, secret_urls_;
  std::set<std::tuple<std::string, uint32_t, uint32_t>> places_;  // of errors
};

}  // namespace csiem::config
