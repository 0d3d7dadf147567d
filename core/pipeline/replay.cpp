#include "pipeline/replay.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/rfc3339.hpp"

namespace csiem::pipeline {
namespace {

// So many of a job may be on their way.
constexpr uint64_t kMostInFlight = 1'000;
// Read from the store at once.
constexpr std::size_t kPage = 256;
// Looked at in one go: an expression that chooses few of many must not hold the control thread up.
constexpr int kMostLooks = 1'024;
// Jobs that ended and can still be asked about.
constexpr std::size_t kRemembered = 20;

// What a letter already says about its attempts.
struct History {
  uint32_t attempts = 0;
  int64_t first_attempt_unix_ns = 0;
};

History history_of(std::string_view envelope) {
  History history;
  boost::json::error_code error;
  const auto document = boost::json::parse(envelope, error);
  if (error || !document.is_object()) return history;
  if (const auto* attempts = document.get_object().if_contains("attempts"); attempts && attempts->is_int64())
    history.attempts = static_cast<uint32_t>(attempts->get_int64());
  if (const auto* first = document.get_object().if_contains("first_attempt"); first && first->is_string()) {
    const auto& text = first->get_string();
    if (const auto time = parse_rfc3339({text.data(), text.size()})) history.first_attempt_unix_ns = time->unix_ns;
  }
  return history;
}

// Some letter may be chosen by both.
bool overlap(const store::LetterFilter& a, const store::LetterFilter& b) {
  return a.exporter.empty() || b.exporter.empty() || a.exporter == b.exporter;
}

}  // namespace

// The envelope has its event last.
std::string_view event_of_letter(std::string_view envelope) {
  constexpr std::string_view kKey = ",\"event\":";
  const auto at = envelope.find(kKey);
  if (at == std::string_view::npos || !envelope.ends_with('}')) return {};
  return envelope.substr(at + kKey.size(), envelope.size() - at - kKey.size() - 1);
}

Result<process::Expression> compile_where(std::string_view text) {
  auto parsed = process::Expression::parse(text);
  if (parsed.expression) return std::move(*parsed.expression);
  const process::ExpressionError& error = parsed.error;
  return Error{Code::invalid, "where: " + error.what + " at byte " + std::to_string(error.offset + 1) +
                                  (error.suggestion.empty() ? "" : "; did you mean \"" + error.suggestion + "\"?")};
}

std::string_view replay_state_word(ReplayView::State state) {
  switch (state) {
    case ReplayView::State::running:
      return "running";
    case ReplayView::State::done:
      return "done";
    case ReplayView::State::cancelled:
      return "cancelled";
    case ReplayView::State::failed:
      return "failed";
  }
  return "";
}

class Replays::Job {
 public:
  Job(ReplayView view, std::optional<process::Expression> where, store::Store& store, int64_t now)
      : view_(std::move(view)), where_(std::move(where)), ends_(std::make_shared<Ends>(store)), last_ns_(now) {
    // What this very job gives up again is not chosen again.
    view_.request.filter.before_unix_ns = view_.started_unix_ns;
  }

  ReplayView view() const {
    ReplayView out = view_;
    const std::lock_guard lock(ends_->mutex);
    out.delivered += ends_->delivered;
    out.filtered += ends_->filtered;
    out.failed += ends_->failed;
    out.in_flight = ends_->histories.size();
    return out;
  }
  bool running() const { return view_.state == ReplayView::State::running; }
  void end(ReplayView::State state, int64_t now_unix_ns) {
    view_.state = state;
    view_.ended_unix_ns = now_unix_ns;
    letters_.clear();
  }

  void tick(Replays& owner) {
    const int64_t now = owner.clock_.mono_ns();
    const double earned = static_cast<double>(now - last_ns_) / double{kNsPerSecond} * view_.request.per_second;
    allowance_ = std::min(allowance_ + earned, std::max(view_.request.per_second, 1.0));
    last_ns_ = now;
    for (int looks = 0; looks < kMostLooks && running() && allowance_ >= 1 && in_flight() < kMostInFlight; ++looks) {
      if (next_ == letters_.size() && !read_page(owner)) break;
      if (send(owner, letters_[next_++])) allowance_ -= 1;
    }
    if (running() && read_all_ && next_ == letters_.size() && in_flight() == 0)
      end(ReplayView::State::done, owner.clock_.unix_ns());
  }

 private:
  // Shared with the lanes, which may outlive the job.
  struct Ends final : delivery::ReplaySink {
    explicit Ends(store::Store& kept) : store(kept) {}
    struct Owner {
      std::string exporter;
      store::Sequence sequence = 0;
      History history;
    };
    void settle(store::Sequence first, store::Sequence, const std::array<uint64_t, 4>& counts) override {
      const std::lock_guard lock(mutex);
      const auto at = histories.find(first);
      if (at == histories.end()) return;
      const bool good = counts[static_cast<std::size_t>(store::Fate::dead_lettered)] == 0;
      if (good) store.erase_letter(at->second.exporter, at->second.sequence);
      if (!good)
        ++failed;
      else if (counts[static_cast<std::size_t>(store::Fate::filtered)] > 0)
        ++filtered;
      else
        ++delivered;
      histories.erase(at);
    }
    void dead_letter(store::DeadLetter letter) override {
      const std::lock_guard lock(mutex);
      const auto at = histories.find(letter.sequence);
      if (at == histories.end()) return;
      letter.sequence = at->second.sequence;
      letter.attempts += at->second.history.attempts;
      if (at->second.history.first_attempt_unix_ns != 0)
        letter.first_attempt_unix_ns = at->second.history.first_attempt_unix_ns;
      store.keep_letter(at->second.exporter, std::move(letter));
    }
    store::Store& store;
    mutable std::mutex mutex;
    // By the number under which the event travels: letters of different exporters may have the same sequence.
    std::map<store::Sequence, Owner> histories;
    uint64_t delivered = 0, filtered = 0, failed = 0;
  };

  uint64_t in_flight() const {
    const std::lock_guard lock(ends_->mutex);
    return ends_->histories.size();
  }

  bool read_page(Replays& owner) {
    letters_.clear();
    next_ = 0;
    if (read_all_) return false;
    auto page = owner.store_.letters(view_.request.filter, after_exporter_, after_sequence_, kPage);
    if (!page) {
      view_.problem = page.error().what();
      end(ReplayView::State::failed, owner.clock_.unix_ns());
      return false;
    }
    letters_ = *std::move(page);
    read_all_ = letters_.size() < kPage;
    if (letters_.empty()) return false;
    after_exporter_ = letters_.back().exporter;
    after_sequence_ = letters_.back().sequence;
    return true;
  }

  // Returns whether an event was sent.
  bool send(Replays& owner, const store::KeptLetter& letter) {
    if (view_.request.sequence != 0 && letter.sequence != view_.request.sequence) return false;
    const auto keep = [&](std::string why) {
      ++view_.selected;
      ++view_.kept;
      view_.problem = letter.exporter + "/" + std::to_string(letter.sequence) + ": " + std::move(why);
      return false;
    };
    if (!owner.revive_(event_of_letter(letter.json), builder_) || builder_.size() != 1) {
      while (builder_.size() > 0) builder_.drop_last();
      return keep("the event of this dead letter cannot be read");
    }
    if (where_ && !where_->matches(builder_.events()[0], owner.clock_.unix_ns())) {
      while (builder_.size() > 0) builder_.drop_last();
      return false;
    }
    const auto batch = builder_.seal(owner.clock_.mono_ns());
    const store::Sequence travels_as = next_number_++;
    batch->set_first_sequence(travels_as);
    {
      const std::lock_guard lock(ends_->mutex);
      ends_->histories[travels_as] = {letter.exporter, letter.sequence, history_of(letter.json)};
    }
    const std::string& to = view_.request.to.empty() ? letter.exporter : view_.request.to;
    if (owner.delivery_.replay(to, batch, ends_)) {
      ++view_.selected;
      return true;
    }
    {
      const std::lock_guard lock(ends_->mutex);
      ends_->histories.erase(travels_as);
    }
    return keep("there is no exporter " + to + " that takes it; name one with --to");
  }

  ReplayView view_;
  const std::optional<process::Expression> where_;
  const std::shared_ptr<Ends> ends_;
  event::BatchBuilder builder_{event::BatchPool::create(4)};
  std::vector<store::KeptLetter> letters_;
  std::size_t next_ = 0;
  std::string after_exporter_;
  store::Sequence after_sequence_ = 0, next_number_ = 1;
  bool read_all_ = false;
  double allowance_ = 1;
  int64_t last_ns_;
};

Replays::Replays(store::Store& store, delivery::Delivery& delivery, store::Revive revive, const Clock& clock)
    : store_(store), delivery_(delivery), revive_(std::move(revive)), clock_(clock) {}

Replays::~Replays() = default;

Result<std::string> Replays::start(ReplayRequest request) {
  std::optional<process::Expression> where;
  if (!request.where.empty()) {
    CS_TRY(compiled, compile_where(request.where));
    where = std::move(compiled);
  }
  if (!(request.per_second > 0) || request.per_second > 100'000)
    return Error{Code::invalid, "rate: more than 0 and at most 100000 events a second"};
  if (!request.to.empty()) {
    const auto lanes = delivery_.lanes();
    if (std::none_of(lanes.begin(), lanes.end(), [&](const auto& lane) { return lane.id == request.to; }))
      return Error{Code::not_found, "no exporter '" + request.to + "'", 8005};
  }
  for (const auto& job : jobs_)
    if (job->running() && overlap(job->view().request.filter, request.filter))
      return Error{Code::denied, "replay " + job->view().id + " still runs and may have the same dead letters", 8009};
  ReplayView view;
  view.id = "replay-" + std::to_string(next_id_++);
  view.request = std::move(request);
  view.started_unix_ns = clock_.unix_ns();
  const std::string id = view.id;
  jobs_.push_back(std::make_unique<Job>(std::move(view), std::move(where), store_, clock_.mono_ns()));
  const auto ended = static_cast<std::size_t>(
      std::count_if(jobs_.begin(), jobs_.end(), [](const auto& job) { return !job->running(); }));
  if (ended > kRemembered)
    jobs_.erase(std::find_if(jobs_.begin(), jobs_.end(), [](const auto& job) { return !job->running(); }));
  return id;
}

bool Replays::cancel(std::string_view id) {
  for (const auto& job : jobs_) {
    if (!job->running() || job->view().id != id) continue;
    job->end(ReplayView::State::cancelled, clock_.unix_ns());
    return true;
  }
  return false;
}

std::vector<ReplayView> Replays::jobs() const {
  std::vector<ReplayView> views;
  for (const auto& job : jobs_) views.push_back(job->view());
  return views;
}

bool Replays::busy() const {
  return std::any_of(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->running(); });
}

void Replays::tick() {
  for (const auto& job : jobs_)
    if (job->running()) job->tick(*this);
}

}  // namespace csiem::pipeline
