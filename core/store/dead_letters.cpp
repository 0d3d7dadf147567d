#include "store/dead_letters.hpp"

#include <algorithm>
#include <map>

#include "store/kept_lines.hpp"
#include "store/record.hpp"
#include "store/sealed.hpp"

namespace csiem::store {
namespace {

using lmdb::Scan;
using lmdb::Transaction;

// Exporter, a zero byte, the sequence with its highest byte first, so that the order of bytes is the order of numbers.
// The entry of sequence 0 holds the totals.
std::string key_of(std::string_view exporter, Sequence sequence) {
  std::string key(exporter);
  key.push_back('\0');
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(sequence >> shift & 0xff));
  return key;
}

bool split_key(std::string_view key, std::string_view& exporter, Sequence& sequence) {
  if (key.size() < 9 || key[key.size() - 9] != '\0') return false;
  exporter = key.substr(0, key.size() - 9);
  sequence = 0;
  for (const char byte : key.substr(key.size() - 8)) sequence = sequence << 8 | static_cast<unsigned char>(byte);
  return true;
}

constexpr std::string_view kTable = "dead";
// Some megabytes.
constexpr std::size_t kLettersBetweenReleases = 2048;

uint64_t cost(std::string_view key, std::string_view value) { return key.size() + value.size(); }

Result<void> put_totals(Transaction& txn, const Database& database, std::string_view exporter,
                        const LetterTotals& totals) {
  RecordWriter out;
  out.number(totals.count);
  out.number(totals.bytes);
  const std::string key = key_of(exporter, 0);
  return txn.put(database.dead(), key, seal(kTable, key, out.take()));
}

Result<void> add_totals(Transaction& txn, const Database& database, std::string_view exporter, uint64_t count,
                        uint64_t bytes) {
  CS_TRY(before, letter_totals(txn, database, exporter));
  return put_totals(txn, database, exporter, {before.count + count, before.bytes + bytes});
}

Result<LetterTotals> count_letters(const Transaction& txn, const Database& database, std::string_view exporter) {
  LetterTotals totals;
  CS_TRY(scan, Scan::open(txn, database.dead()));
  for (bool more = scan.seek(key_of(exporter, 1)); more || scan.pass_damage(); more = scan.next()) {
    std::string_view owner;
    Sequence sequence = 0;
    if (!split_key(scan.key(), owner, sequence) || owner != exporter) break;
    ++totals.count;
    totals.bytes += cost(scan.key(), scan.value());
  }
  if (scan.failed()) return scan.failure();
  return totals;
}

// Of every exporter that has letters or had some.
Result<void> count_anew(Transaction& txn, const Database& database) {
  std::map<std::string, LetterTotals> all;
  {
    CS_TRY(scan, Scan::open(txn, database.dead()));
    for (bool more = scan.first(); more || scan.pass_damage(); more = scan.next()) {
      std::string_view exporter;
      Sequence sequence = 0;
      if (!split_key(scan.key(), exporter, sequence)) continue;
      LetterTotals& totals = all[std::string(exporter)];
      if (sequence == 0) continue;
      ++totals.count;
      totals.bytes += cost(scan.key(), scan.value());
    }
    if (scan.failed()) return scan.failure();
  }
  for (const auto& [exporter, totals] : all) CS_CHECK(put_totals(txn, database, exporter, totals));
  return {};
}

bool is_damaged(std::string_view key, std::string_view value) {
  std::string_view exporter;
  Sequence sequence = 0;
  return !split_key(key, exporter, sequence) || !unseal(kTable, key, value);
}

}  // namespace

std::optional<StoredLetter> read_letter(std::string_view key, std::string_view value) {
  if (!unseal(kTable, key, value)) return std::nullopt;
  return peek_letter(key, value);
}

std::optional<StoredLetter> peek_letter(std::string_view key, std::string_view value) {
  StoredLetter letter;
  if (!split_key(key, letter.exporter, letter.sequence) || letter.sequence == 0) return std::nullopt;
  RecordReader in(sealed_value(value));
  letter.last_attempt_unix_ns = in.number<int64_t>();
  letter.error_class = in.text();
  letter.reason = in.text();
  letter.json = in.rest();
  if (!in.good()) return std::nullopt;
  return letter;
}

std::string letter_id(const StoredLetter& letter) {
  return std::string(letter.exporter) + "/" + std::to_string(letter.sequence);
}

Result<void> put_letter(Transaction& txn, const Database& database, const std::string& exporter,
                        const DeadLetter& letter) {
  const std::string key = key_of(exporter, letter.sequence);
  RecordWriter out;
  out.number(letter.last_attempt_unix_ns);
  out.text(letter.error_class);
  out.text(letter.vendor_text.empty() ? letter.vendor_code : letter.vendor_text);
  std::string line = dead_letter_line(exporter, letter);
  line.pop_back();
  out.rest(line);
  const std::string value = seal(kTable, key, out.take());
  CS_TRY(before, txn.get(database.dead(), key));
  if (before.found) {  // given up again after a replay
    CS_CHECK(add_totals(txn, database, exporter, 0, cost(key, value) - cost(key, before.value)));
  } else {
    CS_CHECK(add_totals(txn, database, exporter, 1, cost(key, value)));
  }
  return txn.put(database.dead(), key, value);
}

Result<LetterTotals> letter_totals(const Transaction& txn, const Database& database, std::string_view exporter) {
  const std::string key = key_of(exporter, 0);
  CS_TRY(found, txn.get(database.dead(), key));
  const auto value = unseal(kTable, key, found.value);
  if (!value) return count_letters(txn, database, exporter);
  RecordReader in(*value);
  LetterTotals totals;
  totals.count = in.number<uint64_t>();
  totals.bytes = in.number<uint64_t>();
  return totals;
}

Result<void> walk_letters(const Transaction& txn, const Database& database, const LetterFilter& filter,
                          const std::function<bool(const StoredLetter&)>& look, std::string_view after_exporter,
                          Sequence after_sequence) {
  CS_TRY(scan, Scan::open(txn, database.dead()));
  const std::string first = filter.exporter.empty() ? std::string() : key_of(filter.exporter, 1);
  const std::string after = after_exporter.empty() ? std::string() : key_of(after_exporter, after_sequence + 1);
  const std::string& from = std::max(first, after);
  const std::string wanted_id = filter.event_id.empty() ? std::string() : "\"event_id\":\"" + filter.event_id + "\"";
  std::size_t seen = 0;
  for (bool more = from.empty() ? scan.first() : scan.seek(from); more || scan.pass_damage(); more = scan.next()) {
    if (++seen % kLettersBetweenReleases == 0) database.release_pages();
    const auto letter = read_letter(scan.key(), scan.value());
    if (!filter.exporter.empty()) {
      std::string_view exporter;
      Sequence sequence = 0;
      if (split_key(scan.key(), exporter, sequence) && exporter != filter.exporter) break;
    }
    if (!letter || letter->last_attempt_unix_ns < filter.since_unix_ns) continue;
    if (filter.before_unix_ns != 0 && letter->last_attempt_unix_ns >= filter.before_unix_ns) continue;
    if (!filter.error_class.empty() && letter->error_class != filter.error_class) continue;
    // In the envelope, not in the event, whose metadata may name others.
    if (!wanted_id.empty() &&
        letter->json.substr(0, letter->json.find(",\"event\":")).find(wanted_id) == std::string_view::npos)
      continue;
    if (!look(*letter)) return {};
  }
  if (scan.failed()) return scan.failure();
  return {};
}

Result<bool> erase_letter(Transaction& txn, const Database& database, std::string_view exporter, Sequence sequence) {
  const std::string key = key_of(exporter, sequence);
  CS_TRY(found, txn.get(database.dead(), key));
  if (!found.found) return false;
  const uint64_t bytes = cost(key, found.value);
  CS_CHECK(txn.erase(database.dead(), key));
  CS_CHECK(add_totals(txn, database, exporter, ~uint64_t{0}, uint64_t{0} - bytes));
  return true;
}

Result<ExpiredLetters> find_expired(const Transaction& txn, const Database& database, std::string_view from,
                                    std::size_t most, LetterCheck check,
                                    const std::function<int64_t(const std::string&)>& oldest_allowed) {
  ExpiredLetters out;
  CS_TRY(scan, Scan::open(txn, database.dead()));
  std::string exporter;
  int64_t oldest = 0;
  bool more = from.empty() ? scan.first() : scan.seek(from);
  for (more = more || scan.pass_damage(); more && most > 0; more = scan.next() || scan.pass_damage(), --most) {
    if (check == LetterCheck::everything && is_damaged(scan.key(), scan.value())) {
      out.damaged.emplace_back(scan.key());
      continue;
    }
    const auto letter = peek_letter(scan.key(), scan.value());
    if (!letter) continue;  // totals
    if (letter->exporter != exporter || exporter.empty()) {
      exporter = letter->exporter;
      oldest = oldest_allowed(exporter);
    }
    if (letter->last_attempt_unix_ns >= oldest) continue;
    if (is_damaged(scan.key(), scan.value()))
      out.damaged.emplace_back(scan.key());
    else
      out.letters.push_back({exporter, letter->sequence});
  }
  if (scan.failed()) return scan.failure();
  if (more) out.next = scan.key();
  return out;
}

Result<std::vector<std::string>> find_damaged(const Transaction& txn, const Database& database) {
  std::vector<std::string> keys;
  CS_TRY(scan, Scan::open(txn, database.dead()));
  std::size_t seen = 0;
  for (bool more = scan.first(); more || scan.pass_damage(); more = scan.next()) {
    if (++seen % kLettersBetweenReleases == 0) database.release_pages();
    if (is_damaged(scan.key(), scan.value())) keys.emplace_back(scan.key());
  }
  if (scan.failed()) return scan.failure();
  return keys;
}

Result<uint64_t> quarantine_letters(Transaction& txn, const Database& database, const std::vector<std::string>& keys,
                                    int64_t now_unix_ns, std::size_t most_quarantined) {
  uint64_t moved = 0;
  for (const std::string& key : keys) {
    CS_TRY(found, txn.get(database.dead(), key));
    if (!found.found || !is_damaged(key, found.value)) continue;
    std::string_view exporter;
    Sequence sequence = 0;
    if (!split_key(key, exporter, sequence) || sequence != 0) {
      const std::string line = damaged_letter_line(exporter, sequence, found.value, now_unix_ns);
      CS_CHECK(database.put_quarantined(txn, line, most_quarantined));
      ++moved;
    }
    CS_CHECK(txn.erase(database.dead(), key));
  }
  CS_CHECK(count_anew(txn, database));
  return moved;
}

std::string damaged_entry_name(std::string_view key) {
  std::string_view exporter;
  Sequence sequence = 0;
  if (!split_key(key, exporter, sequence)) return "the name of a dead letter";
  if (sequence == 0) return "the count of the dead letters of " + std::string(exporter);
  return "the dead letter " + std::string(exporter) + "/" + std::to_string(sequence);
}

Result<uint64_t> trim_letters(Transaction& txn, const Database& database, std::string_view exporter, uint64_t max_bytes,
                              int64_t before_unix_ns) {
  CS_TRY(totals, letter_totals(txn, database, exporter));
  uint64_t count = 0, bytes = 0;
  {
    CS_TRY(scan, Scan::open(txn, database.dead()));
    while (scan.seek(key_of(exporter, 1))) {
      const auto letter = read_letter(scan.key(), scan.value());
      if (letter && letter->exporter != exporter) break;
      // What is damaged has no age; it waits for the quarantine.
      const bool too_old = letter && letter->last_attempt_unix_ns < before_unix_ns;
      if (totals.bytes - bytes <= max_bytes && !too_old) break;
      std::string_view owner;
      Sequence sequence = 0;
      if (!split_key(scan.key(), owner, sequence) || owner != exporter) break;
      bytes += cost(scan.key(), scan.value());
      ++count;
      CS_CHECK(scan.erase());
    }
  }
  if (count > 0) CS_CHECK(add_totals(txn, database, exporter, uint64_t{0} - count, uint64_t{0} - bytes));
  return count;
}

}  // namespace csiem::store
