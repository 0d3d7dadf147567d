#include "cli/admin_backend.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "admin/socket_path.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "cli/send_test_document.hpp"
#include "cli/store_backend.hpp"

namespace csiem::cli {
namespace {

using delivery::LaneState;

std::string abi_text(uint32_t abi) { return std::to_string(abi >> 16) + "." + std::to_string(abi & 0xffff); }

admin::IntakeView intake_view(const pipeline::IntakeStats& stats) {
  admin::IntakeView view;
  view.lines = stats.lines.load(std::memory_order_relaxed);
  view.bytes = stats.bytes.load(std::memory_order_relaxed);
  view.accepted = stats.accepted.load(std::memory_order_relaxed);
  view.filtered = stats.filtered.load(std::memory_order_relaxed);
  view.repeated = stats.repeated.load(std::memory_order_relaxed);
  view.quarantined = stats.quarantined.load(std::memory_order_relaxed);
  view.not_events = stats.suppressed.load(std::memory_order_relaxed);
  view.foreign = stats.foreign.load(std::memory_order_relaxed);
  view.utf8_repaired = stats.utf8_repaired.load(std::memory_order_relaxed);
  return view;
}

void copy_counters(const delivery::LaneStats& stats, admin::ExporterView& view) {
  view.queued_bytes = stats.queued_bytes.load(std::memory_order_relaxed);
  view.possible_duplicates = stats.duplicates_possible.load(std::memory_order_relaxed);
  view.retries = stats.retries.load(std::memory_order_relaxed);
  view.bytes_raw = stats.bytes_raw.load(std::memory_order_relaxed);
  view.bytes_wire = stats.bytes_wire.load(std::memory_order_relaxed);
  view.retry_tokens = static_cast<double>(stats.retry_tokens_milli.load(std::memory_order_relaxed)) / 1000;
  view.breaches = stats.strikes.load(std::memory_order_relaxed);
  view.last_success_unix_ns = stats.last_success_unix_ns.load(std::memory_order_relaxed);
}

std::string store_health(const store::Store& store) {
  switch (store.health()) {
    case store::Health::ok:
      return "ok";
    case store::Health::full:
      return "store_full";
    case store::Health::failing:
      return "store_failing";
    case store::Health::failed:
      return "store_failed";
  }
  return "unknown";
}

admin::StoreView store_view(const store::Store& store, const store::Figures& figures) {
  static constexpr std::string_view kCauses[] = {"damaged_block", "unreadable_event", "missing_block"};
  admin::StoreView view;
  view.code = store.health_code();
  view.health = store_health(store);
  view.groups = figures.groups;
  view.committed = figures.committed;
  view.used_bytes = figures.used_bytes;
  view.max_bytes = figures.max_bytes;
  view.disk_free_bytes = figures.disk_free_bytes;
  view.quarantined = figures.quarantined;
  view.letters_dropped = figures.letters_dropped;
  view.letters_damaged = figures.letters_damaged;
  for (const uint64_t bound : store::Figures::kGroupBounds)
    view.group_events.bounds.push_back(static_cast<double>(bound));
  view.group_events.counts.assign(figures.group_events.begin(), figures.group_events.end());
  view.group_events.sum = static_cast<double>(figures.events);
  for (std::size_t i = 0; i < figures.lost.size(); ++i) view.lost.emplace_back(kCauses[i], figures.lost[i]);
  return view;
}

void copy_figures(const store::Figures& figures, admin::ExporterView& view) {
  for (const auto& exporter : figures.exporters) {
    if (exporter.id != view.id) continue;
    view.lag_bytes = exporter.lag_bytes;
    view.lag_limit_bytes = exporter.lag_limit_bytes;
    view.oldest_unix_ns = exporter.oldest_unix_ns;
    view.letters = exporter.letters;
    view.letter_bytes = exporter.letter_bytes;
  }
}

void copy_ledger(const store::Ledger& ledger, admin::ExporterView& view) {
  view.accepted = ledger.accepted;
  view.delivered = ledger.delivered;
  view.filtered = ledger.filtered;
  view.dead_lettered = ledger.dead_lettered;
  view.dropped = ledger.dropped();
  static constexpr std::string_view kSeverities[] = {"info", "low", "medium", "high", "critical"};
  for (std::size_t i = 0; i < ledger.dropped_by.size(); ++i)
    view.dropped_by.emplace_back(kSeverities[i], ledger.dropped_by[i]);
  view.lost = ledger.lost;
  view.queued = ledger.queued();
}

void copy_answers(const delivery::RequestStats& answers, admin::ExporterView& view) {
  for (std::size_t i = 0; i < delivery::kRequestClassWords.size(); ++i)
    view.requests.emplace_back(delivery::kRequestClassWords[i], answers.of(static_cast<delivery::RequestClass>(i)));
  const auto& bounds = delivery::RequestStats::kBounds;
  view.request_seconds.bounds.assign(bounds.begin(), bounds.end());
  for (std::size_t i = 0; i <= bounds.size(); ++i) view.request_seconds.counts.push_back(answers.in_bucket(i));
  view.request_seconds.sum = answers.seconds();
}

void copy_health(const delivery::HealthReport& health, const delivery::LaneStats& stats,
                 admin::ExporterView::Health& view) {
  view.asked = health.basis == delivery::HealthReport::Basis::answered;
  view.code = health.code;
  view.message = health.text;
  if (health.setting.line != 0) view.message += " (set at " + health.setting.text() + ")";
  view.checked_unix_ns = health.checked_unix_ns;
  view.took_ns = health.took_ns;
  view.checks = stats.health_checks.load(std::memory_order_relaxed);
  view.failures = stats.health_failures.load(std::memory_order_relaxed);
}

admin::ExporterView exporter_view(const delivery::Delivery::LaneView& lane, const config::Exporter& settings,
                                  plugin::Registry& plugins) {
  admin::ExporterView view;
  view.id = lane.id;
  view.format = lane.format;
  view.required = settings.required;
  if (const auto component = plugins.exporter(settings.type)) {
    view.plugin = (*component)->name;
    view.plugin_version = (*component)->version;
    view.plugin_abi = abi_text((*component)->abi_version);
  }
  const auto state = static_cast<LaneState>(lane.stats->state.load(std::memory_order_acquire));
  view.state = delivery::lane_state_word(state);
  const delivery::HealthReport& health = lane.health;
  view.healthy = (state == LaneState::running || state == LaneState::retrying) && health.good();
  view.problem_code = lane.stats->problem_code.load(std::memory_order_relaxed);
  copy_health(health, *lane.stats, view.health);
  // The error that is over is history, not the state.
  if (state != LaneState::running) view.last_error = lane.last_error;
  if (view.problem_code == 0) {
    view.problem_code = health.code;
    if (!health.good()) view.last_error = "health check: " + view.health.message;
  }
  copy_counters(*lane.stats, view);
  copy_ledger(lane.ledger, view);
  copy_answers(lane.stats->answers, view);
  view.mapping_skipped = lane.mapping_skipped;
  view.valid = lane.valid;
  view.invalid = lane.invalid;
  view.schema_violations = lane.violations;
  for (const auto& metric : lane.plugin_metrics) view.plugin_metrics.push_back({metric.name, metric.count, metric.sum});
  return view;
}

// The words that the pipeline wrote down for it: "id: why".
std::string why_left_out(const std::vector<std::string>& left_out, const std::string& id) {
  for (const std::string& one : left_out)
    if (one.starts_with(id + ": ")) return one.substr(id.size() + 2);
  return {};
}

admin::Snapshot take_snapshot(const pipeline::Pipeline& pipeline, const config::Configuration& configuration,
                              plugin::Registry& plugins) {
  admin::Snapshot snapshot;
  snapshot.version = kVersion;
  snapshot.abi = abi_text(CSIEM_ABI_VERSION);
  snapshot.config_files = configuration.files;
  snapshot.taken_unix_ns = system_clock().unix_ns();
  snapshot.taken_mono_ns = system_clock().mono_ns();
  snapshot.lost_threads = pipeline.delivery().abandoned_threads();
  snapshot.unsettled_events = pipeline.unsettled_events();
  snapshot.memory_limit_bytes = configuration.global.memory_limit_bytes;
  const store::Figures figures = pipeline.store().figures();
  snapshot.store = store_view(pipeline.store(), figures);
  snapshot.intake = intake_view(pipeline.intake().stats());
  for (const auto& counter : pipeline.intake().redactions().all())
    snapshot.redactions.push_back({counter.rule, counter.count.load(std::memory_order_relaxed)});
  for (const auto& source : pipeline.intake().sources())
    snapshot.sources.push_back(
        {source.id, source.type, source.path, source.problem, source.problem_code, source.events});
  const auto lanes = pipeline.delivery().lanes();
  for (const auto& exporter : configuration.exporters) {
    if (!exporter.enabled) continue;
    const auto lane = std::find_if(lanes.begin(), lanes.end(), [&](const auto& one) { return one.id == exporter.id; });
    if (lane != lanes.end()) {
      snapshot.exporters.push_back(exporter_view(*lane, exporter, plugins));
      copy_figures(figures, snapshot.exporters.back());
    } else {
      snapshot.left_out.push_back({exporter.id, why_left_out(pipeline.left_out(), exporter.id), exporter.required});
    }
  }
  return snapshot;
}

Result<void> act(pipeline::Pipeline& pipeline, admin::Action action, const std::string& exporter) {
  for (const auto& lane : pipeline.delivery().lanes())
    if (lane.id == exporter && lane.stats->state.load(std::memory_order_acquire) == static_cast<int>(LaneState::parked))
      return Error{Code::denied, "exporter " + exporter + " is parked, a restart lifts it: " + lane.last_error,
                   lane.stats->problem_code.load(std::memory_order_relaxed)};
  const bool taken = action == admin::Action::pause    ? pipeline.pause(exporter)
                     : action == admin::Action::resume ? pipeline.resume(exporter)
                                                       : pipeline.flush(exporter);
  if (!taken) return Error{Code::denied, "exporter " + exporter + " takes no orders any more", 3011};
  return {};
}

}  // namespace

std::string socket_setting(const GlobalArguments& global, const std::string& configured) {
  if (!global.socket.empty()) return global.socket;
  const char* wanted = std::getenv("CLAWDSTRIKE_SIEM_SOCKET");
  return wanted != nullptr && *wanted != '\0' ? std::string(wanted) : configured;
}

Result<std::optional<admin::SocketFile>> open_admin_socket(const Arguments& arguments,
                                                           const config::Admin& configured) {
  std::optional<admin::SocketFile> none;
  // A run that ends by itself must not keep the daemon beside it from its socket.
  if ((arguments.run.once || arguments.run.dry_run) && arguments.global.socket.empty()) return none;
  const std::string setting = socket_setting(arguments.global, configured.socket);
  if (setting.empty()) return none;
  const bool automatic = setting == "auto";
  auto opened = admin::SocketFile::open(automatic ? admin::automatic_socket_path() : setting, configured.socket_mode);
  if (opened) return std::optional<admin::SocketFile>(*std::move(opened));
  if (!automatic || opened.error().message_code() == 8001) return std::move(opened).error();
  log::warn(opened.error().message_code(), {}, opened.error().what() + "; running without one");
  return none;
}

admin::Access admin_access(const config::Admin& configured) {
  return admin::Access(configured.viewers, configured.operators, configured.admins);
}

admin::Backend admin_backend(pipeline::Pipeline& pipeline, const config::Configuration& configuration,
                             plugin::Registry& plugins, StoreSearch& search, const bool& draining) {
  admin::Backend backend;
  const int64_t started = system_clock().unix_ns();
  backend.snapshot = [&pipeline, &configuration, &plugins, &draining, started] {
    admin::Snapshot snapshot = take_snapshot(pipeline, configuration, plugins);
    snapshot.started_unix_ns = started;
    snapshot.draining = draining;
    return snapshot;
  };
  backend.store_health = [&pipeline] { return store_health(pipeline.store()); };
  backend.act = [&pipeline](admin::Action action, const std::string& exporter) {
    return act(pipeline, action, exporter);
  };
  backend.check_health = [&pipeline](const std::string& exporter, std::function<void(Result<void>)> done) {
    auto shared = std::make_shared<std::function<void(Result<void>)>>(std::move(done));
    if (!pipeline.check_health(exporter, [shared] { (*shared)(Result<void>()); }))
      (*shared)(Error{Code::denied, "exporter " + exporter + " takes no orders any more", 3011});
  };
  backend.store = [&pipeline, &configuration](admin::StoreRequest what, const admin::Parameters& parameters) {
    return ask_store(pipeline, configuration, what, parameters);
  };
  backend.send_test = [&pipeline](const std::string& exporter, const admin::Parameters& parameters,
                                  std::function<void(Result<std::string>)> done) {
    auto order = send_test_order(exporter, parameters);
    if (!order) return done(std::move(order).error());
    // By a shared pointer: one of the two calls it.
    const auto tell = std::make_shared<std::function<void(Result<std::string>)>>(std::move(done));
    auto begun = pipeline.send_tests().start(
        *std::move(order), [tell](const pipeline::SendTestReport& report) { (*tell)(send_test_document(report)); });
    if (!begun) (*tell)(std::move(begun).error());
  };
  backend.search = [&search](admin::StoreRequest what, admin::Parameters parameters,
                             std::function<void(Result<std::string>)> done) {
    search.ask(what, std::move(parameters), std::move(done));
  };
  return backend;
}

}  // namespace csiem::cli
