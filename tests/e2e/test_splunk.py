"""Splunk HEC: acknowledgement by indexers, raw lines, failover, and answers that are not what they seem."""

import time
import unittest

from harness import Case, event, ids, lines, wait_for
from test_delivery import FAST_RETRY, FAULTS, PATIENT

RESTARTS = [word for n in (10, 35, 80, 150) for word in ("--restart-at", str(n))]
QUICK_ACK = 'ack = { poll_interval = "100ms", timeout = "3s" }\n'


class Acknowledgement(Case):
    def run_all(self, events, splunk, more=""):
        self.write("in.jsonl", lines(events))
        config = self.config(self.source() + self.splunk(splunk, more="batch_size = 50\n" + FAST_RETRY + PATIENT + more))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(splunk.arrivals()), ids(events))
        self.assertEqual(splunk.violations(), [])
        self.assertEqual(self.dead_letters("splunk"), [])
        return text

    def test_everything_is_sent_once_when_the_indexer_acknowledges(self):
        events = [event(n) for n in range(3000)]
        splunk = self.mock("splunk", "--ack", "--ack-after", "3")
        self.run_all(events, splunk, QUICK_ACK)
        self.assertEqual(len(splunk.arrivals()), len(events))

    def test_an_indexer_that_restarts_and_loses_what_it_has_not_acknowledged_gets_it_again(self):
        events = [event(n) for n in range(3000)]
        splunk = self.mock("splunk", "--ack", "--ack-after", "2", *RESTARTS)
        text = self.run_all(events, splunk, QUICK_ACK)
        self.assertNotIn("CS3010", text)

    def test_acknowledgement_under_faults_loses_nothing(self):
        events = [event(n) for n in range(3000)]
        splunk = self.mock("splunk", "--ack", "--ack-after", "2", *RESTARTS, *FAULTS)
        self.run_all(events, splunk, QUICK_ACK)

    def test_a_cookie_keeps_a_client_with_its_indexer(self):
        events = [event(n) for n in range(600)]
        splunk = self.mock("splunk", "--ack", "--indexers", "4")
        self.run_all(events, splunk, QUICK_ACK + "concurrency = 1\n")
        self.assertEqual(len(splunk.arrivals()), len(events))

    def test_a_stop_waits_for_what_is_not_acknowledged(self):
        events = [event(n) for n in range(200)]
        self.write("in.jsonl", lines(events))
        # Recorded when acknowledged: at the fifth poll.
        splunk = self.mock("splunk", "--ack", "--ack-after", "5", "--restart-at", "1000000")
        config = self.config(self.source() + self.splunk(splunk, more='ack = { poll_interval = "300ms" }\n'))
        daemon = self.daemon(config).ready()
        wait_for("the log", lambda: splunk.process.poll() is None and "ready in" in daemon.text())
        time.sleep(0.6)
        self.assertEqual(daemon.stop(), 0, daemon.text())
        self.assertEqual(sorted(splunk.arrivals()), sorted(ids(events)))

    def test_what_was_not_acknowledged_before_a_kill_is_sent_again(self):
        events = [event(n) for n in range(200)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", "--ack", "--ack-after", "1000000", "--restart-at", "1000000")
        config = self.config(self.source() + self.splunk(splunk, more=QUICK_ACK.replace("3s", "300s")))
        daemon = self.daemon(config).ready()
        time.sleep(1)
        daemon.kill9()
        self.assertEqual(splunk.arrivals(), [])
        splunk.stop()
        splunk.options[splunk.options.index("1000000")] = "1"
        splunk.start()
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(splunk.arrivals()), sorted(ids(events)))

    def test_a_token_without_acknowledgement_is_told_of_once(self):
        events = [event(n) for n in range(300)]
        text = self.run_all(events, self.mock("splunk"), "use_ack = true\n")
        self.assertEqual(text.count("does not use indexer acknowledgement"), 1)


class Raw(Case):
    def test_lines_go_where_the_query_says(self):
        tenants = ["acme", "other", None]
        events = [event(n, session={"id": "s", **({"tenant_id": tenants[n % 3]} if tenants[n % 3] else {})})
                  for n in range(600)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", "--require-gzip")
        lane = self.splunk(splunk, more='mode = "raw"\nformat = "native"\n').replace('"main"', '"{session.tenant_id|main}"')
        status, text = self.run_once(self.config(self.source() + lane))
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(splunk.arrivals()), sorted(ids(events)))
        self.assertEqual(splunk.violations(), [])
        for body in splunk.bodies():
            self.assertEqual(body["sourcetype"], "clawdstrike:security")
            tenant = body["raw"].partition('"tenant_id":"')[2].partition('"')[0]
            self.assertEqual(body["index"], tenant or "main")

    def test_raw_lines_with_acknowledgement_under_faults(self):
        events = [event(n) for n in range(1500)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", "--ack", *RESTARTS, *FAULTS)
        status, text = self.run_once(self.config(self.source() + self.splunk(
            splunk, more='mode = "raw"\nbatch_size = 50\n' + QUICK_ACK + FAST_RETRY + PATIENT)))
        self.assertEqual(status, 0, text)
        self.assertEqual(set(splunk.arrivals()), ids(events))


class Metrics(Case):
    def test_counts_go_to_an_index_of_their_own(self):
        events = [event(n, severity=["info", "high"][n % 2]) for n in range(500)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk")
        daemon = self.daemon(self.config(self.source() + self.splunk(
            splunk, more='metrics = { index = "numbers", interval = "1s" }\n'))).ready()

        def counted():
            found = {}
            for body in splunk.bodies():
                if body["index"] == "numbers":
                    fields = body["fields"]
                    found[fields["severity"]] = found.get(fields["severity"], 0) + fields["metric_name:clawdstrike.events"]
            return found == {"info": 250, "high": 250}

        wait_for("the numbers", counted)
        self.assertEqual(daemon.stop(), 0, daemon.text())
        self.assertEqual(splunk.violations(), [])


class Endpoints(Case):
    def both(self, first, second, more=""):
        return self.splunk(first, more="batch_size = 50\n" + FAST_RETRY + PATIENT + more).replace(
            'hec_url = "%s"' % first.url(), 'hec_url = ["%s", "%s"]' % (first.url(), second.url()))

    def test_the_second_takes_over_and_the_first_is_used_again(self):
        events = [event(n) for n in range(1000)]
        self.write("in.jsonl", lines(events))
        first, second = self.mock("splunk"), self.mock("splunk")
        first.stop()
        daemon = self.daemon(self.config(self.source() + self.both(first, second))).ready()
        wait_for("the second", lambda: set(second.arrivals()) == ids(events))
        first.start()
        more = [event(n) for n in range(5000, 5100)]

        def back():
            self.append("in.jsonl", lines([event(9000 + back.n)]))
            back.n += 1
            time.sleep(0.2)
            return first.arrivals()

        back.n = 0
        self.append("in.jsonl", lines(more))
        wait_for("the first", back)
        want = ids(events + more + [event(9000 + n) for n in range(back.n)])
        wait_for("the rest", lambda: set(first.arrivals() + second.arrivals()) == want)
        self.assertEqual(daemon.stop(), 0, daemon.text())
        self.assertEqual(sorted(first.arrivals() + second.arrivals()), sorted(want))

    def test_faults_on_both_and_acknowledgement_lose_nothing(self):
        events = [event(n) for n in range(2000)]
        self.write("in.jsonl", lines(events))
        first = self.mock("splunk", "--ack", *RESTARTS, *FAULTS)
        second = self.mock("splunk", "--ack", "--fail", "503:20%", "--seed", "7")
        status, text = self.run_once(self.config(
            self.source() + self.both(first, second, 'strategy = "round_robin"\n' + QUICK_ACK)))
        self.assertEqual(status, 0, text)
        self.assertEqual(set(first.arrivals()) | set(second.arrivals()), ids(events))


class Answers(Case):
    """What is wrong is said in the vendor's words, with the setting's place; nothing is lost meanwhile."""

    def held(self, code, words, *options, more="", token=None):
        events = [event(n) for n in range(120)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", *options)
        config = self.config(self.source() + self.splunk(splunk, more="batch_size = 40\n" + more))
        daemon = self.daemon(config, env={"TEST_TOKEN": token or "secret-token-1"}).ready()
        wait_for(code, lambda: "[%s]" % code in daemon.text())
        text = daemon.text()
        daemon.stop()
        for word in words:
            self.assertIn(word, text)
        self.assertIn("test.toml:", text)
        self.assertEqual(self.dead_letters("splunk"), [])
        self.assertEqual(splunk.arrivals(), [])
        splunk.stop()
        splunk.options = []
        splunk.start()
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(splunk.arrivals()), ids(events))

    def test_a_wrong_token(self):
        self.held("CS4010", ["hec.4", "Invalid token"], "--token", "another")

    def test_a_wrong_index(self):
        self.held("CS4040", ["hec.7", "Incorrect index 'main'"], "--index", "security")

    def test_a_login_page_with_status_200(self):
        self.held("CS4040", ["splunk.not_hec", "HTML page"], "--fail", "html")

    def test_an_answer_of_ten_mebibytes(self):
        events = [event(n) for n in range(200)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", "--fail", "flood=10485760@1-3")
        status, text = self.run_once(self.config(self.source() + self.splunk(splunk, more=FAST_RETRY + PATIENT)))
        self.assertEqual(status, 0, text)
        self.assertEqual(set(splunk.arrivals()), ids(events))
        self.assertLess(len(text), 100_000)

    def test_one_bad_event_of_many_and_the_rest_goes_on(self):
        events = [event(n) for n in range(1000)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", "--fail", "item=400:1%")
        status, text = self.run_once(self.config(self.source() + self.splunk(splunk, more="batch_size = 100\n")))
        refused = {r["refused"] for r in splunk.everything() if "refused" in r}
        self.assertTrue(refused)
        self.assertEqual(status, 1, text)
        self.assertEqual({letter["event"]["event_id"] for letter in self.dead_letters("splunk")}, refused)
        self.assertEqual(sorted(splunk.arrivals()), sorted(ids(events) - refused))

    def test_splunk_cloud_says_too_large_in_its_own_way(self):
        events = [event(n, metadata={"n": n, "pad": "x" * 200_000}) for n in range(60)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk", "--cloud")
        status, text = self.run_once(self.config(self.source() + self.splunk(splunk, more="batch_max_bytes = 9000000\nflush_interval_ms = 3000\n")))
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(splunk.arrivals()), sorted(ids(events)))
        self.assertIn("CS4032", text)
        self.assertEqual(self.dead_letters("splunk"), [])


if __name__ == "__main__":
    unittest.main()
