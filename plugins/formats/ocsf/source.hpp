// The event with what several sections of the document need to know of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <csiem/json.hpp>

#include <arpa/inet.h>

#include <cstdint>
#include <string_view>

#include "common/address.hpp"
#include "common/epoch.hpp"
#include "common/metadata_members.hpp"
#include "common/reading.hpp"
#include "common/time_text.hpp"
#include "ocsf/taxonomy.hpp"

namespace csiem::ocsf {

inline constexpr std::string_view kUnknown = "unknown";  // where the schema wants a text and the event has none

// A point in time as number and as text. No text: not known.
class Moment {
 public:
  Moment() = default;
  // `text` must outlive this; when it is empty the text is made of the number.
  Moment(int64_t unix_ns, std::string_view text) noexcept : ms_(formats::epoch_ms(unix_ns)), text_(text) {
    if (text.empty()) made_ = formats::time_text(unix_ns);
  }
  int64_t ms() const noexcept { return ms_; }
  bool known() const noexcept { return formats::plausible_ms(ms_); }
  std::string_view text() const noexcept { return text_.empty() ? made_.view() : text_; }

 private:
  int64_t ms_ = 0;  // an OCSF time of 0 means "not known"
  std::string_view text_;
  formats::TimeText made_{};
};

// An address as OCSF takes it: at most forty characters. IPv6 with an embedded IPv4 address may be longer as written.
class IpText {
 public:
  explicit IpText(const formats::Address& address) noexcept : text_(address.text) {
    if (address.kind != formats::Address::Kind::ipv6 || text_.size() < 40) return;
    char terminated[INET6_ADDRSTRLEN + 1] = {};
    text_.copy(terminated, sizeof terminated - 1);
    unsigned char bytes[16];
    if (inet_pton(AF_INET6, terminated, bytes) == 1 && inet_ntop(AF_INET6, bytes, short_, sizeof short_) != nullptr)
      text_ = short_;
  }
  IpText(const IpText&) = delete;
  IpText& operator=(const IpText&) = delete;
  std::string_view view() const noexcept { return text_; }

 private:
  char short_[INET6_ADDRSTRLEN] = {};
  std::string_view text_;
};

struct Source {
  const csiem_event& e;
  formats::Base base;
  Taxonomy taxonomy;
  formats::MetadataMembers metadata;
  std::string_view host;      // where the agent runs; empty: not known
  std::string_view endpoint;  // what a network event went to, as written
  formats::Address address;   // the same, understood
  IpText ip;                  // when it is one
  Moment time;                // of the event; of its receipt when the event's own is beyond belief
  Moment received;

  bool finding() const noexcept { return taxonomy.event_class == Class::finding; }
};

inline Moment event_time(const csiem_event& e) noexcept {
  const Moment own(e.time_unix_ns, view(e.time_text));
  if (own.known()) return own;
  const Moment received(e.ingested_unix_ns, {});
  return received.known() ? received : Moment();
}

}  // namespace csiem::ocsf
