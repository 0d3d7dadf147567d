#include "admin/rates.hpp"

namespace csiem::admin {
namespace {

double per_second(const std::map<std::string, uint64_t>& then, const std::string& id, uint64_t count, int64_t ns) {
  const auto before = then.find(id);
  if (before == then.end() || ns <= 0 || count < before->second) return 0;
  return static_cast<double>(count - before->second) * 1e9 / static_cast<double>(ns);
}

}  // namespace

void Rates::sample(const Snapshot& snapshot) {
  if (samples_.size() == kSamples) samples_.pop_front();
  Sample& sample = samples_.emplace_back();
  sample.mono_ns = snapshot.taken_mono_ns;
  for (const ExporterView& exporter : snapshot.exporters) sample.delivered[exporter.id] = exporter.delivered;
  for (const SourceView& source : snapshot.sources) sample.read[source.id] = source.events;
}

double Rates::delivered(const Snapshot& now, const ExporterView& exporter) const {
  if (samples_.empty()) return 0;
  const Sample& then = samples_.front();
  return per_second(then.delivered, exporter.id, exporter.delivered, now.taken_mono_ns - then.mono_ns);
}

double Rates::read(const Snapshot& now, const SourceView& source) const {
  if (samples_.empty()) return 0;
  const Sample& then = samples_.front();
  return per_second(then.read, source.id, source.events, now.taken_mono_ns - then.mono_ns);
}

}  // namespace csiem::admin
