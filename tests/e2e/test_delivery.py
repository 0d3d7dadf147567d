"""Exactly the events that went in come out, whatever the platform does meanwhile."""

import json
import unittest

from harness import Case, event, ids, lines, wait_for

FAULTS = ["--fail", "503:5%;retry-after=1", "--fail", "429:3%;retry-after=1", "--fail", "reset-before:3%",
          "--fail", "reset-after:2%", "--fail", "slow=50ms:5%", "--fail", "truncate:2%"]
PATIENT = "circuit_breaker = { failure_threshold = 1000 }\n"
FAST_RETRY = "retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n"


class Delivery(Case):
    def test_every_exporter_gets_every_event_exactly_once_from_a_healthy_platform(self):
        events = [event(n) for n in range(5000)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", "--token", "secret-token-1", "--require-gzip")
        elastic = self.mock("elastic", "--token", "secret-token-1", "--require-gzip")
        hook = self.mock("webhook")
        config = self.config(
            self.source() + self.splunk(splunk) + self.elastic(elastic)
            + self.webhook(hook, more='framing = "ndjson"\nbatch_size = 50\nenvelope = false')
            + self.file_exporter())
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        for mock in (splunk, elastic, hook):
            self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)), mock.platform)
            self.assertEqual(mock.violations(), [])
        self.assertEqual(sorted(self.file_ids()), sorted(ids(events)))

    def test_splunk_under_faults_loses_nothing(self):
        events = [event(n) for n in range(4000)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", *FAULTS)
        config = self.config(self.source() + self.splunk(splunk, more="batch_size = 50\n" + FAST_RETRY + PATIENT))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(splunk.arrivals()), ids(events))
        self.assertEqual(splunk.violations(), [])

    def test_elastic_under_faults_keeps_one_copy_of_everything(self):
        events = [event(n) for n in range(4000)]
        self.write("in.jsonl", lines(events))
        elastic = self.mock("elastic", *FAULTS, "--fail", "item=429:0.2%")
        config = self.config(self.source() + self.elastic(elastic, more="batch_size = 50\n" + FAST_RETRY + PATIENT))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(elastic.arrivals()), sorted(ids(events)))
        self.assertEqual(self.dead_letters("elastic"), [])

    def test_webhook_under_faults_keeps_one_copy_of_everything(self):
        events = [event(n) for n in range(600)]
        self.write("in.jsonl", lines(events))
        hook = self.mock("webhook", *FAULTS)
        config = self.config(
            self.source() + self.webhook(hook, more='framing = "array"\nbatch_size = 20\n' + FAST_RETRY))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(hook.arrivals()), sorted(ids(events)))

    def test_single_framing_sends_one_event_a_request(self):
        events = [event(n) for n in range(40)]
        self.write("in.jsonl", lines(events))
        hook = self.mock("webhook", "--token", "secret-token-1")
        config = self.config(self.source() + self.webhook(
            hook, more='auth = { type = "bearer", token = "cred:TEST_TOKEN" }'))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(hook.arrivals()), sorted(ids(events)))
        self.assertEqual(hook.bodies()[0]["type"].split(".")[0], "clawdstrike")

    def test_array_and_lines_take_a_hundred_events_a_request_by_default(self):
        events = [event(n) for n in range(400)]
        self.write("in.jsonl", lines(events))
        mocks = {framing: self.mock("webhook") for framing in ("array", "ndjson")}
        config = self.config(self.source() + "".join(
            self.webhook(mock, id=framing, more='framing = "%s"' % framing) for framing, mock in mocks.items()))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        for mock in mocks.values():
            self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)))
            self.assertLessEqual(mock.stop()["requests"], 8)

    def test_items_that_elastic_refuses_go_to_the_dead_letters_and_only_they(self):
        events = [event(n) for n in range(1000)]
        self.write("in.jsonl", lines(events))
        elastic = self.mock("elastic", "--fail", "item=400:3%")
        config = self.config(self.source() + self.elastic(elastic, more="batch_size = 100\n"))
        status, text = self.run_once(config)
        refused = {r["refused"] for r in elastic.everything() if "refused" in r}
        self.assertTrue(refused)
        self.assertEqual(status, 1, text)  # dead letters are left
        letters = self.dead_letters("elastic")
        self.assertEqual({letter["event"]["event_id"] for letter in letters}, refused)
        self.assertEqual(len(letters), len(refused))
        self.assertEqual(letters[0]["class"], "rejected")
        self.assertEqual(set(elastic.arrivals()), ids(events) - refused)

    def test_a_batch_that_is_too_large_is_halved_until_it_fits(self):
        events = [event(n) for n in range(600)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", "--fail", "max-body=30000")
        config = self.config(self.source() + self.splunk(splunk))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(splunk.arrivals()), sorted(ids(events)))

    def test_batch_max_bytes_holds_for_the_body_that_is_sent(self):
        events = [event(n, metadata={"n": n, "pad": "x" * 1500}) for n in range(1500)]
        self.write("in.jsonl", lines(events))
        limit = ("--fail", "max-body=200000")
        splunk, elastic, hook = (self.mock(platform, *limit) for platform in ("splunk", "elastic", "webhook"))
        more = "batch_max_bytes = 200000\n"
        config = self.config(self.source() + self.splunk(splunk, more=more) + self.elastic(elastic, more=more)
                             + self.webhook(hook, more=more + 'framing = "array"\nbatch_size = 500'))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        for mock in (splunk, elastic, hook):
            self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)))
            summary = mock.stop()
            self.assertEqual(list(summary["statuses"]), ["200"], mock.platform)
            self.assertLess(summary["requests"], 60, mock.platform)

    def test_a_server_that_refuses_a_large_body_without_reading_it_gets_smaller_ones(self):
        # With an answer, and with none: then the size is found by halving.
        for fault in ("413-early=100000", "reset-early=100000"):
            with self.subTest(fault):
                events = [event(n) for n in range(1000)]
                self.write("in.jsonl", lines(events))
                splunk = self.mock("splunk", "--fail", fault)
                config = self.config(self.source() + self.splunk(
                    splunk, more='compression = "none"\n' + FAST_RETRY + PATIENT))
                status, text = self.run_once(config)
                self.assertEqual(status, 0, text)
                self.assertEqual(sorted(splunk.arrivals()), sorted(ids(events)))
                self.assertEqual(self.dead_letters("splunk"), [])
                self.assertIn("CS4032", text)
            self.tearDown()
            self.setUp()

    def test_ordered_keeps_the_order_of_the_file_through_retries(self):
        events = [event(n) for n in range(1500)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", "--fail", "503:20%", "--fail", "reset-before:5%")
        config = self.config(
            self.source() + self.splunk(splunk, more="ordered = true\nbatch_size = 40\n" + FAST_RETRY + PATIENT))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(splunk.arrivals(), [e["event_id"] for e in events])

    def test_routes_choose_the_destination_and_the_first_match_wins(self):
        events = [event(n, severity=["info", "medium", "high", "critical"][n % 4]) for n in range(400)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk")
        config = self.config(self.source() + self.splunk(splunk) + """
[[exporters.splunk.routes]]
when = 'decision.severity == "critical"'
set = { index = "crit" }
[[exporters.splunk.routes]]
when = 'decision.severity >= "high"'
set = { index = "high" }
""")
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        by_index = {}
        for body in splunk.bodies():
            by_index.setdefault(body["index"], set()).add(body["fields"]["event_id"])
        self.assertEqual(by_index["crit"], ids(events[3::4]))
        self.assertEqual(by_index["high"], ids(events[2::4]))
        self.assertEqual(by_index["main"], ids(events[0::4]) | ids(events[1::4]))

    def test_filters_keep_what_they_say(self):
        events = [event(n, severity=["info", "low", "high", "critical"][n % 4]) for n in range(200)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk")
        config = self.config('[filtering]\nmin_severity = "low"\n' + self.source()
                             + self.splunk(splunk, more='filter = { min_severity = "high", when = "metadata.n > 100" }')
                             + self.file_exporter())
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        want = {e["event_id"] for e in events if e["decision"]["severity"] in ("high", "critical")
                and e["metadata"]["n"] > 100}
        self.assertEqual(set(splunk.arrivals()), want)
        self.assertEqual(set(self.file_ids()), {e["event_id"] for e in events if e["decision"]["severity"] != "info"})

    def test_two_instances_of_one_type_and_several_sources_at_once(self):
        first = [event(n) for n in range(300)]
        second = [event(n) for n in range(1000, 1300)]
        self.write("a.jsonl", lines(first))
        self.write("b.jsonl", lines(second))
        one, two = self.mock("splunk"), self.mock("splunk")
        config = self.config(self.source("a.jsonl", "a") + self.source("b.jsonl", "b")
                             + self.splunk(one, "one") + self.splunk(two, "two"))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        for mock in (one, two):
            self.assertEqual(sorted(mock.arrivals()), sorted(ids(first) | ids(second)))

    def test_critical_does_not_wait_for_the_flush_interval(self):
        self.write("in.jsonl", "")
        splunk = self.mock("splunk")
        config = self.config(self.source() + self.splunk(splunk, more="flush_interval_ms = 30000\n"))
        daemon = self.daemon(config).ready()
        self.append("in.jsonl", lines([event(1)]))
        self.append("in.jsonl", lines([event(2, severity="critical")]))
        wait_for("the critical event", lambda: event(2)["event_id"] in splunk.arrivals(), 20)
        daemon.stop()
        self.assertEqual(set(splunk.arrivals()), ids([event(1), event(2)]))  # the drain sends the rest


class Outages(Case):
    def held(self, exporter_lines, mock, code):
        """Runs until the exporter is held; nothing is delivered and nothing given up. Returns the events."""
        events = [event(n, session={"id": "s", "tenant_id": "t-%d" % (n % 3)}) for n in range(120)]
        self.write("in.jsonl", lines(events))
        config = self.config(self.source() + exporter_lines)
        daemon = self.daemon(config).ready()
        wait_for("the coded message", lambda: code in daemon.text())
        daemon.stop()
        self.assertEqual(self.dead_letters(mock.platform), [])
        self.assertEqual(mock.arrivals(), [])
        return config, events

    def again(self, config, mock, events):
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(mock.arrivals()), ids(events))
        self.assertEqual(self.dead_letters(mock.platform), [])

    def test_an_index_that_is_wrong_for_every_event_fills_no_dead_letters(self):
        # The same one for all, and one for each of three tenants.
        for index in ("{labels.team|nosuch}", "{session.tenant_id|none}"):
            with self.subTest(index):
                self.tearDown()
                self.setUp()
                splunk = self.mock("splunk", "--index", "main")
                lane = self.splunk(splunk, more="batch_size = 40\n").replace('index = "main"', 'index = "%s"' % index)
                config, events = self.held(lane, splunk, "CS4031")
                splunk.stop()
                splunk.options = []
                splunk.start()
                self.again(config, splunk, events)

    def test_a_proxy_s_page_with_status_400_holds_elastic_and_blames_no_document(self):
        elastic = self.mock("elastic", "--fail", "400")
        config, events = self.held(self.elastic(elastic), elastic, "CS4040")
        elastic.stop()
        elastic.options = []
        elastic.start()
        self.again(config, elastic, events)

    def test_an_ingest_pipeline_that_does_not_exist_holds_elastic(self):
        elastic = self.mock("elastic", "--pipeline", "other")
        config, events = self.held(self.elastic(elastic, more='pipeline = "nope"'), elastic, "CS4040")
        elastic.stop()
        elastic.options = ["--pipeline", "nope"]
        elastic.start()
        self.again(config, elastic, events)

    def test_a_dead_server_holds_nobody_else_and_gets_everything_when_it_is_back(self):
        events = [event(n) for n in range(2000)]
        self.write("in.jsonl", lines(events))
        good = self.mock("splunk")
        bad = self.mock("elastic")
        bad.stop()
        config = self.config(self.source() + self.splunk(good) + self.elastic(
            bad, more=FAST_RETRY + 'circuit_breaker = { failure_threshold = 3, open_for = "1s" }'))
        daemon = self.daemon(config).ready()
        wait_for("the healthy exporter", lambda: set(good.arrivals()) == ids(events))
        wait_for("the coded message", lambda: "CS4001" in daemon.text() or "CS4060" in daemon.text())
        bad.start()
        wait_for("the other exporter", lambda: set(bad.arrivals()) == ids(events))
        self.assertEqual(daemon.stop(), 0, daemon.text())

    def test_a_wrong_token_holds_the_exporter_and_fills_no_dead_letters(self):
        events = [event(n) for n in range(200)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", "--token", "the-right-one")
        config = self.config(self.source() + self.splunk(splunk) + self.file_exporter())
        daemon = self.daemon(config).ready()
        wait_for("the file", lambda: set(self.file_ids()) == ids(events))
        wait_for("the coded message", lambda: "CS4010" in daemon.text())
        daemon.stop()
        self.assertEqual(self.dead_letters("splunk"), [])
        self.assertEqual(splunk.arrivals(), [])
        self.assertNotIn("secret-token-1", daemon.text())
        # With the right token the same events come: the checkpoint has not moved past them.
        status, text = self.run_once(config, env={"TEST_TOKEN": "the-right-one"})
        self.assertEqual(status, 0, text)
        self.assertEqual(set(splunk.arrivals()), ids(events))

    def test_a_rotated_token_in_a_file_is_picked_up_after_the_first_refusal(self):
        events = [event(n) for n in range(100)]
        self.write("in.jsonl", lines(events))
        import os
        os.mkdir(self.path("secrets"), 0o700)
        token = self.write("secrets/hec", "old-token-value\n")
        os.chmod(token, 0o600)
        splunk = self.mock("splunk", "--token", "old-token-value")
        config = self.config('[credentials]\nprovider = "file"\n[credentials.file]\ndir = "%s"\n' % self.path("secrets")
                             + self.source() + self.splunk(splunk).replace("cred:TEST_TOKEN", "cred:hec"))
        daemon = self.daemon(config).ready()
        wait_for("the first events", lambda: set(splunk.arrivals()) == ids(events))
        splunk.stop()
        splunk.options[splunk.options.index("old-token-value")] = "new-token-value"
        with open(token, "w") as f:
            f.write("new-token-value\n")
        splunk.start()
        more = [event(n) for n in range(500, 600)]
        self.append("in.jsonl", lines(more))
        wait_for("the later events", lambda: set(splunk.arrivals()) == ids(events) | ids(more))
        daemon.stop()
        self.assertEqual(self.dead_letters("splunk"), [])

    def test_a_hanging_server_times_out_and_is_retried(self):
        events = [event(n) for n in range(50)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", "--fail", "hang@1-2")
        config = self.config(self.source() + self.splunk(splunk, more='timeout = "1s"\n' + FAST_RETRY))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(splunk.arrivals()), ids(events))

    def test_retry_after_is_obeyed(self):
        self.write("in.jsonl", lines([event(n) for n in range(10)]))
        splunk = self.mock("splunk", "--fail", "503@1;retry-after=2")
        config = self.config(self.source() + self.splunk(splunk, more=FAST_RETRY))
        import time
        begin = time.monotonic()
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertGreater(time.monotonic() - begin, 1.9)
        self.assertEqual(splunk.stop()["requests"], 2)


if __name__ == "__main__":
    unittest.main()
