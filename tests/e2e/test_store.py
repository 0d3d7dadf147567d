"""The log: what was read is delivered even when the source is gone, whoever was down; and the tools that look into it."""

import json
import os
import time
import unittest

from harness import Case, event, free_port, ids, lines, wait_for

FAST_RETRY = "retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n"


class Log(Case):
    def configuration(self, exporters, grace="1s", more=""):
        text = self.config(more + self.source() + exporters)
        with open(text) as f:
            content = f.read().replace('shutdown_grace = "50s"', 'shutdown_grace = "%s"' % grace)
        return self.write("test.toml", content)

    def queues(self):
        status, out, err = self.cli("--config", self.path("test.toml"), "--json", "queue", "list")
        self.assertEqual(status, 0, err)
        listed = {q["id"]: q for q in json.loads(out)["exporters"]}
        for q in listed.values():
            ended = sum(q[k] for k in ("delivered", "filtered", "dead_lettered", "dropped", "lost", "queued"))
            self.assertEqual(q["accepted"], ended, q)
        return listed

    def dead_url_webhook(self, port, id="hook", more=""):
        return '[exporters.%s]\ntype = "webhook"\nurl = "http://127.0.0.1:%d/hook"\nformat = "native"\n%s%s\n' % (
            id, port, FAST_RETRY, more)

    def test_what_was_read_arrives_although_the_source_is_gone(self):
        events = [event(n) for n in range(1000)]
        self.write("in.jsonl", lines(events))
        port = free_port()
        config = self.configuration(self.dead_url_webhook(port) + self.file_exporter())
        status, text = self.run_once(config)
        self.assertEqual(status, 75, text)
        self.assertEqual(set(self.file_ids()), ids(events))
        queues = self.queues()
        self.assertEqual(queues["hook"]["queued"], 1000)
        self.assertEqual(queues["archive"]["queued"], 0)
        os.unlink(self.path("in.jsonl"))
        self.write("in.jsonl", "")
        mock = self.mock("webhook", port=port)
        config = self.configuration(self.dead_url_webhook(port) + self.file_exporter(), grace="110s")
        # What stopped the first run is remembered: the first request goes out half a minute into the second one.
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(mock.arrivals()), ids(events))
        self.assertEqual(len(self.file_ids()), 1000)
        self.assertEqual(self.queues()["hook"]["delivered"], 1000)

    def test_what_was_delivered_is_not_sent_again_because_its_neighbours_have_to_be(self):
        events = [event(n) for n in range(3000)]
        for end in ("stop", "kill9"):
            with self.subTest(end):
                self.write("in-%s.jsonl" % end, lines(events))
                mock = self.mock("webhook", "--fail", "503:25%")
                hook = self.webhook(mock, id="hook-" + end, more=(
                    'framing = "ndjson"\nbatch_size = 20\n[exporters.hook-%s.retry]\ninitial_backoff_ms = 600000\njitter = "none"\n'
                    'max_backoff_ms = 600000\n[exporters.hook-%s.circuit_breaker]\nfailure_threshold = 1000\n'
                    % (end, end)))
                text = ('version = "1.0.0"\n[admin]\nsocket = "%s"\n[global]\ndata_dir = "%s"\nshutdown_grace = "%s"\n'
                        % (self.path("admin.sock"), self.path("data-" + end), "1s"))
                text += self.source(name="in-%s.jsonl" % end) + hook
                config = self.write("test.toml", text)
                daemon = self.daemon(config)
                settled = lambda: self.queues().get("hook-" + end, {}).get("delivered", 0)
                wait_for("a part to be settled", lambda: 500 < settled() == len(mock.arrivals()))
                if end == "stop":
                    self.assertEqual(daemon.stop(), 0)
                else:
                    daemon.kill9()
                self.assertLess(len(mock.arrivals()), 3000)
                mock.stop()
                healthy = self.mock("webhook", port=mock.port)
                daemon = self.daemon(config)
                wait_for("the rest", lambda: set(mock.arrivals()) | set(healthy.arrivals()) >= ids(events))
                daemon.stop()
                self.assertEqual(len(mock.arrivals()) + len(healthy.arrivals()), 3000)

    def test_severe_events_go_ahead_of_a_backlog_after_a_restart(self):
        events = [event(n) for n in range(5000)] + [event(9000, "critical")]
        self.write("in.jsonl", lines(events))
        port = free_port()
        config = self.configuration(self.dead_url_webhook(port, more="concurrency = 1\n"))
        status, text = self.run_once(config)
        self.assertEqual(status, 75, text)
        mock = self.mock("webhook", "--fail", "slow=5ms:100%", port=port)
        daemon = self.daemon(config)
        wait_for("all events", lambda: set(mock.arrivals()) >= ids(events))
        daemon.stop()
        self.assertLess(mock.arrivals().index(events[-1]["event_id"]), 2500)

    def test_a_severe_event_that_comes_while_a_backlog_drains_does_not_wait_for_it(self):
        events = [event(n) for n in range(40000)]
        self.write("in.jsonl", lines(events))
        port = free_port()
        splunk = ('[exporters.splunk]\ntype = "splunk"\nhec_url = "http://127.0.0.1:%d"\nhec_token = "cred:TEST_TOKEN"\n'
                  'index = "main"\nformat = "native"\nconcurrency = 1\nbatch_size = 100\n' % port)
        config = self.configuration(splunk)
        status, text = self.run_once(config)
        self.assertEqual(status, 75, text)
        mock = self.mock("splunk", "--fail", "slow=20ms:100%", port=port)
        daemon = self.daemon(config)
        # By then the exporter holds as much of the backlog as it may.
        wait_for("a part", lambda: len(mock.arrivals()) > 3000)
        severe = event(99999, "critical")
        self.append("in.jsonl", lines([severe]))
        wait_for("all events", lambda: len(mock.arrivals()) > 40000)
        daemon.stop()
        self.assertLess(mock.arrivals().index(severe["event_id"]), 15000)

    def test_an_orphan_keeps_its_place_and_is_adopted(self):
        events = [event(n) for n in range(50)]
        self.write("in.jsonl", lines(events))
        port = free_port()
        status, text = self.run_once(self.configuration(self.dead_url_webhook(port, "old")))
        self.assertEqual(status, 75, text)
        mock = self.mock("webhook", port=port)
        config = self.configuration(self.dead_url_webhook(port, "new"))
        self.assertTrue(self.queues()["old"]["orphan"])
        for orphan, to, words in (("old", "nowhere", "no exporter 'nowhere' is configured"),
                                  ("new", "new", "is configured and goes on")):
            status, _, err = self.cli("--config", config, "queue", "adopt", orphan, "--to", to)
            self.assertEqual(status, 2, err)
            self.assertIn(words, err)
        status, _, err = self.cli("--config", config, "queue", "adopt", "old", "--to", "new")
        self.assertEqual(status, 0, err)
        self.assertIn("new goes on where old stood", err)
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(mock.arrivals()), ids(events))
        self.assertEqual(set(self.queues()), {"new"})

    def test_the_tools_look_into_the_store_while_the_daemon_runs(self):
        events = [event(n) for n in range(20)]
        self.write("in.jsonl", lines(events) + "no event\n")
        config = self.configuration(self.dead_url_webhook(free_port()))
        daemon = self.daemon(config).ready()
        wait_for("the queue", lambda: self.queues().get("hook", {}).get("queued") == 20)
        self.assertEqual([r["reason"] for r in self.quarantine()], ["bad_json"])
        status, out, err = self.cli("--config", config, "--json", "queue", "check")
        self.assertEqual(status, 0, err)
        self.assertEqual(json.loads(out)["events"], 20)
        self.assertEqual([e["event_id"] for e in self.stored("queue", "cat", "--exporter", "hook", "--limit", "2")],
                         [e["event_id"] for e in events[:2]])
        status, _, err = self.cli("--config", config, "queue", "repair")
        self.assertEqual(status, 74, err)
        self.assertIn("CS5003", err)
        daemon.stop()

    def test_dead_letters_are_listed_shown_and_purged(self):
        events = [event(n) for n in range(300)]
        self.write("in.jsonl", lines(events))
        elastic = self.mock("elastic", "--fail", "item=400:5%")
        config = self.configuration(self.elastic(elastic), grace="20s")
        self.run_once(config)
        letters = self.dead_letters("elastic")
        self.assertTrue(letters)
        run = lambda *words: self.cli("--config", config, *words)
        status, out, err = run("--json", "dlq", "list", "--class", "rejected")
        self.assertEqual(status, 1, err)
        listed = json.loads(out)["letters"]
        self.assertEqual([(r["exporter"], r["count"]) for r in listed], [("elastic", len(letters))])
        status, out, _ = run("dlq", "show", "elastic/%d" % letters[0]["sequence"])
        self.assertEqual(status, 0)
        self.assertIn(letters[0]["event_id"], out)
        self.assertEqual(run("dlq", "list", "--exporter", "other")[0], 0)
        self.assertEqual(run("dlq", "purge")[0], 2)
        self.assertEqual(run("dlq", "purge", "--exporter", "elastic", "--yes")[0], 0)
        self.assertEqual(self.dead_letters("elastic"), [])

    def test_a_slow_exporter_drops_the_least_severe_and_says_so(self):
        events = [event(n, "high" if n % 10 == 0 else "info") for n in range(8000)]
        self.write("in.jsonl", lines(events))
        port = free_port()
        config = self.configuration(self.dead_url_webhook(port, more='queue = { max_bytes = "256KiB" }\n')
                                    + self.file_exporter(), grace="3s")
        daemon = self.daemon(config)
        wait_for("the policy", lambda: "CS5010" in daemon.text())
        wait_for("the other exporter", lambda: set(self.file_ids()) >= ids(events))
        daemon.stop()
        queue = self.queues()["hook"]
        self.assertGreater(queue["dropped"], 0)

    def test_a_daemon_with_nothing_to_do_sleeps(self):
        self.write("in.jsonl", lines([event(1)]))
        splunk = self.mock("splunk", "--token", "secret-token-1")
        daemon = self.daemon(self.config(self.source() + self.splunk(splunk)))
        wait_for("delivery", lambda: splunk.arrivals())

        def wake_ups():
            total, tasks = 0, "/proc/%d/task" % daemon.process.pid
            for task in os.listdir(tasks):
                with open("%s/%s/status" % (tasks, task)) as status:
                    total += next(int(l.split()[1]) for l in status if l.startswith("voluntary_ctxt_switches"))
            return total

        time.sleep(5)  # what belongs to the delivery
        before = wake_ups()
        time.sleep(10)
        # Two a second; the rest is for a machine that is busy.
        self.assertLess(wake_ups() - before, 40)

    def test_an_exporter_that_wants_it_is_told_what_it_will_not_get(self):
        events = [event(n, "high" if n % 10 == 0 else "info") for n in range(8000)]
        self.write("in.jsonl", lines(events))
        port = free_port()
        more = 'queue = { max_bytes = "256KiB" }\nannounce_gaps = true\ncircuit_breaker = { open_for = "200ms" }\n'
        config = self.configuration(
            self.dead_url_webhook(port, more=more) + self.dead_url_webhook(port, id="quiet", more=more.replace("true", "false")) + self.file_exporter())
        daemon = self.daemon(config)
        wait_for("the policy", lambda: "CS5010" in daemon.text())
        wait_for("the other exporter", lambda: set(self.file_ids()) >= ids(events))
        hook = self.mock("webhook", port=port)
        known = ids(events)

        def notices():
            return [b["data"] for b in hook.bodies() if b["data"]["event_id"] not in known]

        def told():
            return sum(n["metadata"]["events"] for n in notices())

        def delivered():
            return {i for i in hook.arrivals() if i in known}

        wait_for("all that is left and all that is told", lambda: len(delivered()) + told() >= len(events))
        daemon.stop()
        queues = self.queues()  # and balances
        self.assertEqual(told(), queues["hook"]["dropped"])
        self.assertGreater(told(), 0)
        self.assertEqual(queues["hook"]["delivered"] + told(), len(events))
        self.assertEqual(set(self.file_ids()), known)
        by_severity = {}
        for notice in notices():
            self.assertEqual(notice["action"], "events_not_delivered")
            self.assertEqual(notice["resource"]["name"], "exporter hook")
            self.assertIn("%d events not delivered" % notice["metadata"]["events"], notice["decision"]["reason"])
            worst = [s for s, n in notice["metadata"]["by_severity"].items() if n]
            self.assertEqual(notice["decision"]["severity"], worst[-1])
            for severity, count in notice["metadata"]["by_severity"].items():
                by_severity[severity] = by_severity.get(severity, 0) + count
        self.assertGreater(by_severity["info"], by_severity["high"])
        for name in ("native", "ecs", "ocsf", "cef"):
            status, out, err = self.cli("transform", "--format", name, "--check", "-", stdin=lines(notices()))
            self.assertEqual(status, 0, (name, err))
            self.assertIn("0 invalid", err)


if __name__ == "__main__":
    unittest.main()
