"""Dead letters sent again: through the daemon or without one, some of them or all, and never lost on the way."""

import http.client
import json
import os
import signal
import socket
import subprocess
import unittest

from harness import BIN, Case, event, free_port, ids, lines, wait_for

EVENTS = 200


def admin(path, method, target, body):
    """The body of the daemon's answer."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.connect(path)
    connection.request(method, target, body)
    return connection.getresponse().read().decode()


class Replay(Case):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.events = [event(n, "critical" if n % 10 == 0 else "info") for n in range(EVENTS)]
        self.write("in.jsonl", lines(self.events))

    def give_up_some(self, rate="10%"):
        refusing = self.mock("elastic", "--fail", "item=400:" + rate, port=self.port)
        self.settings = self.config(self.source() + self.elastic(refusing))
        self.run_once(self.settings)
        refusing.stop()
        letters = self.dead_letters("elastic")
        self.assertTrue(letters)
        return letters

    def dlq(self, *words):
        return self.cli("--config", self.settings, *words, env={"TEST_TOKEN": "secret-token-1"})

    def with_daemon(self):
        daemon = self.daemon(self.settings)
        wait_for("the admin socket", lambda: os.path.exists(self.path("admin.sock")))
        return daemon

    def check_replayed(self, letters, mock, out):
        figures = json.loads(out)
        self.assertEqual(figures["delivered"], len(letters), figures)
        self.assertEqual(set(mock.arrivals()), {letter["event_id"] for letter in letters})
        self.assertEqual(self.dead_letters("elastic"), [])

    def test_without_a_daemon(self):
        letters = self.give_up_some()
        mock = self.mock("elastic", port=self.port)
        status, out, err = self.dlq("--json", "dlq", "replay", "--exporter", "elastic", "--rate", "1000", "--yes")
        self.assertEqual(status, 0, err)
        self.check_replayed(letters, mock, out)

    def test_through_the_daemon(self):
        letters = self.give_up_some()
        mock = self.mock("elastic", port=self.port)
        daemon = self.with_daemon()
        status, out, err = self.dlq("--json", "dlq", "replay", "--rate", "1000", "--yes")
        self.assertEqual(status, 0, err)
        wait_for("the letters to go", lambda: self.dead_letters("elastic") == [])
        self.check_replayed(letters, mock, out)
        daemon.stop()

    def test_a_dry_run_and_a_question_that_nobody_answers_send_nothing(self):
        letters = self.give_up_some()
        mock = self.mock("elastic", port=self.port)
        status, out, err = self.dlq("dlq", "replay", "--dry-run")
        self.assertEqual(status, 0, err)
        self.assertIn(str(len(letters)), out)
        status, out, err = self.dlq("dlq", "replay")
        self.assertEqual(status, 2)
        self.assertIn("--yes", err)
        self.assertEqual(mock.arrivals(), [])
        self.assertEqual(len(self.dead_letters("elastic")), len(letters))

    def test_where_and_one_letter_by_its_name(self):
        letters = self.give_up_some("40%")
        severe = [x["event_id"] for x in letters if x["event"]["decision"]["severity"] == "critical"]
        self.assertTrue(severe)
        mock = self.mock("elastic", port=self.port)
        status, out, err = self.dlq("--json", "dlq", "replay", "--where", "decision.severity == \"critical\"", "--yes")
        self.assertEqual(status, 0, err)
        self.assertEqual(sorted(mock.arrivals()), sorted(severe))
        left = self.dead_letters("elastic")
        status, out, err = self.dlq("--json", "dlq", "replay", "elastic/%d" % left[0]["sequence"], "--yes")
        self.assertEqual(status, 0, err)
        self.assertEqual(json.loads(out)["delivered"], 1)
        self.assertEqual(len(self.dead_letters("elastic")), len(left) - 1)
        status, _, err = self.dlq("dlq", "replay", "--where", "decision.severty == 1", "--yes")
        self.assertEqual(status, 2)
        self.assertIn("did you mean", err)

    def test_what_is_refused_again_stays_with_its_new_reason(self):
        letters = self.give_up_some()
        self.mock("elastic", "--fail", "item=400:100%", port=self.port)
        # One by one: a whole batch of refusals would be the destination's fault.
        status, out, err = self.dlq("--json", "dlq", "replay", "elastic/%d" % letters[0]["sequence"], "--yes")
        if status == 75:
            self.assertEqual(json.loads(out)["delivered"], 0)
        else:
            self.assertEqual(status, 1, err)
            renewed = [x for x in self.dead_letters("elastic") if x["sequence"] == letters[0]["sequence"]]
            self.assertEqual(len(renewed), 1)
            self.assertGreater(renewed[0]["attempts"], letters[0]["attempts"])
            self.assertEqual(renewed[0]["first_attempt"], letters[0]["first_attempt"])
            for letter in (letters[0], renewed[0]):
                self.assertRegex(letter["plugin_version"], r"^elastic \d")
                self.assertRegex(letter["format_version"], r"^ecs \d")
                self.assertRegex(letter["config_hash"], "^[0-9a-f]{16}$")
                self.assertRegex(letter["config_origin"], r"test\.toml:\d+:\d+$")
            self.assertEqual(letters[0]["config_hash"], renewed[0]["config_hash"])
        self.assertEqual(len(self.dead_letters("elastic")), len(letters))

    def test_an_exporter_that_is_gone_keeps_its_letters_until_another_one_is_named(self):
        letters = self.give_up_some()
        self.settings = self.config(self.source() + self.file_exporter())
        status, out, err = self.dlq("--json", "dlq", "replay", "--yes")
        self.assertEqual(status, 1, err)
        self.assertEqual(json.loads(out)["kept"], len(letters))
        self.assertIn("--to", json.loads(out)["problem"])
        self.assertEqual(len(self.dead_letters("elastic")), len(letters))
        status, out, err = self.dlq("--json", "dlq", "replay", "--to", "archive", "--rate", "1000", "--yes")
        self.assertEqual(status, 0, err)
        self.assertLessEqual({x["event_id"] for x in letters}, set(self.file_ids()))
        self.assertEqual(self.dead_letters("elastic"), [])

    def test_an_interrupted_replay_goes_on_where_it_was(self):
        letters = self.give_up_some("40%")
        mock = self.mock("elastic", port=self.port)
        for with_daemon in (True, False):
            daemon = self.with_daemon() if with_daemon else None
            before = len(mock.arrivals())
            p = subprocess.Popen([BIN, "--config", self.settings, "dlq", "replay", "--rate", "20", "--yes"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env=dict(os.environ, TEST_TOKEN="secret-token-1"))
            wait_for("some", lambda: len(mock.arrivals()) > before)
            p.send_signal(signal.SIGINT)
            _, err = p.communicate(timeout=30)
            self.assertEqual(p.returncode, 75, err)
            self.assertIn("repeat the command", err)
            if daemon:
                daemon.stop()
        status, out, err = self.dlq("--json", "dlq", "replay", "--rate", "1000", "--yes")
        self.assertEqual(status, 0, err)
        self.assertEqual(set(mock.arrivals()), {letter["event_id"] for letter in letters})
        self.assertEqual(self.dead_letters("elastic"), [])

    def test_two_replays_of_the_same_letters_are_refused(self):
        self.give_up_some("40%")
        daemon = self.with_daemon()
        self.mock("elastic", port=self.port)
        ask = lambda method, path, body="": admin(self.path("admin.sock"), method, "/api/v1/" + path, body)
        job = json.loads(ask("POST", "dlq/replay", '{"rate":1}'))
        self.assertEqual(job["state"], "running", job)
        self.assertIn("CS8009", ask("POST", "dlq/replay", '{"exporter":"elastic"}'))
        self.assertEqual(json.loads(ask("DELETE", "jobs/" + job["id"]))["state"], "cancelled")
        self.assertEqual(json.loads(ask("POST", "dlq/replay", '{"exporter":"elastic"}'))["state"], "running")
        daemon.stop()

    def test_purge_through_the_daemon(self):
        letters = self.give_up_some()
        daemon = self.with_daemon()
        status, _, err = self.dlq("dlq", "purge", "--event-id", letters[0]["event_id"], "--yes")
        self.assertEqual(status, 0, err)
        self.assertIn("1 dead letters", err)
        wait_for("one to go", lambda: len(self.dead_letters("elastic")) == len(letters) - 1)
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
