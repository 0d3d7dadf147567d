// The table of dead letters: what exporters gave up, with the reason (delivery.md 8).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"

namespace csiem::store {

// One letter as it lies in the table. Views are valid while the transaction is.
struct StoredLetter {
  std::string_view exporter;
  Sequence sequence = 0;
  int64_t last_attempt_unix_ns = 0;
  std::string_view error_class, reason;
  std::string_view json;  // the envelope with the canonical event, one line without its line feed
};

// An entry of the table, as far as it is one of a letter and undamaged.
std::optional<StoredLetter> read_letter(std::string_view key, std::string_view value);
// Without the checksum: reads its head only, and takes damage for truth.
std::optional<StoredLetter> peek_letter(std::string_view key, std::string_view value);
// "splunk/42"; the name of a letter on the command line.
std::string letter_id(const StoredLetter& letter);

// What is put counts at once; the totals of an exporter are kept beside its letters.
Result<void> put_letter(lmdb::Transaction& txn, const Database& database, const std::string& exporter,
                        const DeadLetter& letter);
// Counted anew when what is kept is damaged.
Result<LetterTotals> letter_totals(const lmdb::Transaction& txn, const Database& database, std::string_view exporter);
// Letters behind {after_exporter, after_sequence} in order of exporter and sequence; `look` returns false to end the
// walk.
Result<void> walk_letters(const lmdb::Transaction& txn, const Database& database, const LetterFilter& filter,
                          const std::function<bool(const StoredLetter&)>& look, std::string_view after_exporter = {},
                          Sequence after_sequence = 0);
Result<bool> erase_letter(lmdb::Transaction& txn, const Database& database, std::string_view exporter,
                          Sequence sequence);
// Letters that are too old, wherever they lie: the key says nothing about the age of one that was replayed in vain.
struct LetterKey {
  std::string exporter;
  Sequence sequence = 0;
};
struct ExpiredLetters {
  std::vector<LetterKey> letters;
  std::vector<std::string> damaged;  // keys of the table: letters, and totals
  std::string next;                  // where to go on; empty: that was the last one
};
enum class LetterCheck { structure, everything };  // everything: each checksum; reads the letters as a whole
// Looks at no more than `most` letters from the key `from` on. `oldest_allowed(exporter)` is a time in unix ns. Damaged
// ones are found with `everything`, or when they would be the ones to go.
Result<ExpiredLetters> find_expired(const lmdb::Transaction& txn, const Database& database, std::string_view from,
                                    std::size_t most, LetterCheck check,
                                    const std::function<int64_t(const std::string&)>& oldest_allowed);
// Keys of damaged entries of the table, all of it.
Result<std::vector<std::string>> find_damaged(const lmdb::Transaction& txn, const Database& database);
// Moves these letters to the quarantine, as far as they are damaged, and counts the others anew. How many were moved.
Result<uint64_t> quarantine_letters(lmdb::Transaction& txn, const Database& database,
                                    const std::vector<std::string>& keys, int64_t now_unix_ns,
                                    std::size_t most_quarantined);
// How a damaged entry is called in a report: "the dead letter splunk/42".
std::string damaged_entry_name(std::string_view key);
// Removes the oldest until the exporter keeps its limits. Returns how many went.
Result<uint64_t> trim_letters(lmdb::Transaction& txn, const Database& database, std::string_view exporter,
                              uint64_t max_bytes, int64_t before_unix_ns);

}  // namespace csiem::store
