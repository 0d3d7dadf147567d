// File texts that may be shown.
#include <algorithm>

#include "config/context.hpp"
#include "config/reference.hpp"
#include "config/scan.hpp"

namespace csiem::config {
namespace {

constexpr std::string_view kSecretWords[] = {
    "token",         "secret",      "passw",           "api_key",     "apikey",      "api-key",
    "authorization", "routing_key", "credential",      "webhook_url", "private_key", "hash_key",
    "signing",       "bearer",      "integration_key", "license_key", "cookie"};

// A reference, or a variable without a default, names a secret and holds none.
bool only_names_it(std::string_view inner) {
  if (is_reference(inner)) return true;
  return inner.starts_with("${") && inner.find('}') == inner.size() - 1 && inner.find(':') == std::string_view::npos;
}

// Where user name and password stand in a URL; empty when there are none.
std::pair<std::size_t, std::size_t> user_info(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {0, 0};
  const auto begin = scheme + 3;
  const auto authority = url.substr(begin, std::min(url.find_first_of("/?#\"'", begin), url.size()) - begin);
  const auto at = authority.rfind('@');
  return at == std::string_view::npos ? std::pair<std::size_t, std::size_t>{0, 0} : std::pair{begin, begin + at};
}

class Hider {
 public:
  explicit Hider(std::string_view text) : text_(text), hidden_(text.size(), false) {}

  void hide(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end && i < hidden_.size(); ++i) hidden_[i] = text_[i] != '\n';
  }
  void hide_string_at(std::size_t begin) {
    const Token token = Scanner(text_, begin).next();
    if (token.kind == Token::Kind::string && !only_names_it(text_.substr(token.inner, token.inner_end - token.inner)))
      hide(token.inner, token.inner_end);
    else if (token.kind == Token::Kind::word)
      hide(token.begin, token.end);
  }
  void hide_path_at(std::size_t begin) {
    const Token token = Scanner(text_, begin).next();
    if (token.kind != Token::Kind::string) return hide_string_at(begin);
    const auto inner = text_.substr(token.inner, token.inner_end - token.inner);
    if (!only_names_it(inner)) hide(token.inner + end_of_authority(inner), token.inner_end);
  }
  void hide_suspects();
  std::string result() const;

 private:
  void hide_user_info(const Token& token);
  std::string_view text_;
  std::vector<bool> hidden_;
};

// key = "value" where the key sounds like a secret; and passwords inside URLs.
void Hider::hide_suspects() {
  Scanner scanner(text_);
  Token before;
  bool secret = false;
  int depth = 0;
  for (Token token = scanner.next(); token.kind != Token::Kind::end; token = scanner.next()) {
    const char mark = token.kind == Token::Kind::mark ? token.text[0] : '\0';
    if (mark == '=') {
      secret = sounds_secret(before.text);
      depth = 0;
    } else if (mark == '[') {
      ++depth;
    } else if (mark == ']') {
      --depth;
    } else if (mark == '{' || ((mark == ',' || mark == '}' || token.kind == Token::Kind::newline) && depth <= 0)) {
      secret = false;
    } else if (secret && (token.kind == Token::Kind::string || token.kind == Token::Kind::word)) {
      hide_string_at(token.begin);
    } else if (token.kind == Token::Kind::comment && sounds_secret(token.text) &&
               token.text.find('=') != std::string_view::npos) {
      hide(token.begin + token.text.find('=') + 1, token.end);
    } else if (token.kind == Token::Kind::string) {
      hide_user_info(token);
    }
    before = token;
  }
}

void Hider::hide_user_info(const Token& token) {
  const auto [begin, end] = user_info(token.text);
  hide(token.begin + begin, token.begin + end);
}

std::string Hider::result() const {
  std::string out;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (!hidden_[i])
      out += text_[i];
    else if ((static_cast<unsigned char>(text_[i]) & 0xc0) != 0x80)
      out += kHidden;
  }
  return out;
}

}  // namespace

std::size_t end_of_authority(std::string_view text) {
  const auto scheme = text.find("://");
  return scheme == std::string_view::npos ? 0 : std::min(text.find_first_of("/?#", scheme + 3), text.size());
}

bool has_user_info(std::string_view url) { return user_info(url).second != 0; }

bool sounds_secret(std::string_view key) {
  std::string lower(key);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return std::any_of(std::begin(kSecretWords), std::end(kSecretWords),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

std::string without_secrets(const std::string& file, std::string_view text, const Findings& findings) {
  Hider hider(text);
  std::vector<std::size_t> lines = {0};  // where each line begins: a hostile file has many lines and many secrets
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) lines.push_back(at + 1);
  const auto at = [&](uint32_t line, uint32_t column) {
    return lines[line - 1] + offset_of(text.substr(lines[line - 1]), {1, column});
  };
  for (const auto& [where, line, column] : findings.secrets())
    if (where == file && line != 0 && line <= lines.size()) hider.hide_string_at(at(line, column));
  for (const auto& [where, line, column] : findings.secret_urls())
    if (where == file && line != 0 && line <= lines.size()) hider.hide_path_at(at(line, column));
  hider.hide_suspects();
  return hider.result();
}

}  // namespace csiem::config
