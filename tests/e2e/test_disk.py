"""A disk that refuses, and a data directory that is not what it should be: said once with its code, nothing lost."""

import json
import os
import re
import resource
import shutil
import subprocess
import time
import unittest

from harness import Case, event, free_port, ids, lines, wait_for

FAST_RETRY = "retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n"
# Becomes a command whose writes beyond its file size limit fail instead of ending it.
NO_SIGXFSZ = ["sh", "-c", 'trap "" XFSZ; exec "$@"', "sh"]


def namespaces():
    try:
        return subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def in_namespace(script):
    """A command that runs the script as the owner of its mounts, then becomes what follows."""
    return ["unshare", "-Urm", "sh", "-ec", script + '\nexec "$@"', "sh"]


class RefusingDisk(Case):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.config_path = self.config(
            self.source()
            + '[exporters.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:%d/hook"\nformat = "native"\nbatch_size = 50\n%s'
            % (self.port, FAST_RETRY)
        )
        self.write("in.jsonl", "")

    def ledger(self):
        status, out, err = self.cli("--config", self.config_path, "--json", "queue", "list")
        self.assertEqual(status, 0, err)
        (queue,) = json.loads(out)["exporters"]
        return queue

    def limit(self, daemon, size):
        hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def test_the_file_may_not_grow_then_it_may_and_nothing_is_lost(self):
        events = [event(n) for n in range(3000)]
        mock = self.mock("webhook", "--fail", "slow=5ms:100%", port=self.port)
        daemon = self.daemon(self.config_path, wrapper=NO_SIGXFSZ).ready()
        self.append("in.jsonl", lines(events[:500]))
        wait_for("the first ones", lambda: self.ledger()["accepted"] == 500)
        self.limit(daemon, os.path.getsize(self.path("data/store/data.mdb")))
        self.append("in.jsonl", lines(events[500:]))
        wait_for("the message", lambda: "error[CS5001]" in daemon.text() or "error[CS5005]" in daemon.text())
        # What is durable is delivered meanwhile.
        wait_for("the durable ones", lambda: set(mock.arrivals()) >= ids(events[:500]))
        time.sleep(2.5)
        self.assertLess(len(set(mock.arrivals())), len(events))
        self.assertEqual(daemon.text().count("kept in memory"), 1, daemon.text())
        self.limit(daemon, resource.RLIM_INFINITY)
        wait_for("all of them", lambda: set(mock.arrivals()) == ids(events))
        self.assertIn("the store can be written again", daemon.text())
        self.assertEqual(daemon.stop(), 0, daemon.text())
        self.assertEqual(self.ledger()["delivered"], len(events))
        self.assertEqual(sorted(mock.arrivals()), sorted(ids(events)))

    def test_killed_while_the_disk_refuses(self):
        events = [event(n) for n in range(3000)]
        mock = self.mock("webhook", port=self.port)
        daemon = self.daemon(self.config_path, wrapper=NO_SIGXFSZ).ready()
        self.append("in.jsonl", lines(events[:500]))
        wait_for("the first ones", lambda: set(mock.arrivals()) >= ids(events[:500]))
        self.limit(daemon, os.path.getsize(self.path("data/store/data.mdb")))
        self.append("in.jsonl", lines(events[500:]))
        wait_for("the message", lambda: "kept in memory" in daemon.text())
        daemon.kill9()
        status, text = self.run_once(self.config_path)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(mock.arrivals()), ids(events))

    @unittest.skipUnless(namespaces(), "needs user namespaces")
    def test_a_full_file_system(self):
        events = [event(n) for n in range(4000)]
        mock = self.mock("webhook", port=self.port)
        data = self.path("data")
        os.mkdir(data)
        daemon = self.daemon(self.config_path, wrapper=in_namespace("mount -t tmpfs -o size=4m none '%s'" % data)).ready()
        self.append("in.jsonl", lines(events[:100]))
        wait_for("the first ones", lambda: set(mock.arrivals()) >= ids(events[:100]))
        filler = "/proc/%d/root%s/filler" % (daemon.process.pid, data)
        with open(filler, "wb", buffering=0) as f:
            try:
                while True:
                    f.write(b"x" * 4096)
            except OSError:
                pass
        self.append("in.jsonl", lines(events[100:]))
        wait_for("the message", lambda: "kept in memory" in daemon.text())
        time.sleep(2.5)
        self.assertIn("error[CS5001]", daemon.text())
        self.assertEqual(daemon.text().count("kept in memory"), 1, daemon.text())
        os.unlink(filler)
        wait_for("all of them", lambda: set(mock.arrivals()) == ids(events))
        self.assertEqual(daemon.stop(), 0, daemon.text())


class DataDirectory(Case):
    """run --once with a data directory that cannot be used: what it says and how it ends."""

    def setUp(self):
        super().setUp()
        self.events = [event(n) for n in range(20)]
        self.write("in.jsonl", lines(self.events))
        self.config_path = self.config(self.source() + self.file_exporter())

    def refused(self, code, status=74, **more):
        got, text = self.run_once(self.config_path, **more)
        self.assertEqual(got, status, text)
        self.assertIn("[CS%d]" % code, text)
        self.assertEqual(self.file_ids(), [])
        return text

    def test_a_file_in_its_place(self):
        self.write("data", "no directory\n")
        self.refused(5005)

    def test_a_file_in_place_of_the_store(self):
        os.mkdir(self.path("data"))
        self.write("data/store", "no directory\n")
        self.refused(5005)

    @unittest.skipUnless(namespaces(), "needs user namespaces")
    def test_read_only(self):
        os.mkdir(self.path("data"))
        data = self.path("data")
        text = self.refused(5005, wrapper=in_namespace("mount --bind '%s' '%s'\nmount -o remount,bind,ro '%s'" % (data, data, data)))
        self.assertIn("read-only", text.lower())

    def test_of_another_version(self):
        self.run_once(self.config_path)
        os.unlink(self.path("out.jsonl"))
        path = self.path("data/store/data.mdb")
        with open(path, "rb") as f:
            content = f.read()
        ours = re.search(rb"format([\x01-\xff])\0\0\0", content).group(1)[0]
        for other in (ours - 1, ours + 1):
            with open(path, "wb") as f:
                f.write(content.replace(b"format%c\0\0\0" % ours, b"format%c\0\0\0" % other))
            self.refused(5004)

    def test_damaged_and_cut_stores(self):
        self.run_once(self.config_path)
        os.unlink(self.path("out.jsonl"))
        path = self.path("data/store/data.mdb")
        for content in (b"", b"garbage" * 5000):
            with open(path, "wb") as f:
                f.write(content)
            self.refused(5009)

    def test_used_by_another_instance(self):
        other = self.daemon(self.config_path).ready()
        wait_for("the events", lambda: len(self.file_ids()) == len(self.events))
        os.unlink(self.path("out.jsonl"))
        status, text = self.run_once(self.config_path)
        self.assertEqual(status, 74, text)
        self.assertIn("CS5003", text)
        self.assertEqual(other.stop(), 0)

    def test_deleted_while_it_runs(self):
        daemon = self.daemon(self.config_path).ready()
        wait_for("the events", lambda: len(self.file_ids()) == len(self.events))
        shutil.rmtree(self.path("data"))
        more = [event(n) for n in range(100, 120)]
        self.append("in.jsonl", lines(more))
        wait_for("the message", lambda: "error[CS5005]" in daemon.text())
        daemon.stop()
        # The position went with the directory, so everything is read again: doubled, not lost.
        status, text = self.run_once(self.config_path)
        self.assertEqual(status, 0, text)
        self.assertEqual(set(self.file_ids()), ids(self.events + more))


if __name__ == "__main__":
    unittest.main()
