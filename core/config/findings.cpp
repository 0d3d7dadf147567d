#include "config/findings.hpp"

#include <algorithm>

namespace csiem::config {
namespace {

constexpr std::size_t kMaxCollected = 10'000;

auto rank(const Diagnostic& d) {
  return std::tie(d.origin.file, d.origin.line, d.origin.column, d.severity, d.code, d.message);
}

}  // namespace

std::string Origin::text() const {
  if (line == 0) return file;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

Diagnostic& Findings::add(Severity severity, int code, const Origin& origin, std::string message) {
  errors_ += severity == Severity::error;
  Diagnostic diagnostic{severity, code, std::move(message), origin, {}, {}};
  if (all_.size() >= kMaxCollected) return overflow_ = std::move(diagnostic);
  return all_.emplace_back(std::move(diagnostic));
}

Diagnostic& Findings::error(int code, const Origin& origin, std::string message) {
  places_.insert({origin.file, origin.line, origin.column});
  return add(Severity::error, code, origin, std::move(message));
}

Diagnostic& Findings::warning(int code, const Origin& origin, std::string message) {
  return add(Severity::warning, code, origin, std::move(message));
}

std::vector<Diagnostic> Findings::sorted(std::size_t max_errors) const {
  std::vector<Diagnostic> all(all_.begin(), all_.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return rank(a) < rank(b); });
  // A route repeats what its exporter got wrong.
  all.erase(std::unique(all.begin(), all.end(), [](const auto& a, const auto& b) { return rank(a) == rank(b); }),
            all.end());
  std::vector<Diagnostic> kept;
  std::size_t count[2] = {0, 0};
  for (auto& diagnostic : all) {
    if (count[diagnostic.severity == Severity::error ? 0 : 1]++ < max_errors) kept.push_back(std::move(diagnostic));
  }
  if (count[0] > max_errors && !kept.empty())
    kept.back().notes.push_back(std::to_string(count[0] - max_errors) + " more errors are not shown");
  return kept;
}

bool Loaded::ok() const {
  return std::none_of(diagnostics.begin(), diagnostics.end(),
                      [](const auto& d) { return d.severity == Severity::error; });
}

}  // namespace csiem::config
