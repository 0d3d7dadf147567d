// The address inside of an Elastic cloud id.
#include <openssl/evp.h>

#include "config/url.hpp"

namespace csiem::config {
namespace {

std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::size_t kLongest = 4096;
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.empty() || text.size() > kLongest || text.size() % 4 == 1) return std::nullopt;
  std::string padded(text);
  while (padded.size() % 4 != 0) padded += '=';
  std::string out(padded.size() / 4 * 3, '\0');
  const int decoded =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(padded.data()), static_cast<int>(padded.size()));
  if (decoded < 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(decoded) - (padded.size() - text.size()));
  return out;
}

// Cuts ":port" off; a port that is found replaces `port`.
std::string_view without_port(std::string_view part, std::string& port) {
  const auto colon = part.find(':');
  if (colon == std::string_view::npos) return part;
  port = std::string(part.substr(colon + 1));
  return part.substr(0, colon);
}

}  // namespace

// label:BASE64, where BASE64 is host[:port]$es_uuid[:port][$kibana_uuid]
std::optional<UrlOrigin> origin_of_cloud_id(std::string_view cloud_id, std::string* problem) {
  *problem = "it is not label:value, as shown by the cloud console";
  const auto colon = cloud_id.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto decoded = decode_base64(cloud_id.substr(colon + 1));
  if (!decoded) return std::nullopt;
  const auto dollar = decoded->find('$');
  if (dollar == std::string::npos) {
    *problem = "it names no Elasticsearch deployment";
    return std::nullopt;
  }
  std::string port = "443";
  const auto host = without_port(std::string_view(*decoded).substr(0, dollar), port);
  auto deployment = std::string_view(*decoded).substr(dollar + 1);
  deployment = without_port(deployment.substr(0, deployment.find('$')), port);
  if (host.empty() || deployment.empty()) {
    *problem = "it names no Elasticsearch deployment";
    return std::nullopt;
  }
  std::string url = "https://";
  url.append(deployment).append(".").append(host).append(":").append(port);
  auto origin = parse_origin(url, problem);
  if (origin) problem->clear();
  return origin;
}

}  // namespace csiem::config
