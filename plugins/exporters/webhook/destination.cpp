#include "webhook/destination.hpp"

#include <algorithm>
#include <map>

namespace csiem::webhook {
namespace {

constexpr std::size_t kNoLimit = 64 * 1024;  // templates of addresses and headers have their own

}  // namespace

Destination::Destination(std::string url_secret, templates::TextTemplate url, std::vector<Header> headers)
    : url_secret_(std::move(url_secret)), url_(std::move(url)), headers_(std::move(headers)) {
  varies_ = url_.varies() ||
            std::any_of(headers_.begin(), headers_.end(), [](const Header& header) { return header.text.varies(); });
}

// The whole event has no place in an address or header, so there is no formatted body here.
std::optional<templates::Failure> Destination::render(const templates::TextTemplate& part, const csiem_event& event) {
  return part.render({event, {}, false}, scratch_, rendered_.size() + kNoLimit, rendered_);
}

std::optional<templates::Failure> Destination::of(const csiem_event& event, std::string_view* text) {
  rendered_.clear();
  if (auto failure = render(url_, event)) return failure;
  for (const Header& header : headers_) {
    rendered_.add("\n");
    if (auto failure = render(header.text, event)) return failure;
  }
  *text = rendered_.view();
  return std::nullopt;
}

std::optional<templates::Failure> Destination::write(const csiem_event& event, Request& out) {
  rendered_.clear();
  if (auto failure = render(url_, event)) return failure;
  out.url = rendered_.view();
  out.url_secret = url_secret_;
  for (const Header& header : headers_) {
    rendered_.clear();
    if (auto failure = render(header.text, event)) return failure;
    out.header(header.name, rendered_.view(), header.secret);
  }
  return std::nullopt;
}

Groups group(const csiem_batch& batch, Destination& destination) {
  Groups out;
  std::map<std::string, std::size_t, std::less<>> known;
  std::vector<std::vector<uint32_t>> groups;
  for (uint32_t i = 0; i < batch.count; ++i) {
    std::string_view text;
    if (auto failure = destination.of(*batch.events[i], &text)) {
      out.refused.emplace_back(i, std::move(*failure));
      continue;
    }
    auto at = known.find(text);
    if (at == known.end()) {
      at = known.emplace(std::string(text), groups.size()).first;
      groups.emplace_back();
    }
    groups[at->second].push_back(i);
  }
  for (const auto& one : groups) {
    out.order.insert(out.order.end(), one.begin(), one.end());
    out.ends.push_back(static_cast<uint32_t>(out.order.size()));
  }
  return out;
}

}  // namespace csiem::webhook
