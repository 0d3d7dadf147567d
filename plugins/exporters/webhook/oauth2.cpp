#include "webhook/oauth2.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "common/authorization.hpp"
#include "common/http_text.hpp"
#include "common/transport.hpp"

namespace csiem::webhook {
namespace {

constexpr int64_t kNsPerS = 1'000'000'000;
// A token that is about to expire might do so on its way; one without a lifetime is asked for anew soon.
constexpr int64_t kSkewS = 60, kDefaultS = 300, kLongestS = 24 * 3600;
constexpr uint32_t kMaxAnswer = 64 * 1024;

std::string text_of(const boost::json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string().c_str()) : std::string();
}

int64_t lifetime_s(const boost::json::object& answer) {
  const auto* value = answer.if_contains("expires_in");
  boost::json::error_code error;
  int64_t seconds = kDefaultS;
  if (value != nullptr && value->is_number()) {
    const double given = value->to_number<double>(error);
    if (!error && given >= 0) seconds = static_cast<int64_t>(std::min(given, static_cast<double>(kLongestS)));
  } else if (value != nullptr && value->is_string()) {  // some servers quote it
    seconds = std::clamp<int64_t>(std::atoll(value->get_string().c_str()), 0, kLongestS);
  }
  // Of a short life at least half is used.
  return std::max(seconds - kSkewS, seconds / 2);
}

}  // namespace

void AccessToken::write_request(const Host& host, int64_t now, Request& out) {
  out.url = credentials_.token_url;
  out.max_response_bytes = kMaxAnswer;
  out.header("Content-Type", "application/x-www-form-urlencoded");
  out.header("Accept", "application/json");
  std::string form = "grant_type=client_credentials";
  for (const auto& [name, value] :
       {std::pair("&scope=", &credentials_.scope), std::pair("&audience=", &credentials_.audience),
        std::pair("&resource=", &credentials_.resource)})
    if (!value->empty()) form.append(name).append(common::percent_encoded(*value));
  const std::string id = common::percent_encoded(credentials_.client_id);
  if (credentials_.in_body) form.append("&client_id=").append(id);
  const csiem_status status = host.borrow(credentials_.client_secret, [&](std::string_view secret) {
    std::string encoded = common::percent_encoded(secret);
    if (credentials_.in_body) {
      form.append("&client_secret=").append(encoded);
    } else {
      std::string both, header = "Basic ";
      both.reserve(id.size() + 1 + encoded.size());
      both.append(id).append(":").append(encoded);
      header.reserve(header.size() + common::base64_size(both.size()));
      common::append_base64(header, both);
      out.header("Authorization", header);
      common::wipe(both);
      common::wipe(header);
    }
    common::wipe(encoded);
  });
  if (status != CSIEM_OK) {
    out.settle(
        Verdict::of(CSIEM_AUTH, "credential.unavailable", "the host does not lend " + credentials_.client_secret));
    return;
  }
  out.write([&](Out& o) { o.raw(form); });
  if (credentials_.in_body) common::wipe(form);
  awaited_until_ = now + 60 * kNsPerS;
}

Verdict AccessToken::read_answer(const csiem_http_response& response, int64_t now) {
  awaited_until_ = 0;
  if (response.transport != CSIEM_TRANSPORT_OK) return common::no_answer(response);
  boost::system::error_code error;
  const std::string_view body = view(response.body);
  const auto parsed = boost::json::parse({body.data(), body.size()}, error);
  const boost::json::object* answer = error ? nullptr : parsed.if_object();
  if (response.status != 200) {
    // The server's words, never its whole answer: some echo what they were sent.
    std::string why = answer == nullptr ? std::string() : text_of(*answer, "error");
    if (const std::string more = answer == nullptr ? "" : text_of(*answer, "error_description"); !more.empty())
      why += ": " + common::excerpt(more, 200);
    const bool refused = response.status == 400 || response.status == 401 || response.status == 403;
    const bool later = response.status >= 500 || response.status == 408 || response.status == 429;
    return Verdict::of(refused ? CSIEM_AUTH
                       : later ? CSIEM_RETRY
                               : CSIEM_CONFIG,
                       "oauth2." + std::to_string(response.status),
                       "the token server answers " + std::to_string(response.status) + (why.empty() ? "" : " " + why),
                       response.retry_after_ms);
  }
  std::string token = answer == nullptr ? std::string() : text_of(*answer, "access_token");
  if (token.empty() || !common::is_header_value(token))
    return Verdict::of(CSIEM_AUTH, "oauth2.no_token", "the token server's answer holds no usable access_token");
  if (const std::string type = text_of(*answer, "token_type");
      !type.empty() && !common::same_ignoring_case(type, "bearer"))
    return Verdict::of(CSIEM_CONFIG, "oauth2.token_type",
                       "tokens of type " + common::excerpt(type, 50) + " are not used");
  common::wipe(token_);
  token_ = std::move(token);
  valid_until_ = now + lifetime_s(*answer) * kNsPerS;
  ++generation_;
  return {};
}

void AccessToken::refuse(uint64_t generation) noexcept {
  if (generation == generation_) valid_until_ = 0;
}

}  // namespace csiem::webhook
