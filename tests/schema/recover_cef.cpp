// Lines of CEF, without custom keys and without the raw event.
#include <charconv>

#include "common/time_text.hpp"
#include "recover.hpp"

namespace csiem::testing {
namespace {

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
    } else {
      const char c = text[++i];
      out += c == 'n' ? '\n' : c == 'r' ? '\r' : c;
    }
  }
  return out;
}

// A value ends where " key=" begins; '=' is escaped inside of values.
std::map<std::string, std::string> pairs_of(std::string_view extension) {
  std::map<std::string, std::string> out;
  while (!extension.empty()) {
    const std::size_t equals = extension.find('=');
    const std::string key(extension.substr(0, equals));
    extension.remove_prefix(equals + 1);
    std::size_t end = 0;
    while (end < extension.size() && extension[end] != '=') end += extension[end] == '\\' ? 2U : 1U;
    if (end < extension.size()) end = extension.rfind(' ', end);
    out[key] = unescaped(extension.substr(0, end));
    extension.remove_prefix(end < extension.size() ? end + 1 : extension.size());
  }
  return out;
}

std::string time_of(const std::string& ms) {
  int64_t value = 0;
  std::from_chars(ms.data(), ms.data() + ms.size(), value);
  return std::string(formats::time_text(value * 1'000'000).view());
}

}  // namespace

Recovered recover_cef(std::string_view line) {
  std::vector<std::string> header;
  std::size_t begin = 0;
  while (header.size() < 7) {
    std::size_t end = begin;
    while (line[end] != '|') end += line[end] == '\\' ? 2U : 1U;
    header.push_back(unescaped(line.substr(begin, end - begin)));
    begin = end + 1;
  }
  auto x = pairs_of(line.substr(begin));
  Recovered out;
  out.set("agent.version", header[3]);
  out.set("event_type", header[4]);
  const std::string& s = header[6];
  out.set("decision.severity", s == "1"    ? "info"
                               : s == "3"  ? "low"
                               : s == "5"  ? "medium"
                               : s == "8"  ? "high"
                               : s == "10" ? "critical"
                                           : "");
  out.set("timestamp", time_of(x["rt"]));
  if (x.count("deviceCustomDate1") != 0) out.set("ingested_at", time_of(x["deviceCustomDate1"]));
  out.set("event_id", x["externalId"]);
  const std::string& cat = x["cat"];
  const std::size_t slash = cat.find('/', 1);
  out.set("event_category", cat.substr(1, slash - 1));
  out.set("action", slash == std::string::npos ? "" : cat.substr(slash + 1));
  if (x["act"] != "alerted") out.set("decision.allowed", x["act"] == "allowed" ? "true" : "false");
  out.set("outcome", x["outcome"]);
  out.set("agent.id", x["deviceExternalId"]);
  out.set("agent.name", x["deviceProcessName"]);
  out.set("session.environment", x["deviceFacility"]);
  out.set("session.user_id", x["suid"]);
  out.set("resource.name", x["filePath"] + x["dst"] + x["dhost"] + x["dproc"] + x["destinationServiceName"]);
  out.set("resource.port", x["dpt"]);
  out.set("decision.guard", x["cs1"]);
  out.set("session.id", x["cs2"]);
  out.set("decision.ruleset", x["cs3"]);
  out.set("decision.policy_hash", x["cs4"]);
  out.set("session.tenant_id", x["cs5"]);
  const std::string& attack = x["cs6"];
  out.set("threat.tactic", attack.substr(0, attack.find('/')));
  if (const std::size_t cut = attack.find('/'); cut != std::string::npos)
    out.set("threat.technique", attack.substr(cut + 1));
  out.set("decision.reason", x["msg"]);
  return out;
}

}  // namespace csiem::testing
