// The privacy rules on hostile text: a planted secret never comes through, and a second pass changes nothing.
// SPDX-License-Identifier: Apache-2.0
#include "process/privacy/redactor.hpp"

#include <csiem/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/buffer.hpp"
#include "ingest/ingest.hpp"
#include "process/privacy/detectors.hpp"
#include "process/stamp.hpp"

using namespace csiem;

namespace {

constexpr std::string_view kSecret = "AKIAIOSFODNN7EXAMPLE";
constexpr int64_t kNow = 1'772'500'000'000'000'000;

process::PrivacySettings everything() {
  process::PrivacySettings settings;
  for (const auto& detector : process::detectors()) settings.detectors.emplace_back(detector.name);
  settings.patterns = {{"employee", "^EMP-[0-9]+$"}};
  settings.drop_fields = {"metadata.**.prompt"};
  settings.redact_fields = {"session", "metadata.a.*"};
  return settings;
}

// The canonical text of the line's event after the rules; empty when the line is none.
std::string redacted(std::string_view line, process::Redactor& redactor, ingest::Mapper& mapper) {
  event::BatchBuilder batch(event::BatchPool::create());
  if (mapper.map(line, kNow, batch).accepted == 0) return {};
  process::Stamper(process::StampSettings{}).stamp(batch, 0, kNow);
  redactor.redact(batch, 0);
  return std::string(view(batch.events()[0].canonical_json));
}

}  // namespace

// The input is a line; and it is text around a secret in the metadata of an event.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  static process::Redactor redactor(everything());
  static process::PrivacySettings detectors_only = [] {
    auto settings = everything();
    settings.drop_fields.clear();
    settings.redact_fields.clear();
    return settings;
  }();
  static process::Redactor lines(detectors_only);
  static ingest::Mapper mapper{ingest::Options{}};
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  const std::string once = redacted(input, redactor, mapper);
  if (!once.empty() && redacted(once, redactor, mapper) != once) std::abort();

  // As part of a longer word the secret is none.
  if (input.find(kSecret) != std::string_view::npos) return 0;
  const std::string_view front = input.substr(0, size / 2);
  const std::string planted =
      std::string(front) + " " + std::string(kSecret) + " " + std::string(input.substr(size / 2));
  if (lines.unread_line(planted).find(kSecret) != std::string_view::npos) std::abort();

  Buffer line;
  Out out(line.writer());
  out.raw(R"({"schema_version":"1.0.0","event_type":"guard_block","decision":{"allowed":false},"metadata":{"x":[")");
  out.escaped(planted);
  out.raw(R"("]}})");
  if (redacted(line.view(), redactor, mapper).find(kSecret) != std::string::npos) std::abort();
  return 0;
}
