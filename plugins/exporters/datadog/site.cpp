// Site names.
// SPDX-License-Identifier: Apache-2.0
#include "datadog/site.hpp"

#include <algorithm>
#include <stdexcept>

#include "common/text.hpp"

namespace csiem::datadog {
namespace {

bool is_host_name(std::string_view text) noexcept {
  return text.size() <= 253 && text.find('.') != std::string_view::npos && text.find("..") == std::string_view::npos &&
         text.front() != '.' && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

}  // namespace

std::string site_name(std::string_view text) {
  std::string_view rest = common::trimmed(text);
  if (const auto scheme = rest.find("://"); scheme != std::string_view::npos) rest.remove_prefix(scheme + 3);
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  constexpr std::string_view kAround = " \t.";
  while (!rest.empty() && kAround.find(rest.front()) != std::string_view::npos) rest.remove_prefix(1);
  while (!rest.empty() && kAround.find(rest.back()) != std::string_view::npos) rest.remove_suffix(1);
  std::string site(rest);
  std::transform(site.begin(), site.end(), site.begin(), common::lower);
  if (site.rfind("app.", 0) == 0) site.erase(0, 4);
  if (site.empty() || !is_host_name(site))
    throw std::invalid_argument("site: '" + common::excerpt(text, 100) +
                                "' is not a Datadog site; write a bare host name such as datadoghq.eu");
  return site;
}

}  // namespace csiem::datadog
