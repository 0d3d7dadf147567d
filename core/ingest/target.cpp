#include "ingest/target.hpp"

#include <arpa/inet.h>

#include <charconv>

namespace csiem::ingest {
namespace {

using event::ResourceType;
using event::to_lower;
using event::trim;

bool is_digits(std::string_view s) noexcept {
  for (const char c : s)
    if (c < '0' || c > '9') return false;
  return !s.empty();
}

int32_t port_of_text(std::string_view s) noexcept {
  if (s.size() > 5 || !is_digits(s)) return -1;
  int32_t port = 0;
  std::from_chars(s.data(), s.data() + s.size(), port);
  return port <= 65535 ? port : -1;
}

bool is_ipv6(std::string_view s) noexcept {
  s = s.substr(0, s.find('%'));
  char text[INET6_ADDRSTRLEN + 1];
  if (s.size() >= sizeof text || s.find('\0') != s.npos) return false;
  std::memcpy(text, s.data(), s.size());
  text[s.size()] = '\0';
  in6_addr address;
  return inet_pton(AF_INET6, text, &address) == 1;
}

// The length of `scheme` in `scheme://...`, or 0.
std::size_t scheme_length(std::string_view s) noexcept {
  const std::size_t n = s.find("://");
  if (n == s.npos || n == 0) return 0;
  for (std::size_t i = 0; i < n; ++i) {
    const char c = to_lower(s[i]);
    const bool letter = c >= 'a' && c <= 'z';
    const bool other = (c >= '0' && c <= '9') || c == '+' || c == '.' || c == '-';
    if (!letter && (i == 0 || !other)) return 0;
  }
  return n;
}

int32_t default_port(std::string_view scheme) noexcept {
  const event::Folded folded(scheme);
  const std::string_view s = folded.view();
  return s == "http" || s == "ws" ? 80 : s == "ftp" ? 21 : s == "ssh" ? 22 : 443;
}

struct HostPort {
  std::string_view host;
  int32_t port = -1;
  bool ambiguous = false;
};

HostPort split_host_port(std::string_view t) noexcept {
  if (t.starts_with('[') && t.find(']') != t.npos) {
    const std::size_t end = t.find(']');
    const std::string_view rest = t.substr(end + 1);
    return {t.substr(1, end - 1), rest.starts_with(':') ? port_of_text(rest.substr(1)) : -1, false};
  }
  const std::size_t colon = t.rfind(':');
  if (colon == t.npos) return {t, -1, false};
  if (t.find(':') != colon && is_ipv6(t)) return {t, -1, true};
  if (colon == 0 || !is_digits(t.substr(colon + 1))) return {t, -1, false};
  return {t.substr(0, colon), port_of_text(t.substr(colon + 1)), false};
}

enum class Acts : uint8_t { on_file, on_network, on_process, on_tool };
struct ActionRow {
  std::string_view word, normal;
};
constexpr ActionRow kOtherSpellings[] = {
    {"file_read", "file_access"}, {"network", "egress"},     {"network_egress", "egress"},
    {"command", "shell"},         {"command_exec", "shell"}, {"patch_apply", "patch"},
};
constexpr event::WordTable kActions(std::to_array<std::string_view>({"file_access", "file_write", "patch", "egress",
                                                                     "shell", "mcp_tool", "tool_call"}));
constexpr Acts kActs[] = {Acts::on_file,    Acts::on_file, Acts::on_file, Acts::on_network,
                          Acts::on_process, Acts::on_tool, Acts::on_tool};

bool is_safe(char ch) noexcept {
  const char c = to_lower(ch);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
}

void append_quoted(Buffer& out, std::string_view word) {
  bool safe = !word.empty();
  for (const char c : word) safe = safe && is_safe(c);
  if (safe) return out.append(word);
  out.append("'");
  for (std::size_t quote = word.find('\''); quote != word.npos; quote = word.find('\'')) {
    out.append(word.substr(0, quote));
    out.append("'\"'\"'");
    word.remove_prefix(quote + 1);
  }
  out.append(word);
  out.append("'");
}

// The URL without user info, in the arena when something had to go.
std::string_view clean_url(Arena& arena, std::string_view url, std::string_view authority, std::string_view host_port) {
  if (authority.size() == host_port.size()) return url;
  const auto front = static_cast<std::size_t>(authority.data() - url.data());
  const std::string_view rest = url.substr(front + authority.size());
  char* text = arena.allocate_chars(front + host_port.size() + rest.size());
  char* at = std::copy(url.begin(), url.begin() + static_cast<std::ptrdiff_t>(front), text);
  at = std::copy(host_port.begin(), host_port.end(), at);
  at = std::copy(rest.begin(), rest.end(), at);
  return {text, static_cast<std::size_t>(at - text)};
}

}  // namespace

Resource network_resource(Context& c, std::string_view target, const Token* details) {
  std::string_view t = trim(target);
  int32_t fallback = 443;
  if (const std::size_t scheme = scheme_length(t); scheme != 0) {
    fallback = default_port(t.substr(0, scheme));
    const std::string_view after = t.substr(scheme + 3);
    const std::string_view authority = after.substr(0, after.find_first_of("/?#"));
    const std::size_t at = authority.rfind('@');
    const std::string_view host_port = at == authority.npos ? authority : authority.substr(at + 1);
    c.notes.url = clean_url(c.arena(), t, authority, host_port);
    t = host_port;
  } else {
    t = t.substr(0, t.find('/'));
  }
  const HostPort parsed = split_host_port(t);
  const std::string_view named_host = text_of(find(details, "host"));
  Resource r{ResourceType::network, parsed.host, {}, {}, parsed.port};
  if (!blank(named_host)) {
    r.name = named_host;
    if (const int32_t named_port = port_of(find(details, "port")); named_port >= 0) r.port = named_port;
  } else if (parsed.ambiguous) {
    c.notes.ambiguous_target = true;
  }
  if (r.port < 0) r.port = fallback;
  if (!r.name.empty()) r.host = r.name;
  return r;
}

Resource resource_for(Context& c, std::string_view action, std::string_view target, const Token* details) {
  const auto path = [&] { return target.empty() ? std::string_view{} : target; };
  const std::size_t i = kActions.find(action);
  if (i == kActions.kNone) return {ResourceType::configuration, action, path(), {}, -1};
  switch (kActs[i]) {
    case Acts::on_network:
      return network_resource(c, target, details);
    case Acts::on_file:
      return {ResourceType::file, target, path(), {}, -1};
    case Acts::on_process:
      return {ResourceType::process, target, {}, {}, -1};
    case Acts::on_tool:
      break;
  }
  return {ResourceType::tool, target, {}, {}, -1};
}

std::string_view normal_action(std::string_view word) noexcept {
  for (const ActionRow& row : kOtherSpellings)
    if (row.word == word) return row.normal;
  return word;
}

int32_t port_of(const Token* token) noexcept {
  if (token == nullptr) return -1;
  if (token->is(Kind::string)) return port_of_text(token->text_view());
  if (!token->is(Kind::number)) return -1;
  const std::string_view text = token->text_view();
  if (is_digits(text)) return port_of_text(text);
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return -1;
  if (!(value >= 0 && value <= 65535)) return -1;
  const auto port = static_cast<int32_t>(value);
  return static_cast<double>(port) == value ? port : -1;
}

std::string_view command_line(Context& c, std::string_view word, const Token* arguments) {
  Buffer& text = c.scratch();
  text.clear();
  append_quoted(text, word);
  if (arguments != nullptr && arguments->is(Kind::array)) {
    for (const Token& argument : Children(*arguments)) {
      text.append(" ");
      append_quoted(text, argument.is(Kind::string) ? argument.text_view() : argument.raw_view());
    }
  }
  return c.arena().copy(text.view());
}

}  // namespace csiem::ingest
