#include "pipeline/intake.hpp"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "pipeline/input.hpp"
#include "pipeline/waker.hpp"

namespace csiem::pipeline {

namespace asio = boost::asio;

process::StampSettings stamp_settings(const config::Global& global) {
  process::StampSettings settings;
  settings.environment = global.environment;
  settings.tenant_id = global.tenant_id;
  settings.override_fields = global.override_fields;
  settings.labels = global.labels;
  return settings;
}

namespace {

constexpr std::size_t kBlockBytes = 256 * 1024;
constexpr uint32_t kLookAgainMs = 1000;

source::FileOptions file_options(const config::Source& settings, const store::Store& store, bool once) {
  source::FileOptions options;
  options.id = settings.id;
  options.path = settings.path;
  // A checkpoint always counts, so that a restart neither loses nor repeats; `read_from` says where a file begins that
  // has none. "Read everything available" means from the start of a file that was never read.
  options.start = source::FileOptions::Start::checkpoint;
  options.first_start_at_end = settings.read_from != "beginning" && !(once && settings.read_from == "checkpoint") &&
                               !store.checkpoint_lost(settings.id);
  options.checkpoint = store.checkpoint(settings.id);
  options.take_tail = once;
  options.max_line_bytes = settings.max_line_bytes;
  return options;
}

}  // namespace

struct Intake::Impl {
  explicit Impl(IntakeParts given)
      : parts(std::move(given)),
        waker(loop, [this] { ask_for_turn(); }),
        shop{event::BatchBuilder(event::BatchPool::create()),
             process::Stamper(stamp_settings(parts.global)),
             process::Redactor(parts.privacy),
             process::Filter(parts.filtering),
             ingest::RecentIds(),
             *parts.store,
             stats} {}

  Result<void> open_sources() {
    // Lines that are read again although their events are in the log are recognised.
    CS_CHECK(parts.store->recent_ids([&](const event::UuidBits& id, int64_t accepted) {
      static_cast<void>(shop.recent.seen_before(id, accepted));
    }));
    for (const auto& settings : parts.sources) {
      auto opened =
          settings.type == "stdin"
              ? source::read_stdin({.id = settings.id, .fd = 0, .max_line_bytes = settings.max_line_bytes}, waker)
              : source::follow_file(file_options(settings, *parts.store, parts.once), waker);
      if (!opened) return std::move(opened).error().in("source " + settings.id);
      inputs.push_back(std::make_unique<Input>(settings, std::move(*opened), parts.global.attack));
    }
    return {};
  }

  void ask_for_turn() {
    if (turn_pending) return;
    turn_pending = true;
    asio::post(loop, [this] {
      turn_pending = false;
      turn();
    });
  }

  // One block of every source. Asks for another turn as long as anything came.
  void turn() {
    if (stopping.load(std::memory_order_acquire)) return;
    bool came = false;
    for (auto& input : inputs) {
      if (must_wait()) {
        waiting.store(true, std::memory_order_release);
        // The condition may have cleared between the two looks; resume() would have seen no flag.
        if (must_wait()) return publish_condition(true);
        waiting.store(false, std::memory_order_release);
      }
      came = read_one(*input) || came;
    }
    publish_condition(came);
    if (came) ask_for_turn();
  }

  bool must_wait() { return parts.must_wait() || !key_at_hand(); }

  // Events whose fields are to be hashed are not read without the key. A key that was replaced counts from here on.
  bool key_at_hand() {
    if (!parts.hash_key) return true;
    const auto key = parts.hash_key();
    if (key != hash_key) {
      hash_key = key;
      const bool good =
          key != nullptr && key->use([&](std::string_view bytes) { return shop.redactor.set_key(bytes); });
      if (key != nullptr && !good) log::error(2005, {}, "privacy.hash_key is shorter than 16 bytes: nothing is read");
    }
    return !shop.redactor.needs_key();
  }

  bool read_one(Input& input) {
    const auto block = input.source().read(kBlockBytes);
    input.report();
    if (!block) return false;
    shop.builder.expect(block->bytes.size());
    if (!input.take(*block, parts.clock->unix_ns(), shop)) return false;
    const auto batch = shop.builder.seal(parts.clock->mono_ns());
    if (auto appended = parts.store->append(batch, input.settings().id, block->checkpoint); !appended) {
      log::error(appended.error().message_code(), {}, appended.error().what());
      return false;
    }
    return true;
  }

  void publish_condition(bool busy) {
    bool all_ended = !inputs.empty();
    bool quiet = !busy;
    std::vector<SourceView> views;
    for (const auto& input : inputs) {
      const auto state = input->source().state();
      all_ended = all_ended && state == source::State::ended;
      quiet = quiet && state != source::State::readable;
      views.push_back({input->settings().id, input->settings().type, input->settings().path, input->source().problem(),
                       input->source().problem_code(), input->events()});
    }
    {
      const std::lock_guard lock(view_mutex);
      source_views = std::move(views);
    }
    is_ended.store(all_ended && !busy, std::memory_order_release);
    is_drained.store(quiet, std::memory_order_release);
  }

  void look_again() {
    waker.after_ms(kLookAgainMs, [this] {
      ask_for_turn();
      look_again();
    });
  }

  IntakeParts parts;
  IntakeStats stats;
  asio::io_context loop{1};
  LoopWaker waker;
  Workshop shop;
  std::vector<std::unique_ptr<Input>> inputs;
  bool turn_pending = false;        // ingest thread
  credentials::SecretRef hash_key;  // that the redactor has; ingest thread
  std::atomic<bool> stopping{false}, waiting{false}, is_drained{false}, is_ended{false};
  mutable std::mutex view_mutex;  // guards source_views
  std::vector<SourceView> source_views;
  std::thread thread;
};

Intake::Intake(IntakeParts parts) : impl_(std::make_unique<Impl>(std::move(parts))) {}

Intake::~Intake() { stop(); }

Result<void> Intake::start() {
  CS_CHECK(impl_->open_sources());
  impl_->ask_for_turn();
  impl_->look_again();
  impl_->thread = std::thread([this] {
    pthread_setname_np(pthread_self(), "ingest");
    const auto guard = asio::make_work_guard(impl_->loop);
    impl_->loop.run();
  });
  return {};
}

void Intake::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->stopping.store(true, std::memory_order_release);
  asio::post(impl_->loop, [this] { impl_->loop.stop(); });
  impl_->thread.join();
  impl_->inputs.clear();
}

void Intake::resume() {
  if (impl_->waiting.exchange(false, std::memory_order_acq_rel))
    asio::post(impl_->loop, [this] { impl_->ask_for_turn(); });
}

bool Intake::drained() const { return impl_->is_drained.load(std::memory_order_acquire); }
bool Intake::ended() const { return impl_->is_ended.load(std::memory_order_acquire); }

std::vector<Intake::SourceView> Intake::sources() const {
  const std::lock_guard lock(impl_->view_mutex);
  return impl_->source_views;
}

const IntakeStats& Intake::stats() const { return impl_->stats; }
const process::RedactionCounts& Intake::redactions() const { return impl_->shop.redactor.counts(); }

}  // namespace csiem::pipeline
