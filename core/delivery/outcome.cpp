// What becomes of each event of an attempt.

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "delivery/abi_text.hpp"
#include "delivery/lane_core.hpp"

namespace csiem::delivery {
namespace {

constexpr uint64_t kSmallestBatchBytes = 4096;
// A server that refuses a body for its size may close while it is being written, and its answer is lost to the reset.
// So many such ends in a row, of a body above this size, are taken for that answer. How much of the body was written
// tells nothing: the kernels on both sides take hundreds of KiB before the server reads any.
constexpr uint32_t kTornToSplit = 2;
constexpr std::size_t kSuspiciousBytes = 64 * 1024;
// A server that stops at each bad event gets what stands behind it in a new request. After so many of those for one
// batch the rest goes in halves: with many bad events it would be sent over and over.
constexpr uint32_t kMaxRestarts = 32;

std::vector<uint32_t> everyone(uint32_t count) {
  std::vector<uint32_t> members(count);
  for (uint32_t i = 0; i < count; ++i) members[i] = i;
  return members;
}

// The whole parcel keeps its identity, so that its next attempt carries the same key.
std::unique_ptr<Parcel> part_of(Flight& flight, const std::vector<uint32_t>& members) {
  if (members.size() == flight.parcel->count) {
    auto copy = std::make_unique<Parcel>(std::move(*flight.parcel));
    *flight.parcel = Parcel{};
    flight.parcel->batch = copy->batch;
    return copy;
  }
  auto part = sub_parcel(*flight.parcel, members);
  part->search = flight.parcel->search;
  return part;
}

}  // namespace

struct Outcomes {
  std::array<std::vector<uint32_t>, 7> by;           // by CSIEM_* outcome; members not named follow the batch's
  std::vector<const Verdict::Named*> named_rejects;  // those of by[CSIEM_REJECT] whose culprit is named
  bool retries_untried = true;                       // nothing is said against any of by[CSIEM_RETRY]
  std::shared_ptr<BisectSearch> search;
  uint32_t children = 0;  // parcels that go on
  bool accepted = false, suspected = false;
  bool decided = false;  // the server judged data, so it works

  std::vector<uint32_t>& operator[](int32_t outcome) { return by[static_cast<std::size_t>(outcome)]; }
};

namespace {

Outcomes sort_out(const Verdict& verdict, uint32_t count, int status) {
  Outcomes outcomes;
  auto named = verdict.named.begin();
  for (uint32_t i = 0; i < count; ++i) {
    if (named == verdict.named.end() || named->index != i) {
      outcomes[verdict.outcome].push_back(i);
      if (verdict.outcome == CSIEM_RETRY) outcomes.retries_untried = false;
      continue;
    }
    if (named->outcome == CSIEM_REJECT) {
      outcomes.named_rejects.push_back(&*named);
    } else {
      outcomes[named->outcome].push_back(i);
      const bool untried =
          named->code.empty() && named->text.empty() && (named->http_status == 0 || named->http_status == status);
      if (named->outcome == CSIEM_RETRY && !untried) outcomes.retries_untried = false;
    }
    ++named;
  }
  outcomes.accepted = !outcomes[CSIEM_DELIVERED].empty() || !outcomes[CSIEM_SKIPPED].empty();
  outcomes.decided = outcomes.accepted || !outcomes.named_rejects.empty() || !outcomes[CSIEM_REJECT].empty() ||
                     !outcomes[CSIEM_SPLIT].empty();
  return outcomes;
}

}  // namespace

void Lane::finish(std::unique_ptr<Flight> flight, const Verdict& verdict, int64_t now) {
  if (!verdict.breach.empty()) strike(verdict.breach, now);
  if (parked_) {
    queue_.put(std::move(flight->parcel));
    return;
  }
  static const Verdict kDryRun = [] {
    Verdict delivered;
    delivered.outcome = CSIEM_DELIVERED;
    return delivered;
  }();
  const Verdict& judged = context_.dry_run ? kDryRun : verdict;
  if (attempted_ && attempted_(attempt_of(*flight, judged, now))) return;
  Outcomes outcomes = sort_out(judged, flight->parcel->count, flight->status);
  outcomes.search = flight->parcel->search;
  if (outcomes.accepted) give_up(suspects_);
  suspect_size(*flight, outcomes);
  if (flight->resent)
    context_.stats.duplicates_possible.fetch_add(outcomes[CSIEM_DELIVERED].size(), std::memory_order_relaxed);
  end_events(*flight->parcel, outcomes[CSIEM_DELIVERED], store::Fate::delivered);
  end_events(*flight->parcel, outcomes[CSIEM_SKIPPED], store::Fate::filtered);
  on_rejected(*flight, judged, outcomes, now);
  on_too_large(*flight, judged, outcomes, now);
  on_refused(*flight, judged, outcomes, now);
  on_retry(*flight, judged, outcomes, now);
  if (outcomes.search) close_search(*outcomes.search, outcomes);
}

void Lane::end_events(const Parcel& parcel, const std::vector<uint32_t>& members, store::Fate fate) {
  OutBatch* const batch = parcel.batch;
  const auto events = parcel.events();
  for (std::size_t i = 0; i < members.size();) {
    const OutBatch::Run run = batch->run_of(parcel.at(members[i]));
    const uint32_t first = run.source->position(*events[members[i]]);
    // As far as they are neighbours in the log as well.
    std::size_t end = i + 1;
    while (end < members.size() && parcel.at(members[end]) < run.first + run.count &&
           events[members[end]] - events[members[i]] == static_cast<std::ptrdiff_t>(end - i))
      ++end;
    settlement_.end(run.source, fate, first, end - i);
    i = end;
  }
  batch->open_events -= static_cast<uint32_t>(members.size());
  if (!members.empty() && batch->open_events == 0) batcher_->recycle(batch);
}

void Lane::dead_letter(const Parcel& parcel, uint32_t member, std::string_view error_class, int code, int http_status,
                       std::string_view vendor_code, std::string_view vendor_text) {
  const csiem_event& event = *parcel.events()[member];
  SourceBatch* const source = parcel.batch->run_of(parcel.at(member)).source;
  store::DeadLetter letter;
  letter.event_id = view(event.event_id);
  letter.sequence = source->batch->first_sequence() + source->position(event);
  letter.error_class = error_class;
  letter.code = code;
  letter.http_status = http_status;
  letter.vendor_code = vendor_code;
  letter.vendor_text = vendor_text;
  letter.attempts = parcel.sent;
  letter.first_attempt_unix_ns = parcel.first_sent_unix_ns;
  letter.last_attempt_unix_ns = parcel.last_sent_unix_ns;
  sign(letter, parcel.batch->destination());
  letter.event_json = view(event.canonical_json);
  settlement_.dead_letter(*source, std::move(letter));
  end_events(parcel, {member}, store::Fate::dead_lettered);
}

// ---- rejected: dead letters for named culprits, a search for unnamed ones ----

void Lane::on_rejected(Flight& flight, const Verdict& verdict, Outcomes& outcomes, int64_t now) {
  const Parcel& parcel = *flight.parcel;
  const bool probing_config = hold_.kind() == Hold::Kind::rejected_all && flight.probe;
  std::vector<uint32_t>& unnamed = outcomes[CSIEM_REJECT];
  const std::string cause = describe(flight, verdict);
  if (probing_config && parcel.count == 1 && (!unnamed.empty() || !outcomes.named_rejects.empty())) {
    auto part = part_of(flight, everyone(1));
    part->kept = true;
    if (part->search) part->search->bisect.add_part();
    requeue(std::move(part));
    ++outcomes.children;
    // Not an answer that would end the hold.
    outcomes.decided = false;
    unnamed.clear();
    outcomes.named_rejects.clear();
    hold(Hold::Kind::rejected_all, flight.outlet, 4031, cause, now);
    return;
  }
  if (keep_refused(flight, outcomes, cause, now)) return;
  // While nothing is accepted it may be the configuration: they wait for what becomes of others.
  const bool suspected = !outcomes.accepted && !outcomes.search && unnamed.size() <= 1 && !parcel.kept;
  for (const Verdict::Named* named : outcomes.named_rejects) {
    const int status = named->http_status != 0 ? named->http_status : flight.status;
    const std::string& code = named->code.empty() ? verdict.code : named->code;
    const std::string& text = named->text.empty() ? verdict.text : named->text;
    std::string shown = named->text.empty() ? cause : named->text;
    if (suspected) {
      suspects_.push_back({sub_parcel(parcel, std::span(&named->index, 1)), status, code, text, std::move(shown)});
      continue;
    }
    log::warn(4030, id(), shown,
              {{"event_id", view(parcel.events()[named->index]->event_id)}, {"vendor_code", code}, {"cause", cause}});
    dead_letter(parcel, named->index, "rejected", 4030, status, code, text);
  }
  if (suspected && !unnamed.empty()) {
    suspects_.push_back({sub_parcel(parcel, unnamed), flight.status, verdict.code, verdict.text, cause});
    return;
  }
  if (unnamed.empty()) return;
  if (unnamed.size() == 1) {
    single_refused(flight, verdict, flight.status, now, outcomes);
    return;
  }
  log::warn(4031, id(), cause, {{"events", std::to_string(unnamed.size())}});
  if (!outcomes.search) {
    outcomes.search = std::make_shared<BisectSearch>();
    outcomes.search->bisect.add_part();  // this batch
  }
  requeue_halves(parcel, unnamed, outcomes.search);
  outcomes.children += 2;
}

// When events are refused one after the other and none is accepted, or half of the last hundred are, it is the
// configuration, not the data. True when what was refused now is kept for after the hold.
bool Lane::keep_refused(Flight& flight, Outcomes& outcomes, const std::string& cause, int64_t now) {
  std::vector<uint32_t>& unnamed = outcomes[CSIEM_REJECT];
  if (outcomes.accepted) refused_in_row_ = 0;
  std::vector<uint32_t> refused = unnamed;
  for (const Verdict::Named* named : outcomes.named_rejects) refused.push_back(named->index);
  const bool held = hold_.kind() == Hold::Kind::rejected_all && !flight.probe;  // it was under way when the hold began
  bool everything = false;
  if (!held) {
    // What was kept once is judged by what came after.
    if (flight.parcel->kept) return false;
    const uint64_t accepted = outcomes[CSIEM_DELIVERED].size() + outcomes[CSIEM_SKIPPED].size();
    // Of an unnamed culprit in a batch it is not known yet which one it is.
    const uint64_t judged = outcomes.named_rejects.size() + (unnamed.size() == 1 ? 1 : 0);
    const bool burst = rejections_.add(accepted, judged);
    // A search inside of a batch makes up its own mind.
    if (!outcomes.accepted && !outcomes.search && unnamed.size() <= 1) refused_in_row_ += refused.size();
    everything = refused_in_row_ >= Bisect::kSinglesToHold;
    if (refused.empty() || (!burst && !everything)) return false;
    refused_in_row_ = 0;
  }
  if (refused.empty()) return false;
  std::sort(refused.begin(), refused.end());
  auto part = part_of(flight, refused);
  part->kept = true;
  if (part->search) part->search->bisect.add_part();
  ++outcomes.children;
  requeue(std::move(part));
  for (Suspect& suspect : suspects_) {
    suspect.parcel->kept = true;
    requeue(std::move(suspect.parcel));
  }
  suspects_.clear();
  unnamed.clear();
  outcomes.named_rejects.clear();
  if (held) return true;
  flight.probe = false;  // of an open breaker: it does not end the hold that it began
  if (everything) {
    hold(Hold::Kind::rejected_all, flight.outlet, 4031, cause, now);
  } else {
    const std::string share =
        std::to_string(rejections_.refused()) + " of the last " + std::to_string(Rejections::kWindow);
    hold(Hold::Kind::rejected_all, flight.outlet, 4035, share + " events are rejected, held: " + cause, now);
  }
  return true;
}

void Lane::requeue_halves(const Parcel& parcel, const std::vector<uint32_t>& members,
                          const std::shared_ptr<BisectSearch>& search) {
  const std::span<const uint32_t> all(members);
  const std::size_t half = (all.size() + 1) / 2;
  for (const auto& part : {all.first(half), all.subspan(half)}) {
    auto child = sub_parcel(parcel, part);
    child->search = search;
    child->attempt = 0;  // a batch of its own
    // What raised the suspicion against the whole is held against its halves.
    child->torn = parcel.torn > 0 ? kTornToSplit - 1 : 0;
    if (search) search->bisect.add_part();
    requeue(std::move(child));
  }
}

void Lane::single_refused(Flight& flight, const Verdict& verdict, int http_status, int64_t now, Outcomes& outcomes) {
  const std::vector<uint32_t> member = outcomes[CSIEM_REJECT];
  const std::string cause = describe(flight, verdict);
  const auto ruling = outcomes.search && !outcomes.accepted && flight.parcel->count == 1
                          ? outcomes.search->bisect.single_refused()
                          : Bisect::Ruling::give_up;
  outcomes.suspected = outcomes.search && !outcomes.accepted && flight.parcel->count == 1;
  if (ruling == Bisect::Ruling::give_up) {
    log::warn(4030, id(), cause, {{"event_id", view(flight.parcel->events()[member.front()]->event_id)}});
    dead_letter(*flight.parcel, member.front(), "rejected", 4030, http_status, verdict.code, verdict.text);
    if (outcomes.search) give_up(outcomes.search->suspects);
    return;
  }
  auto suspect_parcel = part_of(flight, member);
  suspect_parcel->search = nullptr;
  outcomes.search->suspects.push_back({std::move(suspect_parcel), http_status, verdict.code, verdict.text, cause});
  if (ruling == Bisect::Ruling::wait) return;
  // Everything is refused: nothing is given up until something is accepted.
  for (Suspect& suspect : outcomes.search->suspects) requeue(std::move(suspect.parcel));
  outcomes.search->suspects.clear();
  hold(Hold::Kind::rejected_all, flight.outlet, 4031, cause, now);
}

void Lane::give_up(std::vector<Suspect>& suspects) {
  for (const Suspect& suspect : suspects) {
    log::warn(4030, id(), suspect.cause, {{"event_id", view(suspect.parcel->events().front()->event_id)}});
    dead_letter(*suspect.parcel, 0, "rejected", 4030, suspect.http_status, suspect.code, suspect.text);
  }
  suspects.clear();
}

// Nothing follows that could tell more about them.
void Lane::give_up_when_idle() {
  if (!suspects_.empty() && queue_.empty() && context_.flights.empty() && batcher_->inbox_empty() &&
      batcher_->nothing_open())
    give_up(suspects_);
}

// The attempt was one part of a search: what does its end say about the suspects?
void Lane::close_search(BisectSearch& search, const Outcomes& outcomes) {
  if (outcomes.suspected) return;  // single_refused() did it
  Bisect::Ruling ruling = Bisect::Ruling::wait;
  if (outcomes.accepted) {
    ruling = search.bisect.part_accepted();
  } else if (outcomes.children > 0) {
    search.bisect.part_halved();
  } else {
    ruling = search.bisect.part_gone();
  }
  if (ruling == Bisect::Ruling::give_up) give_up(search.suspects);
}

// ---- too large ----

// Not an acceptance: nothing was heard from the server.
void Lane::suspect_size(Flight& flight, Outcomes& outcomes) {
  Parcel& parcel = *flight.parcel;
  const bool torn = flight.torn_bytes > kSuspiciousBytes && outcomes[CSIEM_RETRY].size() == parcel.count;
  parcel.torn = torn ? parcel.torn + 1 : 0;
  if (parcel.torn < kTornToSplit || parcel.count == 1) return;
  outcomes[CSIEM_SPLIT].swap(outcomes[CSIEM_RETRY]);
}

void Lane::on_too_large(Flight& flight, const Verdict& verdict, Outcomes& outcomes, int64_t now) {
  const std::vector<uint32_t>& members = outcomes[CSIEM_SPLIT];
  if (members.empty()) return;
  const Parcel& parcel = *flight.parcel;
  const std::size_t bytes = parcel.bytes();
  const std::string cause = describe(flight, verdict) + "; " + std::to_string(bytes) + " bytes";
  log::warn(4032, id(), cause, {{"events", std::to_string(members.size())}});
  if (members.size() == 1) {
    dead_letter(parcel, members.front(), "too_large", 4032, flight.status, verdict.code, verdict.text);
    return;
  }
  lower_max_bytes(std::min<uint64_t>(batcher_->max_bytes(), bytes) / 2, now);
  requeue_halves(parcel, members, outcomes.search);
  outcomes.children += 2;
}

void Lane::lower_max_bytes(uint64_t bytes, int64_t now) {
  const uint64_t smaller = std::max(bytes, kSmallestBatchBytes);
  if (smaller < batcher_->max_bytes()) batcher_->set_max_bytes(smaller);
  smaller_until_ns_ = now + tuning_.smaller_batches_ms * kNsPerMs;
}

// The batch was cut by the size of its events; what the plugin writes around them came on top. It was not sent. Batches
// to come are cut so that they fit.
void Lane::refit(Flight& flight, int64_t now) {
  Parcel& parcel = *flight.parcel;
  if (--parcel.sent == 0) {
    parcel.first_sent_unix_ns = parcel.last_sent_unix_ns = 0;
    parcel.first_sent_running_ns = -1;
  }
  const double share = static_cast<double>(parcel.bytes()) / static_cast<double>(flight.oversize_bytes);
  lower_max_bytes(static_cast<uint64_t>(share * static_cast<double>(configured_max_bytes_)), now);
  requeue_halves(parcel, everyone(parcel.count), parcel.search);
  if (parcel.search) parcel.search->bisect.part_halved();
}

// ---- credential or destination refused: nothing is wrong with the events ----

void Lane::on_refused(Flight& flight, const Verdict& verdict, Outcomes& outcomes, int64_t now) {
  for (const int32_t outcome : {CSIEM_AUTH, CSIEM_CONFIG}) {
    const std::vector<uint32_t>& members = outcomes[outcome];
    if (members.empty()) continue;
    const std::string cause = describe(flight, verdict);
    auto part = part_of(flight, members);
    part->ready_at_ns = now;
    if (part->search) part->search->bisect.add_part();
    requeue(std::move(part));
    ++outcomes.children;
    if (breaker_.on_success(now) == Breaker::Change::closed) permits_.slow_start();  // the server answers
    if (outcome == CSIEM_AUTH) {
      on_auth(flight, cause, now);
    } else {
      hold(Hold::Kind::destination, flight.outlet, 4040, cause, now);
    }
  }
}

// ---- again later ----

void Lane::on_retry(Flight& flight, const Verdict& verdict, Outcomes& outcomes, int64_t now) {
  const std::vector<uint32_t>& members = outcomes[CSIEM_RETRY];
  if (outcomes.decided && !flight.confirming) on_accepted(flight, now);
  // Taken, with the wish to slow down.
  if (members.empty() && outcomes.accepted && verdict.retry_after_ms > 0) context_.limiter->throttled(now);
  if (members.empty()) return;
  const int64_t retry_after = std::max(verdict.retry_after_ms, flight.retry_after_ms);
  if (!outcomes.decided) on_failure(flight, verdict, now);
  if (flight.ambiguous || flight.confirming)
    context_.stats.duplicates_possible.fetch_add(members.size(), std::memory_order_relaxed);

  // The server stopped at another event and has not looked at these. The next answer decides about at least one of
  // them, so this comes to an end.
  if (outcomes.decided && outcomes.retries_untried && retry_after == 0) {
    auto rest = part_of(flight, members);
    rest->ready_at_ns = now;
    if (++rest->restarts > kMaxRestarts && rest->count > 1) {
      requeue_halves(*rest, everyone(rest->count), outcomes.search);
      outcomes.children += 2;
      return;
    }
    if (rest->search) rest->search->bisect.add_part();
    ++outcomes.children;
    requeue(std::move(rest));
    return;
  }

  const Parcel& tried = *flight.parcel;
  const int64_t age = tried.first_sent_running_ns < 0 ? 0 : running_ns(now) - tried.first_sent_running_ns;
  const bool too_often = retry_.max_retries >= 0 && int64_t{tried.attempt} >= retry_.max_retries;
  if (too_often || age > retry_.max_elapsed_ms * kNsPerMs) {
    const std::string cause = describe(flight, verdict);
    const std::string limit = too_often ? "retry.max_retries = " + std::to_string(retry_.max_retries)
                                        : "retry.max_elapsed = " + std::to_string(retry_.max_elapsed_ms) + " ms";
    log::warn(4034, id(), "given up after " + limit + ": " + cause, {{"events", std::to_string(members.size())}});
    for (const uint32_t member : members)
      dead_letter(tried, member, "expired", 4034, flight.status, verdict.code, cause);
    return;
  }
  context_.stats.retries.fetch_add(1, std::memory_order_relaxed);
  auto part = part_of(flight, members);
  ++part->attempt;
  part->after_timeout = flight.transport == http::Transport::timeout;
  part->unconfirmed = flight.confirming;
  const int64_t backoff = backoff_ms(retry_, part->attempt, random_);
  part->ready_at_ns = now + backoff * kNsPerMs;
  if (retry_after > 0) {
    paused_until_ns_ = std::max(paused_until_ns_, now + server_wait_ms(backoff, retry_after, random_) * kNsPerMs);
    part->ready_at_ns = paused_until_ns_;
  }
  if (part->search) part->search->bisect.add_part();
  ++outcomes.children;
  requeue(std::move(part));
}

}  // namespace csiem::delivery
