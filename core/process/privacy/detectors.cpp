#include "process/privacy/detectors.hpp"

#include <re2/re2.h>

#include <algorithm>

namespace csiem::process {
namespace {

constexpr int kMaxProgram = 10'000;  // instructions: about what a class of a thousand repetitions takes

constexpr Detector kDetectors[] = {
#define X(name, pattern, group, trigger, accept, key) {#name, pattern, group, trigger, validators::accept, key},
#include "process/privacy/detectors.def"
#undef X
};

}  // namespace

std::span<const Detector> detectors() { return kDetectors; }

const Detector* find_detector(std::string_view name) {
  const auto found =
      std::find_if(std::begin(kDetectors), std::end(kDetectors), [&](const Detector& d) { return d.name == name; });
  return found == std::end(kDetectors) ? nullptr : found;
}

PatternFault check_pattern(std::string_view pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 compiled(re2::StringPiece(pattern.data(), pattern.size()), options);
  PatternFault fault;
  fault.length = pattern.size();
  if (!compiled.ok()) {
    fault.what = compiled.error();
    const std::string& part = compiled.error_arg();
    const std::size_t at = part.empty() ? std::string_view::npos : pattern.find(part);
    if (at != std::string_view::npos) {
      fault.offset = at;
      fault.length = part.size();
    }
  } else if (RE2::FullMatch("", compiled)) {
    fault.what = "the pattern fits the empty text, so it would fit everywhere";
  } else if (compiled.ProgramSize() > kMaxProgram) {
    fault.what = "the pattern is too large";
  }
  return fault;
}

}  // namespace csiem::process
