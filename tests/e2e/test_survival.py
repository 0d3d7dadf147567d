"""Kills, rotations, rewrites, broken lines: nothing is lost, nothing is made up."""

import json
import os
import random
import time
import unittest

from harness import DATA, Case, event, ids, lines, wait_for

FAST_RETRY = "retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n"


class Kill9(Case):
    def test_kill_minus_9_at_random_moments_loses_nothing_and_elastic_keeps_one_copy(self):
        rng = random.Random(7)
        events = [event(n) for n in range(30000)]
        self.write("in.jsonl", "")
        elastic = self.mock("elastic", "--fail", "slow=20ms:30%", "--fail", "503:2%")
        splunk = self.mock("splunk", "--fail", "slow=10ms:30%")
        config = self.config(self.source() + self.elastic(elastic, more="batch_size = 200\n" + FAST_RETRY)
                             + self.splunk(splunk, more=FAST_RETRY))
        fed = 0
        for _ in range(8):
            daemon = self.daemon(config)
            for _ in range(10):
                step = rng.randrange(100, 450)
                self.append("in.jsonl", lines(events[fed:fed + step]))
                fed = min(fed + step, len(events))
                time.sleep(rng.random() * 0.03)
            daemon.kill9()
        self.append("in.jsonl", lines(events[fed:]))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(elastic.arrivals()), sorted(ids(events)))
        self.assertEqual(set(splunk.arrivals()), ids(events))

    def test_a_second_run_sends_nothing_again(self):
        events = [event(n) for n in range(500)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk")
        config = self.config(self.source() + self.splunk(splunk))
        for _ in range(2):
            status, text = self.run_once(config)
            self.assertEqual(status, 0, text)
        self.assertEqual(sorted(splunk.arrivals()), sorted(ids(events)))

    def test_a_second_daemon_on_the_same_directory_is_refused_with_the_owners_pid(self):
        self.write("in.jsonl", "")
        config = self.config(self.source() + self.file_exporter())
        first = self.daemon(config).ready()
        status, _, err = self.cli("--config", config, "run", "--once")
        self.assertEqual(status, 74, err)
        self.assertIn("CS5003", err)
        self.assertIn(str(first.process.pid), err)


class Files(Case):
    def setUp(self):
        super().setUp()
        self.splunk_mock = self.mock("splunk")

    def start(self, more=""):
        config = self.config(self.source(more=more) + self.splunk(self.splunk_mock))
        return self.daemon(config).ready()

    def arrived(self, events, what="the events"):
        wait_for(what, lambda: set(self.splunk_mock.arrivals()) >= ids(events))

    def check_exactly(self, daemon, events):
        daemon.stop()
        self.assertEqual(sorted(self.splunk_mock.arrivals()), sorted(ids(events)), daemon.text())

    def test_rotation_by_rename_with_a_writer_that_goes_on_in_the_old_file(self):
        events = [event(n) for n in range(40)]
        self.write("in.jsonl", lines(events[:10]))
        daemon = self.start()
        self.arrived(events[:10])
        os.rename(self.path("in.jsonl"), self.path("in.jsonl.1"))
        self.append("in.jsonl.1", lines(events[10:20]))
        self.append("in.jsonl", lines(events[20:40]))
        self.arrived(events)
        self.check_exactly(daemon, events)

    def test_rotation_by_copy_and_truncate(self):
        events = [event(n) for n in range(40)]
        self.write("in.jsonl", lines(events[:20]))
        daemon = self.start()
        self.arrived(events[:20])
        with open(self.path("in.jsonl"), "r+") as f:
            f.truncate(0)
        self.append("in.jsonl", lines(events[20:25]))
        self.arrived(events[:25])
        self.check_exactly(daemon, events[:25])

    def test_a_file_that_is_rewritten_for_every_event(self):
        events = [event(n) for n in range(60)]
        self.write("in.jsonl", "")
        daemon = self.start()
        for n in range(1, len(events) + 1):
            with open(self.path("in.jsonl"), "w") as f:  # truncates, then writes all
                f.write(lines(events[:n]))
            time.sleep(0.01)
        self.arrived(events)
        self.check_exactly(daemon, events)

    def test_a_file_that_does_not_exist_yet_in_a_directory_that_does_not_either(self):
        events = [event(n) for n in range(5)]
        config = self.config(self.source("later/in.jsonl") + self.splunk(self.splunk_mock))
        daemon = self.daemon(config).ready()
        wait_for("the message", lambda: "CS4501" in daemon.text())
        os.mkdir(self.path("later"))
        self.append("later/in.jsonl", lines(events))
        self.arrived(events)
        self.check_exactly(daemon, events)

    def test_a_symbolic_link_that_is_swapped(self):
        events = [event(n) for n in range(20)]
        self.write("one.jsonl", lines(events[:10]))
        self.write("two.jsonl", lines(events[10:]))
        os.symlink(self.path("one.jsonl"), self.path("in.jsonl"))
        daemon = self.start()
        self.arrived(events[:10])
        os.symlink(self.path("two.jsonl"), self.path("in.new"))
        os.replace(self.path("in.new"), self.path("in.jsonl"))
        self.arrived(events)
        self.check_exactly(daemon, events)

    def test_a_line_in_two_halves_is_one_event(self):
        events = [event(1), event(2)]
        text = lines(events)
        self.write("in.jsonl", text[:300])
        daemon = self.start()
        time.sleep(0.3)
        self.append("in.jsonl", text[300:])
        self.arrived(events)
        self.check_exactly(daemon, events)

    def test_a_missing_source_keeps_nobody_else_from_working(self):
        events = [event(n) for n in range(10)]
        self.write("in.jsonl", lines(events))
        config = self.config(self.source() + self.source("missing.jsonl", "gone") + self.splunk(self.splunk_mock))
        daemon = self.daemon(config).ready()
        self.arrived(events)
        self.assertIn("CS4501", daemon.text())
        self.check_exactly(daemon, events)

    def test_standard_input(self):
        events = [event(n) for n in range(300)]
        path = self.write("in.jsonl", lines(events))
        config = self.config('[sources.pipe]\ntype = "stdin"\n' + self.splunk(self.splunk_mock))
        with open(path) as f:
            daemon = self.daemon(config, stdin=f)
            self.assertEqual(daemon.wait(), 0, daemon.text())
        self.assertEqual(sorted(self.splunk_mock.arrivals()), sorted(ids(events)))


class BadInput(Case):
    def test_broken_lines_are_quarantined_and_the_next_line_goes_on(self):
        good = [event(n) for n in range(6)]
        text = lines(good[:2]) + "{broken\n" + lines(good[2:4]) + '{"some":"object"}\n\n[]\n' + "x" * 100 + "\n"
        text += lines(good[4:])
        self.write("in.jsonl", text)
        config = self.config(self.source() + self.file_exporter())
        status, log = self.run_once(config)
        self.assertEqual(status, 0, log)
        self.assertEqual(set(self.file_ids()), ids(good))
        records = self.quarantine()
        self.assertEqual([r["reason"] for r in records], ["bad_json", "unknown_shape", "bad_json"])
        self.assertEqual(records[0]["text"], "{broken")
        self.assertEqual(records[0]["source"], "audit")
        self.assertEqual(records[0]["line"], 3)
        self.assertIn("CS4504", log)

    def test_a_line_over_the_limit_is_quarantined_with_its_first_bytes(self):
        good = [event(1), event(2)]
        self.write("in.jsonl", lines(good[:1]) + '{"a":"' + "x" * (5 << 20) + '"}\n' + lines(good[1:]))
        config = self.config(self.source() + self.file_exporter())
        status, log = self.run_once(config)
        self.assertEqual(status, 0, log)
        self.assertEqual(set(self.file_ids()), ids(good))
        records = self.quarantine()
        self.assertEqual([r["reason"] for r in records], ["too_long"])
        self.assertTrue(records[0]["text"].startswith('{"a":"xxx'))

    def test_a_torn_last_line_is_left_for_the_next_run(self):
        events = [event(1), event(2)]
        text = lines(events)
        cut = text.index("\n") + 100
        self.write("in.jsonl", text[:cut])
        config = self.config(self.source() + self.file_exporter())
        status, log = self.run_once(config)
        self.assertEqual(status, 0, log)
        self.assertEqual(self.file_ids(), [events[0]["event_id"]])
        self.assertEqual(self.quarantine(), [])
        self.append("in.jsonl", text[cut:])
        status, log = self.run_once(config)
        self.assertEqual(status, 0, log)
        self.assertEqual(self.file_ids(), [e["event_id"] for e in events])

    def test_only_garbage_ends_with_the_data_status(self):
        self.write("in.jsonl", "no event here\n")
        status, _ = self.run_once(self.config(self.source() + self.file_exporter()))
        self.assertEqual(status, 65)

    def test_every_committed_sample_arrives_as_ecs(self):
        sample = os.path.join(DATA, "sample-audit.jsonl")
        with open(sample) as f:
            want = sum(1 for line in f if line.strip())
        config = self.config('[sources.audit]\ntype = "jsonl"\npath = "%s"\nread_from = "beginning"\n' % sample
                             + self.file_exporter(more="").replace('"native"', '"ecs"'))
        status, log = self.run_once(config)
        self.assertEqual(status, 0, log)
        with open(self.path("out.jsonl")) as f:
            documents = [json.loads(line) for line in f]
        self.assertEqual(len(documents), want)
        for document in documents:
            self.assertEqual(document["ecs"]["version"], "8.17.0")
            self.assertIn(document["event"]["kind"], ("alert", "event"))


if __name__ == "__main__":
    unittest.main()
