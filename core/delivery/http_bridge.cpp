// Between the ABI's requests and the daemon's HTTP client.

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/log.hpp"
#include "delivery/abi_text.hpp"
#include "delivery/instance_services.hpp"

namespace csiem::delivery {
namespace {

constexpr std::size_t kShortSecret = 6;  // shorter ones are masked as a whole value only
constexpr uint32_t kMaxHeaders = 256;

// The plugin's struct may be shorter (older) or longer (newer) than ours.
csiem_http_request own_size(const csiem_http_request& given) {
  csiem_http_request request{};
  std::memcpy(&request, &given, std::min<std::size_t>(given.struct_size, sizeof request));
  return request;
}

ConvertedRequest refuse(csiem_status status, std::string error) { return {{}, status, std::move(error)}; }

}  // namespace

std::shared_ptr<http::Policy> http_policy(const config::Exporter& exporter, const config::Destination& destination) {
  auto policy = std::make_shared<http::Policy>();
  policy->tls = {.verify = exporter.tls.verify,
                 .ca_file = exporter.tls.ca_file,
                 .cert_file = exporter.tls.cert_file,
                 .key_file = exporter.tls.key_file,
                 .key_passphrase = {},
                 .min_version = exporter.tls.min_version};
  policy->proxy = exporter.proxy;
  policy->compression_level = exporter.compression_level;
  if (exporter.timeout_ms > 0) {
    policy->default_timeout_ms = static_cast<uint32_t>(std::min<int64_t>(exporter.timeout_ms, policy->max_timeout_ms));
  }
  for (const std::string& url : destination.allowed_origins) {
    if (auto origin = http::origin_of(url)) policy->allowed_origins.push_back(*std::move(origin));
  }
  policy->allowed_hosts = destination.allowed_hosts;
  policy->allow_private = destination.allow_private;
  return policy;
}

std::size_t body_bytes(const csiem_http_request& given) {
  const csiem_http_request raw = own_size(given);
  std::size_t size = 0;
  for (uint32_t i = 0; raw.parts != nullptr && i < raw.part_count; ++i)
    size += raw.parts[i].ptr == nullptr ? 0 : raw.parts[i].len;
  return size;
}

ConvertedRequest convert_request(const csiem_http_request& given, const SecretLookup& secret, std::string body) {
  if (given.struct_size < offsetof(csiem_http_request, url_secret))
    return refuse(CSIEM_E_INVALID, "request struct too short");
  const csiem_http_request raw = own_size(given);
  if (raw.header_count > kMaxHeaders) return refuse(CSIEM_E_LIMIT, "more than 256 headers");
  if ((raw.header_count > 0 && raw.headers == nullptr) || (raw.part_count > 0 && raw.parts == nullptr))
    return refuse(CSIEM_E_INVALID, "a count without its array");
  ConvertedRequest out;
  http::Request& request = out.request;
  if (raw.method.ptr != nullptr) request.method = view(raw.method);
  request.url = view(raw.url);
  const auto resolve = [&](const csiem_str& handle, credentials::SecretRef& into) {
    if (handle.ptr == nullptr) return true;
    into = secret(view(handle));
    return into != nullptr;
  };
  if (!resolve(raw.url_secret, request.url_secret))
    return refuse(CSIEM_E_DENIED, "url_secret: no value for credential '" + std::string(view(raw.url_secret)) + "'");
  for (uint32_t i = 0; i < raw.header_count; ++i) {
    const csiem_header& header = raw.headers[i];
    http::Header& converted = request.headers.emplace_back();
    converted.name = view(header.name);
    converted.value = view(header.value);
    if (!resolve(header.secret, converted.secret))
      return refuse(CSIEM_E_DENIED,
                    converted.name + ": no value for credential '" + std::string(view(header.secret)) + "'");
  }
  request.body = std::move(body);
  request.body.clear();
  request.body.reserve(body_bytes(raw));
  for (uint32_t i = 0; i < raw.part_count; ++i) request.body += view(raw.parts[i]);
  request.gzip = (raw.flags & CSIEM_HTTP_GZIP) != 0;
  request.timeout_ms = raw.timeout_ms;
  request.max_response_bytes = raw.max_response_bytes;
  return out;
}

namespace {

bool same_header(std::string_view name, std::string_view lower_case) {
  return std::equal(name.begin(), name.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
}

bool is_masked(std::string_view value, const std::vector<std::string>& masked) {
  return std::any_of(masked.begin(), masked.end(), [&](const std::string& one) {
    return value == one || (one.size() >= kShortSecret && value.find(one) != std::string_view::npos);
  });
}

// The scheme and authority of a URL that begins with a masked one.
std::string shown_url(std::string_view url, const std::vector<std::string>& masked) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos || !is_masked(url, masked)) return std::string(url);
  const auto path = url.find_first_of("/?#", scheme + 3);
  return std::string(url.substr(0, path)) + (path == std::string_view::npos ? "" : "/***");
}

}  // namespace

std::string render_request(const csiem_http_request& given, const std::vector<std::string>& masked,
                           std::size_t body_bytes) {
  const csiem_http_request raw = own_size(given);
  std::string out(raw.method.ptr == nullptr ? "POST" : view(raw.method));
  out += ' ';
  out += shown_url(view(raw.url), masked);
  if (raw.url_secret.ptr != nullptr) out += "***";
  out += '\n';
  for (uint32_t i = 0; i < raw.header_count; ++i) {
    const std::string_view name = view(raw.headers[i].name);
    const std::string_view value = view(raw.headers[i].value);
    out += name;
    out += ": ";
    // A plugin may have built a credential itself (basic authentication is base64), which no list of secrets knows:
    // of these headers only the scheme is shown.
    const bool hidden = is_masked(value, masked);
    const bool credential = hidden || same_header(name, "authorization") || raw.headers[i].secret.ptr != nullptr;
    const std::size_t scheme = hidden ? value.size() : std::min(value.find(' '), value.size());
    out += credential ? value.substr(0, scheme == value.size() ? 0 : scheme + 1) : value;
    if (credential) out += "***";
    out += '\n';
  }
  if ((raw.flags & CSIEM_HTTP_GZIP) != 0) out += "Content-Encoding: gzip\n";
  out += '\n';
  std::size_t total = 0;
  std::size_t room = body_bytes;
  for (uint32_t i = 0; i < raw.part_count; ++i) {
    const std::string_view part = view(raw.parts[i]);
    total += part.size();
    out += part.substr(0, room);
    room -= std::min(room, part.size());
  }
  if (total > body_bytes) out += "\n… " + std::to_string(total - body_bytes) + " more bytes";
  return log::scrub(out);
}

std::string render_bodies(const csiem_batch& batch, std::string_view type) {
  std::string out =
      std::string(type) + ": " + std::to_string(batch.count) + (batch.count == 1 ? " event\n\n" : " events\n\n");
  std::size_t shown = 0;
  for (uint32_t i = 0; i < batch.count && shown < kShownBodyBytes; ++i) {
    const std::string_view body = view(batch.bodies != nullptr ? batch.bodies[i] : batch.events[i]->canonical_json);
    out += body.substr(0, kShownBodyBytes - shown);
    shown += std::min(body.size(), kShownBodyBytes - shown);
    out += '\n';
  }
  return log::scrub(out);
}

}  // namespace csiem::delivery
