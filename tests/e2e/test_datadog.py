"""Datadog through the real daemon: what arrives, what is held, what is counted."""

import json
import time
import unittest

from harness import Case, event, fresh, ids, lines, wait_for

FAULTS = ["--fail", "503:5%;retry-after=1", "--fail", "429:3%;retry-after=1", "--fail", "reset-before:3%",
          "--fail", "reset-after:2%", "--fail", "slow=50ms:5%", "--fail", "truncate:2%"]
PATIENT = "circuit_breaker = { failure_threshold = 1000 }\n"
FAST_RETRY = "retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n"
NO_METRICS = "metrics = { enabled = false }\n"
TOKEN = "secret-token-1"
HOUR = 3600


class Datadog(Case):
    def test_every_event_arrives_once_within_the_intake_s_rules(self):
        events = [fresh(n, ["info", "low", "medium", "high", "critical"][n % 5], labels={"Team Name": "Red, Blue"})
                  for n in range(3000)]
        self.write("in.jsonl", lines(events))
        mock = self.mock("datadog", "--token", TOKEN, "--require-gzip")
        more = 'tags = ["team:security"]\nbatch_size = 5000\n' + NO_METRICS
        status, text = self.run_once(self.config(self.source() + self.datadog(mock, more=more)))
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)))
        self.assertEqual(mock.violations(), [])
        by_id = {body["event_id"]: body for body in mock.bodies()}
        for e in events:
            body = by_id[e["event_id"]]
            self.assertEqual(body["security"], e["decision"])
            self.assertEqual(body["resource"], e["resource"])
            self.assertEqual(body["hostname"], "agent-1")
            self.assertEqual(body["event_time"], e["timestamp"])
        status = {body["security"]["severity"]: body["status"] for body in mock.bodies()}
        self.assertEqual(status, {"info": "info", "low": "notice", "medium": "warning", "high": "error",
                                  "critical": "critical"})
        one = by_id[events[4]["event_id"]]
        self.assertEqual(one["message"], "[forbidden_path] BLOCKED: because 4")
        self.assertEqual(one["ddtags"].split(","), [
            "team:security", "event_type:guard_block", "guard:forbidden_path", "severity:critical", "outcome:failure",
            "allowed:false", "resource_type:file", "team_name:red__blue"])

    def test_other_formats_keep_their_fields(self):
        events = [fresh(n, "high") for n in range(20)]
        self.write("in.jsonl", lines(events))
        mocks = {format: self.mock("datadog") for format in ("ecs", "ocsf")}
        config = self.config(self.source() + "".join(
            self.datadog(mock, id=format, more='format = "%s"\n' % format + NO_METRICS) for format, mock in mocks.items()))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        for format, mock in mocks.items():
            self.assertEqual(set(mock.arrivals()), ids(events))
            self.assertEqual(mock.violations(), [])
            body = mock.bodies()[0]
            self.assertIn("ecs" if format == "ecs" else "class_uid", body)
            self.assertEqual(body["status"], "error")
            self.assertIn("message", body["original"])

    def test_faults_lose_nothing_and_break_no_rule(self):
        events = [fresh(n) for n in range(4000)]
        self.write("in.jsonl", lines(events))
        mock = self.mock("datadog", *FAULTS)
        config = self.config(self.source() + self.datadog(mock, more="batch_size = 50\n" + FAST_RETRY + PATIENT + NO_METRICS))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(mock.arrivals()), ids(events))
        self.assertEqual(mock.violations(), [])
        self.assertEqual(self.dead_letters("datadog"), [])

    def test_no_request_exceeds_what_the_intake_takes(self):
        events = [fresh(n, metadata={"pad%d" % i: "x" * 60_000 for i in range(4)}) for n in range(60)]
        events += [fresh(100, metadata={"pad": "y" * 255_000, "small": "stays"})]
        self.write("in.jsonl", lines(events))
        mock = self.mock("datadog")
        config = self.config(self.source() + self.datadog(mock, more='batch_max_bytes = "5MB"\nmax_log_bytes = "250KB"\n' + NO_METRICS))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)))
        self.assertEqual(mock.violations(), [])
        self.assertGreater(len(json.dumps(mock.bodies()[0])), 240_000)
        long = [b for b in mock.bodies() if b["event_id"] == events[-1]["event_id"]][0]
        self.assertIs(long["clawdstrike.truncated"], True)
        self.assertEqual(long["metadata"]["small"], "stays")

    def test_413_halves_the_batch_until_it_fits(self):
        events = [fresh(n) for n in range(400)]
        self.write("in.jsonl", lines(events))
        mock = self.mock("datadog", "--fail", "max-body=30000")
        status, text = self.run_once(self.config(self.source() + self.datadog(mock, more=NO_METRICS)))
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)))
        self.assertIn("CS4032", text)

    def test_one_malformed_log_goes_to_the_dead_letters_alone(self):
        events = [fresh(n) for n in range(300)]
        events[123]["decision"]["reason"] = "poisoned"
        self.write("in.jsonl", lines(events))
        mock = self.mock("datadog", "--poison", "poisoned")
        status, text = self.run_once(self.config(self.source() + self.datadog(mock, more=NO_METRICS)))
        self.assertEqual(status, 1, text)  # a dead letter is left
        letters = self.dead_letters("datadog")
        self.assertEqual([letter["event"]["event_id"] for letter in letters], [events[123]["event_id"]])
        self.assertEqual(sorted(mock.arrivals()), sorted(ids(events) - {events[123]["event_id"]}))
        self.assertIn("CS4030", text)
        self.assertIn("refused on request", text)  # the vendor's words

    def test_retry_after_is_obeyed(self):
        events = [fresh(n) for n in range(10)]
        self.write("in.jsonl", lines(events))
        mock = self.mock("datadog", "--fail", "429@1;retry-after=2")
        config = self.config(self.source() + self.datadog(mock, more=FAST_RETRY + NO_METRICS))
        begin = time.monotonic()
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertGreater(time.monotonic() - begin, 1.9)
        self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)))
        self.assertEqual(mock.stop()["requests"], 2)

    def test_a_wrong_key_holds_the_events_and_shows_in_no_message(self):
        events = [fresh(n) for n in range(100)]
        self.write("in.jsonl", lines(events))
        mock = self.mock("datadog", "--token", "another-key")
        config = self.config(self.source() + self.datadog(mock, more=NO_METRICS))
        daemon = self.daemon(config).ready()
        wait_for("the coded message", lambda: "CS4010" in daemon.text())
        self.assertIn("belongs to another site", daemon.text())
        self.assertIn("API key is invalid", daemon.text())
        daemon.stop()
        self.assertNotIn(TOKEN, daemon.text())
        self.assertEqual(self.dead_letters("datadog"), [])
        self.assertEqual(mock.arrivals(), [])
        status, text = self.run_once(config, env={"TEST_TOKEN": "another-key"})
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)))

    def test_what_is_not_datadog_holds_the_events(self):
        html = b"<html><head><title>Sign in</title></head>" + b"x" * (10 * 1024 * 1024) + b"</html>"
        for status in (200, 400, 404):
            with self.subTest(status):
                events = [fresh(n) for n in range(20)]
                self.write("in.jsonl", lines(events))
                page = self.page(status, html)
                config = self.config(self.source() + self.datadog(page, more=NO_METRICS))
                daemon = self.daemon(config).ready()
                wait_for("the coded message", lambda: "CS4040" in daemon.text())
                daemon.stop()
                self.assertIn("HTML page", daemon.text())
                self.assertLess(len(daemon.text()), 20_000)
                self.assertEqual(self.dead_letters("datadog"), [])
                mock = self.mock("datadog")
                status, text = self.run_once(self.config(self.source() + self.datadog(mock, more=NO_METRICS)))
                self.assertEqual(status, 0, text)
                self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)))
            self.tearDown()
            self.setUp()

    def test_an_error_inside_of_a_success_loses_nothing(self):
        self.write("in.jsonl", lines([fresh(n) for n in range(3)]))
        page = self.page(202, b'{"errors":["no capacity for this account"]}', "application/json")
        config = self.config(self.source() + self.datadog(page, more=FAST_RETRY + NO_METRICS))
        status, text = self.run_once(config)
        self.assertNotEqual(status, 0, text)
        self.assertIn("no capacity for this account", text)

    def test_a_dead_server_gets_everything_when_it_is_back(self):
        events = [fresh(n) for n in range(500)]
        self.write("in.jsonl", lines(events))
        mock = self.mock("datadog")
        mock.stop()
        config = self.config(self.source() + self.datadog(
            mock, more=FAST_RETRY + NO_METRICS + 'circuit_breaker = { failure_threshold = 3, open_for = "1s" }'))
        daemon = self.daemon(config).ready()
        wait_for("the coded message", lambda: "CS4001" in daemon.text() or "CS4060" in daemon.text())
        mock.start()
        wait_for("the events", lambda: set(mock.arrivals()) == ids(events))
        self.assertEqual(daemon.stop(), 0, daemon.text())

    def test_kill_9_loses_nothing(self):
        events = [fresh(n) for n in range(6000)]
        self.write("in.jsonl", lines(events))
        mock = self.mock("datadog", "--fail", "slow=30ms")
        config = self.config(self.source() + self.datadog(mock, more="batch_size = 50\nconcurrency = 2\n" + NO_METRICS))
        for _ in range(3):
            daemon = self.daemon(config).ready()
            before = len(mock.arrivals())
            wait_for("some events", lambda: len(mock.arrivals()) > before + 200)
            daemon.kill9()
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        arrivals = mock.arrivals()
        self.assertEqual(set(arrivals), ids(events))
        # What was under way, and what settled since the last state on the disk.
        self.assertLessEqual(len(arrivals) - len(events), 3 * (2 * 50 + 2500))
        self.assertEqual(mock.violations(), [])

    def test_old_events_are_restamped_and_their_own_time_is_kept(self):
        old, new = fresh(1, age=20 * HOUR), fresh(2)
        self.write("in.jsonl", lines([old, new]))
        mock = self.mock("datadog")
        status, text = self.run_once(self.config(self.source() + self.datadog(mock, more=NO_METRICS)))
        self.assertEqual(status, 0, text)
        self.assertEqual(mock.violations(), [])
        by_id = {body["event_id"]: body for body in mock.bodies()}
        sent = by_id[old["event_id"]]
        self.assertIn("replayed:true", sent["ddtags"].split(","))
        self.assertEqual(sent["event_time"], old["timestamp"])
        self.assertLess(sent["original_timestamp"], sent["timestamp"] - 19 * HOUR * 1000)
        self.assertNotIn("original_timestamp", by_id[new["event_id"]])

    def test_old_events_can_be_dropped_and_count_as_filtered(self):
        self.write("in.jsonl", lines([fresh(1, age=20 * HOUR), fresh(2)]))
        mock = self.mock("datadog")
        config = self.config(self.source() + self.datadog(mock, more='replay_old_events = "drop"\n' + NO_METRICS))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(mock.arrivals(), [fresh(2)["event_id"]])

    def metric(self, mock, name, tag=""):
        points = [r["metric"] for r in mock.everything() if "metric" in r]
        return sum(p["value"] for p in points if p["name"] == "clawdstrike.security.events." + name
                   and (not tag or tag in p["tags"]))

    def test_metrics_count_every_delivered_event_once(self):
        # Whatever becomes of single requests, of logs and of metrics alike.
        events = [fresh(n, "high" if n % 4 == 0 else "info") for n in range(2000)]
        self.write("in.jsonl", lines(events))
        mock = self.mock("datadog", "--fail", "503:10%", "--fail", "reset-before:5%")
        config = self.config(self.source() + self.datadog(
            mock, more='batch_size = 50\nmetrics = { interval = "1s" }\n' + FAST_RETRY + PATIENT))
        daemon = self.daemon(config).ready()
        wait_for("the events", lambda: set(mock.arrivals()) == ids(events))
        wait_for("their number", lambda: self.metric(mock, "total") >= 2000)
        self.assertEqual(daemon.stop(), 0, daemon.text())
        self.assertEqual(self.metric(mock, "total"), 2000)
        self.assertEqual(self.metric(mock, "denied"), 500)
        self.assertEqual(self.metric(mock, "allowed"), 1500)
        self.assertEqual(self.metric(mock, "by_severity", "severity:high"), 500)
        self.assertEqual(self.metric(mock, "by_guard", "guard:forbidden_path"), 2000)
        self.assertEqual(self.metric(mock, "by_outcome", "outcome:success"), 1500)
        self.assertEqual(mock.violations(), [])

    def test_metrics_that_nobody_takes_hold_no_logs_up(self):
        events = [fresh(n) for n in range(1000)]
        self.write("in.jsonl", lines(events))
        mock = self.mock("datadog")
        dead = self.mock("datadog")
        dead.stop()
        exporter = self.datadog(mock, more='metrics = { interval = "1s" }\n').replace(
            'api_endpoint = "%s"' % mock.url(), 'api_endpoint = "%s"' % dead.url())
        daemon = self.daemon(self.config(self.source() + exporter)).ready()
        wait_for("the events", lambda: set(mock.arrivals()) == ids(events))
        time.sleep(1.5)
        more = [fresh(n) for n in range(5000, 5100)]
        self.append("in.jsonl", lines(more))
        wait_for("more events", lambda: set(mock.arrivals()) == ids(events) | ids(more))
        dead.start()
        wait_for("the numbers of the meantime", lambda: self.metric(dead, "total") == 1100)
        self.assertEqual(daemon.stop(), 0, daemon.text())

    def test_a_site_that_is_none_is_refused_where_it_stands(self):
        config = self.config(self.source() + '[exporters.dd]\ntype = "datadog"\napi_key = "cred:TEST_TOKEN"\nsite = "evil.com/x"\n')
        status, out, err = self.cli("--config", config, "validate", env={"TEST_TOKEN": "x"})
        self.assertNotEqual(status, 0)
        self.assertIn("CS1024", out + err)
        self.assertIn("site", out + err)
        with open(config) as f:
            line = next(n for n, text in enumerate(f, 1) if text.startswith("site"))
        self.assertIn("test.toml:%d" % line, out + err)

    def test_without_an_endpoint_requests_go_to_the_site_only(self):
        self.write("in.jsonl", lines([event(1)]))
        config = self.config(self.source() + '[exporters.dd]\ntype = "datadog"\napi_key = "cred:TEST_TOKEN"\nsite = "app.datadoghq.eu"\n')
        status, out, err = self.cli("--config", config, "run", "--once", "--dry-run", env={"TEST_TOKEN": "x"})
        self.assertIn("https://http-intake.logs.datadoghq.eu/api/v2/logs", out + err)


if __name__ == "__main__":
    unittest.main()
