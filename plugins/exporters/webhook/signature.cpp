#include "webhook/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "common/authorization.hpp"
#include "common/base64.hpp"

namespace csiem::webhook {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kLeastKey = 24, kMostKey = 64;  // bytes, of Standard Webhooks

using Digest = std::array<unsigned char, 32>;

Digest hmac_sha256(std::string_view key, std::string_view text) {
  Digest out{};
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), out.data(), &length);
  return out;
}

std::string hex(const Digest& digest) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15u];
  }
  return out;
}

std::string base64(const Digest& digest) {
  std::string out;
  common::append_base64(out, {reinterpret_cast<const char*>(digest.data()), digest.size()});
  return out;
}

// Signs with one secret; nothing when it is not to be had.
std::optional<Digest> sign_with(const std::string& handle, Scheme scheme, const Host& host, std::string_view text,
                                std::string* problem) {
  std::optional<Digest> out;
  const csiem_status status = host.borrow(handle, [&](std::string_view secret) {
    auto key = key_of(scheme, secret, problem);
    if (!key) return;
    out = hmac_sha256(*key, text);
    common::wipe(*key);
  });
  if (status != CSIEM_OK) *problem = "the host does not lend " + handle;
  return out;
}

}  // namespace

std::optional<std::string> key_of(Scheme scheme, std::string_view secret, std::string* problem) {
  if (scheme != Scheme::standard_webhooks) return std::string(secret);
  if (secret.substr(0, kPrefix.size()) != kPrefix) {
    *problem = "a secret of Standard Webhooks begins with whsec_";
    return std::nullopt;
  }
  auto key = common::decode_base64(secret.substr(kPrefix.size()));
  if (key && key->size() >= kLeastKey && key->size() <= kMostKey) return key;
  *problem = "a secret of Standard Webhooks is whsec_ and the base64 of 24 to 64 random bytes";
  if (key) common::wipe(*key);
  return std::nullopt;
}

std::optional<std::vector<std::pair<std::string, std::string>>> sign(const Signing& signing, const Host& host,
                                                                     std::string_view id, int64_t unix_s,
                                                                     std::string_view body, std::string* problem) {
  const std::string time = std::to_string(unix_s);
  std::string text;
  if (signing.scheme == Scheme::standard_webhooks) text.append(id).append(".");
  if (signing.scheme != Scheme::github) text.append(time).append(".");
  text.append(body);

  const auto current = sign_with(signing.secret, signing.scheme, host, text, problem);
  if (!current) return std::nullopt;
  std::optional<Digest> previous;
  if (std::string ignored; !signing.previous_secret.empty())
    previous = sign_with(signing.previous_secret, signing.scheme, host, text, &ignored);

  std::vector<std::pair<std::string, std::string>> out;
  switch (signing.scheme) {
    case Scheme::none:
      break;
    case Scheme::standard_webhooks:
      out.emplace_back("webhook-timestamp", time);
      out.emplace_back("webhook-signature", "v1," + base64(*current) + (previous ? " v1," + base64(*previous) : ""));
      break;
    case Scheme::github:
      out.emplace_back(signing.header, "sha256=" + hex(*current));
      break;
    case Scheme::stripe:
      out.emplace_back(signing.header,
                       "t=" + time + ",v1=" + hex(*current) + (previous ? ",v1=" + hex(*previous) : ""));
      break;
  }
  return out;
}

}  // namespace csiem::webhook
