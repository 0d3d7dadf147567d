#!/usr/bin/env python3
"""Minutes or hours of a bad life (delivery.md 10.6): the real daemon, doubles that fail, kill -9 every few seconds, one
destination dead all the time, one with an outage, a disk that is full once. The verdict comes from event ids alone.

  run.py [--seconds N] [--rate EVENTS_PER_SECOND] [--seed S]     paths as in tests/e2e/harness.py

Ends with 0 and 'soak: PASS' when no event is missing, duplicates stay within their bound and every ledger balances.
"""

import argparse
import json
import os
import random
import resource
import sys
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import Case, event, free_port, lines, wait_for  # noqa: E402

BATCH, CONCURRENCY = 200, 2
RETRY = "retry = { initial_backoff_ms = 50, max_backoff_ms = 1000 }\n"
LANE = "batch_size = %d\nconcurrency = %d\n%s" % (BATCH, CONCURRENCY, RETRY)
NO_SIGXFSZ = ["sh", "-c", 'trap "" XFSZ; exec "$@"', "sh"]
SEVERITIES = ["info"] * 90 + ["low"] * 6 + ["high"] * 3 + ["critical"]


class Soak(Case):
    def runTest(self):
        pass

    def begin(self, options):
        self.setUp()
        self.options = options
        self.rng = random.Random(options.seed)
        self.fed, self.kills, self.outages, self.full = 0, 0, 0, 0
        self.write("in.jsonl", "")
        self.splunk_mock = self.mock("splunk", "--fail", "slow=20ms:30%", "--fail", "503:3%")
        self.elastic_mock = self.mock("elastic", "--fail", "slow=30ms:20%", "--fail", "429:2%")
        self.webhook_mock = self.mock("webhook", "--fail", "reset-after:1%", "--fail", "500:2%")
        dead = '[exporters.dead]\ntype = "webhook"\nurl = "http://127.0.0.1:%d/"\nformat = "native"\n%s\n' % (free_port(), LANE)
        config = self.config(self.source() + self.splunk(self.splunk_mock, more=LANE)
                             + self.elastic(self.elastic_mock, more=LANE) + self.webhook(self.webhook_mock, more='framing = "ndjson"\n' + LANE)
                             + self.file_exporter(more=RETRY) + dead)
        with open(config) as f:
            content = f.read().replace('shutdown_grace = "50s"', 'shutdown_grace = "2s"')
        self.config_path = self.write("test.toml", content)
        self.start()

    def start(self):
        self.process = self.daemon(self.config_path, wrapper=NO_SIGXFSZ)
        self.next_kill = time.monotonic() + self.rng.uniform(3, 10)

    def feed(self, count):
        self.append("in.jsonl", lines(event(n, self.rng.choice(SEVERITIES)) for n in range(self.fed, self.fed + count)))
        self.fed += count

    def limit_files(self, size):
        try:
            hard = resource.prlimit(self.process.process.pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(self.process.process.pid, resource.RLIMIT_FSIZE, (size, hard))
        except ProcessLookupError:
            pass

    def live(self):
        begin = time.monotonic()
        seconds = self.options.seconds
        outage, disk = (seconds * 0.25, seconds * 0.40), (seconds * 0.60, seconds * 0.60 + min(20, seconds * 0.1))
        down = full = False
        at = begin
        while (now := time.monotonic()) < begin + seconds:
            passed = now - begin
            if down != (outage[0] <= passed < outage[1]):
                down = not down
                self.outages += 1
                self.webhook_mock.stop() if down else self.webhook_mock.start()
            if full != (disk[0] <= passed < disk[1]):
                full = not full
                if full:
                    self.full += 1
                    self.limit_files(os.path.getsize(self.path("data/store/data.mdb")))
                else:
                    self.limit_files(resource.RLIM_INFINITY)
            if self.process.process.poll() is not None:
                raise AssertionError("the daemon ended with %d:\n%s" % (self.process.process.returncode, self.process.text()[-3000:]))
            if now >= self.next_kill and not full:
                self.process.kill9()
                self.kills += 1
                self.start()
            self.feed(max(1, int(self.options.rate * min(now - at, 1.0))))
            at = now
            time.sleep(0.1)
        if full:
            self.limit_files(resource.RLIM_INFINITY)

    def arrivals(self):
        return {"splunk": self.splunk_mock.arrivals(), "elastic": self.elastic_mock.arrivals(),
                "hook": self.webhook_mock.arrivals(), "archive": self.file_ids()}

    def verdict(self):
        want = {event(n)["event_id"] for n in range(self.fed)}

        def complete():
            if self.process.process.poll() is not None:
                return True
            return all(len(set(got)) >= len(want) for got in self.arrivals().values())

        try:
            wait_for("everything", complete, 120)
        except AssertionError:
            pass  # told below
        status = self.process.stop()
        good = True
        # What is in flight, and what settled since the newest commit, for each kill; in flight for each outage.
        crash = CONCURRENCY * BATCH + self.options.rate
        resets = self.fed / BATCH * 0.05 + 5
        bounds = {"splunk": self.kills * crash, "elastic": 0,
                  "hook": self.kills * crash + (self.outages * CONCURRENCY + resets) * BATCH,
                  "archive": self.kills * crash}
        for name, got in self.arrivals().items():
            counts = Counter(got)
            missing, unknown = len(want - set(counts)), len(set(counts) - want)
            duplicates = sum(counts.values()) - len(counts)
            fine = missing == 0 and unknown == 0 and duplicates <= bounds[name]
            good = good and fine
            print("%-8s arrived %d, missing %d, unknown %d, duplicates %d of at most %d: %s"
                  % (name, len(counts), missing, unknown, duplicates, bounds[name], "ok" if fine else "BAD"))
        for mock in (self.splunk_mock, self.elastic_mock, self.webhook_mock):
            if mock.violations():
                good = False
                print("%s: broken rules: %s" % (mock.platform, mock.violations()[:3]))
        code, out, err = self.cli("--config", self.config_path, "--json", "queue", "list")
        if code != 0:
            raise AssertionError(err)
        for queue in json.loads(out)["exporters"]:
            ended = sum(queue[k] for k in ("delivered", "filtered", "dead_lettered", "dropped", "lost"))
            left = self.fed if queue["id"] == "dead" else 0
            fine = queue["accepted"] == self.fed and ended + queue["queued"] == queue["accepted"] and queue["queued"] == left
            good = good and fine
            print("%-8s ledger: accepted %d, ended %d, queued %d: %s"
                  % (queue["id"], queue["accepted"], ended, queue["queued"], "ok" if fine else "BAD"))
        print("fed %d events in %d s; %d kills, %d outages, %d full disks; the last daemon ended with %d"
              % (self.fed, self.options.seconds, self.kills, self.outages // 2, self.full, status))
        print("soak: %s" % ("PASS" if good else "FAIL"))
        if not good:
            print(self.process.text()[-3000:])
        return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    soak = Soak()
    soak.running = []
    try:
        soak.begin(parser.parse_args())
        soak.live()
        return 0 if soak.verdict() else 1
    finally:
        soak.tearDown()


if __name__ == "__main__":
    sys.exit(main())
