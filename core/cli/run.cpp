// clawdstrike-siem run: the daemon in the foreground.
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "admin/server.hpp"
#include "base/log.hpp"
#include "base/version.hpp"
#include "cli/admin_backend.hpp"
#include "cli/arguments.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "pipeline/pipeline.hpp"

namespace csiem::cli {

namespace asio = boost::asio;

namespace {

constexpr auto kTick = std::chrono::milliseconds(250);
constexpr auto kIdleTick = std::chrono::seconds(2);
constexpr auto kOnceTick = std::chrono::milliseconds(10);

uint64_t total_bytes(const config::Configuration& configuration) {
  uint64_t total = 0;
  for (const auto& source : configuration.sources) {
    struct stat st {};
    if (source.enabled && source.type == "jsonl" && ::stat(source.path.c_str(), &st) == 0)
      total += static_cast<uint64_t>(st.st_size);
  }
  return total;
}

// One run from start to exit status, on the control thread.
class Run {
 public:
  Run(const Arguments& arguments, Setup& setup)
      : arguments_(arguments),
        configuration_(setup.loaded.configuration),
        plugins_(*setup.plugins),
        signals_(loop_, SIGINT, SIGTERM),
        timer_(loop_),
        progress_(arguments.global),
        total_bytes_(arguments.run.once ? total_bytes(configuration_) : 0) {}

  int go() {
    auto socket = open_admin_socket(arguments_, configuration_.admin);
    if (!socket) {
      print_error(socket.error());
      return start_failure(socket.error());
    }
    auto started = pipeline::Pipeline::start(configuration_, plugins_, options());
    if (!started) {
      print_error(started.error());
      return start_failure(started.error());
    }
    pipeline_ = std::move(*started);
    if (*socket) serve(*std::move(*socket));
    banner();
    wait_for_signal();
    tick();
    loop_.run();
    progress_.finish();
    return finish();
  }

 private:
  pipeline::PipelineOptions options() {
    pipeline::PipelineOptions options;
    options.once = arguments_.run.once;
    options.on_control = [this](std::function<void()> task) { asio::post(loop_, std::move(task)); };
    if (arguments_.run.dry_run)
      options.dry_run = [](const std::string& exporter, const std::string& request) {
        // One call per request, so that requests of several threads do not mix.
        const std::string text = "--- " + exporter + "\n" + request + (request.ends_with('\n') ? "" : "\n");
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
      };
    return options;
  }

  void serve(admin::SocketFile socket) {
    search_.emplace(*pipeline_, configuration_,
                    [this](std::function<void()> task) { asio::post(loop_, std::move(task)); });
    admin::Backend backend = admin_backend(*pipeline_, configuration_, plugins_, *search_, draining_);
    // What is asked for may have to be done by tick().
    backend.store = [this, ask = backend.store](admin::StoreRequest what, const admin::Parameters& parameters) {
      tick_within(kTick);
      return ask(what, parameters);
    };
    backend.send_test = [this, test = backend.send_test](const std::string& exporter,
                                                         const admin::Parameters& parameters,
                                                         std::function<void(Result<std::string>)> done) {
      tick_within(kTick);
      test(exporter, parameters, std::move(done));
    };
    admin_.emplace(loop_, std::move(socket), admin_access(configuration_.admin), std::move(backend));
    admin_->start();
  }

  static int start_failure(const Error& error) {
    switch (error.message_code()) {
      case 5003:
      case 5001:
      case 8001:
      case 5004:
      case 5009:
      case 5015:
        return kIo;
      case 5005:
      case 8002:
        return error.code() == Code::denied ? kNotPermitted : kIo;
      default:
        return error.code() == Code::denied ? kNotPermitted : kConfig;
    }
  }

  void banner() {
    if (arguments_.global.quiet) return;
    std::string text = "clawdstrike-siem " + std::string(kVersion) + "  config: ";
    for (std::size_t i = 0; i < configuration_.files.size(); ++i)
      text += (i == 0 ? "" : ", ") + configuration_.files[i];
    text += "\n";
    for (const auto& source : configuration_.sources)
      if (source.enabled)
        text +=
            "  source    " + source.id + " (" + source.type + (source.path.empty() ? "" : " " + source.path) + ")\n";
    for (const auto& lane : pipeline_->delivery().lanes())
      text += "  exporter  " + lane.id + (lane.format.empty() ? "" : "  " + lane.format) + "\n";
    for (const auto& left_out : pipeline_->left_out()) text += "  left out  " + left_out + "\n";
    if (admin_) text += "  admin     " + admin_->path() + "\n";
    text += "ready in " + std::to_string(elapsed_ms()) + " ms\n";
    std::fputs(text.c_str(), stderr);
  }

  int64_t elapsed_ms() const { return (system_clock().mono_ns() - started_ns_) / 1'000'000; }

  void wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (draining_) {  // the second one: stop at once, nothing is lost by it
        loop_.stop();
        return;
      }
      signal_ = signal;
      log::info("stopping: draining for at most " + std::to_string(configuration_.global.shutdown_grace_ms / 1000) +
                " s (a second signal stops at once)");
      begin_drain();
      wait_for_signal();
    });
  }

  void begin_drain() {
    draining_ = true;
    tick_after(kOnceTick);
    drain_deadline_ns_ = system_clock().mono_ns() + configuration_.global.shutdown_grace_ms * 1'000'000;
    pipeline_->begin_drain();
  }

  void tick() {
    pipeline_->tick();
    if (pipeline_->delivery().abandoned_threads() >= 3) {
      log::error(3011, {}, "three delivery threads were lost to plugins that do not return: exiting for a restart");
      lost_ = true;
      loop_.stop();
      return;
    }
    if (store_lost()) {
      log::error(5008, {}, "the store failed for good: exiting");
      store_lost_ = true;
      loop_.stop();
      return;
    }
    if (!draining_ && (arguments_.run.once ? pipeline_->intake().drained() : pipeline_->intake().ended()))
      begin_drain();
    if (arguments_.run.once) show_progress();
    if (draining_ && done_draining()) {
      loop_.stop();
      return;
    }
    using Delay = std::chrono::steady_clock::duration;
    tick_after(arguments_.run.once || draining_ ? Delay(kOnceTick) : may_sleep() ? Delay(kIdleTick) : Delay(kTick));
  }

  // An input that ends is noticed by looking.
  bool may_sleep() const {
    for (const auto& source : configuration_.sources)
      if (source.enabled && source.type == "stdin") return false;
    return pipeline_->idle();
  }

  // Never later than it was to come: who asks all the time would put it off for ever.
  void tick_within(std::chrono::steady_clock::duration delay) {
    if (timer_.expiry() > std::chrono::steady_clock::now() + delay) tick_after(delay);
  }

  // Replaces the one that was to come.
  void tick_after(std::chrono::steady_clock::duration delay) {
    timer_.expires_after(delay);
    timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) tick();
    });
  }

  // A failed store is given the grace to come back.
  bool store_lost() {
    if (!pipeline_->store_failed()) {
      store_failed_since_ns_ = 0;
      return false;
    }
    const int64_t now = system_clock().mono_ns();
    if (store_failed_since_ns_ == 0) store_failed_since_ns_ = now;
    return now - store_failed_since_ns_ >= configuration_.global.shutdown_grace_ms * 1'000'000;
  }

  // Lanes that cannot deliver now are given the grace, too: an outage of a second should not end a --once run.
  bool done_draining() const {
    return pipeline_->delivery().idle() || system_clock().mono_ns() >= drain_deadline_ns_ ||
           (signal_ != 0 && pipeline_->quiet());
  }

  void show_progress() {
    std::string note = "events " + grouped(pipeline_->intake().stats().accepted.load(), is_terminal(2));
    for (const auto& lane : pipeline_->delivery().lanes())
      note += "  " + lane.id + " " + grouped(lane.stats->delivered.load(), is_terminal(2));
    progress_.show(pipeline_->intake().stats().bytes.load(), total_bytes_, elapsed_ms(), note);
  }

  int finish() {
    admin_.reset();
    search_.reset();
    const auto sources = pipeline_->intake().sources();
    const auto [unsettled, written] = pipeline_->stop();
    uint64_t rejected = 0;
    for (const auto& lane : pipeline_->delivery().lanes()) rejected += lane.stats->rejected.load();
    summary();
    log::flush_repeats();
    if (unsettled > 0) {
      log::warn(4071, {},
                std::to_string(unsettled) +
                    " events are not delivered everywhere yet; they stay in the store and "
                    "go out after the next start");
    }
    if (store_lost_) return kIo;
    if (lost_) return kInternal;
    if (!written) return kIo;  // positions and records of this run are not on the disk: it is read again
    if (!arguments_.run.once) return kOk;
    if (signal_ != 0) return signal_ == SIGINT ? kInterrupted : kTerminated;
    if (unsettled > 0 || !pipeline_->left_out().empty()) return kPartial;
    if (rejected > 0) return kNo;
    for (const auto& source : sources)
      if (source.problem_code != 0) return kIo;
    const auto& stats = pipeline_->intake().stats();
    return stats.accepted.load() == 0 && stats.quarantined.load() > 0 ? kData : kOk;
  }

  void summary() {
    if (!arguments_.run.once || arguments_.global.quiet) return;
    const auto& stats = pipeline_->intake().stats();
    const bool spaced = is_terminal(2);
    std::string text =
        "read " + grouped(stats.lines.load(), spaced) + " lines: " + grouped(stats.accepted.load(), spaced) + " events";
    const auto add = [&](const char* what, uint64_t n) {
      if (n > 0) text += ", " + grouped(n, spaced) + " " + what;
    };
    add("quarantined", stats.quarantined.load());
    add("filtered", stats.filtered.load());
    add("seen before", stats.repeated.load());
    add("not events by rule", stats.suppressed.load());
    add("other lines", stats.foreign.load());
    text += "\n";
    for (const auto& lane : pipeline_->delivery().lanes()) {
      text += "  " + lane.id + ": delivered " + grouped(lane.stats->delivered.load(), spaced);
      if (const auto n = lane.stats->filtered.load(); n > 0) text += ", filtered " + grouped(n, spaced);
      if (const auto n = lane.stats->rejected.load(); n > 0) text += ", dead letters " + grouped(n, spaced);
      if (lane.queued > 0) text += ", not delivered " + grouped(lane.queued, spaced);
      if (!lane.last_error.empty() && lane.queued > 0) text += " (" + lane.last_error + ")";
      text += "\n";
    }
    if (arguments_.global.json) {
      std::string json = "{\"schema\":\"clawdstrike-siem/run/v1\",\"lines\":" + std::to_string(stats.lines.load()) +
                         ",\"accepted\":" + std::to_string(stats.accepted.load()) +
                         ",\"quarantined\":" + std::to_string(stats.quarantined.load()) +
                         ",\"filtered\":" + std::to_string(stats.filtered.load()) + ",\"exporters\":[";
      bool first = true;
      for (const auto& lane : pipeline_->delivery().lanes()) {
        json += std::string(first ? "" : ",") + "{\"id\":" + json_text(lane.id) +
                ",\"delivered\":" + std::to_string(lane.stats->delivered.load()) +
                ",\"filtered\":" + std::to_string(lane.stats->filtered.load()) +
                ",\"dead_letters\":" + std::to_string(lane.stats->rejected.load()) +
                ",\"queued\":" + std::to_string(lane.queued) + "}";
        first = false;
      }
      std::printf("%s]}\n", json.c_str());
    }
    std::fputs(text.c_str(), stderr);
  }

  const Arguments& arguments_;
  const config::Configuration& configuration_;
  plugin::Registry& plugins_;
  const int64_t started_ns_ = system_clock().mono_ns();
  asio::io_context loop_{1};
  asio::signal_set signals_;
  asio::steady_timer timer_;
  Progress progress_;
  uint64_t total_bytes_;
  std::unique_ptr<pipeline::Pipeline> pipeline_;
  std::optional<StoreSearch> search_;   // asks the pipeline
  std::optional<admin::Server> admin_;  // asks both
  bool draining_ = false, lost_ = false, store_lost_ = false;
  int64_t drain_deadline_ns_ = 0, store_failed_since_ns_ = 0;
  int signal_ = 0;
};

// An exporter whose plugin cannot be used is left out while the others run; every other error keeps us from starting.
bool can_run(const config::Loaded& loaded) {
  for (const auto& diagnostic : loaded.diagnostics)
    if (diagnostic.severity == config::Severity::error && (diagnostic.code < 3000 || diagnostic.code > 3999))
      return false;
  return true;
}

}  // namespace

int run(const Arguments& arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  Setup setup = load_setup(arguments.global, {.check_files = true, .allow_empty = arguments.run.allow_empty});
  print_diagnostics(setup.loaded, arguments.global);
  if (!can_run(setup.loaded)) return kConfig;
  configure_logging(setup.loaded.configuration, arguments.global);
  return Run(arguments, setup).go();
}

}  // namespace csiem::cli
