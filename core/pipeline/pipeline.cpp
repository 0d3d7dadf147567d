#include "pipeline/pipeline.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/fault_point.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "pipeline/credential_settings.hpp"
#include "pipeline/lane_parts.hpp"
#include "pipeline/revive.hpp"
#include "process/privacy/keyed_hash.hpp"

namespace csiem::pipeline {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
// The ring, what lanes hold and what waits for the disk have to fit into 128 MiB together (delivery.md 11). A lane that
// falls further behind finds its events in the page cache.
constexpr std::size_t kRingBytes = 16U << 20;

store::Durability durability(const std::string& word) {
  if (word == "interval") return store::Durability::interval;
  return word == "none" ? store::Durability::none : store::Durability::sync;
}

store::CursorOptions cursor_options(const config::Exporter& exporter) {
  store::CursorOptions options;
  options.exporter_id = exporter.id;
  options.ordered = exporter.ordered;
  options.priority_severity = exporter.priority_severity;
  if (exporter.start == "oldest") {
    options.start = store::CursorOptions::Start::oldest;
  } else if (exporter.start != "now") {
    options.start = store::CursorOptions::Start::time;
    options.start_unix_ns = exporter.start_unix_ns;
  }
  options.limits.max_bytes = exporter.queue.max_bytes;
  options.limits.max_age_ms = exporter.queue.max_age_ms;
  options.limits.when_full = exporter.queue.when_full == "block"         ? store::WhenFull::block
                             : exporter.queue.when_full == "drop_oldest" ? store::WhenFull::drop_oldest
                             : exporter.queue.when_full == "dlq"         ? store::WhenFull::dead_letter
                                                                         : store::WhenFull::drop_lowest_severity;
  options.limits.keeps_letters = exporter.dlq.enabled;
  options.limits.dead_max_bytes = exporter.dlq.max_bytes;
  options.limits.dead_max_age_ms = exporter.dlq.max_age_ms;
  return options;
}

}  // namespace

Pipeline::Pipeline(const config::Configuration& configuration, plugin::Registry& plugins, PipelineOptions options)
    : configuration_(configuration),
      plugins_(plugins),
      options_(std::move(options)),
      clock_(system_clock()),
      schemas_(plugins, {configuration.global.host_name, std::string(kVersion)}),
      credentials_(credential_settings(configuration.credentials), clock_) {}

Pipeline::~Pipeline() {
  send_tests_.reset();
  if (intake_) intake_->stop();
  if (delivery_) delivery_->stop();
  replays_.reset();
  delivery_.reset();
  store_.reset();  // ends its threads, which use the bus and the intake
  if (!temporary_directory_.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(temporary_directory_, ignored);
  }
}

// The data path in its order: the store knows what was done, lanes take events out of it, sources put them in.
Result<std::unique_ptr<Pipeline>> Pipeline::start(const config::Configuration& configuration, plugin::Registry& plugins,
                                                  PipelineOptions options) {
  std::unique_ptr<Pipeline> pipeline(new Pipeline(configuration, plugins, std::move(options)));
  CS_CHECK(pipeline->open_store());
  CS_CHECK(pipeline->open_lanes());
  CS_CHECK(pipeline->know_hash_key());
  pipeline->resolve_credentials(true);
  CS_CHECK(pipeline->look_for_hash_key());
  pipeline->connect();
  CS_CHECK(pipeline->open_sources());
  return pipeline;
}

Result<void> Pipeline::open_store() {
  std::string directory = configuration_.global.data_dir;
  if (options_.dry_run) {
    std::string pattern = (std::filesystem::temp_directory_path() / "clawdstrike-siem-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) return Error{Code::io, "cannot create a temporary directory", 5005};
    directory = temporary_directory_ = pattern;
  }
  store::Options store_options;
  store_options.directory = directory;
  store_options.revive = make_reviver();
  store_options.clock = &clock_;
  store_options.max_bytes = configuration_.store.max_bytes;
  store_options.ring_bytes = kRingBytes;
  store_options.sync_interval_ms = configuration_.store.interval_ms;
  store_options.durability = options_.dry_run ? store::Durability::none : durability(configuration_.store.durability);
  auto opened = store::open_store(std::move(store_options));
  if (!opened) return std::move(opened).error();
  store_ = std::move(*opened);
  return {};
}

Result<void> Pipeline::open_lanes() {
  delivery_ = std::make_unique<delivery::Delivery>(options_.delivery_threads, clock_);
  std::size_t running = 0;
  std::size_t wanted = 0;
  for (const auto& exporter : configuration_.exporters) {
    if (!exporter.enabled) continue;
    ++wanted;
    if (auto opened = open_lane(exporter); opened) {
      ++running;
    } else {
      const std::string why = exporter.id + ": " + opened.error().what();
      log::error(opened.error().message_code(), exporter.id,
                 opened.error().what() + " (" + exporter.origin.text() + "); the other exporters keep working");
      left_out_.push_back(why);
    }
  }
  if (running == 0 && wanted > 0) return Error{Code::invalid, "no exporter could be started", 3001};
  return {};
}

Result<void> Pipeline::open_lane(const config::Exporter& exporter) {
  CS_TRY(parts, lane_parts(exporter, plugins_, schemas_, configuration_.schema.default_format));
  CS_TRY(cursor, store_->open_cursor(cursor_options(exporter)));
  parts.credentials = &credentials_;
  parts.refresh_credential = [this](const std::string& key, std::function<void(bool)> done) {
    refresh_credential(key, std::move(done));
  };
  parts.cursor = std::move(cursor);
  parts.clock = &clock_;
  parts.dry_run = options_.dry_run;
  parts.eased = [this] {
    if (Intake* const intake = waiting_intake_.load(std::memory_order_acquire)) intake->resume();
  };
  parts.from_log = !options_.replay_only;
  // A run that is to end learns from its deliveries.
  parts.watch_health = !options_.once && !options_.replay_only;
  return delivery_->add_lane(std::move(parts));
}

void Pipeline::connect() {
  store_->on_publish([this](const event::BatchRef& batch) { bus_.emit(batch); });
  gap_notices_ = std::make_unique<GapNotices>(*delivery_, make_reviver(), configuration_.global.host_name);
  for (const auto& exporter : configuration_.exporters)
    if (exporter.enabled && exporter.announce_gaps) gap_notices_->announce_for(exporter.id);
  store_->on_gap([this](const store::Gap& gap) { gap_notices_->add(gap); });
  replays_ = std::make_unique<Replays>(*store_, *delivery_, make_reviver(), clock_);
  SendTests::Parts tests;
  tests.configuration = &configuration_;
  tests.plugins = &plugins_;
  tests.schemas = &schemas_;
  tests.credentials = &credentials_;
  tests.clock = &clock_;
  tests.dry_run = options_.dry_run;
  tests.on_control = options_.on_control;
  send_tests_ = std::make_unique<SendTests>(std::move(tests));
}

Result<void> Pipeline::open_sources() {
  IntakeParts parts;
  for (const auto& source : configuration_.sources)
    if (source.enabled && !options_.replay_only) parts.sources.push_back(source);
  parts.global = configuration_.global;
  parts.filtering = configuration_.filtering;
  parts.privacy = configuration_.privacy.rules;
  if (!hash_key_.empty()) parts.hash_key = [this] { return credentials_.get(hash_key_); };
  parts.store = store_.get();
  parts.clock = &clock_;
  parts.must_wait = [this] { return sources_must_wait(); };
  parts.once = options_.once;
  intake_ = std::make_unique<Intake>(std::move(parts));
  store_->on_progress([this] { intake_->resume(); });
  waiting_intake_.store(intake_.get(), std::memory_order_release);
  return intake_->start();
}

Result<void> Pipeline::know_hash_key() {
  const auto& privacy = configuration_.privacy;
  if (privacy.rules.hash_fields.empty() || options_.replay_only) return {};
  if (!credentials::is_reference(privacy.hash_key)) {
    hash_key_ = credentials_.add_literal("privacy.hash_key", privacy.hash_key);
    return {};
  }
  CS_TRY(reference, credentials::parse_reference(privacy.hash_key));
  hash_key_ = credentials_.add(reference);
  return {};
}

// A daemon waits for the key, as for any credential; a run that is to end would wait for nothing.
Result<void> Pipeline::look_for_hash_key() {
  if (hash_key_.empty()) return {};
  const auto key = credentials_.get(hash_key_);
  if (key != nullptr && key->size() >= process::KeyedHash::kMinKeyBytes) return {};
  const std::string why = key == nullptr ? "privacy.hash_key is not there, and privacy.hash_fields needs it"
                                         : "privacy.hash_key is shorter than 16 bytes";
  if (options_.once) return Error{Code::invalid, why, 2005};
  log::error(2005, {}, why + ": the sources wait");
  return {};
}

// The fastest lane sets the pace, so that the log is not filled faster than anybody can use it. A lane that is slower,
// or cannot deliver, lags behind in the log and holds nobody back.
bool Pipeline::sources_must_wait() const { return store_->must_wait() || delivery_->sources_should_wait(); }

void Pipeline::resolve_credentials(bool first) {
  auto failed = credentials_.resolve();
  for (const auto& [name, error] : failed)
    log::warn(error.message_code() != 0 ? error.message_code() : 2001, {},
              "credential " + name + ": " + error.what() + "; what needs it waits and starts by itself");
  unresolved_ = !failed.empty();
  next_resolve_ns_ = clock_.mono_ns() + kSecondNs;
  if (const uint64_t changes = credentials_.changes(); changes != std::exchange(credentials_seen_, changes) || first)
    delivery_->credentials_changed();
}

void Pipeline::refresh_credential(const std::string& key, std::function<void(bool)> done) {
  options_.on_control([this, key, done = std::move(done)] {
    const auto changed = credentials_.refresh(key);
    done(changed && *changed);
  });
}

bool Pipeline::check_health(std::string_view exporter, std::function<void()> done) {
  return delivery_->check_health(
      exporter, [this, done = std::move(done)](const delivery::HealthReport&) { options_.on_control(done); });
}

void Pipeline::tick() {
  const int64_t now = clock_.mono_ns();
  replays_->tick();
  send_tests_->tick();
  gap_notices_->tick();
  if (now >= next_resolve_ns_) resolve_credentials(false);
  if (now >= next_watch_ns_) {
    next_watch_ns_ = now + kSecondNs;
    delivery_->watch();
  }
  if (now >= next_log_flush_ns_) {
    next_log_flush_ns_ = now + 10 * kSecondNs;
    log::flush_repeats();
  }
  // A lane's condition may have changed without a settlement.
  intake_->resume();
}

bool Pipeline::idle() const {
  return !unresolved_ && store_->unsettled_events() == 0 && store_->health() == store::Health::ok &&
         !replays_->busy() && !send_tests_->busy();
}

void Pipeline::begin_drain() {
  CSIEM_FAULT_POINT("drain");
  intake_->stop();
  // What was read is on its way to the lanes when this returns, unless the disk does not take it.
  static_cast<void>(store_->flush());
  delivery_->flush();
}

Pipeline::Stopped Pipeline::stop() {
  intake_->stop();
  delivery_->stop();
  Stopped stopped;
  stopped.written = store_->flush();
  if (!stopped.written) log::error(stopped.written.error().message_code(), {}, stopped.written.error().what());
  stopped.unsettled = store_->unsettled_events();
  return stopped;
}

}  // namespace csiem::pipeline
