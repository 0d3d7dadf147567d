#include "recording.hpp"

#include <algorithm>
#include <fstream>
#include <mutex>
#include <random>
#include <sstream>

#include "../store_bench.hpp"
#include "store/record.hpp"
#include "store/settled_ranges.hpp"

namespace csiem::test {
namespace {

using store::Range;
using store::Sequence;

using Rng = std::mt19937_64;

// Keeps what it is given and settles parts of it when told to.
class LooseLane {
 public:
  LooseLane(store::Store& store, const store::CursorOptions& options) : cursor_(*store.open_cursor(options)) {
    cursor_->start([this](const event::BatchRef& batch, std::span<const Range> skip) {
      const std::lock_guard lock(mutex_);
      Sequence first = batch->first_sequence();
      for (const Range& one : skip) {
        if (one.first > first) held_.push_back({first, one.first - 1});
        first = one.last + 1;
      }
      if (first <= batch->last_sequence()) held_.push_back({first, batch->last_sequence()});
    });
  }
  ~LooseLane() { cursor_->start(nullptr); }
  LooseLane(const LooseLane&) = delete;
  LooseLane& operator=(const LooseLane&) = delete;

  // One part of what is held; false when there is nothing.
  bool settle_some(Rng& rng, const std::vector<std::string>& texts) {
    Range part{};
    {
      const std::lock_guard lock(mutex_);
      if (held_.empty()) return false;
      const std::size_t which = rng() % held_.size();
      const Range all = held_[which];
      held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(which));
      part = all;
      if (rng() % 2 == 0) {
        part.first += rng() % all.size();
        part.last -= rng() % (part.last - part.first + 1);
      }
      if (all.first < part.first) held_.push_back({all.first, part.first - 1});
      if (part.last < all.last) held_.push_back({part.last + 1, all.last});
    }
    const auto fate = static_cast<store::Fate>(rng() % 4);
    std::array<uint64_t, 4> counts{};
    counts[static_cast<std::size_t>(fate)] = part.size();
    if (fate == store::Fate::dead_lettered)
      for (Sequence at = part.first; at <= part.last; ++at) {
        store::DeadLetter letter;
        letter.sequence = at;
        letter.error_class = "rejected";
        letter.event_json = "\"" + texts[at - 1] + "\"";
        cursor_->dead_letter(letter);
      }
    cursor_->settle(part.first, part.last, counts);
    settled_.add(part.first, part.last, [](Sequence, Sequence) {});
    return true;
  }
  std::vector<Range> settled() const {
    std::vector<Range> out;
    if (settled_.frontier() > 1) out.push_back({1, settled_.frontier() - 1});
    for (const auto& [first, last] : settled_.above()) out.push_back({first, last});
    return out;
  }
  store::Cursor& cursor() { return *cursor_; }

 private:
  std::unique_ptr<store::Cursor> cursor_;
  std::mutex mutex_;
  std::vector<Range> held_;
  store::SettledRanges settled_;
};

}  // namespace

Recording run_load(const std::string& directory, const LoadSettings& settings) {
  Rng rng(settings.seed);
  Recording out;
  auto options = options_for(directory);
  options.max_bytes = kStoreBytes;
  options.durability = settings.durability;
  const bool lazy = settings.durability == store::Durability::interval;
  options.sync_interval_ms = lazy && rng() % 2 == 0 ? 3'600'000 : 5;
  options.boot_id = kRecordedBoot;
  options.ring_bytes = rng() % 2 == 0 ? 0 : 32U << 20;
  std::mutex promises;
  store::Sequence published = 0;  // outlives the store, like the mutex
  auto opened = store::open_store(options);
  if (!opened) {
    out.refused = opened.error();
    return out;
  }
  const auto store = *std::move(opened);
  store->on_publish([&](const event::BatchRef& batch) {
    const std::lock_guard lock(promises);
    published = batch->last_sequence();
    // With an interval it is a promise when it is over.
    if (settings.durability == store::Durability::sync)
      out.promises.push_back({disk_tap::position(), batch->last_sequence(), {}, {}});
  });
  std::map<std::string, std::unique_ptr<LooseLane>> lanes;
  for (const char* id : {"a", "b"}) {
    store::CursorOptions cursor{.exporter_id = id};
    if (rng() % 2 == 0) cursor.window_bytes = 4096;
    lanes.emplace(id, std::make_unique<LooseLane>(*store, cursor));
    out.exporters.emplace_back(id);
  }
  const auto flush = [&] {
    const auto flushed = store->flush();
    out.unwritten = flushed ? std::nullopt : std::optional(flushed.error());
    if (!flushed) return;
    const std::lock_guard lock(promises);
    if (lazy) out.promises.push_back({disk_tap::position(), published, {}, {}});
    for (const auto& [id, lane] : lanes) out.promises.push_back({disk_tap::position(), 0, id, lane->settled()});
  };
  Numbers made;
  const std::size_t steps = settings.steps != 0 ? settings.steps : 8 + rng() % 16;
  for (std::size_t step = 0; step < steps; ++step) {
    for (std::size_t batches = rng() % 4; batches > 0; --batches) {
      std::vector<int> severities(1 + rng() % 12);
      for (int& severity : severities) severity = rng() % 20 == 0 ? 4 : 0;
      const auto batch = made.batch(severities, rng() % 4 == 0 ? 3000 : rng() % 300);
      for (const csiem_event& event : batch->events())
        out.texts.emplace_back(event.canonical_json.ptr, event.canonical_json.len);
      if (!store->append(batch, "audit", std::to_string(out.texts.size()))) std::abort();
    }
    if (rng() % 4 == 0)
      store->quarantine({.source = "a", .offset = 0, .line = 0, .reason = "bad_json", .detail = {}, .bytes = "x"});
    if (rng() % 6 == 0) lanes.begin()->second->cursor().save_state(std::string(rng() % 200, 's'));
    const bool all = rng() % 5 == 0;
    for (auto& [id, lane] : lanes)
      for (std::size_t settles = all ? 1000 : rng() % 6; settles > 0 && lane->settle_some(rng, out.texts);) --settles;
    // With an interval several commits lie between two syncs, which must use no page of the synced state again.
    if (lazy)
      soon([&] {
        const std::lock_guard lock(promises);
        return published == out.texts.size() || store->health() != store::Health::ok;
      });
    if (lazy ? rng() % 4 == 0 : rng() % 4 != 0) flush();
  }
  for (int i = 0; i < 3 && (i == 0 || out.unwritten); ++i) flush();
  lanes.clear();
  return out;
}

Recording record_load(uint64_t seed, store::Durability durability) {
  const TemporaryDirectory dir;
  disk_tap::watch(dir.path());
  Recording out = run_load(dir.path(), {.seed = seed, .steps = 0, .durability = durability});
  out.ops = disk_tap::take();
  disk_tap::ignore();
  if (out.refused || out.unwritten) std::abort();
  std::stable_sort(out.promises.begin(), out.promises.end());
  return out;
}

void save(const Recording& recording, const std::string& path) {
  store::RecordWriter out;
  out.number(recording.ops.size());
  for (const DiskOp& op : recording.ops) {
    out.number(static_cast<uint8_t>(op.kind));
    out.number(op.offset);
    out.text(op.bytes);
    out.number(static_cast<uint8_t>(op.file));
  }
  out.number(recording.promises.size());
  for (const Promise& promise : recording.promises) {
    out.number(promise.position);
    out.number(promise.published);
    out.text(promise.exporter);
    out.number(promise.settled.size());
    for (const Range& range : promise.settled) {
      out.number(range.first);
      out.number(range.last);
    }
  }
  for (const auto* texts : {&recording.texts, &recording.exporters}) {
    out.number(texts->size());
    for (const std::string& text : *texts) out.text(text);
  }
  std::ofstream(path, std::ios::binary) << out.take();
}

Recording load(const std::string& path) {
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  const std::string all = bytes.str();
  store::RecordReader in(all);
  Recording out;
  for (auto left = in.number<std::size_t>(); left > 0 && in.good(); --left) {
    DiskOp op;
    op.kind = static_cast<DiskOp::Kind>(in.number<uint8_t>());
    op.offset = in.number<uint64_t>();
    op.bytes = in.text();
    op.file = static_cast<StoreFile>(in.number<uint8_t>());
    out.ops.push_back(std::move(op));
  }
  for (auto left = in.number<std::size_t>(); left > 0 && in.good(); --left) {
    Promise promise;
    promise.position = in.number<std::size_t>();
    promise.published = in.number<Sequence>();
    promise.exporter = in.text();
    for (auto ranges = in.number<std::size_t>(); ranges > 0 && in.good(); --ranges) {
      const auto first = in.number<Sequence>();
      promise.settled.push_back({first, in.number<Sequence>()});
    }
    out.promises.push_back(std::move(promise));
  }
  for (auto* texts : {&out.texts, &out.exporters})
    for (auto left = in.number<std::size_t>(); left > 0 && in.good(); --left) texts->emplace_back(in.text());
  return out;
}

}  // namespace csiem::test
