// clawdstrike-siem schema list, show, check.
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>

#include "base/fd.hpp"
#include "cli/arguments.hpp"
#include "cli/terminal.hpp"
#include "schema/schema_listing.hpp"
#include "schema/validator.hpp"

namespace csiem::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// "ocsf@1.5" as format and full version. Says what is wrong when there is no such schema.
bool resolve(const std::string& name, std::string& format, std::string& version) {
  const std::size_t at = name.find('@');
  format = name.substr(0, at);
  version = schema::full_version(format, at == std::string::npos ? "" : name.substr(at + 1));
  if (!version.empty()) return true;
  std::fprintf(stderr, "clawdstrike-siem: no schema '%s'; see clawdstrike-siem schema list\n", name.c_str());
  return false;
}

void print_violation(uint64_t line, const schema::Violation& one, bool json) {
  if (json) {
    std::printf("{\"line\":%llu,\"path\":%s,\"rule\":%s,\"detail\":%s}\n", static_cast<unsigned long long>(line),
                json_text(one.path).c_str(), json_text(one.rule).c_str(), json_text(one.detail).c_str());
    return;
  }
  std::printf("line %llu: %s: %s%s%s%s\n", static_cast<unsigned long long>(line), one.path.c_str(), one.rule.c_str(),
              one.detail.empty() ? "" : " (", one.detail.c_str(), one.detail.empty() ? "" : ")");
}

}  // namespace

int schema_list(const Arguments& arguments) {
  if (arguments.global.json) {
    for (const auto& one : schema::schemas()) {
      std::string versions;
      for (const auto& version : one.versions) versions += (versions.empty() ? "" : ",") + json_text(version);
      std::printf("{\"format\":%s,\"versions\":[%s],\"about\":%s}\n", json_text(one.format).c_str(), versions.c_str(),
                  json_text(one.about).c_str());
    }
    return kOk;
  }
  std::vector<std::vector<std::string>> rows = {{"FORMAT", "VERSIONS", "SCHEMA"}};
  for (const auto& one : schema::schemas()) rows.push_back({one.format, joined(one.versions), one.about});
  std::fputs(table(rows, arguments.global.plain).c_str(), stdout);
  return kOk;
}

int schema_show(const Arguments& arguments) {
  std::string format, version;
  if (!resolve(arguments.schema.name, format, version)) return kUsage;
  const auto rows = schema::schema_rows(format, version);
  if (!arguments.global.plain) std::printf("%s %s\n", format.c_str(), version.c_str());
  if (rows.empty()) {
    std::fputs("the members of the canonical event; see clawdstrike-siem transform --format native\n", stdout);
    return kOk;
  }
  std::fputs(table(rows, arguments.global.plain).c_str(), stdout);
  return kOk;
}

int schema_check(const Arguments& arguments) {
  std::string format, version;
  if (!resolve(arguments.schema.format, format, version)) return kUsage;
  schema::OutputSettings settings;
  settings.versions[format] = version;
  const auto rules = schema::make_validator(format, settings);
  if (rules == nullptr) return kUsage;
  std::ifstream file;
  const bool standard = arguments.schema.input == "-";
  if (!standard) file.open(arguments.schema.input);
  if (!standard && !file) {
    std::fprintf(stderr, "clawdstrike-siem: %s: %s\n", arguments.schema.input.c_str(), errno_text(errno).c_str());
    return kIo;
  }
  std::istream& in = standard ? std::cin : file;
  uint64_t number = 0, passed = 0, failed = 0;
  std::vector<schema::Violation> found;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.empty()) continue;
    found.clear();
    ++(rules->check(line, found) ? passed : failed);
    for (const auto& one : found) print_violation(number, one, arguments.global.json);
  }
  if (!arguments.global.quiet)
    std::fprintf(stderr, "%llu passed, %llu failed\n", static_cast<unsigned long long>(passed),
                 static_cast<unsigned long long>(failed));
  if (in.bad() || std::fflush(stdout) != 0) return kIo;
  if (passed + failed == 0) return kData;
  return failed == 0 ? kOk : kNo;
}

}  // namespace csiem::cli
