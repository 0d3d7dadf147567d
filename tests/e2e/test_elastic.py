"""Elasticsearch and its relatives: bootstrap, failover between nodes, answers that are not what they seem."""

import time
import unittest

from harness import Case, event, ids, lines, wait_for
from test_delivery import FAST_RETRY, FAULTS, PATIENT


class Bootstrap(Case):
    def run_with(self, *options, more="", expect=0):
        events = [event(n) for n in range(400)]
        self.write("in.jsonl", lines(events))
        elastic = self.mock("elastic", *options)
        config = self.config(self.source() + self.elastic(
            elastic, more="bootstrap = true\nbatch_size = 50\n" + FAST_RETRY + PATIENT + more))
        status, text = self.run_once(config)
        self.assertEqual(status, expect, text)
        return elastic, ids(events), text

    def test_every_kind_of_cluster_gets_its_templates_before_the_first_document(self):
        for flavor in ("default", "serverless", "opensearch"):
            with self.subTest(flavor):
                elastic, want, _ = self.run_with("--flavor", flavor, "--require-template")
                self.assertEqual(sorted(elastic.arrivals()), sorted(want))
                self.assertEqual(elastic.violations(), [])
            self.tearDown()
            self.setUp()

    def test_a_second_start_installs_the_same_again(self):
        elastic, want, _ = self.run_with("--require-template")
        more = [event(n) for n in range(1000, 1100)]
        self.append("in.jsonl", lines(more))
        status, text = self.run_once(self.path("test.toml"))
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(elastic.arrivals()), sorted(want | ids(more)))
        self.assertEqual(elastic.violations(), [])

    def test_an_alias_or_an_index_per_day_is_prepared_too(self):
        for flavor in ("default", "opensearch"):
            for index, written in (("sec-events", {"sec-events"}), ("sec-{date}", {"sec-2026.03.02"})):
                with self.subTest(flavor=flavor, index=index):
                    elastic, want, _ = self.run_with(
                        "--flavor", flavor, "--require-template", more='index = "%s"\n' % index)
                    self.assertEqual(sorted(elastic.arrivals()), sorted(want))
                    self.assertEqual({r["to"] for r in elastic.recorded() if "to" in r}, written)
                    self.assertEqual(elastic.violations(), [])
                self.tearDown()
                self.setUp()

    def test_bootstrap_under_faults(self):
        elastic, want, _ = self.run_with("--require-template", *FAULTS, "--fail", "503@1-2")
        self.assertEqual(sorted(elastic.arrivals()), sorted(want))
        self.assertEqual(elastic.violations(), [])

    def test_a_key_that_may_not_install_is_told_of_and_documents_go_on(self):
        elastic, want, text = self.run_with("--refuse-objects")
        self.assertEqual(sorted(elastic.arrivals()), sorted(want))
        self.assertIn("bootstrap: not installed", text)
        self.assertIn("/_index_template/clawdstrike-security", text)

    def test_or_it_holds_the_exporter(self):
        events = [event(n) for n in range(50)]
        self.write("in.jsonl", lines(events))
        elastic = self.mock("elastic", "--refuse-objects")
        config = self.config(self.source() + self.elastic(
            elastic, more='bootstrap = true\nbootstrap_options = { on_error = "fail" }\n'))
        daemon = self.daemon(config).ready()
        wait_for("the coded message", lambda: "[CS4040]" in daemon.text())
        self.assertIn("es.bootstrap", daemon.text())
        daemon.stop()
        self.assertEqual(elastic.arrivals(), [])
        self.assertEqual(self.dead_letters("elastic"), [])


class PackInstall(Case):
    def install(self, elastic, *options, more=""):
        self.write("in.jsonl", "")
        config = self.config(self.source() + self.elastic(elastic, more=more))
        return self.cli("--config", config, "pack", "install", "elastic", *options, env={"TEST_TOKEN": "x"})

    def test_what_is_missing_is_installed_after_a_plan_and_again(self):
        elastic = self.mock("elastic", "--require-template")
        code, out, err = self.install(elastic, "--dry-run")
        self.assertEqual(code, 0, out + err)
        self.assertIn("create  /_ilm/policy/clawdstrike-security\n", out)
        self.assertIn("nothing was changed", err)
        code, again, err = self.install(elastic, "--dry-run")
        self.assertEqual((code, again), (0, out), err)
        code, done, err = self.install(elastic, "--yes")
        self.assertEqual((code, done), (0, out), err)
        code, out, err = self.install(elastic, "--yes", more='index = "sec-events"\n')
        self.assertEqual(code, 0, out + err)
        self.assertIn("replace /_ingest/pipeline/clawdstrike-security\n", out)
        self.assertIn("create  /sec-events-000001\n", out)
        code, out, err = self.install(elastic, "--yes", more='index = "sec-events"\n')
        self.assertEqual(code, 0, out + err)
        self.assertIn("keep    /sec-events  what is there stays\n", out)
        # The exporter finds what it needs.
        events = [event(n) for n in range(20)]
        self.write("in.jsonl", lines(events))
        status, text = self.run_once(self.path("test.toml"))
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(elastic.arrivals()), sorted(ids(events)))
        self.assertEqual(elastic.violations(), [])

    def test_refusals_are_in_the_vendors_words_and_say_what_is_missing(self):
        elastic = self.mock("elastic", "--refuse-objects")
        code, out, err = self.install(elastic, "--yes")
        self.assertEqual(code, 1, out + err)
        self.assertIn("fail    /_ilm/policy/clawdstrike-security  HTTP 403 security_exception: ", out)
        self.assertIn("[CS4010]", out)
        self.assertIn("hint: the credential needs the cluster privilege manage_index_templates", out)
        elastic = self.mock("elastic", "--token", "another")
        code, out, err = self.install(elastic, "--yes")
        self.assertEqual(code, 1, out + err)
        self.assertIn("[CS4010]", out)
        self.assertIn("hint: check the exporter's api_key", out)
        elastic.stop()
        code, out, err = self.install(elastic, "--yes")
        self.assertEqual(code, 69, out + err)
        self.assertIn("[CS4001]", out)

    def test_nobody_is_asked_where_nobody_can_answer_and_other_packs_are_exported(self):
        elastic = self.mock("elastic")
        code, out, err = self.install(elastic)
        self.assertEqual(code, 2, out + err)
        self.assertIn("--yes", err)
        code, out, err = self.cli("pack", "install", "splunk")
        self.assertEqual(code, 2, out + err)
        self.assertIn("pack export splunk DIR", err)


class Nodes(Case):
    def both(self, first, second, more=""):
        return self.elastic(first, more="batch_size = 50\n" + FAST_RETRY + PATIENT + more).replace(
            '["%s"]' % first.url(), '["%s", "%s"]' % (first.url(), second.url()))

    def test_a_node_that_is_away_costs_nothing_and_is_asked_again_later(self):
        events = [event(n) for n in range(1000)]
        self.write("in.jsonl", lines(events))
        first, second = self.mock("elastic"), self.mock("elastic")
        first.stop()
        daemon = self.daemon(self.config(self.source() + self.both(first, second))).ready()
        wait_for("the second", lambda: set(second.arrivals()) == ids(events))
        first.start()
        sent = list(events)

        def back():
            sent.append(event(5000 + len(sent)))
            self.append("in.jsonl", lines(sent[-1:]))
            time.sleep(0.2)
            return first.arrivals()

        wait_for("the first", back)
        wait_for("the rest", lambda: set(first.arrivals() + second.arrivals()) == ids(sent))
        self.assertEqual(daemon.stop(), 0, daemon.text())
        self.assertEqual(sorted(first.arrivals() + second.arrivals()), sorted(ids(sent)))

    def test_faults_of_each_node_lose_nothing(self):
        events = [event(n) for n in range(3000)]
        self.write("in.jsonl", lines(events))
        first = self.mock("elastic", *FAULTS, "--fail", "item=429:0.2%")
        second = self.mock("elastic", "--fail", "502:10%", "--fail", "reset-before:5%", "--seed", "9")
        status, text = self.run_once(self.config(self.source() + self.both(first, second)))
        self.assertEqual(status, 0, text)
        self.assertEqual(set(first.arrivals()) | set(second.arrivals()), ids(events))
        self.assertEqual(first.violations() + second.violations(), [])
        self.assertEqual(self.dead_letters("elastic"), [])


class Answers(Case):
    def held(self, code, words, *options, more=""):
        events = [event(n) for n in range(120)]
        self.write("in.jsonl", lines(events))
        elastic = self.mock("elastic", *options)
        config = self.config(self.source() + self.elastic(elastic, more="batch_size = 40\n" + more))
        daemon = self.daemon(config).ready()
        wait_for(code, lambda: "[%s]" % code in daemon.text())
        text = daemon.text()
        daemon.stop()
        for word in words:
            self.assertIn(word, text)
        self.assertIn("test.toml:", text)
        self.assertEqual(self.dead_letters("elastic"), [])
        self.assertEqual(elastic.arrivals(), [])
        elastic.stop()
        elastic.options = []
        elastic.start()
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(elastic.arrivals()), sorted(ids(events)))

    def test_a_wrong_key(self):
        self.held("CS4010", ["es.security_exception", "unable to authenticate"], "--token", "another")

    def test_an_index_that_does_not_exist(self):
        self.held("CS4040", ["es.index_not_found_exception", "no such index"], "--index", "something-else")

    def test_a_login_page_with_status_200(self):
        self.held("CS4040", ["es.not_elasticsearch", "HTML page"], "--fail", "html")

    def test_a_failure_inside_of_a_200_delivers_nothing_and_loses_nothing(self):
        events = [event(n) for n in range(300)]
        self.write("in.jsonl", lines(events))
        elastic = self.mock("elastic", "--fail", "inside=503@1-3")
        status, text = self.run_once(self.config(self.source() + self.elastic(elastic, more=FAST_RETRY + PATIENT)))
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(elastic.arrivals()), sorted(ids(events)))

    def test_an_answer_of_ten_mebibytes(self):
        events = [event(n) for n in range(300)]
        self.write("in.jsonl", lines(events))
        elastic = self.mock("elastic", "--fail", "flood=10485760@1-3")
        status, text = self.run_once(self.config(self.source() + self.elastic(elastic, more=FAST_RETRY + PATIENT)))
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(elastic.arrivals()), sorted(ids(events)))
        self.assertLess(len(text), 100_000)

    def test_documents_that_do_not_fit_the_mapping_are_kept_as_text(self):
        events = [event(n) for n in range(1000)]
        self.write("in.jsonl", lines(events))
        elastic = self.mock("elastic", "--fail", "item=400:2%")
        status, text = self.run_once(self.config(self.source() + self.elastic(
            elastic, more='batch_size = 100\non_mapping_error = "fallback"\n')))
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(elastic.arrivals()), sorted(ids(events)))
        refused = {r["refused"] for r in elastic.everything() if "refused" in r}
        self.assertTrue(refused)
        texts = [body for body in elastic.bodies() if body.get("tags") == ["mapping_error"]]
        self.assertEqual({body["event"]["id"] for body in texts}, refused)
        self.assertIn('"event"', texts[0]["event"]["original"])

    def test_plain_indices_and_dated_ones(self):
        events = [event(n) for n in range(200)]
        self.write("in.jsonl", lines(events))
        elastic = self.mock("elastic")
        config = self.config(self.source() + self.elastic(elastic, id="plain", more='index = "clawdstrike"\n')
                             + self.elastic(elastic, id="dated", more='index = "clawdstrike-{date}"\n'))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        where = {}
        for record in elastic.everything():
            if "id" in record:
                where.setdefault(record["to"], set()).add(record["id"])
        self.assertEqual(where, {"clawdstrike": ids(events), "clawdstrike-2026.03.02": ids(events)})


if __name__ == "__main__":
    unittest.main()
