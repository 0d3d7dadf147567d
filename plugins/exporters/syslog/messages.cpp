#include "syslog/messages.hpp"

#include <charconv>

#include "syslog/payload.hpp"

namespace csiem::syslog {

void append_frame(Framing framing, std::string_view message, std::string& out) {
  if (framing == Framing::lf) {
    out += message;
    out += '\n';
    return;
  }
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, message.size()).ptr;
  out.append(digits, end);
  out += ' ';
  out += message;
}

bool Messages::add(const HeaderSettings& header, const csiem_event& event, uint32_t index, std::string_view body,
                   bool json, std::size_t limit, int64_t now_unix_ns) {
  const std::size_t from = bytes_.size();
  append_header(header, event, now_unix_ns, bytes_);
  const std::size_t used = bytes_.size() - from;
  append_text(body, bytes_);
  if (bytes_.size() - from > limit) {
    const std::string shorter =
        used < limit ? shortened(std::string_view(bytes_).substr(from + used), json, limit - used) : std::string();
    bytes_.resize(from + used);
    if (shorter.empty()) {
      bytes_.resize(from);
      return false;
    }
    bytes_ += shorter;
    ++shortened_;
  }
  all_.push_back({index, from, bytes_.size() - from});
  return true;
}

}  // namespace csiem::syslog
