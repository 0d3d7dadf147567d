#include "ingest/emit.hpp"

#include <algorithm>

#include "event/words.hpp"

namespace csiem::ingest {
namespace {

bool same_key(const Token& a, const Token& b) noexcept {
  return a.key_len == b.key_len && event::same_bytes(a.key, b.key, a.key_len);
}

// One of 64 bits for a key; equal keys have equal bits.
uint64_t key_bit(const Token& t) noexcept {
  if (t.key_len == 0) return 1;
  const auto first = static_cast<unsigned char>(t.key[0]);
  const auto last = static_cast<unsigned char>(t.key[t.key_len - 1]);
  const auto middle = static_cast<unsigned char>(t.key[t.key_len / 2]);
  return uint64_t{1} << ((t.key_len * 7U + first + last * 5U + middle * 3U) & 63U);
}

void hex(Out& out, const Sha256Digest& digest) noexcept {
  static constexpr char kDigits[] = "0123456789abcdef";
  char text[64];
  for (std::size_t i = 0; i < digest.size(); ++i) {
    text[2 * i] = kDigits[digest[i] >> 4];
    text[2 * i + 1] = kDigits[digest[i] & 15];
  }
  out.raw({text, sizeof text});
}

}  // namespace

bool Emitter::mark_shadowed(const Token& object) {
  if (object.count < 2) return false;
  bool any = false;
  if (object.count <= 32) {
    uint64_t seen = 0;
    for (const Token& member : Children(object)) {
      const uint64_t bit = key_bit(member);
      if ((seen & bit) == 0) {
        seen |= bit;
        continue;
      }
      for (const Token& earlier : Children(object)) {
        if (&earlier == &member) break;
        if (same_key(earlier, member)) earlier.shadowed = any = true;
      }
    }
    return any;
  }
  const std::size_t base = members_.size();
  for (const Token& member : Children(object)) members_.push_back(&member);
  const auto begin = members_.begin() + static_cast<std::ptrdiff_t>(base);
  std::sort(begin, members_.end(), [](const Token* a, const Token* b) {
    const int order = a->key_view().compare(b->key_view());
    return order != 0 ? order < 0 : a < b;
  });
  for (std::size_t i = base; i + 1 < members_.size(); ++i)
    if (same_key(*members_[i], *members_[i + 1])) members_[i]->shadowed = any = true;
  members_.resize(base);
  return any;
}

bool Emitter::mark_all_shadowed(const Token& token) {
  bool any = false;
  const Token* const end = &token + token.span;
  for (const Token* t = &token; t != end; ++t)
    if (t->is(Kind::object) && mark_shadowed(*t)) any = true;
  return any;
}

void Emitter::value(Out& out, const Token& token) {
  const bool container = token.is(Kind::object) || token.is(Kind::array);
  if (!container) {
    if (token.non_finite)
      out.string(token.text_view());
    else
      out.raw(token.raw_view());
    return;
  }
  if (is_verbatim(token)) {
    out.raw(token.raw_view());
    return;
  }
  const bool object = token.is(Kind::object);
  if (object) mark_shadowed(token);
  out.byte(object ? '{' : '[');
  bool first = true;
  for (const Token& child : Children(token)) {
    if (object) {
      member(out, child, first);
      continue;
    }
    if (!first) out.byte(',');
    first = false;
    value(out, child);
  }
  out.byte(object ? '}' : ']');
}

void Emitter::member(Out& out, const Token& token, bool& first) {
  if (token.shadowed) return;
  if (!first) out.byte(',');
  first = false;
  out.string(token.key_view());
  out.byte(':');
  value(out, token);
}

void Emitter::sorted_value(Out& out, const Token& token) {
  if (token.is(Kind::string)) {
    out.string(token.text_view());
    return;
  }
  if (token.is(Kind::array)) {
    out.byte('[');
    bool first = true;
    for (const Token& child : Children(token)) {
      if (!first) out.byte(',');
      first = false;
      sorted_value(out, child);
    }
    out.byte(']');
    return;
  }
  if (!token.is(Kind::object)) {
    out.raw(token.raw_view());
    return;
  }
  mark_shadowed(token);
  const std::size_t base = members_.size();
  for (const Token& child : Children(token))
    if (!child.shadowed) members_.push_back(&child);
  std::sort(members_.begin() + static_cast<std::ptrdiff_t>(base), members_.end(),
            [](const Token* a, const Token* b) { return a->key_view() < b->key_view(); });
  const std::size_t end = members_.size();
  out.byte('{');
  for (std::size_t i = base; i < end; ++i) {
    const Token* child = members_[i];
    if (i != base) out.byte(',');
    out.string(child->key_view());
    out.byte(':');
    sorted_value(out, *child);
  }
  out.byte('}');
  members_.resize(base);
}

void Emitter::digest(Out& out, const Token& token) {
  if (token.is(Kind::string)) {
    digest(out, token.text_view());
    return;
  }
  digest_text_.clear();
  Out text(digest_text_.writer());
  sorted_value(text, token);
  digest(out, digest_text_.view());
}

void Emitter::digest(Out& out, std::string_view bytes) {
  hash_.update(bytes);
  out.raw("{\"bytes\":");
  out.integer(bytes.size());
  out.raw(",\"sha256\":\"");
  hex(out, hash_.finish());
  out.raw("\"}");
}

}  // namespace csiem::ingest
