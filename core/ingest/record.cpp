#include "ingest/record.hpp"

#include <algorithm>

#include "base/rfc3339.hpp"
#include "ingest/clock_text.hpp"

namespace csiem::ingest {
namespace {

constexpr event::WordTable kRootTable(kRootKeyNames);

}  // namespace

Record::Record(const Token& object) noexcept : object_(object) {
  for (const Token& member : Children(object)) {
    const std::size_t i = kRootTable.find(member.key_view());
    if (i == kRootTable.kNone) {
      strangers_ = true;
      continue;
    }
    if (slots_[i] == nullptr) ++known_;
    slots_[i] = &member;
  }
}

void Notes::reset(std::string_view shape_tag) {
  shape = shape_tag;
  event_type = url = severity = {};
  id = decision = context_id = policy_event_id = nullptr;
  has_event_type = ambiguous_target = not_evaluated = synthetic_id = timestamp_missing = timestamp_no_zone = false;
  truncated.clear();
  extras.clear();
}

bool Notes::any() const noexcept {
  return has_event_type || !url.empty() || severity.data() != nullptr || id != nullptr || decision != nullptr ||
         context_id != nullptr || policy_event_id != nullptr || ambiguous_target || not_evaluated || synthetic_id ||
         timestamp_missing || timestamp_no_zone || !truncated.empty() || !extras.empty();
}

void Context::extras_beyond(const Record& record, std::initializer_list<Key> known) {
  std::size_t consumed = 0;
  for (const Key k : known)
    if (record.has(k)) ++consumed;
  if (consumed == record.distinct_known() && !record.has_strangers()) return;
  emitter_.mark_shadowed(record.object());
  for (const Token& member : Children(record.object())) {
    const auto is_this = [&](Key k) { return kRootKeyNames[static_cast<std::size_t>(k)] == member.key_view(); };
    if (!member.shadowed && std::none_of(known.begin(), known.end(), is_this)) extra({}, member);
  }
}

void Context::extras_beyond(std::string_view parent_name, const Token* parent,
                            std::initializer_list<std::string_view> known) {
  if (parent == nullptr || !parent->is(Kind::object)) return;
  emitter_.mark_shadowed(*parent);
  for (const Token& member : Children(*parent))
    if (!member.shadowed && std::find(known.begin(), known.end(), member.key_view()) == known.end())
      extra(parent_name, member);
}

std::string_view Context::text(std::string_view parent, const Token* member) {
  if (member == nullptr || member->is(Kind::null)) return {};
  if (member->is(Kind::string)) return member->text_view();
  extra(parent, *member);
  repair(parent.empty() ? "a member of the wrong type" : parent);
  return {};
}

When Context::time(const Token* token) {
  When when = read_time(token, arena());
  if (!when.ns) {
    notes.timestamp_missing = true;
    repair("timestamp");
    if (token != nullptr && !token->is(Kind::null)) extra({}, *token);
  } else if (when.no_zone) {
    notes.timestamp_no_zone = true;
    repair("timestamp without a zone");
  }
  return when;
}

csiem_str Context::time_text_of_arrival() {
  char* text = arena().allocate_chars(kRfc3339Length);
  format_rfc3339(arrival_ns_, text);
  return {text, kRfc3339Length};
}

void Context::metadata_key(std::string_view name) {
  leave_out(name);
  Out out(members_.writer());
  if (members_.size() != 0) out.byte(',');
  out.string(name);
  out.byte(':');
}

void Context::metadata_member(std::string_view name, const Token& value) {
  metadata_key(name);
  Out out(members_.writer());
  emitter_.value(out, value);
}

void Context::metadata_payload(std::string_view name, const Token& value) {
  if (options_.keep_payloads) return metadata_member(name, value);
  metadata_key(name);
  Out out(members_.writer());
  emitter_.digest(out, value);
}

}  // namespace csiem::ingest
