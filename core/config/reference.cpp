#include "config/reference.hpp"

#include <sys/stat.h>

#include "config/suggest.hpp"

namespace csiem::config {
namespace {

constexpr std::string_view kPrefix = "cred:";

std::string in(const std::string& where) { return where.empty() ? "" : " " + where; }

bool all_of(std::string_view text, std::string_view extra) {
  for (const char c : text) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && extra.find(c) == std::string_view::npos) return false;
  }
  return !text.empty();
}

struct Fault {
  int code = 0;  // 0: none
  std::string what, hint;
};

// What is wrong with the text behind "cred:".
Fault fault_of(std::string_view text) {
  const auto slash = text.find('/');
  if (slash != std::string_view::npos) {
    const std::string provider(text.substr(0, slash));
    if (provider == "vault" || provider == "k8s_secret")
      return {1026, "the credential provider '" + provider + "' is not available in this version", ""};
    if (provider != "env" && provider != "file")
      return {1032, "there is no credential provider '" + provider + "'",
              did_you_mean(provider, {"env", "file", "vault", "k8s_secret"})};
    text.remove_prefix(slash + 1);
  }
  const auto hash = text.find('#');
  if (hash != std::string_view::npos && !all_of(text.substr(hash + 1), "_-."))
    return {1032, "the #FIELD of the reference is not a name", "write cred:[PROVIDER/]NAME[#FIELD]"};
  if (!all_of(text.substr(0, hash), "_-./"))
    return {1032, "the reference has no valid NAME", "write cred:[PROVIDER/]NAME[#FIELD]"};
  return {};
}

bool world_readable(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

// "SPLUNK_HEC_TOKEN" from "exporter 'splunk'" and "hec_token" would be guessing: only the key is used.
std::string proposed(const std::string& name) {
  std::string out;
  for (const char c : name.substr(name.rfind('.') + 1)) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

}  // namespace

bool is_reference(std::string_view text) { return text.starts_with(kPrefix); }

void check_secret(const Node& node, const std::string& name, const std::string& where, Findings& findings) {
  findings.secret_at(node.value);
  if (node.kind != Node::Kind::text || node.unresolved || node.text.empty()) return;
  const std::string what = "'" + name + "'" + in(where);
  if (is_reference(node.text)) {
    auto fault = fault_of(std::string_view(node.text).substr(kPrefix.size()));
    if (fault.code != 0) findings.error(fault.code, node.value, what + ": " + fault.what).hint = std::move(fault.hint);
    return;
  }
  if (node.interpolated) {
    findings.warning(2003, node.value, what + " comes from the environment and cannot rotate").hint =
        "use cred:NAME instead of ${NAME}";
  } else if (node.value.line != 0 && world_readable(node.value.file)) {
    findings.warning(1101, node.value, what + " is a literal in a file that everybody can read").hint =
        "use cred:" + proposed(name) + ", or chmod 0640 the file";
  } else {
    findings.warning(2003, node.value, what + " is a literal and cannot rotate").hint = "use cred:" + proposed(name);
  }
}

void refuse_reference(const Node& node, const std::string& name, const std::string& where, Findings& findings) {
  if (node.kind == Node::Kind::text && is_reference(node.text)) {
    findings.error(1032, node.value, "'" + name + "'" + in(where) + " takes no secret").hint =
        "a secret must not land in a plain setting";
  }
  for (const auto& [key, member] : node.members) refuse_reference(member, name + "." + key, where, findings);
  for (const auto& item : node.items) refuse_reference(item, name, where, findings);
}

}  // namespace csiem::config
