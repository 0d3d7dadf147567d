#include "common/templates/placeholder.hpp"

#include <algorithm>

namespace csiem::templates {
namespace {

constexpr auto kNone = std::string_view::npos;

bool begins_path(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.'; }

// The first of `what` outside of a label's quoted name, ["…"].
std::size_t find_unquoted(std::string_view text, std::string_view what) noexcept {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' && (quoted || (i > 0 && text[i - 1] == '['))) quoted = !quoted;
    if (!quoted && what.find(text[i]) != kNone) return i;
  }
  return kNone;
}

class Reader {
 public:
  Reader(std::string_view source, std::vector<Problem>& problems) : source_(source), problems_(problems) {}

  std::vector<Segment> read() {
    if (source_.size() > kMaxSource) {
      problem(0, 0, "the template is larger than 64 KiB");
      return {};
    }
    while (at_ < source_.size()) {
      const auto open = source_.find('{', at_);
      literal(at_, std::min(open, source_.size()));
      if (open == kNone) break;
      at_ = open;
      brace();
    }
    if (placeholders_ > kMaxPlaceholders) problem(0, 0, "the template has more than 1000 placeholders");
    return std::move(out_);
  }

 private:
  void brace() {
    const std::string_view rest = source_.substr(at_);
    if (rest.substr(0, 2) == "{{") {
      if (const auto close = rest.find("}}"); close != kNone && is_habit(rest.substr(2, close - 2))) {
        const std::string inside(rest.substr(2, close - 2));
        problem(at_, close + 2, "placeholders have one brace", "{" + inside + "}");
        at_ += close + 2;
        return;
      }
      literal(at_, at_ + 1);
      ++at_;
      return;
    }
    if (rest.size() < 2 || !begins_path(rest[1])) {
      literal(at_, at_ + 1);
      return;
    }
    const auto close = find_unquoted(rest, "}");
    if (close == kNone) {
      problem(at_, std::min<std::size_t>(rest.size(), 40), "'{' without '}'", "{{ for a brace");
      at_ = source_.size();
      return;
    }
    placeholder(rest.substr(1, close - 1), at_ + 1);
    at_ += close + 1;
  }

  // {{name}} as other template languages have it.
  static bool is_habit(std::string_view inside) {
    std::string ignored;
    return !inside.empty() && Field::parse(inside, &ignored, &ignored).has_value();
  }

  void placeholder(std::string_view inside, std::size_t offset) {
    ++placeholders_;
    Placeholder out;
    const auto bar = find_unquoted(inside, "|");
    if (bar != kNone) out.fallback = std::string(inside.substr(bar + 1));
    std::string_view filters = inside.substr(0, bar);
    const auto colon = find_unquoted(filters, ":");
    const std::string_view path = filters.substr(0, colon);
    filters = colon == kNone ? std::string_view() : filters.substr(colon + 1);
    std::string what, suggestion;
    const auto field = Field::parse(path, &what, &suggestion);
    if (!field) return problem(offset, path.size(), what, suggestion);
    out.field = *field;
    for (std::size_t at = offset + path.size() + 1; colon != kNone;) {
      const auto comma = filters.find(',');
      const std::string_view one = filters.substr(0, comma);
      const auto filter = Filter::parse(one, &what, &suggestion);
      if (!filter) return problem(at, std::max<std::size_t>(one.size(), 1), what, suggestion);
      if (filter->is_time() && (!field->is_time() || !out.filters.empty()))
        return problem(at, one.size(), "the filter '" + std::string(one) + "' wants a time",
                       "{timestamp:" + std::string(one) + "}");
      out.filters.push_back(*filter);
      if (comma == kNone) break;
      filters.remove_prefix(comma + 1);
      at += comma + 1;
    }
    Segment segment;
    segment.offset = offset - 1;
    segment.length = inside.size() + 2;
    segment.placeholder = std::move(out);
    out_.push_back(std::move(segment));
  }

  // Takes source_[from, to) as it is.
  void literal(std::size_t from, std::size_t to) {
    at_ = to;
    if (from == to) return;
    if (out_.empty() || out_.back().placeholder) {
      out_.emplace_back();
      out_.back().offset = from;
    }
    out_.back().literal += source_.substr(from, to - from);
    out_.back().length = to - out_.back().offset;
  }

  void problem(std::size_t offset, std::size_t length, std::string what, std::string suggestion = {}) {
    problems_.push_back({offset, length, std::move(what), std::move(suggestion)});
  }

  std::string_view source_;
  std::vector<Problem>& problems_;
  std::vector<Segment> out_;
  std::size_t at_ = 0, placeholders_ = 0;
};

}  // namespace

Value Placeholder::value(const Subject& subject, Scratch& scratch) const {
  Value value = field.of(subject, scratch);
  for (const Filter& filter : filters) {
    if (filter.kind == Filter::Kind::raw) continue;
    if (filter.is_time()) {
      const auto ns = field.unix_ns(subject.event);
      if (!ns) return {};
      filter.apply(*ns, scratch.other);
      value.kind = filter.kind == Filter::Kind::ms ? Value::Kind::json : Value::Kind::text;
    } else {
      if (value.kind == Value::Kind::absent) return {};
      filter.apply(value.text, scratch.other);
      value.kind = Value::Kind::text;
    }
    scratch.filtered.swap(scratch.other);
    value.text = scratch.filtered;
  }
  if (value.kind == Value::Kind::text && value.text.empty()) return {};
  return value;
}

bool Placeholder::is_raw() const noexcept {
  return std::any_of(filters.begin(), filters.end(), [](const Filter& f) { return f.kind == Filter::Kind::raw; });
}

std::vector<Segment> parse(std::string_view source, std::vector<Problem>& problems) {
  return Reader(source, problems).read();
}

}  // namespace csiem::templates
