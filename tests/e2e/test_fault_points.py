"""The daemon killed at every named point of its way (delivery.md 10.2), then started again: nothing is missing, and
only what was on its way comes twice. Needs a build with -Dfault_points=enabled, told by CSIEM_FAULT_POINTS=1."""

import json
import os
import time
import unittest

from harness import Case, event, ids, lines

POINTS = ["group-gathered", "txn-open", "block-put", "checkpoint-put", "dead-put", "block-deleted", "before-commit",
          "after-commit", "published", "request-sent", "answer-read", "settle-queued", "drain"]
EVENTS = 400
BATCH = 20


@unittest.skipUnless(os.environ.get("CSIEM_FAULT_POINTS"), "needs a build with -Dfault_points=enabled")
class FaultPoints(Case):
    def die_at(self, point, passes):
        events = [event(n) for n in range(EVENTS)]
        self.write("in.jsonl", "")
        mock = self.mock("webhook")
        config = self.config(self.source() + self.webhook(mock, more="batch_size = %d\n" % BATCH))
        daemon = self.daemon(config, env={"CLAWDSTRIKE_SIEM_FAULT": "%s:%d:kill" % (point, passes)})
        for at in range(0, EVENTS, 40):
            self.append("in.jsonl", lines(events[at:at + 40]))
            time.sleep(0.02)
        end = time.monotonic() + 2
        while daemon.process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        daemon.process.terminate()  # reaches what lies on the way out
        died = daemon.wait() == -9
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        arrivals = mock.arrivals()
        self.assertEqual(set(arrivals), ids(events), "%s, pass %d" % (point, passes))
        self.assertLessEqual(len(arrivals) - EVENTS, EVENTS)
        status, out, err = self.cli("--config", config, "--json", "queue", "list")
        self.assertEqual(status, 0, err)
        (queue,) = json.loads(out)["exporters"]
        self.assertEqual((queue["accepted"], queue["delivered"]), (EVENTS, EVENTS))
        return died

    def test_every_point_and_the_first_three_passes(self):
        for point in POINTS:
            for passes in (1, 2, 3):
                with self.subTest(point=point, passes=passes):
                    died = self.die_at(point, passes)
                    if passes == 1:
                        self.assertTrue(died, "never passed")
                self.tearDown()
                self.setUp()


if __name__ == "__main__":
    unittest.main()
