"""The command line as its users and their scripts see it."""

import json
import os
import subprocess
import unittest

from harness import BIN, DATA, Case, event, ids, lines, wait_for


class Configuration(Case):
    def broken(self):
        return self.write("broken.toml", """version = "1.0.0"
[global]
data_dir = "%s"
[sources.audit]
type = "jsonl"
path = 12
[exporters.splunk]
hec_url = "https://splunk.example.com:8088"
hec_token = "cred:SPLUNK_HEC_TOKEN"
batch_sise = 250
[exporters.splunk.filter]
min_severity = "hihg"
when = 'decison.severity == "high"'
""" % self.path("data"))

    def test_every_problem_is_told_at_once_with_its_place_and_a_suggestion(self):
        path = self.broken()
        for command in (["run"], ["validate", "--offline"]):
            status, _, err = self.cli("--config", path, *command)
            self.assertEqual(status, 78)
            for wanted in ("error[CS1022]", path + ":6:8", "error[CS1021]: unknown key 'batch_sise'", path + ":10:1",
                           "did you mean 'batch_size'?", "error[CS1024]", path + ":12:16", "did you mean 'high'?",
                           "error[CS1041]", path + ":13:9", "clawdstrike-siem explain CS1021"):
                self.assertIn(wanted, err, command)

    def test_what_a_plugin_refuses_is_told_with_the_rest_each_at_its_key(self):
        config = self.config(self.source() + """[exporters.elastic]
nodes = ["https://es1.example.com", "http://es2.example.com"]
api_key = "cred:ABSENT_KEY"
index = "Upper"
batch_sise = 5
headers = { X-Good = "1", Authorization = "mine-77" }
[exporters.hook]
type = "webhook"
url = "https://hooks.example.com/T00/secret-77"
success_codes = "2xx"
auth = { type = "bearer" }
""")
        with open(config) as f:
            first = f.read().split("\n").index("[exporters.elastic]") + 1
        status, out, err = self.cli("--config", config, "validate", "--offline")
        self.assertEqual(status, 78)
        for line, column, wanted in ((1, 37, "use https or set allow_plain_http = true"), (2, 11, "ABSENT_KEY"),
                                     (3, 9, "names are lower case"), (4, 1, "did you mean 'batch_size'?"),
                                     (5, 43, "is set by the exporter itself"), (9, 17, "is not a status code"),
                                     (10, 17, "needs 'auth.token'")):
            self.assertIn("%s:%d:%d\n" % (config, first + line, column), err)
            self.assertIn(wanted, err)
        for name in ("files", "settings", "plugins", "credentials", "store", "rules"):
            self.assertRegex(out, r"(?m)^(ok|warn|fail) +%s " % name)
        for secret in ("mine-77", "secret-77"):
            self.assertNotIn(secret, err + out)

    def test_files_that_settings_name_are_looked_at(self):
        self.write("junk.pem", "no certificate\n")
        config = self.config(self.source() + """[exporters.splunk]
hec_url = "https://splunk.example.com:8088"
hec_token = "cred:file/none"
tls = { ca_file = "%s" }
[exporters.file]
path = "%s"
[exporters.elastic]
nodes = ["https://es.example.com"]
tls.ca_file = "%s"
""" % (self.path("none.pem"), self.path("none/out.jsonl"), self.path("junk.pem")))
        for command in (["run"], ["validate", "--offline"]):
            status, _, err = self.cli("--config", config, *command)
            self.assertEqual(status, 78, err)
            self.assertEqual(err.count("error[CS1070]"), 3, err)
            self.assertIn("holds no PEM certificate", err)

    def test_a_fifo_is_read_and_given_up_when_nobody_writes(self):
        self.write("in.jsonl", "")
        config = self.config(self.source() + self.file_exporter())
        p = subprocess.run(["bash", "-c", '"$0" --config <(cat "$1") validate --offline', BIN, config],
                           capture_output=True, text=True)
        self.assertEqual(p.returncode, 0, p.stderr)
        os.mkfifo(self.path("fifo"))
        status, _, err = self.cli("--config", self.path("fifo"), "validate", "--offline")
        self.assertEqual(status, 78)
        self.assertIn("error[CS1002]", err)
        self.assertIn("nobody has written", err)

    def test_webhook_addresses_and_headers_are_not_shown(self):
        self.write("in.jsonl", lines([event(1)]))
        config = self.config(self.source() + """[exporters.hook]
type = "webhook"
url = "https://hooks.example.com/T00/secret-77"
headers = { X-Key = "key-88" }
""")
        status, out, err = self.cli("--config", config, "config", "show")
        self.assertEqual(status, 0, err)
        self.assertIn("https://hooks.example.com/", out)
        transformed = self.cli("--config", config, "transform", "--exporter", "hook", stdin=lines([event(1)]))
        self.assertIn("X-Key: ***", transformed[1])
        daemon = self.daemon(config, "--once", "--dry-run")
        self.assertEqual(daemon.wait(), 0, daemon.text())
        with open(daemon.out_path) as f:
            shown = f.read()
        self.assertIn("POST https://hooks.example.com/***", shown)
        self.assertIn("X-Key: ***", shown)
        for text in (out, err, shown, daemon.text()) + transformed[1:]:
            self.assertNotIn("secret-77", text)
            self.assertNotIn("key-88", text)

    def test_validate_as_json_carries_the_same(self):
        status, out, _ = self.cli("--config", self.broken(), "--json", "validate", "--offline")
        self.assertEqual(status, 78)
        document = json.loads(out)
        self.assertEqual(document["schema"], "clawdstrike-siem/validate/v1")
        self.assertEqual({d["code"] for d in document["diagnostics"]}, 
                         {"CS1021", "CS1022", "CS1024", "CS1041", "CS2001"})  # the stages behind the settings, too

    def test_a_good_configuration_validates(self):
        self.write("in.jsonl", "")
        config = self.config(self.source() + self.file_exporter())
        status, out, err = self.cli("--config", config, "validate", "--offline")
        self.assertEqual(status, 0, out + err)
        self.assertIn("result: 0 failures, 0 warnings", out)

    def test_show_names_the_file_and_line_of_each_value_and_hides_secrets(self):
        config = self.config(self.source() + """[exporters.splunk]
hec_url = "https://splunk.example.com:8088"
hec_token = "literal-token-77"
""")
        os.chmod(config, 0o640)
        status, out, err = self.cli("--config", config, "--set", 'global.environment="staging"', "config", "show",
                                    "--origin")
        self.assertEqual(status, 0, err)
        self.assertRegex(out, r'global\.environment = "staging".*--set')
        self.assertRegex(out, r"exporters\.splunk\.hec_url = .*test\.toml:\d+:\d+")
        self.assertNotIn("literal-token-77", out + err)
        self.assertIn("CS2003", err)

    def test_defaults_are_a_configuration(self):
        status, out, _ = self.cli("config", "defaults")
        self.assertEqual(status, 0)
        self.assertIn("[exporter_defaults.retry]", out)
        status, out, _ = self.cli("config", "defaults", "splunk")
        self.assertEqual(status, 0)
        self.assertIn("hec_url", out)

    def test_an_unknown_plugin_is_left_out_while_the_others_run(self):
        events = [event(n) for n in range(10)]
        self.write("in.jsonl", lines(events))
        config = self.config(self.source() + self.file_exporter() + '[exporters.splnuk]\nurl = "x"\n')
        status, text = self.run_once(config)
        self.assertIn("CS3001", text)
        self.assertEqual(set(self.file_ids()), ids(events))
        self.assertEqual(status, 75)  # not everything that was configured ran
        status, _, err = self.cli("--config", config, "validate", "--offline")
        self.assertEqual(status, 78)
        self.assertIn("CS3001", err)

    def test_nothing_enabled_is_an_error_that_says_so(self):
        status, _, err = self.cli("--config", self.config(""), "run")
        self.assertEqual(status, 78)
        self.assertIn("CS1060", err)

    def test_a_missing_file_lists_what_was_tried(self):
        status, _, err = self.cli("--config", "/nowhere/x.toml", "run")
        self.assertEqual(status, 78)
        self.assertIn("/nowhere/x.toml", err)


class Tools(Case):
    def test_plugins_are_listed_without_being_run(self):
        status, out, _ = self.cli("plugins", "list")
        self.assertEqual(status, 0)
        for name in ("splunk", "elastic", "datadog", "sumo_logic", "webhook", "syslog", "file", "ecs", "native", "kv", "ocsf",
                     "cef"):
            self.assertRegex(out, r"(?m)^%s +(exporter|format) " % name)
        status, out, _ = self.cli("--json", "plugins", "list")
        self.assertIn("splunk", {p["name"] for p in json.loads(out)["plugins"]})

    def test_plugin_info_prints_the_settings(self):
        status, out, _ = self.cli("plugins", "info", "splunk")
        self.assertEqual(status, 0)
        for wanted in ("hec_url", "hec_token", "sha256", "partial-results", "Apache-2.0"):
            self.assertIn(wanted, out)
        status, _, err = self.cli("plugins", "info", "nothing")
        self.assertEqual(status, 78)
        self.assertIn("CS3001", err)
        self.assertEqual(self.cli("plugins", "path")[0], 0)

    def test_transform_checks_against_the_schema(self):
        with open(os.path.join(DATA, "sample-audit.jsonl")) as f:
            text = f.read()
        for name in ("ecs", "native"):
            status, out, err = self.cli("transform", "--format", name, "--check", "-", stdin=text)
            self.assertEqual(status, 0, err)
            self.assertEqual(out.count("\n"), text.count("\n"))
            self.assertIn("0 invalid", err)

    def test_schemas_are_listed_shown_and_checked(self):
        status, out, err = self.cli("schema", "list")
        self.assertEqual(status, 0, err)
        for wanted in ("ecs", "8.17.0", "ocsf", "1.5.0", "cef", "native"):
            self.assertIn(wanted, out)
        self.assertIn("destination.port", self.cli("schema", "show", "ecs@8.17")[1])
        self.assertIn("2004", self.cli("schema", "show", "ocsf")[1])
        self.assertEqual(self.cli("schema", "show", "ecs@7")[0], 2)
        for name in ("ecs", "ocsf", "cef", "native"):
            formatted = self.cli("transform", "--format", name, stdin=lines([event(1), event(2)]))[1]
            status, out, err = self.cli("schema", "check", "--format", name, stdin=formatted)
            self.assertEqual((status, out), (0, ""), err)
            self.assertIn("2 passed, 0 failed", err)
        status, out, _ = self.cli("schema", "check", "--format", "ecs", stdin='{"session":{"id":"1"}}\n')
        self.assertEqual(status, 1)
        self.assertIn("line 1: session.id: unknown_field", out)
        self.assertEqual(self.cli("schema", "check", "--format", "ecs", stdin="")[0], 65)

    def test_a_mapping_moves_a_value_and_a_wrong_one_is_told_with_its_place(self):
        text = self.source() + '[exporters.archive]\ntype = "file"\npath = "%s"\n' % self.path("out.jsonl") + """format = "ecs"
[exporters.archive.schema]
include_raw = true
ecs.namespace = "acme"
[exporters.archive.schema.field_mappings]
"agent.id" = "%s"
"""
        status, out, err = self.cli("--config", self.config(text % "observer.name"), "transform", "--exporter", "archive",
                                    "--check", stdin=lines([event(1)]))
        self.assertEqual(status, 0, err)
        document = json.loads(out)
        self.assertEqual(document["observer"]["name"], event(1)["agent"]["id"])
        self.assertNotIn("id", document["agent"])
        self.assertIn("original", document["event"])
        self.assertIn("acme", document)
        status, _, err = self.cli("--config", self.config(text % "observer.nam"), "validate", "--offline")
        self.assertEqual(status, 78)
        self.assertIn("error[CS1043]", err)
        self.assertIn("did you mean 'observer.name'?", err)

    def test_fields_that_are_not_sent_and_a_list_that_the_schema_forbids(self):
        text = self.source() + '[exporters.archive]\ntype = "file"\npath = "%s"\n' % self.path("out.jsonl") + """format = "ecs"
schema.ecs.exclude_fields = ["%s", "clawdstrike.metadata"]
"""
        status, out, err = self.cli("--config", self.config(text % "agent"), "transform", "--exporter", "archive",
                                    "--check", stdin=lines([event(1)]))
        self.assertEqual(status, 0, err)
        document = json.loads(out)
        self.assertNotIn("agent", document)
        self.assertNotIn("metadata", document["clawdstrike"])
        for name, hint in (("event.kind", "remove it from the list"), ("agnt", "did you mean 'agent'?")):
            status, _, err = self.cli("--config", self.config(text % name), "validate", "--offline")
            self.assertEqual(status, 78)
            self.assertIn("error[CS1045]", err)
            self.assertIn(hint, err)

    def test_all_formats_are_shown_and_checked_next_to_each_other(self):
        status, out, err = self.cli("transform", "--all", "--diff", "--check", stdin=lines([event(1), event(2)]))
        self.assertEqual(status, 0, err)
        self.assertIn("2 events, 0 rejected lines, 0 filtered, 0 invalid", err)
        self.assertEqual(out.count("=== "), 2)
        for name in ("cef", "ecs", "native", "ocsf"):
            self.assertEqual(out.count("--- %s\n" % name), 2)

    def test_transform_does_what_the_configuration_says(self):
        rows = self.write("attack.txt", "# ours is T1059.004\negress process TA0001 T1190\n")
        text = """version = "1.0.0"
[global]
tenant_id = "acme"
attack_file = "%s"
[privacy]
redact_patterns = ["email"]
[schema.field_mappings]
"decision.guard" = "event.provider"
""" % rows
        record = json.dumps({"type": "command", "resource": "mail me@example.com", "decision": "denied", "guard": "egress",
                             "id": "x", "timestamp": 1795487495218}) + "\n"
        status, out, err = self.cli("--config", self.write("t.toml", text), "transform", "--format", "ecs", "--check", stdin=record)
        self.assertEqual(status, 0, err)
        document = json.loads(out)
        self.assertNotIn("me@example.com", out)
        self.assertIn("[REDACTED]", out)
        self.assertEqual(document["event"]["provider"], "egress")
        self.assertEqual(document["threat"]["technique"]["id"], ["T1190"])
        self.assertIn("acme", out)
        with open(rows, "a", encoding="utf-8") as file:
            file.write("my_guard any Execution T1059\n")
        status, out, err = self.cli("--config", self.write("t.toml", text), "transform", "--format", "ecs", stdin=record)
        self.assertEqual(status, 78)
        self.assertIn("CS1044", err)
        self.assertIn("attack.txt:3:14", err)
        self.assertIn("TA0002", err)

    def test_transform_of_garbage_says_where(self):
        status, out, err = self.cli("transform", "--format", "ecs", stdin="{}\nnope\n")
        self.assertEqual(status, 65)
        self.assertEqual(out, "")
        self.assertIn("<stdin>:1: not an event: unknown_shape", err)
        self.assertIn("<stdin>:2: not an event: bad_json", err)

    def test_transform_for_an_exporter_shows_the_request(self):
        config = self.config(self.source() + """[exporters.splunk]
hec_url = "https://splunk.example.com:8088"
hec_token = "cred:ABSENT"
index = "sec"
""")
        status, out, err = self.cli("--config", config, "transform", "--exporter", "splunk", stdin=lines([event(1)]))
        self.assertEqual(status, 0, err)
        self.assertIn("POST https://splunk.example.com:8088/services/collector/event", out)
        self.assertIn("Authorization: Splunk ***", out)
        self.assertIn('"index":"sec"', out)

    def test_dry_run_sends_nothing_and_shows_the_requests(self):
        events = [event(n) for n in range(3)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk")
        config = self.config(self.source() + self.splunk(splunk))
        daemon = self.daemon(config, "--once", "--dry-run")
        self.assertEqual(daemon.wait(), 0, daemon.text())
        with open(daemon.out_path) as f:
            shown = f.read()
        self.assertIn("/services/collector/event", shown)
        self.assertNotIn("secret-token-1", shown)
        self.assertIn(events[0]["event_id"], shown)  # the first 2 KiB of the body are shown
        self.assertEqual(splunk.arrivals(), [])
        # The real run still has everything to do.
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(splunk.arrivals()), ids(events))

    def test_explain_version_completion_help(self):
        status, out, _ = self.cli("explain", "CS4010")
        self.assertEqual(status, 0)
        self.assertIn("fix", out)
        self.assertEqual(self.cli("explain", "CS0007")[0], 2)
        self.assertIn("abi", json.loads(self.cli("--json", "version")[1]))
        for shell in ("bash", "zsh", "fish"):
            status, out, _ = self.cli("completion", shell)
            self.assertEqual(status, 0)
            self.assertIn("__complete", out)
        self.assertIn("validate", self.cli("__complete", "v")[1])
        self.assertIn("--once", self.cli("__complete", "run", "--o")[1])
        self.assertEqual(self.cli("--help")[0], 0)
        self.assertEqual(self.cli()[0], 2)
        status, _, err = self.cli("validte")
        self.assertEqual(status, 2)
        self.assertIn("did you mean 'validate'?", err)

    def test_mock_hands_its_options_to_the_double(self):
        status, out, err = self.cli("mock", "splunk", "--port", "0", "--fail", "nonsense")
        self.assertEqual(status, 2, err)
        self.assertIn("--fail nonsense: expected a status", err)
        self.assertIn("--require-gzip", self.cli("mock", "--help")[1])

    def test_bash_completes(self):
        script = self.cli("completion", "bash")[1]
        probe = script + """
COMP_WORDS=("$0" "plug"); COMP_CWORD=1; _clawdstrike_siem; echo "${COMPREPLY[@]}"
"""
        out = subprocess.run(["bash", "-c", probe, BIN], capture_output=True, text=True)
        self.assertEqual(out.stdout.strip(), "plugins", out.stderr)

    def test_a_broken_pipe_ends_quietly(self):
        path = self.write("in.jsonl", lines([event(n) for n in range(3000)]))
        p = subprocess.run("%s transform --format native %s | head -n 1" % (BIN, path), shell=True,
                           capture_output=True, text=True)
        self.assertEqual(p.stderr, "")


class Output(Case):
    def test_transform_says_when_its_output_is_lost(self):
        path = self.write("in.jsonl", lines([event(n) for n in range(10)]))
        with open("/dev/full", "w") as full:
            p = subprocess.run([BIN, "transform", "--format", "native", path], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(p.returncode, 74)
        self.assertIn("standard output", p.stderr)

    def test_transform_passes_over_a_line_without_end_and_goes_on(self):
        path = self.write("in.jsonl", "x" * (9 << 20) + "\n" + lines([event(1)]))
        status, out, err = self.cli("transform", "--format", "native", path)
        self.assertEqual(status, 0)
        self.assertEqual(json.loads(out)["event_id"], event(1)["event_id"])
        self.assertEqual(err.count("not an event"), 1)

    def test_a_problem_of_a_source_is_told_once_and_as_one_of_a_source(self):
        os.makedirs(self.path("in.jsonl"))
        daemon = self.daemon(self.config(self.source() + self.file_exporter())).ready()
        wait_for("the problem", lambda: "CS4502" in daemon.text())
        daemon.stop()
        told = [line for line in daemon.text().splitlines() if "CS4502" in line]
        self.assertEqual(len(told), 1, daemon.text())
        self.assertIn("source audit:", told[0])
        self.assertNotIn("exporter=", told[0])


if __name__ == "__main__":
    unittest.main()
