// clawdstrike-siem dlq replay: through the running daemon, or by itself when none runs.
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "cli/admin_client.hpp"
#include "cli/arguments.hpp"
#include "cli/exporter_rows.hpp"
#include "cli/letter_selection.hpp"
#include "cli/open_store.hpp"
#include "cli/store_backend.hpp"
#include "cli/store_documents.hpp"
#include "cli/terminal.hpp"
#include "pipeline/pipeline.hpp"

namespace csiem::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using store::Inspector;

constexpr auto kLookAgain = std::chrono::milliseconds(200);
constexpr auto kTurn = std::chrono::milliseconds(50);
// Without a letter that ended for so long there is no point in waiting: the exporter is down or held.
constexpr int64_t kPatienceMs = 60'000;

// The figures of a job as its document has them.
struct Figures {
  std::string id, state, problem;
  uint64_t selected, delivered, filtered, failed, kept, in_flight;
  uint64_t ended() const { return delivered + filtered + failed + kept; }
};

Figures figures_of(const json::object& job) {
  const auto number = [&](const char* key) { return number_member(job, key); };
  return {text_member(job, "id"),
          text_member(job, "state"),
          text_member(job, "problem"),
          number("selected"),
          number("delivered"),
          number("filtered"),
          number("failed"),
          number("kept"),
          number("in_flight")};
}

// A job from the outside: told to start, looked at, told to stop.
class Replay {
 public:
  virtual ~Replay() = default;
  virtual Result<json::object> start(const admin::Parameters& order) = 0;
  virtual Result<json::object> look(const std::string& id) = 0;
  virtual void cancel(const std::string& id) = 0;
  // Lets time pass.
  virtual void wait() = 0;
  // Why nothing ends, if that is known.
  virtual std::string trouble() { return {}; }
};

class InDaemon final : public Replay {
 public:
  explicit InDaemon(const GlobalArguments& global) : global_(global) {}
  Result<json::object> start(const admin::Parameters& order) override {
    return object_of(ask_daemon_json(global_, "POST", "/api/v1/dlq/replay", admin::parameters_json(order)));
  }
  Result<json::object> look(const std::string& id) override {
    return object_of(ask_daemon_json(global_, "GET", "/api/v1/jobs/" + id));
  }
  void cancel(const std::string& id) override {
    static_cast<void>(ask_daemon_json(global_, "DELETE", "/api/v1/jobs/" + id));
  }
  void wait() override { ::usleep(static_cast<useconds_t>(std::chrono::microseconds(kLookAgain).count())); }
  std::string trouble() override {
    const auto document = ask_daemon_json(global_, "GET", "/api/v1/exporters");
    if (!document) return {};
    std::string text;
    for (const auto& exporter : document->get_object().at("exporters").get_array())
      if (const auto error = text_member(exporter.get_object(), "last_error"); !error.empty())
        text += (text.empty() ? "" : "; ") + text_member(exporter.get_object(), "id") + ": " + error;
    return text;
  }

 private:
  static Result<json::object> object_of(Result<json::value> answer) {
    if (!answer) return std::move(answer).error();
    return std::move(answer->get_object());
  }
  const GlobalArguments& global_;
};

class ByItself final : public Replay {
 public:
  explicit ByItself(Setup setup) : setup_(std::move(setup)) {}
  ~ByItself() override {
    if (pipeline_) pipeline_->stop();
  }
  Result<void> open() {
    pipeline::PipelineOptions options;
    options.replay_only = true;
    options.on_control = [this](std::function<void()> task) { asio::post(loop_, std::move(task)); };
    CS_TRY(started, pipeline::Pipeline::start(setup_.loaded.configuration, *setup_.plugins, std::move(options)));
    pipeline_ = std::move(started);
    return {};
  }
  Result<json::object> start(const admin::Parameters& order) override {
    return ask(admin::StoreRequest::replay, order);
  }
  Result<json::object> look(const std::string& id) override { return ask(admin::StoreRequest::job, {{"id", id}}); }
  void cancel(const std::string& id) override { static_cast<void>(ask(admin::StoreRequest::cancel_job, {{"id", id}})); }
  void wait() override {
    pipeline_->tick();
    pipeline_->flush();
    loop_.restart();
    loop_.run_for(kTurn);
  }
  std::string trouble() override {
    std::string text;
    for (const auto& lane : pipeline_->delivery().lanes())
      if (!lane.last_error.empty()) text += (text.empty() ? "" : "; ") + lane.id + ": " + lane.last_error;
    return text;
  }

 private:
  Result<json::object> ask(admin::StoreRequest what, const admin::Parameters& parameters) {
    CS_TRY(text, ask_store(*pipeline_, setup_.loaded.configuration, what, parameters));
    return json::parse(text).as_object();
  }
  Setup setup_;
  asio::io_context loop_{1};
  std::unique_ptr<pipeline::Pipeline> pipeline_;
};

volatile std::sig_atomic_t interrupted = 0;
void on_interrupt(int) { interrupted = 1; }

std::string plain_number(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", rate);
  return text;
}

int confirm(const Arguments& arguments, uint64_t letters, const std::string& where) {
  if (arguments.dlq.yes) return kOk;
  const std::string what =
      grouped(letters, is_terminal(2)) + " events to " + where + ", at most " + plain_number(arguments.dlq.rate) + "/s";
  if (!is_terminal(STDIN_FILENO) || !is_terminal(STDERR_FILENO)) {
    std::fprintf(stderr, "clawdstrike-siem: %s: give --yes where nobody can be asked\n", what.c_str());
    return kUsage;
  }
  std::fprintf(stderr, "%s. Continue? [y/N] ", what.c_str());
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y' ? kOk : kNo;
}

// Until the job has ended, or nobody wants to wait any longer.
Result<Figures> follow(Replay& replay, const admin::Parameters& order, uint64_t total, const GlobalArguments& global,
                       bool& gave_up) {
  CS_TRY(started, replay.start(order));
  Figures now = figures_of(started);
  Progress progress(global, Progress::Unit::events);
  const int64_t begun = system_clock().mono_ns();
  int64_t moved = begun;
  bool cancelled = false;
  while (now.state == "running" || now.in_flight > 0) {
    replay.wait();
    CS_TRY(seen, replay.look(now.id));
    const Figures next = figures_of(seen);
    const int64_t time = system_clock().mono_ns();
    if (next.ended() != now.ended()) moved = time;
    now = next;
    progress.show(now.ended(), total, (time - begun) / kNsPerMs,
                  "delivered " + std::to_string(now.delivered) + ", failed " + std::to_string(now.failed));
    gave_up = gave_up || interrupted != 0 || (time - moved) / kNsPerMs > kPatienceMs;
    if (!gave_up) continue;
    // What is on its way is waited for a moment, so that it is told how it ended.
    if (!std::exchange(cancelled, true)) {
      replay.cancel(now.id);
      moved = time;
    } else if ((time - moved) / kNsPerMs > 2'000) {
      break;
    }
  }
  progress.finish();
  return now;
}

int report(const Arguments& arguments, const Figures& figures, bool gave_up, const std::string& trouble) {
  if (arguments.global.json) {
    json::object document;
    document["schema"] = "clawdstrike-siem/dlq-replay/v1";
    document["selected"] = figures.selected;
    document["delivered"] = figures.delivered;
    document["filtered"] = figures.filtered;
    document["failed"] = figures.failed;
    document["kept"] = figures.kept;
    document["unfinished"] = figures.in_flight;
    document["problem"] = figures.problem.empty() ? trouble : figures.problem;
    std::printf("%s\n", json::serialize(document).c_str());
  } else if (!arguments.global.quiet) {
    std::string text = "delivered " + std::to_string(figures.delivered) + ", failed " + std::to_string(figures.failed);
    if (figures.filtered > 0) text += ", not wanted any more " + std::to_string(figures.filtered);
    if (figures.kept > 0) text += ", not sent " + std::to_string(figures.kept) + " (" + figures.problem + ")";
    std::printf("%s\n", text.c_str());
  }
  if (gave_up) {
    std::fprintf(stderr, "stopped; what was not delivered is still a dead letter: repeat the command to go on%s%s\n",
                 trouble.empty() ? "" : "; ", trouble.c_str());
    return kPartial;
  }
  if (figures.state == "failed") return kIo;
  return figures.failed + figures.kept > 0 ? kNo : kOk;
}

}  // namespace

int dlq_replay(const Arguments& arguments) {
  DlqArguments wanted = arguments.dlq;
  const LetterName single = letter_name(wanted.id);
  if (!wanted.id.empty()) {
    if (single.sequence == 0) return usage_failure(Error{Code::invalid, "id: EXPORTER/SEQUENCE, not " + wanted.id});
    wanted.exporter = single.exporter;
  }
  auto selection = LetterSelection::of(wanted);
  if (!selection) return usage_failure(selection.error());

  std::map<std::string, uint64_t> to;
  uint64_t total = 0;
  {
    int status = kOk;
    const auto opened = open_store(arguments, Inspector::Access::read, status);
    if (!opened) return status;
    const auto walked = opened->inspector.walk_letters(selection->filter(), [&](const store::StoredLetter& letter) {
      if (single.sequence != 0 && letter.sequence != single.sequence) return true;
      if (!selection->matches(letter)) return true;
      ++to[wanted.to.empty() ? std::string(letter.exporter) : wanted.to];
      ++total;
      return true;
    });
    if (!walked) return store_failure(walked.error());
  }
  if (total == 0) {
    if (!arguments.global.quiet) std::fprintf(stderr, "no dead letter is chosen\n");
    return kOk;
  }
  std::string destinations;
  for (const auto& [exporter, count] : to) destinations += (destinations.empty() ? "" : ", ") + exporter;
  if (wanted.dry_run) {
    std::vector<std::vector<std::string>> rows{{"EXPORTER", "EVENTS"}};
    for (const auto& [exporter, count] : to) rows.push_back({exporter, grouped(count, is_terminal(1))});
    std::fputs(table(rows, arguments.global.plain).c_str(), stdout);
    return kOk;
  }
  if (const int status = confirm(arguments, total, destinations); status != kOk) return status;

  admin::Parameters order = selection->parameters();
  order["rate"] = plain_number(wanted.rate);
  if (!wanted.to.empty()) order["to"] = wanted.to;
  if (single.sequence != 0) order["letter"] = wanted.id;

  std::unique_ptr<Replay> replay;
  const auto daemon = ask_daemon_json(arguments.global, "GET", "/api/v1/version");
  if (daemon) {
    replay = std::make_unique<InDaemon>(arguments.global);
  } else if (daemon.error().message_code() != 8004) {
    return report_admin_error(daemon.error());
  } else {
    std::signal(SIGPIPE, SIG_IGN);
    Setup setup = load_setup(arguments.global, {});
    if (!print_diagnostics(setup.loaded, arguments.global)) return kConfig;
    configure_logging(setup.loaded.configuration, arguments.global);
    auto alone = std::make_unique<ByItself>(std::move(setup));
    if (auto opened = alone->open(); !opened) return store_failure(opened.error());
    replay = std::move(alone);
  }
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
  bool gave_up = false;
  const auto figures = follow(*replay, order, total, arguments.global, gave_up);
  if (!figures) return report_admin_error(figures.error());
  return report(arguments, *figures, gave_up, gave_up || figures->failed > 0 ? replay->trouble() : std::string());
}

}  // namespace csiem::cli
