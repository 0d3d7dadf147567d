// A snapshot as Prometheus text, version 0.0.4.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "admin/process_figures.hpp"
#include "admin/snapshot.hpp"

namespace csiem::admin {

inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// Requests answered, by path template and HTTP status.
using RequestCounts = std::map<std::pair<std::string, unsigned>, uint64_t>;

// Every family of ux.md 9 for which the daemon has figures, each with HELP and TYPE.
std::string metrics_text(const Snapshot& snapshot, const ProcessFigures& process, const RequestCounts& requests);

// Writes families one after the other.
class Exposition {
 public:
  struct Label {
    std::string_view name, value;
  };
  using Labels = std::initializer_list<Label>;

  // Begins a family. `type` is counter, gauge or histogram; the samples that follow belong to it.
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(Labels labels, uint64_t value);
  void sample(Labels labels, int64_t value);
  void sample(Labels labels, double value);
  // The series of one histogram: cumulative buckets with +Inf, sum and count.
  void histogram(Labels labels, const Histogram& histogram);

  const std::string& text() const noexcept { return text_; }

 private:
  void line(std::string_view suffix, Labels labels, std::string_view bound, std::string_view value);

  std::string name_, text_;
};

}  // namespace csiem::admin
