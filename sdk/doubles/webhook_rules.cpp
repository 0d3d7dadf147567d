#include "webhook_rules.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "encoding.hpp"

namespace csiem::doubles {
namespace {

constexpr int64_t kTolerance = 300;

std::string hmac(std::string_view key, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), out, &size);
  return {reinterpret_cast<const char*>(out), size};
}

// "a,b,c" apart.
std::vector<std::string_view> parts(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

bool holds(const std::vector<std::string_view>& list, std::string_view one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

bool off(std::string_view time, int64_t unix_s) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), value);
  return error != std::errc() || end != time.data() + time.size() || std::abs(value - unix_s) > kTolerance;
}

std::string batch_id(const std::vector<std::string>& ids) {
  std::string all;
  for (const std::string& id : ids) all += id + "\n";
  unsigned char number[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(all.data(), all.size(), number, &size, EVP_sha256(), nullptr);
  static constexpr char kDigits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string out(27, '0');
  for (auto digit = out.rbegin(); digit != out.rend(); ++digit) {
    unsigned rest = 0;
    for (int i = 0; i < 20; ++i) {
      rest = rest << 8 | number[i];
      number[i] = static_cast<unsigned char>(rest / 62);
      rest %= 62;
    }
    *digit = kDigits[rest];
  }
  return "msg_" + out;
}

}  // namespace

std::optional<std::string> wrong_signature(const Call& call, std::string_view scheme, std::string_view secret,
                                           int64_t unix_s) {
  if (scheme == "github") {
    if (call.header("x-hub-signature-256") == "sha256=" + hex(hmac(secret, call.body))) return std::nullopt;
    return "X-Hub-Signature-256 is not of this body";
  }
  if (scheme == "stripe") {
    const auto fields = parts(call.header("x-signature"), ',');
    const auto time =
        std::find_if(fields.begin(), fields.end(), [](std::string_view f) { return f.starts_with("t="); });
    if (time == fields.end() || off(time->substr(2), unix_s)) return "X-Signature has no time of now";
    if (holds(fields, "v1=" + hex(hmac(secret, std::string(time->substr(2)) + "." + call.body)))) return std::nullopt;
    return "X-Signature is not of this body";
  }
  const std::string time(call.header("webhook-timestamp"));
  if (off(time, unix_s)) return "webhook-timestamp is not a second of now";
  if (!secret.starts_with("whsec_")) return "the secret of the double is none of Standard Webhooks";
  const std::string signed_text = std::string(call.header("webhook-id")) + "." + time + "." + call.body;
  if (holds(parts(call.header("webhook-signature"), ' '),
            "v1," + base64(hmac(from_base64(secret.substr(6)), signed_text))))
    return std::nullopt;
  return "webhook-signature is not of this id, time and body";
}

std::optional<std::string> wrong_delivery_id(const Call& call, const std::vector<std::string>& ids, bool batch) {
  const std::string id(call.header("idempotency-key"));
  if (id.empty()) return "no Idempotency-Key";
  if (call.header("webhook-id") != id) return "webhook-id and Idempotency-Key differ";
  if (id.find('.') != std::string::npos) return "a '.' in webhook-id";
  // Bodies that a template shaped need not hold the ids.
  if (ids.empty() || std::any_of(ids.begin(), ids.end(), [](const std::string& one) { return one.empty(); }))
    return std::nullopt;
  const std::string expected = batch ? batch_id(ids) : ids.front();
  if (id != expected) return "Idempotency-Key " + id + ", expected " + expected;
  return std::nullopt;
}

Answer TokenServer::answer(const Call& call, int64_t unix_s) {
  const auto refuse = [](int status, const char* error) {
    return Answer{status, std::string("{\"error\":\"") + error + "\"}", "application/json", {}};
  };
  std::map<std::string, std::string> form;
  for (const std::string_view pair : parts(call.body, '&'))
    form[percent_decoded(pair.substr(0, pair.find('=')))] =
        percent_decoded(pair.substr(std::min(pair.find('='), pair.size() - 1) + 1));
  if (call.method != "POST" || call.header("content-type") != "application/x-www-form-urlencoded")
    return refuse(400, "invalid_request");
  if (form["grant_type"] != "client_credentials") return refuse(400, "unsupported_grant_type");
  const std::string in_form = form["client_id"] + ":" + form["client_secret"];
  if (call.header("authorization") != "Basic " + base64(client_) && in_form != client_)
    return refuse(401, "invalid_client");
  const std::string token = "token-" + std::to_string(++issued_);
  tokens_[token] = unix_s + lifetime_s_;
  return {200,
          "{\"access_token\":\"" + token +
              "\",\"token_type\":\"Bearer\",\"expires_in\":" + std::to_string(lifetime_s_) + "}",
          "application/json",
          {}};
}

bool TokenServer::accepts(std::string_view authorization, int64_t unix_s) const {
  if (!authorization.starts_with("Bearer ")) return false;
  const auto at = tokens_.find(authorization.substr(7));
  return at != tokens_.end() && unix_s < at->second;
}

}  // namespace csiem::doubles
