// What every shape's mapping works with: the record's members, the notes about it, and the draft of the event.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.hpp"
#include "event/attack.hpp"
#include "event/batch.hpp"
#include "event/ids.hpp"
#include "event/vocabulary.hpp"
#include "event/words.hpp"
#include "ingest/emit.hpp"
#include "ingest/ingest.hpp"
#include "ingest/tape.hpp"

namespace csiem::ingest {

enum class Key : uint8_t {
#define X(name) name,
#include "ingest/root_keys.def"
#undef X
};
inline constexpr std::array kRootKeyNames = {
#define X(name) std::string_view(#name),
#include "ingest/root_keys.def"
#undef X
};
inline constexpr std::size_t kRootKeys = kRootKeyNames.size();

// The top-level members of one record, by key. Of equal keys the last one counts.
class Record {
 public:
  // `object` must outlive this.
  explicit Record(const Token& object) noexcept;

  // The member, null values included; or a null pointer.
  const Token* at(Key k) const noexcept { return slots_[static_cast<std::size_t>(k)]; }
  bool has(Key k) const noexcept { return at(k) != nullptr; }
  // The member unless absent or null.
  const Token* get(Key k) const noexcept {
    const Token* t = at(k);
    return t != nullptr && !t->is(Kind::null) ? t : nullptr;
  }
  bool is(Key k, Kind kind) const noexcept { return has(k) && at(k)->is(kind); }
  const Token& object() const noexcept { return object_; }
  // Members of names that no shape knows.
  bool has_strangers() const noexcept { return strangers_; }
  std::size_t distinct_known() const noexcept { return known_; }

 private:
  const Token& object_;
  std::array<const Token*, kRootKeys> slots_{};
  std::size_t known_ = 0;
  bool strangers_ = false;
};

// A source member that no rule consumed; `parent` is empty at the top level.
struct Extra {
  std::string_view parent, name;
  const Token* value;
};

// What goes to metadata.siem_source (events.md A.6).
struct Notes {
  std::string_view shape;
  std::string_view event_type, url, severity;
  const Token *id = nullptr, *decision = nullptr, *context_id = nullptr, *policy_event_id = nullptr;
  bool has_event_type = false, ambiguous_target = false, not_evaluated = false, synthetic_id = false;
  bool timestamp_missing = false, timestamp_no_zone = false;
  std::vector<std::string_view> truncated;
  std::vector<Extra> extras;

  void reset(std::string_view shape_tag);
  void type_word(std::string_view word) {
    event_type = word;
    has_event_type = true;
  }
  // Something beside the shape.
  bool any() const noexcept;
};

// A record's time. `text` is the output form, empty when the record has no usable time.
struct When {
  std::optional<int64_t> ns;
  bool no_zone = false;
  std::string_view text;
};

enum class Disposition : uint8_t { allow, warn, block, unknown };

// A view with a null pointer is an absent optional member.
struct Resource {
  event::ResourceType type = event::ResourceType::configuration;
  std::string_view name, path, host;
  int32_t port = -1;
};

struct Indicator {
  event::IndicatorType type = event::IndicatorType::none;
  std::string_view value;
};

// The event in the words of the source, completed by Context::assemble(). Views with a null pointer or blank text mean
// "the source does not say".
struct Draft {
  const Token* id = nullptr;
  When when;
  std::array<std::string_view, 4> key;  // parts of a derived id
  std::size_t key_count = 4;
  std::string_view action;
  Resource resource;
  Disposition disposition = Disposition::unknown;
  std::string_view guard, severity, reason;
  std::string_view agent, session, user, tenant, policy_hash;
  event::EventType type = event::EventType::unknown;    // unknown: by disposition
  event::Category category = event::Category::unknown;  // unknown: by resource
  std::optional<event::Outcome> outcome;                // by disposition
  Indicator indicator;                                  // none: by resource
  const Token* metadata = nullptr;                      // members copied as they are
};

enum class Verdict : uint8_t { accepted, rejected, suppressed };

// One mapper's working state: settings, scratch memory and the record at hand. One thread.
class Context {
 public:
  explicit Context(const Options& options) : options_(options) {}

  const Options& options() const noexcept { return options_; }
  void begin_line(int64_t arrival_ns, std::size_t line_bytes, event::BatchBuilder& out) noexcept {
    arrival_ns_ = arrival_ns;
    line_bytes_ = line_bytes;
    out_ = &out;
  }
  void begin_record(std::string_view shape) {
    notes.reset(shape);
    members_.clear();
    left_out_.clear();
    repaired_ = {};
  }

  int64_t arrival_ns() const noexcept { return arrival_ns_; }
  Arena& arena() noexcept { return out_->arena(); }
  event::BatchBuilder& out() noexcept { return *out_; }
  Emitter& emitter() noexcept { return emitter_; }

  Verdict reject(Reject reason, std::string_view detail) noexcept {
    reason_ = reason;
    detail_ = detail;
    return Verdict::rejected;
  }
  Reject reason() const noexcept { return reason_; }
  std::string_view detail() const noexcept { return detail_; }

  // Notes that something had to be put right; with strict sources the record is rejected for it. `what` is static.
  void repair(std::string_view what) noexcept {
    if (repaired_.empty()) repaired_ = what;
  }
  std::string_view repaired() const noexcept { return repaired_; }

  void extra(std::string_view parent, std::string_view name, const Token& value) {
    notes.extras.push_back({parent, name, &value});
  }
  void extra(std::string_view parent, const Token& member) { extra(parent, member.key_view(), member); }
  // Top-level members outside `known`.
  void extras_beyond(const Record& record, std::initializer_list<Key> known);
  // Members of the object `parent` outside `known`.
  void extras_beyond(std::string_view parent_name, const Token* parent, std::initializer_list<std::string_view> known);
  // The text of a string; a value of another type goes to extra under its own name.
  std::string_view text(std::string_view parent, const Token* member);

  When time(const Token* token);

  // Additional metadata members of this record, written one by one.
  void metadata_member(std::string_view name, const Token& value);
  // A payload: verbatim when keep_payloads, else its digest.
  void metadata_payload(std::string_view name, const Token& value);
  Out metadata_out() noexcept { return Out(members_.writer()); }
  // Writes `"name":` with the comma before it when needed. A member of that name in the source's metadata is left out.
  void metadata_key(std::string_view name);
  void leave_out(std::string_view name) { left_out_.push_back(name); }

  // Fills a new view from the draft. Rejects in strict mode when something was repaired.
  Verdict assemble(const Draft& draft);
  // The same for a view that its mapping has filled itself, all but the metadata.
  Verdict finish(csiem_event& event, const Token* metadata);
  // The arrival time in output form, in the arena.
  csiem_str time_text_of_arrival();

  // `text` in the arena; for bytes that do not live there yet.
  csiem_str keep(std::string_view text) { return str(arena().copy(text)); }
  event::IdMaker& ids() noexcept { return ids_; }
  Buffer& scratch() noexcept { return scratch_; }

  Notes notes;

 private:
  csiem_str compose_metadata(const Token* base, bool with_notes);
  void write_base(Out& out, const Token& base, bool with_notes, bool& first);
  bool is_left_out(const Token& member, bool with_notes) const noexcept;
  void replace_by_digest(Out& out, const Token* base);
  void write_notes(Out& out);
  void write_extras(Out& out);
  void cut_long_texts(csiem_event& event);
  csiem_str limited(csiem_str text, std::string_view path);
  void set_identity(csiem_event& event, const Draft& draft);
  void set_decision(csiem_event& event, const Draft& draft, event::GuardClass guard);
  void set_threat(csiem_event& event, const Draft& draft, event::GuardClass guard, bool named);

  const Options& options_;
  int64_t arrival_ns_ = 0;
  std::size_t line_bytes_ = 0;
  event::BatchBuilder* out_ = nullptr;
  Emitter emitter_;
  event::IdMaker ids_;
  std::vector<std::string_view> left_out_;  // names of metadata members that ours replace
  Buffer members_, scratch_, digest_text_;
  std::string_view repaired_;
  Reject reason_ = Reject::none;
  std::string_view detail_;
};

inline bool blank(std::string_view s) noexcept {
  for (const char c : s)
    if (!event::is_space(c)) return false;
  return true;
}

// The text of a string, else a null view.
inline std::string_view text_of(const Token* t) noexcept {
  return t != nullptr && t->is(Kind::string) ? t->text_view() : std::string_view{};
}
// The text of a string or number, else the raw text; empty for an absent value. What goes into derived ids.
inline std::string_view id_text(const Token* t) noexcept {
  if (t == nullptr || t->is(Kind::null)) return {};
  return t->is(Kind::string) ? t->text_view() : t->raw_view();
}
// The first that is not blank, else a null view.
inline std::string_view first_of(std::string_view a, std::string_view b) noexcept {
  return !blank(a) ? a : !blank(b) ? b : std::string_view{};
}
inline bool is_true(const Token* t) noexcept { return t != nullptr && t->is(Kind::boolean) && t->truth; }
inline bool is_false(const Token* t) noexcept { return t != nullptr && t->is(Kind::boolean) && !t->truth; }

}  // namespace csiem::ingest
