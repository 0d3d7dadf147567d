#include "cli/ask_destinations.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "base/clock.hpp"
#include "credentials/credential_store.hpp"
#include "delivery/lane.hpp"
#include "pipeline/credential_settings.hpp"
#include "store/no_cursor.hpp"

namespace csiem::cli {
namespace {

using delivery::HealthReport;

constexpr int64_t kLongestTimeoutMs = 10'000;
constexpr auto kLook = std::chrono::milliseconds(200);

// Answers as they come, from the delivery threads.
class Answers {
 public:
  void put(std::size_t at, const HealthReport& report) {
    const std::lock_guard lock(mutex_);
    reports_.emplace_back(at, report);
    changed_.notify_all();
  }
  // Waits a moment for `wanted` of them.
  bool wait(std::size_t wanted) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLook, [&] { return reports_.size() >= wanted; });
  }
  std::vector<std::pair<std::size_t, HealthReport>> all() const {
    const std::lock_guard lock(mutex_);
    return reports_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::size_t, HealthReport>> reports_;
};

bool resolved(const config::Exporter& exporter, const credentials::CredentialStore& store) {
  const auto there = [&](const config::Destination& destination) {
    return std::all_of(destination.secrets.begin(), destination.secrets.end(), [&](const config::SecretBinding& one) {
      if (one.reference.empty()) return true;
      const auto reference = credentials::parse_reference(one.reference);
      return reference && store.get(reference->text()) != nullptr;
    });
  };
  return there(exporter.fallback) && std::all_of(exporter.routes.begin(), exporter.routes.end(), there);
}

}  // namespace

std::vector<Asked> ask_destinations(const config::Configuration& configuration, plugin::Registry& plugins) {
  credentials::CredentialStore secrets(pipeline::credential_settings(configuration.credentials), system_clock());
  const auto answers = std::make_shared<Answers>();
  delivery::Delivery delivery(0, system_clock());
  std::vector<Asked> all;
  for (const config::Exporter& exporter : configuration.exporters) {
    if (!exporter.enabled) continue;
    const auto component = plugins.exporter(exporter.type);
    if (!component) continue;  // told by an earlier stage
    Asked& one = all.emplace_back();
    one.exporter = exporter.id;
    if ((*component)->exporter.health == nullptr) continue;
    delivery::LaneParts parts;
    parts.settings = exporter;
    parts.settings.timeout_ms = std::min(exporter.timeout_ms, kLongestTimeoutMs);
    parts.exporter = *component;
    parts.credentials = &secrets;
    parts.cursor = std::make_unique<store::NoCursor>();
    parts.from_log = parts.watch_health = false;
    one.kind = delivery.add_lane(std::move(parts)) ? Asked::Kind::answered : Asked::Kind::not_creatable;
  }
  secrets.resolve();  // the lanes have named what they need

  std::size_t open = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].kind != Asked::Kind::answered) continue;
    const auto settings = std::find_if(configuration.exporters.begin(), configuration.exporters.end(),
                                       [&](const config::Exporter& one) { return one.id == all[i].exporter; });
    if (!resolved(*settings, secrets)) {
      all[i].kind = Asked::Kind::unresolved;
      continue;
    }
    if (delivery.check_health(all[i].exporter, [answers, i](const HealthReport& report) { answers->put(i, report); }))
      ++open;
    else
      all[i].kind = Asked::Kind::not_creatable;
  }
  // Each check ends by itself; a plugin that does not return from one is left behind by watch().
  while (!answers->wait(open)) delivery.watch();
  delivery.stop();
  for (const auto& [at, report] : answers->all()) {
    all[at].report = report;
    if (report.good() && report.basis == HealthReport::Basis::delivery) all[at].kind = Asked::Kind::nothing;
  }
  return all;
}

}  // namespace csiem::cli
