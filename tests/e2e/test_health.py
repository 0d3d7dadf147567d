"""Platforms that are asked how they are: by `validate`, on demand, and on a schedule by the daemon."""

import json
import os
import re
import shutil
import socket
import unittest

from harness import HOSTILE, PATIENCE, event, ids, lines, wait_for
from test_admin import AdminCase
from test_tls import Certificates

TOKEN = "secret-token-1"
CODE = "sumo-secret-code-1"
PLATFORMS = ("splunk", "elastic", "datadog", "sumo_logic")
ADDRESSES = {"splunk": "hec_url", "elastic": "nodes", "datadog": "endpoint", "sumo_logic": "http_source_url",
             "syslog": "endpoints"}


class HealthCase(Certificates, AdminCase):
    def environment(self):
        return {"TEST_TOKEN": TOKEN, "SUMO_URL": self.sumo_url}

    def platform(self, name, url, more=""):
        if name == "splunk":
            keys = 'hec_url = "%s"\nhec_token = "cred:TEST_TOKEN"\nindex = "main"' % url
        elif name == "elastic":
            keys = 'nodes = ["%s"]\napi_key = "cred:TEST_TOKEN"' % url
        elif name == "datadog":
            keys = 'api_key = "cred:TEST_TOKEN"\nendpoint = "%s"\napi_endpoint = "%s"' % (url, url)
        elif name == "sumo_logic":
            self.sumo_url = url + "/receiver/v1/http/" + CODE
            keys = 'http_source_url = "cred:SUMO_URL"\nhealth_mode = "empty_post"'
        elif name == "syslog":
            keys = 'endpoints = ["%s"]' % url
        else:
            keys = 'url = "%s/hook"\nformat = "native"' % url
        return "[exporters.%s]\n%s\n%s\n" % (name, keys, more)

    def configure(self, urls, more="", extra=""):
        """One exporter for each platform; the source is empty, so that nothing but health is asked for."""
        self.sumo_url = ""
        self.write("in.jsonl", "")
        self.config_path = self.config(
            self.source() + extra + "".join(self.platform(name, url, more) for name, url in urls.items()))

    def validate(self):
        """What `validate` says of each exporter: its diagnostics by exporter, and the stage."""
        arguments = ("--config", self.config_path)
        status, out, err = self.cli(*arguments, "--json", "validate", env=self.environment())
        document = json.loads(out)
        status_of_people, plain, diagnostics = self.cli(*arguments, "validate", env=self.environment())
        self.assertEqual(status_of_people, status)
        for text in (out, err, plain, diagnostics):
            self.assertNotIn(TOKEN, text)
            self.assertNotIn(CODE, text)
        self.assertEqual(document["stages"][-1]["stage"], "health")
        self.people = plain + diagnostics
        self.assertFalse(os.path.exists(self.path("data")), "validate made a store")
        return status, {d["message"].split(":")[0]: d for d in document["diagnostics"]}, document["stages"][-1]

    def place(self, diagnostic):
        with open(diagnostic["file"]) as f:
            return f.read().split("\n")[diagnostic["line"] - 1]

    def run_daemon(self):
        return self.daemon(self.config_path, env=self.environment()).ready()

    def check(self, id):
        status, text = self.ask("POST", "/api/v1/exporters/%s/health-check" % id)
        self.assertEqual(status, 200, text)
        self.assertNotIn(TOKEN, text)
        self.assertNotIn(CODE, text)
        return json.loads(text)

    def ill(self, urls, code, patterns, places=None):
        """Every exporter fails with this code and words: in validate, and in the daemon when it is asked."""
        self.configure(urls)
        status, found, stage = self.validate()
        self.assertEqual(status, 78, self.people)
        self.assertEqual(stage["result"], "fail")
        daemon = self.run_daemon()
        for name in urls:
            with self.subTest(name):
                words = re.compile(patterns[name] if isinstance(patterns, dict) else patterns, re.IGNORECASE)
                diagnostic = found[name]
                self.assertEqual(diagnostic["code"], code)
                self.assertRegex(diagnostic["message"], words)
                self.assertIn(places[name] if places else ADDRESSES[name] + " = ", self.place(diagnostic))
                self.assertRegex(self.people, re.compile(name + ".*" + words.pattern, re.IGNORECASE))
                self.assertIn("next step: ", self.people)
                exporter = self.check(name)
                self.assertFalse(exporter["healthy"])
                self.assertEqual(exporter["code"], code)
                self.assertEqual(exporter["state"], "running")
                self.assertEqual(exporter["health"]["basis"], "answer")
                self.assertRegex(exporter["health"]["message"], words)
                self.assertIn("%s:%d:" % (self.config_path, diagnostic["line"]), exporter["health"]["message"])
                self.assertEqual(self.command("health", "--exporter", name)[0], 1)
        self.assertEqual(daemon.stop(), 0, daemon.text())
        self.assertNotIn(TOKEN, daemon.text())
        self.assertNotIn(CODE, daemon.text())


class Answers(HealthCase):
    def test_platforms_that_are_well(self):
        mocks = {name: self.mock(name, "--token", CODE if name == "sumo_logic" else TOKEN) for name in PLATFORMS}
        urls = {name: mock.url() for name, mock in mocks.items()}
        mocks["syslog"] = self.mock("syslog")
        mocks["webhook"] = self.mock("webhook")
        urls["syslog"] = mocks["syslog"].url("tcp")
        urls["webhook"] = mocks["webhook"].url()
        self.configure(urls)
        status, found, stage = self.validate()
        self.assertEqual((status, found), (0, {}), self.people)
        self.assertEqual((stage["result"], stage["text"]), ("ok", "5 exporters answer"))
        self.assertIn("webhook: has nothing to ask, is known from its deliveries alone", stage["details"])
        daemon = self.run_daemon()
        for name in urls:
            exporter = self.check(name)
            self.assertTrue(exporter["healthy"], exporter)
            self.assertIsNone(exporter["code"])
            self.assertEqual(exporter["health"]["basis"], "delivery" if name == "webhook" else "answer")
            self.assertEqual(exporter["health"]["failures"], 0)
            # It is no delivery.
            self.assertEqual(sum(exporter["requests"].values()), 0)
            self.assertEqual(self.command("health", "--exporter", name)[0], 0)
        self.assertEqual(daemon.stop(), 0)
        for mock in mocks.values():
            self.assertEqual((mock.arrivals(), mock.violations()), ([], []))

    def test_a_wrong_token_is_shown_where_it_is_named(self):
        self.ill({name: self.mock(name, "--token", "another-one").url() for name in PLATFORMS}, "CS4010",
                 {"splunk": "HTTP 400.*hec.21.*Invalid token", "elastic": "HTTP 401.*es.security_exception",
                  "datadog": "HTTP 403", "sumo_logic": "HTTP 401"},
                 {name: "cred:SUMO_URL" if name == "sumo_logic" else "cred:TEST_TOKEN" for name in PLATFORMS})

    def test_a_dead_server(self):
        # Ports that are taken and on which nobody listens.
        ports = {}
        for name in PLATFORMS + ("syslog",):
            taken = socket.socket()
            self.addCleanup(taken.close)
            taken.bind(("127.0.0.1", 0))
            ports[name] = taken.getsockname()[1]
        self.ill({name: "%s://127.0.0.1:%d" % ("tcp" if name == "syslog" else "http", port)
                  for name, port in ports.items()}, "CS4001", "connect")

    def certified(self):
        self.authority()
        self.certificate("server", "IP:127.0.0.1")
        return "--tls-cert", self.path("server.pem"), "--tls-key", self.path("server.key")

    def test_an_unknown_authority_is_not_believed(self):
        tls = self.certified()
        self.ill({name: self.mock(name, *tls).url("https") for name in PLATFORMS}, "CS4002",
                 "issuer|self.signed|verify")

    def test_nor_is_that_of_a_syslog_receiver(self):
        self.ill({"syslog": self.mock("syslog", *self.certified()).url("tls")}, "CS4040", "issuer|self.signed|verify")

    def test_a_login_page_is_no_answer(self):
        page = self.page(200, b"<!DOCTYPE html><html><body>Sign in</body></html>")
        self.ill({name: page.url() for name in PLATFORMS}, "CS4040", "html")

    def test_what_validate_cannot_ask_it_says(self):
        self.configure({"splunk": self.mock("splunk").url()})
        status, out, _ = self.cli("--config", self.config_path, "validate")
        self.assertEqual(status, 78)
        self.assertIn("splunk: not asked without its credential", out)
        status, out, _ = self.cli("--config", self.config_path, "--set", "exporters.splunk.batch_size=-1", "validate")
        self.assertEqual(status, 78)
        self.assertRegex(out, "skip +health")
        status, out, _ = self.cli("--config", self.config_path, "validate", "--offline", env=self.environment())
        self.assertEqual(status, 0)
        self.assertNotIn("health", out)


class Schedule(HealthCase):
    def ready(self):
        status, text = self.ask("GET", "/readyz")
        return status, [(r["id"], r["code"]) for r in json.loads(text)["reasons"]]

    def healthy(self):
        return self.metrics()["clawdstrike_siem_exporter_healthy", 'exporter="splunk"']

    def checks(self, result):
        return self.metrics()["clawdstrike_siem_exporter_health_checks_total", 'exporter="splunk",result="%s"' % result]

    def test_readiness_follows_an_idle_platform_and_the_log_tells_each_change_once(self):
        mock = self.mock("splunk", "--token", TOKEN)
        self.configure({"splunk": mock.url()}, more='health_interval = "1s"\nrequired = true')
        daemon = self.run_daemon()
        wait_for("the first check", lambda: self.checks("passed") > 0)
        self.assertEqual((self.ready(), self.healthy()), ((200, []), 1))
        mock.stop()
        wait_for("the failure", lambda: self.healthy() == 0)
        self.assertEqual(self.ready(), (503, [("splunk", "CS4001")]))
        before = self.checks("failed")
        wait_for("further failures", lambda: self.checks("failed") > before + 2)
        code, out, _ = self.command("health")
        self.assertEqual(code, 1)
        self.assertRegex(out, r"fail  exporter splunk: running: cannot reach the server: health check: .*\[CS4001\]")
        code, out, _ = self.command("--plain", "status")
        self.assertIn("CS4001 health check: no connection", out)
        mock.start()
        wait_for("the recovery", lambda: self.healthy() == 1)
        self.assertEqual(self.ready(), (200, []))
        self.append("in.jsonl", lines([event(1)]))
        wait_for("delivery", lambda: mock.arrivals() == [event(1)["event_id"]])
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(len(re.findall(r"warn\[CS4001\].*health check: ", daemon.text())), 1, daemon.text())
        self.assertEqual(len(re.findall(r"info\[CS4063\]", daemon.text())), 1, daemon.text())

    def test_an_open_question_does_not_keep_the_daemon_from_ending(self):
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen()
            deaf.settimeout(PATIENCE)
            self.configure({"splunk": "http://127.0.0.1:%d" % deaf.getsockname()[1]}, more='timeout = "300s"')
            daemon = self.run_daemon()
            connection, _ = deaf.accept()
            with connection:
                self.assertIn(b"/services/collector/health", connection.recv(4096))
                self.assertEqual(daemon.stop(), 0, daemon.text())

    def test_a_stranger_may_not_ask_and_nobody_may_ask_for_who_is_not_there(self):
        self.configure({"splunk": self.mock("splunk").url()})
        self.run_daemon()
        self.assertEqual(self.ask("GET", "/api/v1/exporters/splunk/health-check")[0], 405)
        self.assertEqual(self.ask("POST", "/api/v1/exporters/nobody/health-check")[0], 404)


@unittest.skipUnless(HOSTILE, "CSIEM_HOSTILE is not set")
class HostilePlugins(HealthCase):
    def hostile(self, sin):
        directory = self.path("plugins")
        os.makedirs(directory, mode=0o755, exist_ok=True)
        file = os.path.join(directory, "hostile_%s.so" % sin)
        shutil.copy(os.path.join(HOSTILE, "hostile_%s.so" % sin), file)
        os.chmod(file, 0o755)
        return ('[plugins]\npath = ["%s"]\n[exporters.bad]\ntype = "hostile_%s"\nformat = "native"\ntimeout = "1s"\n'
                'health_interval = "1s"\n' % (directory, sin))

    def test_a_plugin_that_never_answers_is_ill_until_it_delivers(self):
        mock = self.mock("splunk", "--token", TOKEN)
        self.configure({"splunk": mock.url()}, extra=self.hostile("silent_in_health"))
        status, found, stage = self.validate()
        self.assertEqual(status, 78)
        self.assertEqual(found["bad"]["code"], "CS4003")
        self.assertIn("did not answer a health check within 2000 ms", found["bad"]["message"])
        self.assertEqual([d.split(" in ")[0] for d in stage["details"]], ["splunk: answered"])
        daemon = self.run_daemon()
        exporter = self.check("bad")
        self.assertEqual((exporter["healthy"], exporter["code"], exporter["state"]), (False, "CS4003", "running"))
        events = [event(n) for n in range(100)]
        self.append("in.jsonl", lines(events))
        wait_for("its delivery", lambda: self.delivered("bad") == 100)
        wait_for("the neighbour's", lambda: set(mock.arrivals()) == ids(events))
        wait_for("its recovery", lambda: "info[CS4063] exporter=bad" in daemon.text())
        self.assertEqual(self.exporter("bad")["state"], "running")
        self.assertEqual(daemon.stop(), 0)

    def test_a_plugin_that_does_not_return_costs_itself_and_the_answer_says_so(self):
        mock = self.mock("splunk", "--token", TOKEN)
        self.configure({"splunk": mock.url()}, extra=self.hostile("hangs_in_health"))
        status, found, _ = self.validate()
        self.assertEqual(status, 78)
        self.assertEqual(found["bad"]["code"], "CS3011")
        self.assertNotIn("splunk", found)
        daemon = self.run_daemon()
        wait_for("the report", lambda: "CS3011" in daemon.text())
        self.assertEqual(self.ask("POST", "/api/v1/exporters/bad/health-check")[0], 409)
        self.assertEqual(self.exporter("bad")["state"], "parked")
        events = [event(n) for n in range(100)]
        self.append("in.jsonl", lines(events))
        wait_for("the neighbour", lambda: set(mock.arrivals()) == ids(events))
        daemon.process.terminate()
        daemon.wait()


if __name__ == "__main__":
    unittest.main()
