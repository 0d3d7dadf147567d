#include <algorithm>
#include <string>

#include "http/client.hpp"
#include "http/libcurl.hpp"

namespace csiem::http {
namespace {

CurlString part(CURLU* url, CURLUPart which, unsigned flags) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return nullptr;
  return CurlString(text);
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

// libcurl's own parser, so that what is checked here and what it connects to cannot differ. The texts never quote the
// URL: it may be a secret.
Result<std::string> origin_of(std::string_view url) {
  start_libcurl();
  if (url.empty() || !is_printable_ascii(url))
    return Error{Code::invalid, "the URL is empty or has blanks, control or non-ASCII characters"};
  const ParsedUrl parsed(curl_url());
  if (!parsed) return Error{Code::internal, "out of memory"};
  const std::string text(url);
  if (curl_url_set(parsed.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    return Error{Code::invalid, "not a URL of the form https://host[:port]/path"};
  if (part(parsed.get(), CURLUPART_USER, 0) || part(parsed.get(), CURLUPART_PASSWORD, 0))
    return Error{Code::denied, "user name or password in a URL is not allowed; use a credential"};
  const CurlString scheme = part(parsed.get(), CURLUPART_SCHEME, 0);
  const CurlString host = part(parsed.get(), CURLUPART_HOST, 0);
  const CurlString port = part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (!scheme || !host || *host == '\0') return Error{Code::invalid, "the URL has no host"};
  std::string origin(scheme.get());
  std::transform(origin.begin(), origin.end(), origin.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  if (origin != "https" && origin != "http") return Error{Code::invalid, "the URL is neither https:// nor http://"};
  if (!port || !is_printable_ascii(host.get())) return Error{Code::invalid, "the URL's host or port is not valid"};
  origin += "://";
  for (const char* c = host.get(); *c != '\0'; ++c)
    origin += *c >= 'A' && *c <= 'Z' ? static_cast<char>(*c + ('a' - 'A')) : *c;
  origin += ':';
  origin += port.get();
  return origin;
}

}  // namespace csiem::http
