"""send-test: one marked event through an exporter, with and without a daemon, and what is said when it does not arrive."""

import json
import os
import re
import unittest

from harness import Case, event, lines, wait_for
from test_tls import Certificates

ENV = {"TEST_TOKEN": "secret-token-1"}
KEY = "0123456789abcdef0123456789abcdef"
URL_CODE = "ZaVnC4dhaV0"


class SendTestCase(Case):
    def send(self, config, *arguments, status=0, env=None):
        code, out, err = self.cli("--config", config, "send-test", *arguments, env=env or ENV)
        self.assertEqual(code, status, out + err)
        self.assertNotIn("secret-token-1", out + err)
        return out

    def result(self, config, exporter, *arguments, status=0, env=None):
        code, out, err = self.cli("--config", config, "--json", "send-test", exporter, *arguments, env=env or ENV)
        self.assertEqual(code, status, out + err)
        document = json.loads(out)
        self.assertEqual(document["schema"], "clawdstrike-siem/send-test/v1")
        (one,) = document["results"]
        self.assertEqual(one["exporter"], exporter)
        self.assertEqual(one["ok"], status == 0)
        return one

    def line_of(self, config, text):
        with open(config) as f:
            for number, line in enumerate(f, 1):
                if text in line:
                    return "%s:%d:" % (config, number)
        raise AssertionError(text)


class Arrives(SendTestCase):
    def setUp(self):
        super().setUp()
        self.mocks = {name: self.mock(name) for name in ("splunk", "elastic", "datadog", "webhook", "syslog")}
        self.mocks["sumo_logic"] = self.mock("sumo_logic", "--token", URL_CODE)
        sumo = '[exporters.sumo_logic]\ntype = "sumo_logic"\nhttp_source_url = "%s/receiver/v1/http/%s"\n' % (
            self.mocks["sumo_logic"].url(), URL_CODE)
        syslog = '[exporters.syslog]\nendpoints = ["tcp://127.0.0.1:%d"]\n' % self.mocks["syslog"].port
        # Filters are not asked: these would keep everything back.
        shut = 'filter = { min_severity = "critical" }\n'
        self.toml = self.config(
            self.source() + '[filtering]\nmin_severity = "critical"\n' + self.splunk(self.mocks["splunk"], more=shut)
            + self.elastic(self.mocks["elastic"], more=shut) + self.datadog(self.mocks["datadog"], more=shut) + sumo
            + self.webhook(self.mocks["webhook"], id="webhook", more=shut) + syslog
            + self.file_exporter(id="file"))
        self.write("in.jsonl", "")

    def check_all(self):
        code, out, err = self.cli("--config", self.toml, "--json", "send-test", "--all", env=ENV)
        self.assertEqual(code, 0, out + err)
        results = {r["exporter"]: r for r in json.loads(out)["results"]}
        self.assertEqual(set(results), set(self.mocks) | {"file"})
        for name, mock in self.mocks.items():
            id = results[name]["event_id"]
            wait_for(name, lambda: id in mock.arrivals() or id in json.dumps(mock.everything()))
            if name != "syslog":
                self.assertTrue(results[name]["http_status"] in (200, 202), results[name])
            text = json.dumps(mock.everything())
            self.assertIn("[TEST]", text, name)
            self.assertEqual(mock.violations(), [], name)
            self.assertIn(id, results[name]["lookup"])
        self.assertIn("clawdstrike_test", json.dumps(self.mocks["splunk"].bodies()))
        with open(self.path("out.jsonl")) as f:
            self.assertEqual(json.loads(f.readlines()[-1])["event_id"], results["file"]["event_id"])
        self.assertEqual(results["splunk"]["lookup"],
                         'search: index=main event_id="%s"' % results["splunk"]["event_id"])
        self.assertEqual(results["syslog"]["vendor_code"], "written")

    def test_without_a_daemon_at_every_platform_and_no_store_is_made(self):
        self.check_all()
        self.assertFalse(os.path.exists(self.path("data")))

    def test_through_the_daemon_at_every_platform_and_its_books_know_nothing(self):
        daemon = self.daemon(self.toml).ready()
        self.check_all()
        code, out, err = self.cli("--config", self.toml, "--json", "status", env=ENV)
        self.assertEqual(code, 0, err)
        for exporter in json.loads(out)["exporters"]:
            self.assertEqual(exporter["ledger"]["accepted"], 0)
            self.assertEqual(exporter["ledger"]["delivered"], 0)
        self.assertIn("send-test", daemon.text())
        daemon.stop()

    def test_people_read_a_line_each(self):
        out = self.send(self.toml, "splunk", "syslog", "--severity", "high")
        self.assertRegex(out, r"(?m)^splunk  ok    HTTP 200 in \d+")
        self.assertRegex(out, r'(?m)^ {14}search: index=main event_id="[0-9a-f-]{36}"$')
        self.assertRegex(out, r"(?m)^syslog  ok    written in ")
        self.assertTrue(out.endswith("1 event each, nothing stored\n"))
        (body,) = self.mocks["splunk"].bodies()
        self.assertIn('"severity": "high"', json.dumps(body))

    def test_words_that_make_no_sense_are_told(self):
        for wrong in ([], ["splunk", "--all"], ["splunk", "--severity", "awful"], ["splunk", "--wait", "soon"]):
            code, _, err = self.cli("--config", self.toml, "send-test", *wrong, env=ENV)
            self.assertEqual(code, 2, err)
        code, _, err = self.cli("--config", self.toml, "send-test", "nobody", env=ENV)
        self.assertEqual(code, 1)
        self.assertIn("CS8005", err)


class Confirmed(SendTestCase):
    def test_an_indexers_word_is_waited_for(self):
        splunk = self.mock("splunk", "--ack", "--ack-after", "2")
        config = self.config(self.splunk(splunk, more='use_ack = true\nack = { poll_interval = "100ms" }\n'))
        self.assertGreater(self.result(config, "splunk")["confirmed_ms"], 0)
        self.assertRegex(self.send(config, "splunk"), "HTTP 200 in .*, confirmed after ")

    def test_and_not_for_ever(self):
        splunk = self.mock("splunk", "--ack", "--ack-after", "1000000")
        config = self.config(self.splunk(splunk, more='use_ack = true\nack = { poll_interval = "100ms" }\n'))
        one = self.result(config, "splunk", "--wait", "2s", status=69)
        self.assertEqual(one["code"], "CS4003")
        self.assertIn("not confirmed", one["text"])

    def test_the_route_that_matches_is_taken(self):
        splunk = self.mock("splunk")
        route = '[[exporters.splunk.routes]]\nwhen = \'decision.severity == "critical"\'\nset = { index = "crit" }\n'
        config = self.config(self.splunk(splunk, more=route))
        one = self.result(config, "splunk", "--severity", "critical")
        self.assertIn("index=crit ", one["lookup"])
        self.assertEqual(one["route"], 'decision.severity == "critical"')
        self.assertEqual(self.result(config, "splunk")["route"], "")


class Refused(Certificates, SendTestCase):
    """Each kind of wrong: a coded message, the vendor's own words, the setting with its place, and what to do."""

    def blamed(self, config, code, setting, words, status=1, exporter="splunk", env=None):
        one = self.result(config, exporter, "--wait", "60s", status=status, env=env)
        self.assertEqual(one["code"], code, one)
        self.assertEqual(one["setting"], setting, one)
        self.assertRegex(one["text"], words)
        self.assertTrue(one["next"])
        self.assertTrue(one["origin"].startswith(self.line_of(config, setting + " =")), one)
        return one

    def test_a_wrong_token(self):
        config = self.config(self.splunk(self.mock("splunk", "--token", "another")))
        one = self.blamed(config, "CS4010", "hec_token", 'HTTP 403, code hec.4, "Invalid token"')
        self.assertEqual(one["value"], 'hec_token = "cred:TEST_TOKEN"')

    def test_a_credential_that_is_not_there(self):
        config = self.config(self.splunk(self.mock("splunk")))
        one = self.blamed(config, "CS2001", "hec_token", "TEST_TOKEN", env={"TEST_TOKEN": ""})
        self.assertIn("cred:TEST_TOKEN", one["value"])

    def test_a_wrong_index(self):
        config = self.config(self.splunk(self.mock("splunk", "--index", "security")))
        one = self.blamed(config, "CS4040", "index", "code hec.7")
        self.assertEqual(one["value"], 'index = "main"')
        out = self.send(config, "splunk", status=1)
        self.assertIn('value: index = "main" set at ' + self.line_of(config, "index ="), out)
        self.assertIn("hint: The token must allow this index", out)
        self.assertRegex(out, r"(?m)^splunk  fail  HTTP 400, code hec.7, .* in .* \[CS4040\]$")

    def test_the_daemon_says_the_same_and_its_exporter_goes_on(self):
        splunk = self.mock("splunk", "--index", "security")
        config = self.config(self.source() + self.splunk(splunk).replace('"main"', '"securty"'))
        self.write("in.jsonl", "")
        daemon = self.daemon(config).ready()
        self.blamed(config, "CS4040", "index", "code hec.7")
        code, out, _ = self.cli("--config", config, "--json", "exporters", "list", env=ENV)
        (exporter,) = json.loads(out)["exporters"]
        self.assertEqual((code, exporter["state"]), (0, "running"))
        daemon.stop()

    def test_a_dead_server(self):
        mock = self.mock("splunk")
        config = self.config(self.splunk(mock))
        mock.stop()
        one = self.blamed(config, "CS4001", "hec_url", "no connection", status=69)
        self.assertEqual(one["attempts"], 3)

    def tls(self, certificate, url_host="127.0.0.1"):
        mock = self.mock("splunk", "--tls-cert", self.path(certificate + ".pem"), "--tls-key",
                         self.path(certificate + ".key"))
        return self.config(self.splunk(mock, more='tls = { ca_file = "%s" }\n' % self.path("ca.pem"))
                           .replace("http://127.0.0.1", "https://" + url_host))

    def test_an_expired_certificate(self):
        self.authority()
        self.certificate("old", "IP:127.0.0.1", days="-1")
        self.blamed(self.tls("old"), "CS4002", "hec_url", "expired", status=69)

    def test_a_certificate_of_another_name(self):
        self.authority()
        self.certificate("other", "DNS:elsewhere.example")
        self.blamed(self.tls("other"), "CS4002", "hec_url", "127.0.0.1|subject|name", status=69)

    def test_a_web_page_instead_of_the_platform(self):
        page = self.page(200, b"<html><body>Please log in</body></html>")
        config = self.config(
            self.splunk(page) + self.elastic(page) + self.datadog(page)
            + '[exporters.sumo_logic]\nhttp_source_url = "%s/receiver/v1/http/%s"\n' % (page.url(), URL_CODE))
        self.blamed(config, "CS4040", "hec_url", "splunk.not_hec")
        self.blamed(config, "CS4040", "nodes", "es.not_elasticsearch", exporter="elastic")
        self.blamed(config, "CS4040", "endpoint", "datadog.not_datadog", exporter="datadog")
        one = self.blamed(config, "CS4040", "http_source_url", "sumo_logic.not_a_source", exporter="sumo_logic")
        self.assertNotIn(URL_CODE, json.dumps(one))

    def test_a_200_with_an_error_inside(self):
        elastic = self.mock("elastic", "--fail", "item=400")
        datadog = self.mock("datadog", "--fail", "inside=400")
        config = self.config(self.elastic(elastic) + self.datadog(datadog))
        one = self.result(config, "elastic", status=1)
        self.assertEqual((one["code"], one["http_status"]), ("CS4030", 200), one)
        self.assertIn("es.", one["vendor_code"])
        one = self.result(config, "datadog", "--wait", "60s", status=1)
        self.assertEqual((one["code"], one["vendor_code"]), ("CS4030", "datadog.errors"), one)

    def test_a_file_that_cannot_be_made(self):
        config = self.config(self.file_exporter("no/such/place.jsonl"))
        self.blamed(config, "CS4040", "path", "ENOENT", exporter="archive")


if __name__ == "__main__":
    unittest.main()
