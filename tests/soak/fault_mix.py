#!/usr/bin/env python3
"""The fault mix of delivery.md 10.6 against one platform at a time: answers that are late, throttled, failing, cut or
missing, an outage, an expired certificate, a name that does not resolve, and the daemon killed in between. The verdict
comes from event ids alone.

  fault_mix.py [PLATFORM ...] [--events N] [--seed S]     paths as in tests/e2e/harness.py; default: every platform

Per platform: nothing missing, nothing unknown, no broken rule, no request before a Retry-After was over, a ledger that
balances, and no more duplicates than what nobody can know allows: requests that the platform took and did not answer
for, and what was in flight or settled within the last second before a kill. Ends with 0 and 'fault mix: PASS'.
"""

import argparse
import json
import os
import re
import sys
import time
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from harness import Case, Mock, fresh, lines, wait_for  # noqa: E402
from test_tls import Certificates  # noqa: E402

CONCURRENCY = 2
TIMEOUT = 10  # seconds; longer than anything takes on a busy machine
# Each strikes early, so that a short run has them all, and then now and then.
HTTP_FAULTS = [
    "slow=80ms@2-3", "429@5;retry-after=1", "reset-after@8", "truncate@10", "500@12-14", "503@17;retry-after=2",
    "reset-before@20", "slow-read=300ms@22", "slow=%dms@24" % (TIMEOUT * 1000 + 2000), "hang@40", "502@28",
    "429:0.5%;retry-after=1", "503:0.5%;retry-after=1", "500:1%", "reset-before:0.5%", "reset-after:0.5%",
    "truncate:0.5%", "slow=40ms:5%", "slow-read=100ms:1%",
]
SYSLOG_FAULTS = ["reset-after@150", "reset-before@300", "truncate@450", "slow=200ms@500", "slow=50ms:0.05%"]
LAST_SYSLOG_RESET = 450
# What the receiver's kernel may hold unread when it goes away: 6 MiB at the most, in messages.
SYSLOG_WINDOW = 20000

# By platform: the options of its double and the lines of its exporter, `%s` being the address.
PLATFORMS = {
    "splunk": ([], 'hec_url = "%s"\nhec_token = "cred:TEST_TOKEN"\nindex = "main"\n'),
    "elastic": (["--fail", "item=429:0.05%"], 'nodes = ["%s"]\napi_key = "cred:TEST_TOKEN"\n'),
    "datadog": ([], 'api_key = "cred:TEST_TOKEN"\nendpoint = "%s"\nmetrics = { enabled = false }\n'),
    "sumo_logic": ([], 'http_source_url = "%s/receiver/v1/http/ZaVnC4dhaV"\npartition_by = []\n'),
    "webhook": ([], 'url = "%s/hook"\nformat = "native"\nframing = "ndjson"\n'),
    "syslog": ([], 'endpoints = ["%s"]\nresend_window = ' + str(SYSLOG_WINDOW) + "\n"),
}
# By event id; by Idempotency-Key, which a batch keeps over its attempts and not over a restart of the daemon. Their
# doubles know only what they took since they were started.
DEDUPLICATES = {"elastic", "webhook"}


class Double(Mock):
    """Keeps of its record what the verdict needs, over restarts; what it recorded before is read only once."""

    def __init__(self, directory, platform, *options):
        self.arrived, self.requests, self.broken, self.starts = [], [], [], 0
        self.scheme = "tcp" if platform == "syslog" else "https"
        super().__init__(directory, platform, *options)

    def start(self, *more):
        self.read()
        self.starts += 1
        self.record = os.path.join(self.directory, "%s.%d.jsonl" % (self.name, self.starts))
        self.offset = 0
        given, self.options = self.options, self.options + list(more)
        super().start()
        self.options = given

    def url(self, scheme=None):
        return super().url(scheme or self.scheme)

    def read(self):
        """Takes in what was recorded since the last time."""
        if not os.path.exists(self.record):
            return
        with open(self.record) as f:
            f.seek(self.offset)
            text = f.read()
        whole = text[:text.rfind("\n") + 1]
        self.offset += len(whole.encode())
        for line in whole.splitlines():
            if line.startswith('{"id":"'):
                at = int(re.search(r'"at_ns":(\d+)', line).group(1))
                self.arrived.append((at, line[7:line.index('"', 7)], self.starts))
            elif line.startswith('{"request"'):
                self.requests.append(json.loads(line))
            elif line.startswith('{"violation"'):
                self.broken.append(json.loads(line)["violation"])

    def count(self):
        self.read()
        return len({id for _, id, _ in self.arrived})

    def duplicates(self):
        lives = self.platform in DEDUPLICATES
        return len(self.arrived) - len({(id, life if lives else 0) for _, id, life in self.arrived})


def broken_waits(requests, slots, kills):
    """Answers with Retry-After that more requests followed than could be under way already, those counted twice whose
    connection was reset: they are sent again at once. A daemon that was killed has nobody who remembers."""
    broken = []
    for throttled in requests:
        if not throttled["retry_after"]:
            continue
        answered = throttled["answered_ns"]
        until = min([answered + int(throttled["retry_after"]) * 10**9] + [kill for kill in kills if kill > answered])
        early = [r for r in requests if r["path"] == throttled["path"] and answered < r["came_ns"] < until]
        if len(early) > slots + sum(r["fault"] == "reset-before" for r in early):
            broken.append((throttled["request"], len(early)))
    return broken


class FaultMix(Certificates, Case):
    """One platform; prepare(), live(), then verdict() gives the complaints, none being good."""

    def prepare(self, platform, events, seed, batch=100):
        self.platform, self.total, self.batch = platform, events, batch
        self.fed = self.told = 0
        self.kills, self.stops, self.double = [], 0, None
        self.write("in.jsonl", "")
        options, self.exporter = PLATFORMS[platform]
        faults = SYSLOG_FAULTS if platform == "syslog" else HTTP_FAULTS
        options = options + ["--seed", str(seed)] + [o for fault in faults for o in ("--fail", fault)]
        self.tls = []
        if platform != "syslog":
            self.authority()
            self.certificate("server", "IP:127.0.0.1")
            self.certificate("old", "IP:127.0.0.1", days="-1")
            options.append("--record-requests")
            self.tls = self.shows("server")
        self.double = Double(self.dir, platform, *options)
        self.running.append(self.double)
        self.double.stop()
        self.double.start(*self.tls)
        self.config_path = self.config(self.settings(self.double.url()))
        self.process = self.daemon(self.config_path).ready()

    def shows(self, certificate):
        return ["--tls-cert", self.path(certificate + ".pem"), "--tls-key", self.path(certificate + ".key")]

    def settings(self, url):
        text = self.source() + '[exporters.it]\ntype = "%s"\n' % self.platform + self.exporter % url
        text += "batch_size = %d\ntimeout = \"%ds\"\n" % (self.batch, TIMEOUT)
        if self.platform != "syslog":  # keeps the order of its one connection
            text += "concurrency = %d\n" % CONCURRENCY
        text += "retry = { initial_backoff_ms = 50, max_backoff_ms = 500 }\ncircuit_breaker = { open_for = \"1s\" }\n"
        return text + ('tls = { ca_file = "%s" }\n' % self.path("ca.pem") if self.tls else "")

    # What happens

    def feed(self):
        """So many events that the platform is never without, and never has all of them early."""
        ahead = max(self.total // 8, 4 * self.batch)
        arrived = self.double.count()
        while self.fed < self.total and self.fed < arrived + ahead:
            count = min(1000, self.total - self.fed)
            self.append("in.jsonl", lines(fresh(n) for n in range(self.fed, self.fed + count)))
            self.fed += count
        if self.process.process.poll() is not None:
            raise AssertionError("the daemon ended with %d:\n%s" % (self.process.process.returncode,
                                                                    self.process.text()[-3000:]))
        return arrived

    def reach(self, part):
        wait_for("%d%% of the events" % (part * 100), lambda: self.feed() >= part * self.total, 1800)

    def kill(self):
        self.process.kill9()
        self.kills.append(time.time_ns())
        self.process = self.daemon(self.config_path).ready()

    def says(self, pattern):
        """Waits for a message that was not there before."""
        text = self.process.text()
        wait_for(pattern, lambda: re.search(pattern, self.process.text()[self.told:]))
        self.told = len(text)

    def stop_double(self):
        self.told = len(self.process.text())
        self.double.stop()
        self.stops += 1

    def outage(self):
        self.stop_double()
        self.says("CS4001|CS4060|transport.connect")
        self.double.start(*self.tls)

    def expired_certificate(self):
        self.stop_double()
        self.double.start(*self.shows("old"))
        self.says("CS4002")
        self.double.stop()
        self.double.start(*self.tls)
        code, _, err = self.cli("--config", self.config_path, "exporters", "resume", "it", "--yes",
                                env={"TEST_TOKEN": "x"})
        self.assertEqual(code, 0, err)

    def unknown_name(self):
        good = self.config_path
        self.config_path = self.config(self.settings(self.double.url().replace("127.0.0.1", "nowhere.invalid")))
        self.kill()
        self.says("(?i)CS4001.*resolve|CS4001.*nowhere")
        self.config_path = self.config(self.settings(self.double.url()))
        self.assertEqual(good, self.config_path)
        self.kill()

    def live(self):
        if self.platform == "syslog":
            return self.live_syslog()
        self.reach(0.10)
        self.kill()
        self.reach(0.25)
        self.outage()
        self.reach(0.40)
        self.kill()
        self.reach(0.45)
        self.kill()
        self.reach(0.55)
        self.expired_certificate()
        self.reach(0.70)
        self.unknown_name()
        self.reach(0.85)
        self.kill()
        self.reach(1)

    def live_syslog(self):
        """A daemon that is killed does not know any more what a receiver that goes away after that had not read."""
        self.reach(0.25)
        self.outage()
        self.reach(0.50)
        self.outage()
        self.reach(0.70)
        wait_for("what the resets cost", self.is_past_resets, 1800)
        self.kill()
        self.reach(0.80)
        self.unknown_name()
        self.reach(0.90)
        self.kill()
        self.reach(1)

    def is_past_resets(self):
        """Whether this double has no reset left, and has read everything that was sent so far."""
        arrived = self.double.count()
        here = sum(life == self.double.starts for *_, life in self.double.arrived)
        if arrived >= self.fed and here <= LAST_SYSLOG_RESET:
            self.feed()
        return arrived >= self.fed and here > LAST_SYSLOG_RESET

    # What came of it

    def bound(self):
        """How many duplicates cannot be told from first copies, by any sender."""
        if self.platform == "elastic":
            return 0
        at = [at for at, _, _ in self.double.arrived]
        in_flight = (1 if self.platform == "syslog" else CONCURRENCY) * self.batch
        last_second = sum(sum(1 for a in at if kill - 10**9 <= a <= kill) for kill in self.kills)
        total = len(self.kills) * in_flight + last_second
        if self.platform == "webhook":
            return total
        total += self.stops * in_flight
        if self.platform == "syslog":
            resets = self.double.starts * (len(SYSLOG_FAULTS) - 2) + self.stops
            return total + resets * (SYSLOG_WINDOW + in_flight)
        unanswered = sum(r["events"] for r in self.double.requests
                         if r["events"] and (r["status"] == 0 or r["fault"] == "slow"))
        return total + unanswered

    def verdict(self):
        """Complaints; the figures are in self.figures."""
        wait_for("the ledger", lambda: self.queue()["queued"] == 0)
        status = self.process.stop()
        self.double.stop()
        self.double.read()
        want = {e["event_id"] for n in range(0, self.fed, 1000) for e in
                (fresh(m) for m in range(n, min(n + 1000, self.fed)))}
        arrived = {id for _, id, _ in self.double.arrived}
        missing, unknown = len(want - arrived), len(arrived - want)
        duplicates, bound = self.double.duplicates(), self.bound()
        waits = [r for r in self.double.requests if r["retry_after"]]
        broken = broken_waits(self.double.requests, CONCURRENCY, self.kills)
        queue = self.queue()
        ended = sum(queue[k] for k in ("delivered", "filtered", "dead_lettered", "dropped", "lost"))
        complaints = []
        for bad, what in ((missing, "events are missing"), (unknown, "events were never fed"),
                          (max(duplicates - bound, 0), "duplicates above the bound"),
                          (len(self.double.broken), "broken rules, the first: %s" % self.double.broken[:1]),
                          (len(broken), "answers with Retry-After broken: %s" % broken[:3]),
                          (queue["accepted"] - self.fed, "events more in the ledger than were fed"),
                          (queue["accepted"] - ended, "events that have not ended in the ledger"),
                          (queue["delivered"] - self.fed, "events more delivered than fed, by the ledger"),
                          (status, "is the last daemon's status")):
            if bad:
                complaints.append("%d %s" % (bad, what))
        faults = Counter(r["fault"] or "none" for r in self.double.requests)
        self.figures = ("%-10s fed %d, arrived %d, missing %d, duplicates %d of at most %d, broken rules %d; "
                        "%d requests, %d with Retry-After, %d broken; %d kills, %d stops; faults %s"
                        % (self.platform, self.fed, len(arrived), missing, duplicates, bound, len(self.double.broken),
                           len(self.double.requests), len(waits), len(broken), len(self.kills), self.stops,
                           ", ".join("%s %d" % f for f in sorted(faults.items())) or "by message"))
        return complaints

    def queue(self):
        code, out, err = self.cli("--config", self.config_path, "--json", "queue", "list", env={"TEST_TOKEN": "x"})
        self.assertEqual(code, 0, err)
        return json.loads(out)["exporters"][0]

    def runTest(self):
        pass


def run(platform, events, seed):
    mix = FaultMix()
    mix.setUp()
    begin = time.monotonic()
    try:
        mix.prepare(platform, events, seed)
        mix.live()
        complaints = mix.verdict()
        print("%s; %d s" % (mix.figures, time.monotonic() - begin), flush=True)
    except AssertionError as problem:
        complaints = [str(problem)] + (["arrived %d of %d" % (mix.double.count(), mix.fed)] if mix.double else [])
    if complaints:
        print("%-10s BAD: %s" % (platform, "; ".join(complaints)), flush=True)
        if mix.double:
            print(mix.process.text()[-3000:], flush=True)
    mix.tearDown()
    return not complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("platforms", nargs="*", metavar="PLATFORM", help=", ".join(PLATFORMS) + "; default: all")
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if unknown := set(options.platforms) - set(PLATFORMS):
        parser.error("no such platform: " + ", ".join(sorted(unknown)))
    good = [run(platform, options.events, options.seed) for platform in options.platforms or PLATFORMS]
    print("fault mix: %s" % ("PASS" if all(good) else "FAIL"))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
