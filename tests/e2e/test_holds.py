"""Breaker and holds over restarts: a daemon that was killed does not ask again with what was refused a moment ago."""

import json
import os
import unittest

from harness import event, ids, lines, wait_for
from test_admin import AdminCase


class Holds(AdminCase):
    def start(self, token="wrong-token-1"):
        daemon = self.daemon(self.config_path, env={"TEST_TOKEN": token})
        wait_for("an answer", self.answers)
        return daemon

    def answers(self):
        try:
            return self.exporter("splunk") is not None
        except (ConnectionRefusedError, FileNotFoundError):
            return False  # not yet; the one before was killed and left its socket

    def held(self):
        return self.exporter("splunk")["state"] == "held_auth"

    def hold(self):
        """A daemon whose credential is refused, and its platform."""
        splunk = self.mock("splunk", "--token", "right-token-1")
        self.write("in.jsonl", lines([event(n) for n in range(5)]))
        self.config_path = self.config(self.source() + self.splunk(splunk, more="required = true"))
        daemon = self.start()
        wait_for("the hold", self.held)
        wait_for("its record", lambda: "hold auth" in self.state())
        # It is in the file when its group is being written. Once a later group is durable, it is, too.
        self.append("in.jsonl", lines([event(5)]))
        wait_for("a later group", lambda: self.exporter("splunk")["ledger"]["accepted"] == 6)
        return splunk, daemon

    def state(self):
        """What the file holds, as bytes, whether it is committed or not: the text stands there as it is."""
        with open(self.path("data/store/data.mdb"), "rb") as f:
            return f.read().decode("latin-1")

    def test_a_hold_is_one_after_a_kill_and_only_its_probe_is_sent(self):
        splunk, daemon = self.hold()
        daemon.kill9()
        self.append("in.jsonl", lines([event(n) for n in range(6, 20)]))
        daemon = self.start()
        wait_for("the state", self.held)
        self.assertIn("since before the restart", daemon.text())
        wait_for("the new events", lambda: self.exporter("splunk")["ledger"]["queued"] == 20)
        exporter = self.exporter("splunk")
        self.assertEqual(exporter["code"], "CS4010")
        self.assertIn("HTTP 40", exporter["last_error"])
        # Only its probe, a second after the start.
        self.assertLessEqual(sum(exporter["requests"].values()), 1)
        self.assertEqual(self.ask("GET", "/readyz")[0], 503)
        # An operator wants to know now.
        code, _, err = self.command("exporters", "resume", "splunk", "--yes")
        self.assertEqual(code, 0, err)
        wait_for("the probe", lambda: sum(self.exporter("splunk")["requests"].values()) > 0)
        self.assertEqual(splunk.arrivals(), [])

    def test_another_credential_ends_it(self):
        splunk, daemon = self.hold()
        daemon.kill9()
        daemon = self.start("right-token-1")
        wait_for("delivery", lambda: self.delivered("splunk") == 6)
        self.assertNotIn("since before the restart", daemon.text().split("ready in")[-1])
        self.assertEqual(set(splunk.arrivals()), ids([event(n) for n in range(6)]))
        self.assertEqual(self.exporter("splunk")["state"], "running")

    def test_the_queue_and_the_store_show_in_status_and_metrics(self):
        self.hold()
        wait_for("the queue", lambda: self.exporter("splunk")["queue_bytes"] > 0)
        _, out, _ = self.command("--plain", "status")
        row = next(line for line in out.splitlines() if line.startswith("splunk\t")).split("\t")
        self.assertEqual(row[5], "6")
        self.assertNotEqual(row[6], "-")
        self.assertEqual(row[7], "0")
        values = self.metrics()
        name = "clawdstrike_siem_"
        self.assertEqual(values[name + "store_committed_seq", None], 6)
        self.assertEqual(values[name + "store_healthy", None], 1)
        self.assertGreater(values[name + "store_groups_total", None], 0)
        self.assertGreater(values[name + "store_bytes", None], 0)
        self.assertGreater(values[name + "store_free_bytes", None], 0)
        self.assertGreater(values[name + "queue_bytes", 'exporter="splunk"'], 0)
        self.assertGreaterEqual(values[name + "queue_oldest_event_age_seconds", 'exporter="splunk"'], 0)
        self.assertEqual(values[name + "dlq_events", 'exporter="splunk"'], 0)
        store = json.loads(self.command("--json", "status")[1])["store"]
        self.assertEqual((store["health"], store["code"], store["committed_sequence"]), ("ok", None, 6))

    def test_a_burst_of_rejected_items_holds_the_exporter_and_keeps_the_queue(self):
        elastic = self.mock("elastic", "--fail", "item=400:80%")
        self.write("in.jsonl", lines([event(n) for n in range(3000)]))
        self.config_path = self.config(self.source() + self.elastic(elastic, more="batch_size = 50\n"))
        daemon = self.daemon(self.config_path)
        wait_for("the hold", lambda: "ready in" in daemon.text() and self.exporter("elastic")["state"] == "held_destination")
        wait_for("the events", lambda: self.exporter("elastic")["ledger"]["accepted"] == 3000)
        ledger = self.exporter("elastic")["ledger"]
        self.assertGreater(ledger["queued"], 1500)
        self.assertLess(ledger["dead_lettered"], 1000)

    def test_trace_tells_where_an_event_is(self):
        hook = self.mock("webhook")
        self.write("in.jsonl", lines([event(n, "info" if n else "high") for n in range(3)]))
        self.config_path = self.config(
            self.source() + self.splunk(self.mock("splunk", "--token", "right-token-1"))
            + self.webhook(hook, more='filter = { min_severity = "high" }')
        )
        daemon = self.start()
        wait_for("the hold", self.held)
        wait_for("delivery", lambda: self.delivered("hook") == 1)

        def fates(n):
            code, out, err = self.command("--config", self.config_path, "--json", "trace", event(n)["event_id"])
            self.assertEqual(code, 0, err)
            answer = self.get("/api/v1/events/%s/trace" % event(n)["event_id"])
            self.assertEqual(json.loads(out)["sequence"], answer["sequence"])
            self.assertEqual(answer["severity"], "info" if n else "high")
            self.assertEqual(answer["source"], "audit")
            # One block was read: to the end of the file.
            self.assertEqual(answer["read_before"], {"line": 4, "offset": os.path.getsize(self.path("in.jsonl"))})
            return {e["exporter"]: (e["fate"], e["detail"]) for e in answer["exporters"]}

        wait_for("the settlement", lambda: fates(0)["hook"][0] == "delivered")
        self.assertEqual(fates(1)["hook"], ("filtered", "by its filter: severity"))
        fate, detail = fates(0)["splunk"]
        self.assertEqual(fate, "queued")
        self.assertIn("held_auth [CS4010], last: HTTP 40", detail)
        self.assertRegex(detail, r"^\d+ attempts?, the last at 20\d\d-\d\d-")
        code, _, err = self.command("--config", self.config_path, "trace", event(99)["event_id"])
        self.assertEqual(code, 1)
        self.assertIn("is not known", err)
        status, answer = self.ask("GET", "/api/v1/events/%s/trace" % event(99)["event_id"])
        self.assertEqual((status, json.loads(answer)["error"]["code"]), (404, "CS8011"))
        # Without the daemon the store alone is asked.
        daemon.stop()
        code, out, err = self.command("--config", self.config_path, "--json", "trace", event(0)["event_id"])
        self.assertEqual(code, 0, err)
        self.assertIn({"exporter": "splunk", "fate": "queued", "detail": "the daemon does not run"},
                      json.loads(out)["exporters"])


if __name__ == "__main__":
    unittest.main()
