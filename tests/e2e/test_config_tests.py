"""clawdstrike-siem test: unit tests for a configuration."""

import json
import os
import unittest

from harness import Case, event

EXPORTERS = """[exporters.splunk]
hec_url = "https://splunk.example.com:8088"
hec_token = "cred:ABSENT_TOKEN"
index = "main"
filter = { min_severity = "medium" }
[[exporters.splunk.routes]]
when = 'decision.severity == "critical"'
set = { index = "urgent", hec_token = "cred:ABSENT_DLP_TOKEN" }
[exporters.elastic]
nodes = ["https://es.example.com"]
api_key = "cred:ABSENT_KEY"
format = "ecs"
"""

LEAK = """[[test]]
name = "a leak is urgent"
event = { event_type = "secret_detected", decision = { guard = "secret_leak", severity = "critical", allowed = false } }
[[test.expect]]
exporter = "splunk"
sent = true
set.index = "%s"
set.hec_token = "cred:ABSENT_DLP_TOKEN"
[[test.expect]]
exporter = "elastic"
json = { "/event/kind" = "alert", "/rule/name" = "%s" }
valid = true
"""

LOW = """[[test]]
name = "splunk gets nothing low"
event = { decision = { severity = "low" } }
[[test.expect]]
exporter = "splunk"
sent = %s
"""


class ConfigurationTests(Case):
    def run_tests(self, text, *options, more=""):
        os.makedirs(self.path("tests"), exist_ok=True)
        self.tests = self.write("tests/a.test.toml", text)
        config = self.config(more + EXPORTERS)
        return self.cli("--config", config, *options, "test")

    def test_tests_beside_the_configuration_pass_without_credentials_and_network(self):
        status, out, err = self.run_tests(LEAK % ("urgent", "secret_leak") + LOW % "false")
        self.assertEqual(status, 0, out + err)
        self.assertEqual(out, "1..2\nok 1 - a leak is urgent\nok 2 - splunk gets nothing low\n")
        self.assertEqual(err, "2 passed, 0 failed\n")

    def test_what_fails_is_told_with_its_place_what_was_expected_and_what_came(self):
        status, out, err = self.run_tests(LEAK % ("main", "other") + LOW % "true")
        self.assertEqual(status, 1, out + err)
        for wanted in ("not ok 1 - a leak is urgent\n",
                       "#   %s:7:13: exporter 'splunk': setting index\n#     expected  \"main\"\n"
                       "#     got       \"urgent\"\n" % self.tests,
                       "exporter 'elastic': /rule/name\n#     expected  \"other\"\n#     got       \"secret_leak\"\n",
                       "%s:18:8: exporter 'splunk': sent\n#     expected  true\n"
                       "#     got       false, kept back by filter (severity)\n" % self.tests):
            self.assertIn(wanted, out)
        self.assertIn("0 passed, 2 failed", err)

    def test_as_json(self):
        status, out, _ = self.run_tests(LEAK % ("urgent", "other") + LOW % "false", "--json")
        self.assertEqual(status, 1)
        document = json.loads(out)
        self.assertEqual(document["schema"], "clawdstrike-siem/test/v1")
        self.assertEqual((document["passed"], document["failed"]), (1, 1))
        first, second = document["tests"]
        self.assertTrue(second["ok"])
        failure, = first["failures"]
        self.assertEqual((failure["file"], failure["line"], failure["exporter"], failure["what"]),
                         (self.tests, 11, "elastic", "/rule/name"))
        self.assertEqual((failure["expected"], failure["got"]), ('"other"', '"secret_leak"'))

    def test_every_mistake_of_a_file_is_told_with_line_and_column(self):
        status, out, err = self.run_tests("""[[test]]
name = "t"
event = { decison = { severity = "high" } }
[[test.expect]]
exporter = "spluk"
snet = true
sent = 1
""")
        self.assertEqual((status, out), (78, ""))
        for wanted in (self.tests + ":3:11\n", "did you mean 'decision'?", self.tests + ":5:12\n",
                       "did you mean 'splunk'?", self.tests + ":6:1\n", "did you mean 'sent'?", self.tests + ":7:8\n",
                       "error[CS1021]", "error[CS1022]", "error[CS1024]"):
            self.assertIn(wanted, err)

    def test_a_word_that_events_do_not_have_fails_the_test_at_the_event(self):
        status, out, _ = self.run_tests(LOW.replace('"low"', '"lwo"') % "false")
        self.assertEqual(status, 1)
        self.assertIn("%s:3:1: event\n#     not an event: bad_field" % self.tests, out)

    def test_golden_files_are_written_and_hold_until_the_configuration_changes(self):
        self.write("one.json", json.dumps(event(1, "high"), indent=2))
        text = """[[test]]
name = "golden"
event_file = "../one.json"
[[test.expect]]
exporter = "elastic"
golden = "golden/one.json"
"""
        status, out, _ = self.run_tests(text)
        self.assertEqual(status, 1)
        self.assertIn("test --update", out)
        config = self.path("test.toml")
        status, _, err = self.cli("--config", config, "test", "--update", self.tests)
        self.assertEqual((status, err), (0, "1 passed, 0 failed, 1 golden files written\n"))
        with open(self.path("tests/golden/one.json")) as f:
            self.assertEqual(json.load(f)["rule"]["name"], "forbidden_path")
        self.assertEqual(self.cli("--config", config, "test", self.path("tests"))[0], 0)
        status, out, _ = self.run_tests(text, more='[privacy]\nredact_fields = ["resource.path"]\n')
        self.assertEqual(status, 1)
        self.assertIn("[REDACTED]", out)
        self.assertRegex(out, r"#     - .*/srv/f1")

    def test_who_keeps_an_event_back_is_told(self):
        for setting, reason in (('[exporter_defaults]\n', "filter (severity)"),
                                ('[filtering]\nmin_severity = "high"\n', "[filtering] (severity)")):
            status, out, _ = self.run_tests(LOW % "true", more=setting)
            self.assertEqual(status, 1)
            self.assertIn("got       false, kept back by %s\n" % reason, out)
        self.write("tests/a.test.toml", LOW % "true")
        status, out, err = self.cli("--config", self.path("test.toml"), "--set", "exporters.splunk.enabled=false", "test")
        self.assertEqual(status, 1, err)
        self.assertIn("kept back by exporter disabled\n", out)

    def test_a_name_cannot_pretend_to_be_a_result(self):
        status, out, _ = self.run_tests((LOW % "true").replace("splunk gets nothing low", "a\\nok 2 - b"))
        self.assertEqual(status, 1)
        self.assertIn("not ok 1 - a ok 2 - b\n", out)

    def test_the_machine_does_not_show_in_what_is_compared(self):
        text = """[[test]]
name = "host"
event = {}
[[test.expect]]
exporter = "elastic"
json = { "/host/name" = "%s", "/event/ingested" = "2026-01-01T00:00:00.000000000Z" }
"""
        os.makedirs(self.path("tests"))
        tests = self.write("tests/a.test.toml", text % "host.example")
        config = self.write("plain.toml", 'version = "1.0.0"\n' + EXPORTERS)
        status, out, _ = self.cli("--config", config, "test")
        self.assertEqual(status, 0, out)
        self.write("tests/a.test.toml", text % "named")
        status, out, _ = self.cli("--config", config, "--set", "global.host_name=named", "test", tests)
        self.assertEqual(status, 0, out)

    def test_nothing_to_run_is_wrong_usage(self):
        status, _, err = self.cli("--config", self.config(EXPORTERS), "test")
        self.assertEqual(status, 2)
        self.assertIn("no *.test.toml", err)

    def test_the_command_is_completed(self):
        self.assertIn("test", self.cli("__complete", "te")[1].split())
        self.assertIn("--update", self.cli("__complete", "test", "--u")[1].split())


if __name__ == "__main__":
    unittest.main()
