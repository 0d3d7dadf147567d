#include "random_event.hpp"

#include <csiem/json.hpp>

#include <array>
#include <iterator>
#include <limits>

#include "common/time_text.hpp"
#include "native/canonical.hpp"

namespace csiem::testing {
namespace {

constexpr std::string_view kTypes[] = {"policy_violation", "policy_allow",   "guard_block",    "guard_warn",
                                       "secret_detected",  "egress_blocked", "forbidden_path", "patch_rejected",
                                       "session_start",    "session_end"};
constexpr std::string_view kCategories[] = {"authentication", "authorization", "file", "network",
                                            "process",        "configuration", "tool", "session"};
constexpr std::string_view kResources[] = {"file", "network", "process", "tool", "configuration"};
constexpr std::string_view kSeverities[] = {"info", "low", "medium", "high", "critical"};
constexpr std::string_view kOutcomes[] = {"unknown", "success", "failure"};
constexpr std::string_view kIndicators[] = {"domain", "file_path", "pattern"};
constexpr std::string_view kActions[] = {"file_access", "file_write", "egress", "shell", "mcp_tool",      "create",
                                         "delete",      "read",       "Other",  "",      "policy update", "Unknown"};
constexpr std::string_view kAttackIds[] = {"TA0010",   "T1048",   "T1552.004", "AML.TA0005",   "AML.T0051.001",
                                           "T1552.04", "TA00066", "T12345",    "exfiltration", "T1048.",
                                           "AML.",     "TA001O",  "t1048"};
constexpr std::string_view kMetadataKeys[] = {"hostname", "mcp_server", "url",      "method", "model", "provider",
                                              "",         ".",          "a.b",      " ",      "pid",   "siem_source",
                                              "hostname", "details",    "event_id", "\t"};
constexpr std::string_view kPaths[] = {"/etc/shadow", "/",           "//",   "C:\\Users\\a\\b = c.txt",
                                       "C:\\",        "~/.bashrc",   "dir/", "\\\\srv\\x",
                                       "a.tar.gz",    ".",           "..",   "name.",
                                       " / ",         "/a|b=c\\d/e", "\\"};
constexpr std::string_view kEndpoints[] = {"203.0.113.9",
                                           "0.0.0.0",
                                           "255.255.255.255",
                                           "203.0.113.900",
                                           "1.2.3",
                                           "01.2.3.4",
                                           "2001:db8::5",
                                           "::",
                                           "::1",
                                           "fe80::1%eth0",
                                           "fe80::1%",
                                           "fe80::1%25en0 x",
                                           "::ffff:203.0.113.9",
                                           "0000:0000:0000:0000:0000:ffff:255.255.255.255",
                                           "1:2:3:4:5:6:7::",
                                           "::2:3:4:5:6:7:8",
                                           "2001:DB8::ABCD",
                                           "[2001:db8::5]",
                                           "2001:db8::5:443:1:2:3:4:5",
                                           "1::2::3",
                                           "::1.2.3.256",
                                           "a:b",
                                           ":",
                                           "%",
                                           "localhost",
                                           "paste.evil.example",
                                           "xn--bcher-kva.example.",
                                           "9",
                                           "1.2.3.4 "};

void append_code_point(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

// The enumeration's word for a value that has one.
template <std::size_t N>
std::string word(const std::string_view (&words)[N], int64_t index) {
  return index >= 0 && index < static_cast<int64_t>(N) ? std::string(words[index]) : std::string();
}

std::string quoted(std::string_view text) {
  std::vector<uint8_t> bytes(text.size() * 6 + 32);
  csiem_writer writer{bytes.data(), bytes.data() + bytes.size(),
                      [](csiem_writer*, std::size_t) noexcept { return static_cast<csiem_status>(CSIEM_E_NOMEM); },
                      nullptr};
  Out out(writer);
  out.string(text);
  return {bytes.data(), writer.cur};
}

std::string canonical(const csiem_event& event) {
  std::vector<uint8_t> bytes(1024);
  csiem_writer writer{bytes.data(), bytes.data() + bytes.size(),
                      [](csiem_writer* w, std::size_t need) noexcept {
                        auto& all = *static_cast<std::vector<uint8_t>*>(w->impl);
                        const auto used = static_cast<std::size_t>(w->cur - all.data());
                        all.resize(all.size() * 2 + need);
                        w->cur = all.data() + used;
                        w->end = all.data() + all.size();
                        return static_cast<csiem_status>(CSIEM_OK);
                      },
                      &bytes};
  Out out(writer);
  formats::write_canonical(event, out);
  return {bytes.data(), writer.cur};
}

}  // namespace

csiem_str RandomEvents::keep(std::string text) {
  strings_.push_back(std::move(text));
  return {strings_.back().data(), strings_.back().size()};
}

std::string RandomEvents::letters(uint64_t most) {
  std::string out;
  for (uint64_t i = below(most + 1); i > 0; --i) out += static_cast<char>('a' + below(26));
  return out;
}

std::string RandomEvents::any_characters(uint64_t most) {
  static constexpr std::string_view kAwkward = "|=\\\"\n\r\t\b\f /.%#*'{}[]:,<>";
  static constexpr uint32_t kStrange[] = {0x85,   0xa0,   0x1680, 0x2003, 0x2028,  0x2029,   0x202e, 0x200f,
                                          0x3000, 0xfeff, 0xfffd, 0xffff, 0x1f600, 0x10ffff, 0xd7ff, 0xe000};
  std::string out;
  for (uint64_t i = below(most + 1); i > 0; --i) {
    switch (below(6)) {
      case 0:
        out += kAwkward[below(kAwkward.size())];
        break;
      case 1:
        append_code_point(out, static_cast<uint32_t>(below(0x20)));
        break;
      case 2:
        append_code_point(out, kStrange[below(std::size(kStrange))]);
        break;
      case 3: {
        auto c = static_cast<uint32_t>(below(0x110000));
        append_code_point(out, c >= 0xd800 && c <= 0xdfff ? 0x41 : c);
        break;
      }
      default:
        append_code_point(out, static_cast<uint32_t>(0x20 + below(0x60)));
    }
  }
  return out;
}

csiem_str RandomEvents::text() {
  switch (below(12)) {
    case 0:
      return {nullptr, 0};
    case 1:
      return {"", 0};
    case 2:
      return keep(std::string(1 + below(40), ' '));
    case 3:
      return keep(any_characters(3));
    case 4:
      return one_in(40) ? keep(any_characters(30'000)) : keep(any_characters(1'200));
    case 5:
      return keep(letters(10) + "|" + letters(3) + "=" + letters(3) + "\\");
    case 6:
      return one_in(20) ? keep(std::string(100'000, static_cast<char>('!' + below(90)))) : keep(letters(5000));
    case 7:
      return keep(" word=" + letters(3) + "\n");
    default:
      return keep(any_characters(40));
  }
}

csiem_str RandomEvents::text(csiem_str usual) { return below(4) != 0 ? usual : text(); }

std::string RandomEvents::endpoint() {
  if (one_in(4)) {
    std::string out;
    for (int i = 0; i < 8; ++i) {
      if (one_in(9)) out += ':';
      static constexpr char kHex[] = "0123456789abcdefABCDEF";
      for (uint64_t n = 1 + below(4); n > 0; --n) out += kHex[below(22)];
      if (i != 7) out += ':';
    }
    return out;
  }
  if (one_in(4)) {
    std::string out;
    for (int i = 0; i < 4; ++i) out += (i == 0 ? "" : ".") + std::to_string(below(258));
    return out;
  }
  return std::string(kEndpoints[below(std::size(kEndpoints))]);
}

int64_t RandomEvents::time() {
  static constexpr int64_t kEdges[] = {
      0,
      -1,
      1,
      -999'999,
      946'684'799'999'999'999,
      946'684'800'000'000'000,
      4'102'444'800'000'000'000,
      4'102'444'800'000'999'999,
      4'102'444'800'001'000'000,
      std::numeric_limits<int64_t>::max() - 3'000'000'000,
      std::numeric_limits<int64_t>::min() + 3'000'000'000};  // as far as the daemon reads
  if (one_in(8)) return kEdges[below(std::size(kEdges))];
  return static_cast<int64_t>(1'500'000'000'000'000'000 + below(500'000'000'000'000'000));
}

std::string RandomEvents::json_text() {
  return quoted(one_in(3) ? any_characters(12) : one_in(30) ? std::string(40'000, 'x') : letters(8));
}

std::string RandomEvents::json_value(int depth) {
  static constexpr std::string_view kScalars[] = {
      "null", "true", "false", "0", "-1", "1e400", "0.1", "18446744073709551616", "-9223372036854775808", "1E-7"};
  if (depth > 0 && one_in(3)) return json_object(depth - 1);
  if (depth > 0 && one_in(4)) {
    std::string out = "[";
    for (uint64_t i = below(3); i > 0; --i) out += (out.size() > 1 ? "," : "") + json_value(depth - 1);
    return out + "]";
  }
  if (one_in(3)) return std::string(kScalars[below(std::size(kScalars))]);
  return json_text();
}

std::string RandomEvents::json_object(int depth) {
  std::string out = "{";
  for (uint64_t i = below(5); i > 0; --i) {
    const std::string key = one_in(3) ? json_text() : quoted(kMetadataKeys[below(std::size(kMetadataKeys))]);
    out += (out.size() > 1 ? "," : "") + key + ":" + json_value(depth);
  }
  return out + "}";
}

void RandomEvents::enumerations() {
  csiem_event& e = event_;
  uint64_t n = count_;
  const auto digit = [&n](uint64_t base) {
    const auto out = static_cast<int32_t>(n % base);
    n /= base;
    return out;
  };
  e.type = digit(13) - 1;
  e.resource_type = digit(8) - 1;
  e.category = digit(11) - 1;
  e.decision_allowed = digit(2);
  e.outcome = static_cast<int32_t>(below(5)) - 1;
  e.severity = static_cast<int32_t>(below(7)) - 1;
  e.indicator_type = static_cast<int32_t>(below(6)) - 1;
  const auto name = [this](std::string known) { return known.empty() ? text() : text(keep(std::move(known))); };
  e.type_name = name(word(kTypes, e.type - 1));
  e.resource_type_name = name(word(kResources, e.resource_type - 1));
  e.category_name = name(word(kCategories, e.category - 1));
  e.outcome_name = name(word(kOutcomes, e.outcome));
  e.severity_name = name(word(kSeverities, e.severity));
  e.indicator_type_name = name(word(kIndicators, e.indicator_type - 1));
}

void RandomEvents::texts() {
  csiem_event& e = event_;
  e.schema_version = text(str("1.0.0"));
  e.event_id = text(str("0194d3c2-7b01-7a10-8c4d-5e6f70819201"));
  e.action = one_in(3) ? text() : str(kActions[below(std::size(kActions))]);
  e.agent_id = text(str("agent-7f3a"));
  e.agent_name = text(str("build-agent"));
  e.agent_version = text(str("0.1.0"));
  e.agent_type = text(str("clawdstrike"));
  for (auto member :
       {&csiem_event::session_id, &csiem_event::user_id, &csiem_event::tenant_id, &csiem_event::environment,
        &csiem_event::guard, &csiem_event::reason, &csiem_event::policy_hash, &csiem_event::ruleset})
    e.*member = text();
  e.tactic = one_in(3) ? text() : str(kAttackIds[below(std::size(kAttackIds))]);
  e.technique = one_in(3) ? text() : str(kAttackIds[below(std::size(kAttackIds))]);
  e.indicator_value = one_in(2) ? text() : keep(endpoint());
}

void RandomEvents::resource() {
  csiem_event& e = event_;
  const auto name = [this]() -> csiem_str {
    switch (below(4)) {
      case 0:
        return str(kPaths[below(std::size(kPaths))]);
      case 1:
        return keep(endpoint());
      default:
        return text();
    }
  };
  e.resource_name = name();
  e.resource_path = name();
  e.resource_host = name();
  static constexpr int32_t kPorts[] = {-1, -1, 0, 443, 65535, 65536, -2, std::numeric_limits<int32_t>::max()};
  e.resource_port = kPorts[below(std::size(kPorts))];
}

const csiem_event& RandomEvents::next() {
  strings_.clear();
  labels_.clear();
  event_ = csiem_event{};
  event_.struct_size = sizeof event_;
  enumerations();
  ++count_;
  texts();
  resource();
  event_.time_unix_ns = time();
  event_.time_text =
      one_in(5) ? csiem_str{nullptr, 0} : keep(std::string(formats::time_text(event_.time_unix_ns).view()));
  event_.ingested_unix_ns = one_in(2) ? 0 : time();
  for (uint64_t i = one_in(200) ? 100 : below(4); i > 0; --i) {
    const csiem_str key = one_in(3) ? str("a.b") : one_in(2) ? text() : keep(letters(2));
    labels_.push_back({{key.ptr == nullptr ? "" : key.ptr, key.len}, text()});
  }
  event_.labels = labels_.data();
  event_.label_count = labels_.size();
  event_.metadata_json = keep(one_in(4) ? "{}" : json_object(one_in(50) ? 60 : static_cast<int>(below(5))));
  event_.canonical_json = keep(canonical(event_));
  return event_;
}

}  // namespace csiem::testing
