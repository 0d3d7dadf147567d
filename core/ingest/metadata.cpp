// The event's metadata object: the source's members, ours, and siem_source; and the limits of the event's texts.
#include <algorithm>
#include <array>

#include "ingest/record.hpp"

namespace csiem::ingest {
namespace {

constexpr std::string_view kOurMember = "siem_source";
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";
constexpr std::size_t kKeysListed = 256;         // of a metadata object that is too large
constexpr std::size_t kKeyBytesListed = 16'384;  // and of all their names together

struct LimitedText {
  csiem_str csiem_event::*member;
  std::string_view path;
};
constexpr LimitedText kLimitedTexts[] = {
    {&csiem_event::schema_version, "schema_version"},
    {&csiem_event::agent_id, "agent.id"},
    {&csiem_event::agent_name, "agent.name"},
    {&csiem_event::agent_version, "agent.version"},
    {&csiem_event::agent_type, "agent.type"},
    {&csiem_event::session_id, "session.id"},
    {&csiem_event::user_id, "session.user_id"},
    {&csiem_event::tenant_id, "session.tenant_id"},
    {&csiem_event::environment, "session.environment"},
    {&csiem_event::action, "action"},
    {&csiem_event::indicator_value, "threat.indicator.value"},
    {&csiem_event::tactic, "threat.tactic"},
    {&csiem_event::technique, "threat.technique"},
    {&csiem_event::guard, "decision.guard"},
    {&csiem_event::reason, "decision.reason"},
    {&csiem_event::policy_hash, "decision.policy_hash"},
    {&csiem_event::ruleset, "decision.ruleset"},
    {&csiem_event::resource_name, "resource.name"},
    {&csiem_event::resource_path, "resource.path"},
    {&csiem_event::resource_host, "resource.host"},
};

// The longest front part of at most `limit` bytes that ends between code points.
std::string_view cut(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text;
  while (limit != 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

csiem_str shortened(Arena& arena, csiem_str text, std::size_t limit) {
  const std::string_view kept = cut(view(text), limit > kEllipsis.size() ? limit - kEllipsis.size() : 0);
  char* bytes = arena.allocate_chars(kept.size() + kEllipsis.size());
  std::copy(kept.begin(), kept.end(), bytes);
  std::copy(kEllipsis.begin(), kEllipsis.end(), bytes + kept.size());
  return {bytes, kept.size() + kEllipsis.size()};
}

// The names under which repairs of nested members stand at the top of `extra`. An unknown member may have the same
// name; then the repaired value, which comes later, counts.
constexpr event::WordTable kFlatNames(std::to_array<std::string_view>({
    "resource_type",
    "resource_port",
    "indicator_type",
    "severity",
    "siem_source",
}));

bool is_overridden(const Extra& x, const std::vector<Extra>& all) noexcept {
  if (!x.parent.empty() || kFlatNames.find(x.name) == kFlatNames.kNone) return false;
  for (const Extra* y = &x + 1; y != all.data() + all.size(); ++y)
    if (y->parent.empty() && y->name == x.name) return true;
  return false;
}

void list_keys(Out& out, const Token* object) {
  out.raw("\"keys\":[");
  std::size_t keys = 0;
  std::size_t bytes = 0;
  if (object != nullptr && object->is(Kind::object)) {
    for (const Token& member : Children(*object)) {
      if (member.shadowed || member.key_view() == kOurMember) continue;
      bytes += member.key_len;
      if (++keys > kKeysListed || bytes > kKeyBytesListed) break;
      if (keys != 1) out.byte(',');
      out.string(member.key_view());
    }
  }
  out.byte(']');
}

}  // namespace

csiem_str Context::limited(csiem_str text, std::string_view path) {
  if (text.len <= options_.max_string_bytes) return text;
  if (notes.truncated.empty() || notes.truncated.back() != path) notes.truncated.push_back(path);
  return shortened(arena(), text, options_.max_string_bytes);
}

void Context::cut_long_texts(csiem_event& e) {
  for (const LimitedText& t : kLimitedTexts) e.*t.member = limited(e.*t.member, t.path);
  if (e.label_count == 0) return;
  auto* labels = arena().allocate_array<csiem_kv>(e.label_count);
  for (uint64_t i = 0; i < e.label_count; ++i)
    labels[i] = {limited(e.labels[i].key, "labels"), limited(e.labels[i].value, "labels")};
  e.labels = labels;
}

Verdict Context::finish(csiem_event& e, const Token* metadata) {
  if (options_.strict && !repaired_.empty()) {
    out_->drop_last();
    return reject(Reject::bad_field, repaired_);
  }
  // Only a long line can hold a long text; quoting of command words makes one at most five times longer.
  if (line_bytes_ > options_.max_string_bytes / 6) cut_long_texts(e);
  const bool with_notes = notes.shape != "security_event" || notes.any();
  e.metadata_json = compose_metadata(metadata, with_notes);
  return Verdict::accepted;
}

csiem_str Context::compose_metadata(const Token* base, bool with_notes) {
  if (base != nullptr && base->is(Kind::null)) base = nullptr;
  if (!with_notes && members_.size() == 0) {
    if (base == nullptr) return str("{}");
    // Untouched: the line's own bytes when they are compact.
    if (base->is(Kind::object) && base->raw_len <= options_.max_metadata_bytes && emitter_.is_verbatim(*base))
      return str(base->raw_view());
  }
  scratch_.clear();
  Out out(scratch_.writer());
  out.byte('{');
  bool first = true;
  if (base != nullptr) write_base(out, *base, with_notes, first);
  if (members_.size() != 0) {
    if (!first) out.byte(',');
    first = false;
    out.raw(members_.view());
  }
  if (scratch_.size() + 1 > options_.max_metadata_bytes) {
    replace_by_digest(out, base);
    notes.truncated.push_back("metadata");
    first = with_notes = false;
    out.byte(',');
    write_notes(out);
  }
  if (with_notes) {
    if (!first) out.byte(',');
    write_notes(out);
  }
  out.byte('}');
  return keep(scratch_.view());
}

void Context::write_base(Out& out, const Token& base, bool with_notes, bool& first) {
  if (!base.is(Kind::object)) {
    out.raw("\"details\":");
    emitter_.value(out, base);
    first = false;
    return;
  }
  bool whole = true;
  for (const Token& member : Children(base)) {
    if (!is_left_out(member, with_notes)) continue;
    if (member.key_view() == kOurMember) extra({}, member);
    whole = false;
  }
  if (base.count == 0) return;
  if (whole && emitter_.is_verbatim(base)) {
    out.raw(base.raw_view().substr(1, base.raw_len - 2));
    first = false;
    return;
  }
  emitter_.mark_shadowed(base);
  for (const Token& member : Children(base))
    if (!is_left_out(member, with_notes)) emitter_.member(out, member, first);
}

// A source's own siem_source makes room for ours and is kept there.
bool Context::is_left_out(const Token& member, bool with_notes) const noexcept {
  if (with_notes && member.key_view() == kOurMember) return true;
  return !left_out_.empty() && std::find(left_out_.begin(), left_out_.end(), member.key_view()) != left_out_.end();
}

// What stands in the scratch buffer, an object without its last bracket, becomes a digest with the names of its
// members.
void Context::replace_by_digest(Out& out, const Token* base) {
  out.byte('}');
  members_.clear();
  Out digest(members_.writer());
  emitter_.digest(digest, scratch_.view());
  scratch_.clear();
  const std::string_view object = members_.view();
  out.raw(object.substr(0, object.size() - 1));
  out.byte(',');
  list_keys(out, base);
}

void Context::write_notes(Out& out) {
  out.raw("\"siem_source\":{\"shape\":");
  out.string(notes.shape);
  const auto text = [&](std::string_view key, std::string_view value) {
    out.raw(key);
    out.string(value);
  };
  const auto token = [&](std::string_view key, const Token* value) {
    if (value == nullptr) return;
    out.raw(key);
    emitter_.value(out, *value);
  };
  const auto flag = [&](std::string_view member, bool set) {
    if (set) out.raw(member);
  };
  if (notes.has_event_type) text(",\"event_type\":", notes.event_type);
  token(",\"id\":", notes.id);
  if (notes.severity.data() != nullptr) text(",\"severity\":", notes.severity);
  token(",\"decision\":", notes.decision);
  if (!notes.url.empty()) text(",\"url\":", notes.url);
  flag(",\"ambiguous_target\":true", notes.ambiguous_target);
  token(",\"context_id\":", notes.context_id);
  token(",\"policy_event_id\":", notes.policy_event_id);
  flag(",\"evaluated\":false", notes.not_evaluated);
  flag(",\"synthetic_id\":true", notes.synthetic_id);
  flag(",\"timestamp_missing\":true", notes.timestamp_missing);
  flag(",\"timestamp_no_zone\":true", notes.timestamp_no_zone);
  if (!notes.truncated.empty()) {
    out.raw(",\"truncated\":[");
    for (std::size_t i = 0; i < notes.truncated.size(); ++i) {
      if (i != 0) out.byte(',');
      out.string(notes.truncated[i]);
    }
    out.byte(']');
  }
  if (!notes.extras.empty()) {
    out.raw(",\"extra\":{");
    const std::size_t from = scratch_.size();
    write_extras(out);
    if (scratch_.size() - from > options_.max_metadata_bytes) {
      digest_text_.clear();
      digest_text_.append(scratch_.view(from, scratch_.size()));
      scratch_.truncate(from);
      out.raw("\"too_large\":");
      emitter_.digest(out, digest_text_.view());
    }
    out.byte('}');
  }
  out.byte('}');
}

// Grouped by parent.
void Context::write_extras(Out& out) {
  auto& extras = notes.extras;
  if (extras.size() > 1)
    std::stable_sort(extras.begin(), extras.end(), [](const Extra& a, const Extra& b) { return a.parent < b.parent; });
  std::string_view group;
  bool first = true;
  for (const Extra& x : extras) {
    if (is_overridden(x, extras)) continue;
    if (x.parent != group) {
      if (!group.empty()) out.byte('}');
      if (!first || !group.empty()) out.byte(',');
      out.string(x.parent);
      out.raw(":{");
      first = true;
      group = x.parent;
    }
    if (!first) out.byte(',');
    first = false;
    out.string(x.name);
    out.byte(':');
    emitter_.value(out, *x.value);
  }
  if (!group.empty()) out.byte('}');
}

}  // namespace csiem::ingest
