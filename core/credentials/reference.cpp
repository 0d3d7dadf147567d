#include <algorithm>

#include "credentials/credential_store.hpp"

// reference := "cred:" [provider "/"] name ["#" field]
// provider  := [a-z0-9_]+
// name      := segment ("/" segment)*, for vault also "/" name for a path from the root
// segment   := [A-Za-z0-9_.-]+ except "." and ".."
// field     := [A-Za-z0-9_.-]+
namespace csiem::credentials {
namespace {

constexpr std::string_view kScheme = "cred:";

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_provider(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_name(std::string_view text) {
  for (;;) {
    const auto slash = text.find('/');
    const std::string_view segment = text.substr(0, slash);
    if (!is_word(segment) || segment == "." || segment == "..") return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

}  // namespace

bool is_reference(std::string_view text) { return text.starts_with(kScheme); }

std::string Reference::text() const {
  std::string text;
  if (!provider.empty()) text = provider + '/';
  text += name;
  if (!field.empty()) text += '#' + field;
  return text;
}

// A reference holds names only, so its text may be quoted; but a secret pasted behind "cred:" may not. Hence no
// message shows what was written.
Result<Reference> parse_reference(std::string_view text) {
  if (!is_reference(text))
    return Error{Code::invalid, "not a credential reference: expected cred:[PROVIDER/]NAME[#FIELD]"};
  text.remove_prefix(kScheme.size());
  if (text.size() > 512) return Error{Code::limit, "credential reference: longer than 512 characters"};
  Reference reference;
  if (const auto hash = text.find('#'); hash != std::string_view::npos) {
    reference.field = text.substr(hash + 1);
    text = text.substr(0, hash);
    if (!is_word(reference.field))
      return Error{Code::invalid,
                   "credential reference: the field after '#' must be of letters, digits, '_', '.', '-'"};
  }
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    reference.provider = text.substr(0, slash);
    text.remove_prefix(slash + 1);
    if (!is_provider(reference.provider))
      return Error{Code::invalid,
                   "credential reference: what stands before '/' must be a provider, such as env or file"};
  }
  std::string_view checked = text;
  if (reference.provider == "vault" && checked.starts_with('/')) checked.remove_prefix(1);
  if (!is_name(checked))
    return Error{
        Code::invalid,
        "credential reference: the name must be of letters, digits, '_', '.', '-', without '..' or empty parts"};
  reference.name = text;
  return reference;
}

}  // namespace csiem::credentials
