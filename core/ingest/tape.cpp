#include "ingest/tape.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

namespace csiem::ingest {
namespace {

namespace json = boost::json;

// Turns the parser's calls into tokens. Positions: the parser does not tell where a bracket or literal stands, but only
// blanks, a comma and a colon can lie between the end of one token and the start of the next.
class Handler {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  explicit Handler(std::size_t max_depth) : open_(max_depth + 1) { grow(256); }

  void start(const char* text, Arena& arena) noexcept {
    last_ = text;
    arena_ = &arena;
    size_ = 0;
    depth_ = 0;
    compact_ = true;
    key_ = nullptr;
    key_len_ = 0;
    pending_.clear();
    had_parts_ = false;
  }
  const Token& root() const noexcept { return tokens_[0]; }
  bool compact() const noexcept { return compact_; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return open_container(Kind::object); }
  bool on_object_end(std::size_t n, json::error_code&) { return close_container(n); }
  bool on_array_begin(json::error_code&) { return open_container(Kind::array); }
  bool on_array_end(std::size_t n, json::error_code&) { return close_container(n); }

  bool on_key_part(json::string_view s, std::size_t, json::error_code&) { return part(s); }
  bool on_key(json::string_view s, std::size_t, json::error_code&) {
    const char* begin = next_token();
    const std::string_view key = whole_text(s, begin);
    key_ = key.data();
    key_len_ = static_cast<uint32_t>(key.size());
    return true;
  }
  bool on_string_part(json::string_view s, std::size_t, json::error_code&) { return part(s); }
  bool on_string(json::string_view s, std::size_t, json::error_code&) {
    const char* begin = next_token();
    Token& t = add(Kind::string, begin);
    const std::string_view text = whole_text(s, begin);
    t.text = text.data();
    t.text_len = static_cast<uint32_t>(text.size());
    t.raw_len = static_cast<uint32_t>(last_ - begin);
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(int64_t, json::string_view s, json::error_code&) { return number(s, true, true); }
  bool on_uint64(uint64_t, json::string_view s, json::error_code&) { return number(s, true, true); }
  bool on_double(double d, json::string_view s, json::error_code&) { return number(s, false, std::isfinite(d)); }
  bool on_bool(bool b, json::error_code&) {
    const char* begin = next_token();
    Token& t = add(Kind::boolean, begin);
    t.truth = b;
    t.raw_len = b ? 4 : 5;
    last_ = begin + t.raw_len;
    return true;
  }
  bool on_null(json::error_code&) {
    const char* begin = next_token();
    add(Kind::null, begin).raw_len = 4;
    last_ = begin + 4;
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  const char* next_token() noexcept {
    const char* p = last_;
    for (;; ++p) {
      if (*p == ',' || *p == ':') continue;
      if (*p != ' ' && *p != '\t' && *p != '\n' && *p != '\r') return p;
      compact_ = false;
    }
  }

  Token& add(Kind kind, const char* begin) {
    if (size_ == capacity_) grow(capacity_ * 2);
    Token& t = tokens_[size_++];
    t.key = key_;
    t.key_len = key_len_;
    t.text = nullptr;
    t.text_len = 0;
    t.raw = begin;
    t.span = 1;
    t.count = 0;
    t.kind = kind;
    t.truth = t.non_finite = t.integer = t.shadowed = false;
    key_ = nullptr;
    key_len_ = 0;
    return t;
  }
  void grow(std::size_t capacity) {
    auto bigger = std::make_unique_for_overwrite<Token[]>(capacity);
    if (size_ != 0) std::memcpy(bigger.get(), tokens_.get(), size_ * sizeof(Token));
    tokens_ = std::move(bigger);
    capacity_ = capacity;
  }

  bool open_container(Kind kind) {
    const char* begin = next_token();
    add(kind, begin);
    open_[depth_++] = size_ - 1;
    last_ = begin + 1;
    return true;
  }
  bool close_container(std::size_t n) noexcept {
    const std::size_t at = open_[--depth_];
    Token& t = tokens_[at];
    last_ = next_token() + 1;
    t.raw_len = static_cast<uint32_t>(last_ - t.raw);
    t.span = static_cast<uint32_t>(size_ - at);
    t.count = static_cast<uint32_t>(n);
    if (t.non_finite && depth_ != 0) tokens_[open_[depth_ - 1]].non_finite = true;
    return true;
  }
  bool number(json::string_view s, bool integer, bool finite) {
    const char* begin = next_token();
    Token& t = add(Kind::number, begin);
    last_ = s.data() + s.size();
    t.text = begin;
    t.text_len = t.raw_len = static_cast<uint32_t>(last_ - begin);
    t.integer = integer;
    t.non_finite = !finite;
    if (!finite && depth_ != 0) tokens_[open_[depth_ - 1]].non_finite = true;
    return true;
  }

  bool part(json::string_view s) {
    pending_.append(s.data(), s.size());
    had_parts_ = true;
    return true;
  }
  // The unescaped text of the string whose last piece is `s` and whose opening quote stands at `begin`.
  std::string_view whole_text(json::string_view s, const char* begin) {
    if (!had_parts_ && s.data() == begin + 1) {
      last_ = s.data() + s.size() + 1;
      return {s.data(), s.size()};
    }
    pending_.append(s.data(), s.size());
    const std::string_view text = arena_->copy(pending_);
    pending_.clear();
    had_parts_ = false;
    const char* p = begin + 1;
    while (*p != '"') p += *p == '\\' ? 2 : 1;
    last_ = p + 1;
    return text;
  }

  const char* last_ = nullptr;  // just after the newest token
  Arena* arena_ = nullptr;
  std::unique_ptr<Token[]> tokens_;
  std::size_t size_ = 0, capacity_ = 0;
  std::vector<std::size_t> open_;  // places of the containers around the next token
  std::size_t depth_ = 0;
  const char* key_ = nullptr;
  uint32_t key_len_ = 0;
  bool compact_ = true;
  bool had_parts_ = false;
  std::string pending_;  // pieces of a string with escapes
};

json::parse_options options_for(std::size_t max_depth) {
  json::parse_options options;
  options.max_depth = max_depth;
  return options;
}

}  // namespace

struct Tape::Impl {
  explicit Impl(std::size_t max_depth) : parser(options_for(max_depth), max_depth) {}
  json::basic_parser<Handler> parser;
};

Tape::Tape(std::size_t max_depth) : impl_(std::make_unique<Impl>(max_depth)) {}
Tape::~Tape() = default;

ParseError Tape::parse(std::string_view text, Arena& arena, std::size_t& consumed) {
  auto& parser = impl_->parser;
  parser.reset();
  parser.handler().start(text.data(), arena);
  json::error_code error;
  consumed = parser.write_some(false, text.data(), text.size(), error);
  if (!error) return ParseError::none;
  return error == json::error::too_deep ? ParseError::too_deep : ParseError::syntax;
}

const Token& Tape::root() const noexcept { return impl_->parser.handler().root(); }
bool Tape::compact() const noexcept { return impl_->parser.handler().compact(); }

const Token* find(const Token* object, std::string_view key) noexcept {
  if (object == nullptr || !object->is(Kind::object)) return nullptr;
  const Token* found = nullptr;
  for (const Token& member : Children(*object))
    if (member.key_len == key.size() && std::memcmp(member.key, key.data(), key.size()) == 0) found = &member;
  return found != nullptr && !found->is(Kind::null) ? found : nullptr;
}

}  // namespace csiem::ingest
