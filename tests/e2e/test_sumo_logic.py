"""Sumo Logic through the real daemon: what arrives where, what is held, and a URL that shows nowhere."""

import time
import unittest

from harness import Case, event, ids, lines, wait_for

FAULTS = ["--fail", "503:5%;retry-after=1", "--fail", "429:3%;retry-after=1", "--fail", "reset-before:3%",
          "--fail", "reset-after:2%", "--fail", "slow=50ms:5%", "--fail", "truncate:2%", "--fail", "408:2%"]
PATIENT = "circuit_breaker = { failure_threshold = 1000 }\n"
FAST_RETRY = "retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n"
CODE = "ZaVnC4dhaV3qJ0pAoWn8MPVjFQ=="


def tenants(count):
    return [event(n, session={"id": "s", "tenant_id": "t%d" % (n % 3)}) for n in range(count)]


class SumoLogic(Case):
    def exporter(self, server, more=""):
        self.env = {"SUMO_URL": server.url() + "/receiver/v1/http/" + CODE}
        return '[exporters.sumo_logic]\nhttp_source_url = "cred:SUMO_URL"\n%s\n' % more

    def once(self, config):
        status, text = self.run_once(config, env=self.env)
        self.assertNotIn(CODE, text)
        return status, text

    def test_every_event_arrives_once_in_its_category(self):
        events = tenants(3000)
        self.write("in.jsonl", lines(events))
        mock = self.mock("sumo_logic", "--token", CODE, "--require-gzip")
        status, text = self.once(self.config(self.source() + self.exporter(mock)))
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)))
        self.assertEqual(mock.violations(), [])
        tenant = {e["event_id"]: e["session"]["tenant_id"] for e in events}
        for record in mock.everything():
            self.assertEqual(record["to"], "prod/security/clawdstrike/" + tenant[record["id"]])

    def test_every_format_keeps_the_rules(self):
        events = [event(n, "high") for n in range(100)]
        events[5]["decision"]["reason"] = "two\nlines"
        self.write("in.jsonl", lines(events))
        for more in ('message_format = "text"', 'message_format = "key_value"', 'format = "ecs"', 'format = "ocsf"',
                     'format = "cef"'):
            with self.subTest(more):
                self.write("in.jsonl", lines(events))
                mock = self.mock("sumo_logic")
                status, text = self.once(self.config(self.source() + self.exporter(mock, more)))
                self.assertEqual(status, 0, text)
                self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)))
                self.assertEqual(mock.violations(), [])
            self.tearDown()
            self.setUp()

    def test_faults_lose_nothing_and_break_no_rule(self):
        events = tenants(4000)
        self.write("in.jsonl", lines(events))
        mock = self.mock("sumo_logic", *FAULTS)
        config = self.config(self.source() + self.exporter(mock, "batch_size = 100\n" + FAST_RETRY + PATIENT))
        status, text = self.once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(mock.arrivals()), ids(events))
        self.assertEqual(mock.violations(), [])

    def test_413_halves_and_one_malformed_message_is_dead_lettered_alone(self):
        events = tenants(300)
        events[77]["decision"]["reason"] = "poisoned"
        self.write("in.jsonl", lines(events))
        mock = self.mock("sumo_logic", "--poison", "poisoned", "--fail", "max-body=20000")
        status, text = self.once(self.config(self.source() + self.exporter(mock)))
        self.assertEqual(status, 1, text)
        self.assertEqual(sorted(mock.arrivals()), sorted(ids(events) - {events[77]["event_id"]}))

    def test_retry_after_is_obeyed(self):
        self.write("in.jsonl", lines([event(n) for n in range(10)]))
        mock = self.mock("sumo_logic", "--fail", "429@1;retry-after=2")
        begin = time.monotonic()
        status, text = self.once(self.config(self.source() + self.exporter(mock, FAST_RETRY)))
        self.assertEqual(status, 0, text)
        self.assertGreater(time.monotonic() - begin, 1.9)
        self.assertEqual(mock.stop()["requests"], 2)

    def test_a_wrong_url_holds_the_events_although_the_server_echoes_it(self):
        events = tenants(50)
        self.write("in.jsonl", lines(events))
        mock = self.mock("sumo_logic", "--token", "another")
        config = self.config(self.source() + self.exporter(mock))
        daemon = self.daemon(config, env=self.env).ready()
        wait_for("the coded message", lambda: "CS4010" in daemon.text())
        daemon.stop()
        self.assertNotIn(CODE, daemon.text())
        self.assertIn("regenerated", daemon.text())
        mock.stop()
        mock.options = []
        mock.start()
        status, text = self.once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)))

    def test_an_html_page_and_a_redirect_hold_the_events(self):
        for status, headers in ((200, ()), (302, (("Location", "http://127.0.0.1:1/steal"),))):
            with self.subTest(status):
                self.write("in.jsonl", lines([event(1)]))
                page = self.page(status, b"<html>Sign in</html>", headers=headers)
                daemon = self.daemon(self.config(self.source() + self.exporter(page)), env=self.env).ready()
                wait_for("the coded message", lambda: "CS4040" in daemon.text())
                daemon.stop()
                self.assertNotIn(CODE, daemon.text())
            self.tearDown()
            self.setUp()

    def test_a_dead_server_and_kill_9_lose_nothing(self):
        events = tenants(3000)
        self.write("in.jsonl", lines(events))
        mock = self.mock("sumo_logic", "--fail", "slow=20ms")
        mock.stop()
        config = self.config(self.source() + self.exporter(
            mock, "batch_size = 50\n" + FAST_RETRY + 'circuit_breaker = { failure_threshold = 3, open_for = "1s" }'))
        daemon = self.daemon(config, env=self.env).ready()
        wait_for("the coded message", lambda: "CS4001" in daemon.text() or "CS4060" in daemon.text())
        mock.start()
        wait_for("some events", lambda: len(mock.arrivals()) > 200)
        daemon.kill9()
        self.assertNotIn(CODE, daemon.text())
        status, text = self.once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(mock.arrivals()), ids(events))
        self.assertEqual(mock.violations(), [])


if __name__ == "__main__":
    unittest.main()
