#include "image_check.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "../store_bench.hpp"
#include "store/cursor_state.hpp"
#include "store/database.hpp"
#include "store/dead_letters.hpp"

namespace csiem::test {
namespace {

using store::BlockView;
using store::CursorState;
using store::Database;
using store::Range;
using store::Sequence;

using Complaints = std::vector<std::string>;

// Everything that is in a store.
struct Content {
  store::Tail tail;
  std::map<Sequence, std::string> blocks;
  std::map<std::string, std::string> cursors, checkpoints;
  std::map<std::string, std::string> letters;  // by letter_id
  std::vector<std::string> quarantine;
  std::map<std::string, std::set<Sequence>> dead;
  bool operator==(const Content& other) const {
    return tail.next == other.tail.next && tail.log_bytes == other.tail.log_bytes && blocks == other.blocks &&
           cursors == other.cursors && checkpoints == other.checkpoints && letters == other.letters &&
           quarantine == other.quarantine;
  }
};

Result<Content> read_content(const std::string& directory) {
  CS_TRY(database,
         Database::open(
             {.directory = directory + "/store", .max_bytes = kStoreBytes, .durability = store::Durability::none}));
  CS_TRY(txn, database.read());
  Content out;
  CS_TRY(tail, database.tail(txn));
  out.tail = tail;
  CS_CHECK(database.walk_log(txn, 1, [&](const Database::Block& block) {
    out.blocks.emplace(block.first, block.bytes);
    return true;
  }));
  const auto into = [](auto& map) {
    return [&map](std::string_view key, std::string_view value) {
      map.emplace(key, value);
      return true;
    };
  };
  CS_CHECK(database.walk_cursors(txn, into(out.cursors)));
  CS_CHECK(database.walk_checkpoints(txn, into(out.checkpoints)));
  CS_CHECK(store::walk_letters(txn, database, {}, [&](const store::StoredLetter& letter) {
    out.letters.emplace(store::letter_id(letter), letter.json);
    out.dead[std::string(letter.exporter)].insert(letter.sequence);
    return true;
  }));
  CS_CHECK(database.walk_quarantine(txn, [&](std::string_view, std::string_view line) {
    out.quarantine.emplace_back(line);
    return true;
  }));
  return out;
}

void check_log(const Content& content, const Recording& recording, std::set<Sequence>& present, Complaints& bad) {
  Sequence behind = 1;
  for (const auto& [first, bytes] : content.blocks) {
    const auto block = BlockView::open(bytes, BlockView::Check::everything);
    if (!block) {
      bad.push_back("I3: the block at " + std::to_string(first) + " is damaged");
      continue;
    }
    if (first < behind) bad.push_back("I2: the block at " + std::to_string(first) + " overlaps the one before");
    behind = first + block->count();
    for (uint32_t i = 0; i < block->count(); ++i) {
      const Sequence at = first + i;
      present.insert(at);
      if (at > recording.texts.size() || block->event(i) != recording.texts[at - 1])
        bad.push_back("I3: event " + std::to_string(at) + " is not what was written");
    }
  }
  if (behind > content.tail.next) bad.push_back("I2: the log reaches behind its end");
}

void check_cursor(const std::string& id, const Content& content, const std::set<Sequence>& present,
                  std::span<const Promise> kept, Complaints& bad) {
  const auto record = content.cursors.find(id);
  const auto state = record == content.cursors.end() ? std::nullopt : CursorState::decode(record->second);
  const auto complain = [&](const std::string& what) { bad.push_back(what + " of exporter " + id); };
  if (!state) {
    if (content.tail.next > 1 || record != content.cursors.end()) complain("I5: there is no place");
    return;
  }
  if (state->frontier() > content.tail.next) complain("I4: the frontier lies behind the log's end");
  for (const auto& [first, last] : state->settled().above())
    if (last >= content.tail.next) complain("I4: a settled range lies behind the log's end");
  for (Sequence at = 1; at < content.tail.next; ++at)
    if (!state->is_settled(at) && !present.contains(at))
      complain("I5: event " + std::to_string(at) + " is missing and not settled by the cursor");
  const store::Ledger ledger = state->ledger(content.tail.next);
  const auto dead = content.dead.find(id);
  const std::size_t letters = dead == content.dead.end() ? 0 : dead->second.size();
  if (ledger.dead_lettered != letters)
    complain("I8: " + std::to_string(letters) + " letters for " + std::to_string(ledger.dead_lettered) + " dead ones");
  if (ledger.queued() > ledger.accepted) complain("I8: more has ended than was accepted");
  for (const Promise& promise : kept) {
    if (promise.exporter != id) continue;
    for (const Range& range : promise.settled)
      for (Sequence at = range.first; at <= range.last; ++at)
        if (!state->is_settled(at)) complain("I1: the settlement of event " + std::to_string(at) + " is forgotten");
  }
}

void check_content(const Content& content, const Recording& recording, std::span<const Promise> kept, Complaints& bad) {
  std::set<Sequence> present;
  check_log(content, recording, present, bad);
  Sequence published = 0;
  for (const Promise& promise : kept) published = std::max(published, promise.published);
  if (published >= content.tail.next)
    bad.push_back("I1: event " + std::to_string(published) + " was acknowledged, the log ends at " +
                  std::to_string(content.tail.next - 1));
  const auto found = content.checkpoints.find("audit");
  const uint64_t checkpoint = found == content.checkpoints.end() ? 0 : std::stoull(found->second);
  if (checkpoint >= content.tail.next)
    bad.push_back("I6: the source stands at " + std::to_string(checkpoint) + ", the log ends at " +
                  std::to_string(content.tail.next - 1));
  if (checkpoint < published)
    bad.push_back("I6: the source stands at " + std::to_string(checkpoint) + ", acknowledged was " +
                  std::to_string(published));
  for (const std::string& id : recording.exporters) check_cursor(id, content, present, kept, bad);
}

// Every exporter gets what it has not settled, each event once, and then nothing is queued.
void check_delivery(const std::string& directory, const Content& content, const Recording& recording, Complaints& bad) {
  auto options = options_for(directory);
  options.max_bytes = kStoreBytes;
  options.durability = store::Durability::none;
  auto opened = store::open_store(options);
  if (!opened) return bad.push_back("delivery: " + opened.error().what());
  for (const std::string& id : recording.exporters) {
    const auto record = content.cursors.find(id);
    if (record == content.cursors.end()) continue;
    const auto state = *CursorState::decode(record->second);
    std::vector<int> want;
    for (Sequence at = 1; at < content.tail.next; ++at)
      if (!state.is_settled(at)) want.push_back(static_cast<int>(at));
    FakeLane lane(**opened, id, true);
    soon([&] { return lane.cursor().ledger().queued() == 0; });
    auto arrived = lane.arrived();
    std::sort(arrived.begin(), arrived.end());
    if (arrived != want)
      bad.push_back("I5: exporter " + id + " got " + std::to_string(arrived.size()) + " events instead of " +
                    std::to_string(want.size()));
    const store::Ledger ledger = lane.cursor().ledger();
    if (ledger.queued() != 0 || ledger.lost != 0) bad.push_back("I8: exporter " + id + " is not empty in the end");
  }
}

}  // namespace

std::vector<std::string> check_store(const std::string& directory, const Recording& recording,
                                     std::span<const Promise> kept, bool drain) {
  Complaints bad;
  // As the daemon does it: it creates what is not there.
  const auto open = [&] {
    auto options = options_for(directory);
    options.max_bytes = kStoreBytes;
    options.durability = store::Durability::interval;
    return store::open_store(options);
  };
  if (auto opened = open(); !opened) return {"cannot be opened: " + opened.error().what()};
  const auto content = read_content(directory);
  if (!content) return {"cannot be read: " + content.error().what()};
  check_content(*content, recording, kept, bad);
  if (auto again = open(); !again) bad.push_back("I7: cannot be opened again: " + again.error().what());
  const auto after = read_content(directory);
  if (!after || !(*after == *content)) bad.push_back("I7: opening it changes it");
  if (std::filesystem::file_size(directory + "/store/data.mdb") > kStoreBytes + Database::kReserveBytes)
    bad.push_back("I9: the file is larger than its limit");
  if (drain && bad.empty()) check_delivery(directory, *content, recording, bad);
  return bad;
}

}  // namespace csiem::test
