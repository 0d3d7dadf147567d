#include "http/headers.hpp"

#include <string.h>

#include <algorithm>
#include <array>
#include <utility>

namespace csiem::http {
namespace {

// They say where the body ends or who is spoken to; a second opinion on that is how requests are smuggled.
constexpr std::array<std::string_view, 10> kOwnedByClient = {
    "connection", "content-length",   "expect",  "host",    "keep-alive",
    "te",         "proxy-connection", "trailer", "upgrade", "transfer-encoding"};

bool equal_ignoring_case(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + ('a' - 'A')) : x) == y;
         });
}

bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

Result<void> check(const Header& header) {
  if (!is_token(header.name)) return Error{Code::invalid, "a header's name is empty or not a token"};
  for (const auto owned : kOwnedByClient)
    if (equal_ignoring_case(header.name, owned))
      return Error{Code::denied, "header " + header.name + ": set by the client itself"};
  if (!is_field_value(header.value))
    return Error{Code::invalid, "header " + header.name + ": control characters in the value"};
  if (header.secret && !header.secret->use(is_field_value))
    return Error{Code::invalid, "header " + header.name + ": control characters in the credential"};
  return {};
}

std::size_t wire_size(const Header& header) {
  return header.name.size() + header.value.size() + (header.secret ? header.secret->size() : 0) + 3;
}

}  // namespace

bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

Result<void> HeaderLines::build(const std::vector<Header>& headers, bool gzip) {
  static constexpr std::string_view kNoExpect = "Expect:", kNoContentType = "Content-Type:",
                                    kGzip = "Content-Encoding: gzip";
  wipe();
  std::size_t total = kNoExpect.size() + kNoContentType.size() + kGzip.size() + 3;
  bool has_content_type = false;
  for (const auto& header : headers) {
    CS_CHECK(check(header));
    total += wire_size(header);
    has_content_type |= equal_ignoring_case(header.name, "content-type");
    if (gzip && equal_ignoring_case(header.name, "content-encoding"))
      return Error{Code::invalid, "header " + header.name + ": the client compresses this body itself"};
  }
  bytes_.reserve(total);  // must not grow below: that would leave a copy of the secrets behind
  for (const auto& header : headers) {
    offsets_.push_back(bytes_.size());
    bytes_ += header.name;
    const bool empty = header.value.empty() && (!header.secret || header.secret->size() == 0);
    bytes_ += empty ? ";" : ": ";  // libcurl's spelling of a header without value
    bytes_ += header.value;
    if (header.secret) header.secret->use([this](std::string_view value) { bytes_ += value; });
    bytes_ += '\0';
  }
  add_line(kNoExpect);
  if (!has_content_type) add_line(kNoContentType);
  if (gzip) add_line(kGzip);
  nodes_.resize(offsets_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    nodes_[i] = {bytes_.data() + offsets_[i], i + 1 < nodes_.size() ? &nodes_[i + 1] : nullptr};
  return {};
}

void HeaderLines::add_line(std::string_view line) {
  offsets_.push_back(bytes_.size());
  bytes_ += line;
  bytes_ += '\0';
}

void HeaderLines::wipe() noexcept {
  explicit_bzero(bytes_.data(), bytes_.size());
  bytes_.clear();
  offsets_.clear();
  nodes_.clear();
}

}  // namespace csiem::http
