#include "cli/store_backend.hpp"

#include <pthread.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/rfc3339.hpp"
#include "cli/letter_selection.hpp"
#include "cli/store_documents.hpp"
#include "cli/trace_document.hpp"

namespace csiem::cli {
namespace {

using admin::StoreRequest;

// A page of letters, and what one call of the store reads.
constexpr uint64_t kMostLetters = 1'000;
// Erased in one go: more would keep the events that come from the disk for too long.
constexpr uint64_t kErasedAtOnce = 5'000;

Error stopped() { return {Code::denied, "the daemon ends"}; }

std::string text_of(const admin::Parameters& parameters, const char* key) {
  const auto at = parameters.find(key);
  return at == parameters.end() ? std::string() : at->second;
}

// Nothing when the member is missing.
Result<std::optional<double>> number_of(const admin::Parameters& parameters, const char* key) {
  std::optional<double> number;
  const std::string text = text_of(parameters, key);
  if (text.empty()) return number;
  double parsed = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (failed != std::errc() || end != text.data() + text.size())
    return Error{Code::invalid, std::string(key) + ": a number, not '" + text + "'"};
  number = parsed;
  return number;
}

Result<std::string> letters(const store::Store& store, const admin::Parameters& parameters,
                            const std::atomic<bool>& stopping) {
  CS_TRY(selection, LetterSelection::of(parameters));
  CS_TRY(limit, number_of(parameters, "limit"));
  const auto most = static_cast<std::size_t>(std::clamp(limit.value_or(100), 1.0, static_cast<double>(kMostLetters)));
  LetterName after = letter_name(text_of(parameters, "after"));
  std::vector<store::KeptLetter> chosen;
  // What a page of the store has too much is found again by the next one.
  for (bool more = true; more;) {
    CS_TRY(page, store.letters(selection.filter(), after.exporter, after.sequence, kMostLetters));
    more = page.size() == kMostLetters;
    if (stopping) return stopped();
    for (store::KeptLetter& letter : page) {
      after = {letter.exporter, letter.sequence};
      if (!selection.matches(letter.json)) continue;
      if (chosen.size() == most) return letters_document(chosen, true);
      chosen.push_back(std::move(letter));
    }
  }
  return letters_document(chosen, false);
}

Result<std::string> letter(const store::Store& store, const admin::Parameters& parameters) {
  const std::string id = text_of(parameters, "id");
  const LetterName name = letter_name(id);
  if (name.sequence != 0) {
    store::LetterFilter filter;
    filter.exporter = name.exporter;
    CS_TRY(found, store.letters(filter, name.exporter, name.sequence - 1, 1));
    if (!found.empty() && found.front().sequence == name.sequence) return found.front().json + "\n";
  }
  return Error{Code::not_found, "there is no dead letter '" + id + "'"};
}

Result<std::string> purge(store::Store& store, const admin::Parameters& parameters, const std::atomic<bool>& stopping) {
  CS_TRY(selection, LetterSelection::of(parameters));
  uint64_t purged = 0;
  LetterName after;
  for (bool more = true; more;) {
    CS_TRY(page, store.letters(selection.filter(), after.exporter, after.sequence, kMostLetters));
    more = page.size() == kMostLetters;
    if (stopping) return stopped();
    for (const store::KeptLetter& one : page) {
      after = {one.exporter, one.sequence};
      if (!selection.matches(one.json)) continue;
      store.erase_letter(one.exporter, one.sequence);
      if (++purged % kErasedAtOnce == 0) CS_CHECK(store.flush());
    }
  }
  return purge_document(purged);
}

Result<std::string> find_job(pipeline::Replays& replays, const std::string& id) {
  for (const auto& job : replays.jobs())
    if (job.id == id) return job_document(job);
  return Error{Code::not_found, "no job '" + id + "'", 8010};
}

Result<std::string> replay(pipeline::Replays& replays, const admin::Parameters& parameters) {
  CS_TRY(selection, LetterSelection::of(parameters));
  CS_TRY(rate, number_of(parameters, "rate"));
  pipeline::ReplayRequest request;
  request.filter = selection.filter();
  request.where = selection.where();
  request.to = text_of(parameters, "to");
  if (rate) request.per_second = *rate;
  if (const std::string id = text_of(parameters, "letter"); !id.empty()) {
    const LetterName name = letter_name(id);
    if (name.sequence == 0) return Error{Code::invalid, "letter: EXPORTER/SEQUENCE, not '" + id + "'"};
    request.filter.exporter = name.exporter;
    request.sequence = name.sequence;
  }
  CS_TRY(id, replays.start(std::move(request)));
  return find_job(replays, id);
}

// What a lane says about itself, at this moment, and whom to ask about one event.
struct Waiting {
  std::string text;
  delivery::AttemptsOf attempts_of;
};

std::map<std::string, Waiting> waiting_lanes(const delivery::Delivery& delivery) {
  std::map<std::string, Waiting> out;
  for (const auto& lane : delivery.lanes()) {
    const auto state = static_cast<delivery::LaneState>(lane.stats->state.load(std::memory_order_acquire));
    std::string text = "exporter is " + std::string(delivery::lane_state_word(state));
    if (const int code = lane.stats->problem_code.load(std::memory_order_relaxed); code != 0)
      text += " [CS" + std::to_string(code) + "]";
    if (state != delivery::LaneState::running && !lane.last_error.empty()) text += ", last: " + lane.last_error;
    out.emplace(lane.id, Waiting{std::move(text), delivery.attempts_of(lane.id)});
  }
  return out;
}

std::string why_queued(const Waiting& lane, store::Sequence sequence) {
  const auto attempts = lane.attempts_of(sequence);
  if (!attempts) return lane.text;
  return std::to_string(attempts->made) + (attempts->made == 1 ? " attempt" : " attempts") + ", the last at " +
         format_rfc3339(attempts->last_unix_ns) + "; " + lane.text;
}

Result<std::string> trace(const store::Store& store, const config::Configuration& configuration,
                          const std::map<std::string, Waiting>& lanes, const std::string& event_id) {
  CS_TRY(found, store.trace(event_id));
  if (!found) return Error{Code::not_found, unknown_event_text(event_id), 8011};
  return trace_document(*found, event_id, configuration.exporters, [&](const std::string& exporter) {
    const auto at = lanes.find(exporter);
    return at == lanes.end() ? std::string("no such exporter is configured") : why_queued(at->second, found->sequence);
  });
}

std::string queues(const std::vector<store::CursorView>& cursors, const config::Configuration& configuration) {
  std::set<std::string> configured;
  for (const auto& exporter : configuration.exporters)
    if (exporter.enabled) configured.insert(exporter.id);
  return queues_document(cursors, configured);
}

}  // namespace

LetterName letter_name(std::string_view id) {
  LetterName name;
  const auto slash = id.rfind('/');
  if (slash == std::string_view::npos) return name;
  name.exporter = id.substr(0, slash);
  const auto [end, failed] = std::from_chars(id.data() + slash + 1, id.data() + id.size(), name.sequence);
  if (failed != std::errc() || end != id.data() + id.size()) name.sequence = 0;
  return name;
}

Result<std::string> ask_store(pipeline::Pipeline& pipeline, const config::Configuration& configuration,
                              StoreRequest what, const admin::Parameters& parameters) {
  switch (what) {
    case StoreRequest::letters:
      return letters(pipeline.store(), parameters, false);
    case StoreRequest::letter:
      return letter(pipeline.store(), parameters);
    case StoreRequest::purge:
      return purge(pipeline.store(), parameters, false);
    case StoreRequest::trace:
      break;
    case StoreRequest::replay:
      return replay(pipeline.replays(), parameters);
    case StoreRequest::queues: {
      CS_TRY(cursors, pipeline.store().cursors());
      return queues(cursors, configuration);
    }
    case StoreRequest::jobs:
      return jobs_document(pipeline.replays().jobs());
    case StoreRequest::job:
      return find_job(pipeline.replays(), text_of(parameters, "id"));
    case StoreRequest::cancel_job: {
      const std::string id = text_of(parameters, "id");
      CS_CHECK(find_job(pipeline.replays(), id));
      if (!pipeline.replays().cancel(id)) return Error{Code::denied, "job " + id + " has ended"};
      return find_job(pipeline.replays(), id);
    }
  }
  return Error{Code::internal, "unknown request"};
}

StoreSearch::StoreSearch(pipeline::Pipeline& pipeline, const config::Configuration& configuration,
                         std::function<void(std::function<void()>)> on_control)
    : pipeline_(pipeline), configuration_(configuration), on_control_(std::move(on_control)) {}

StoreSearch::~StoreSearch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StoreSearch::ask(StoreRequest what, admin::Parameters parameters, std::function<void(Result<std::string>)> done) {
  // The lanes are the control thread's to look at.
  auto lanes = what == StoreRequest::trace ? waiting_lanes(pipeline_.delivery()) : std::map<std::string, Waiting>();
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(
        [this, what, parameters = std::move(parameters), lanes = std::move(lanes), done = std::move(done)]() mutable {
          auto answer = what == StoreRequest::letters ? letters(pipeline_.store(), parameters, stopping_)
                        : what == StoreRequest::purge
                            ? purge(pipeline_.store(), parameters, stopping_)
                            : trace(pipeline_.store(), configuration_, lanes, text_of(parameters, "id"));
          on_control_([done = std::move(done), answer = std::move(answer)] { done(answer); });
        });
  }
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  work_.notify_one();
}

void StoreSearch::run() {
  pthread_setname_np(pthread_self(), "store-search");
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    next();
    next = nullptr;
    lock.lock();
  }
}

}  // namespace csiem::cli
