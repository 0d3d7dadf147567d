#include "common/templates/filter.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "common/text.hpp"
#include "formats/common/characters.hpp"
#include "formats/common/time_text.hpp"

namespace csiem::templates {
namespace {

using Kind = Filter::Kind;

constexpr struct {
  std::string_view name;
  Kind kind;
  bool counted;
} kFilters[] = {
    {"upper", Kind::upper, false},
    {"lower", Kind::lower, false},
    {"trim", Kind::trim, false},
    {"oneline", Kind::oneline, false},
    {"cut", Kind::cut, true},
    {"defang", Kind::defang, false},
    {"basename", Kind::basename, false},
    {"mask", Kind::mask, true},
    {"hash8", Kind::hash8, false},
    {"ms", Kind::ms, false},
    {"date", Kind::date, false},
    {"iso", Kind::iso, false},
    {"raw", Kind::raw, false},
};

// White space and controls of any length become one blank; none at the ends.
void fold(std::string_view text, std::string& out) {
  bool gap = false;
  for (const char c : text) {
    if (c == ' ' || common::is_control(c)) {
      gap = !out.empty();
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out += c;
  }
}

// http -> hxxp, and the dots of the host get brackets, so that nobody follows it by accident.
void defang(std::string_view text, std::string& out) {
  const auto scheme = text.find("://");
  std::string_view host = text;
  if (scheme != std::string_view::npos) {
    if (common::same_ignoring_case(text.substr(0, 4), "http"))
      out.append("hxxp").append(text.substr(4, scheme - 1));
    else
      out.append(text.substr(0, scheme + 3));
    host = text.substr(scheme + 3);
  }
  const auto end = std::min(host.find_first_of("/?#"), host.size());
  for (const char c : host.substr(0, end))
    if (c == '.')
      out.append("[.]");
    else
      out += c;
  out.append(host.substr(end));
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u; }));
}

void hash8(std::string_view text, std::string& out) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  static constexpr char kHex[] = "0123456789abcdef";
  for (std::size_t i = 0; i < 4; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15u];
  }
}

}  // namespace

std::optional<Filter> Filter::parse(std::string_view text, std::string* problem, std::string* suggestion) {
  const auto open = text.find('(');
  const std::string_view name = text.substr(0, open);
  const auto* known =
      std::find_if(std::begin(kFilters), std::end(kFilters), [&](const auto& f) { return f.name == name; });
  if (known == std::end(kFilters)) {
    *problem = "there is no filter '" + std::string(name) + "'";
    const auto* like = std::find_if(std::begin(kFilters), std::end(kFilters), [&](const auto& f) {
      return !name.empty() && (f.name.substr(0, 2) == name.substr(0, 2));
    });
    if (like != std::end(kFilters)) *suggestion = like->name;
    return std::nullopt;
  }
  Filter out{known->kind, 0};
  if (!known->counted) {
    if (open == std::string_view::npos) return out;
    *problem = "the filter '" + std::string(name) + "' takes no number";
    return std::nullopt;
  }
  const char* const end = text.data() + text.size();
  const char* at = open == std::string_view::npos ? end : text.data() + open + 1;
  const auto [stop, error] = std::from_chars(at, end, out.count);
  if (error == std::errc() && stop + 1 == end && *stop == ')' && out.count <= 100'000) return out;
  *problem = "the filter '" + std::string(name) + "' takes a number of characters";
  *suggestion = std::string(name) + "(80)";
  return std::nullopt;
}

void Filter::apply(std::string_view text, std::string& out) const {
  out.clear();
  switch (kind) {
    case Kind::upper:
      for (const char c : text) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      break;
    case Kind::lower:
      for (const char c : text) out += common::lower(c);
      break;
    case Kind::trim:
      out = common::trimmed(text);
      break;
    case Kind::oneline:
      fold(text, out);
      break;
    case Kind::cut:
      out = formats::first_characters(text, count);
      if (out.size() < text.size() && count > 0) {
        out = formats::first_characters(text, count - 1);
        out += "\xe2\x80\xa6";  // …
      }
      break;
    case Kind::defang:
      defang(text, out);
      break;
    case Kind::basename: {
      const auto last = text.find_last_not_of("/\\");
      const std::string_view whole = text.substr(0, last == std::string_view::npos ? 0 : last + 1);
      out = whole.substr(whole.find_last_of("/\\") + 1);
      break;
    }
    case Kind::mask: {
      out = "***";
      const std::size_t all = characters(text);
      // A value of no more than that would be shown whole.
      if (all > count) out += text.substr(formats::first_characters(text, all - count).size());
      break;
    }
    case Kind::hash8:
      hash8(text, out);
      break;
    case Kind::ms:
    case Kind::date:
    case Kind::iso:
    case Kind::raw:
      out = text;
      break;
  }
}

void Filter::apply(int64_t unix_ns, std::string& out) const {
  out.clear();
  if (kind == Kind::ms) {
    char digits[24];
    int64_t ms = unix_ns / 1'000'000;
    if (unix_ns % 1'000'000 < 0) --ms;
    out.assign(digits, std::to_chars(std::begin(digits), std::end(digits), ms).ptr);
    return;
  }
  const formats::TimeText text = formats::time_text(unix_ns);
  if (kind == Kind::date) {
    out = text.view().substr(0, 10);
    return;
  }
  out = text.view().substr(0, 23);
  out += 'Z';
}

}  // namespace csiem::templates
