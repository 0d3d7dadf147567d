"""The running daemon as its operators, probes and scrapers see it, through the admin socket."""

import http.client
import json
import os
import re
import socket
import stat
import unittest

from harness import Case, event, ids, lines, wait_for

FAST_RETRY = "retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n"
SAMPLE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\]|\\[\\"n])*",?)*)\})? (-?[0-9.e+-]+|\+Inf)$')


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class AdminCase(Case):
    """A daemon that reads in.jsonl."""

    def ask(self, method, target):
        connection = UnixConnection(self.path("admin.sock"))
        try:
            connection.request(method, target)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def get(self, target):
        status, text = self.ask("GET", target)
        self.assertEqual(status, 200, text)
        return json.loads(text)

    def exporter(self, id):
        return self.get("/api/v1/exporters/" + id)

    def delivered(self, id):
        return self.exporter(id)["ledger"]["delivered"]

    def command(self, *arguments, **more):
        return self.cli("--socket", self.path("admin.sock"), *arguments, **more)

    def metrics(self):
        status, text = self.ask("GET", "/metrics")
        self.assertEqual(status, 200)
        values, types = {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.assertNotIn(name, types)
                types[name] = kind
            elif not line.startswith("# HELP "):
                match = SAMPLE.match(line)
                self.assertTrue(match, line)
                name, labels, value = match.groups()
                family = re.sub("_(bucket|sum|count)$", "", name)
                self.assertTrue(name in types or types.get(family) == "histogram", line)
                self.assertNotIn((name, labels), values)
                values[name, labels] = float(value)
        return values


class Status(AdminCase):
    def start(self, exporters):
        self.write("in.jsonl", "")
        self.config_path = self.config(self.source() + exporters)
        return self.daemon(self.config_path).ready()

    def test_status_tells_what_was_read_and_delivered(self):
        splunk = self.mock("splunk")
        events = [event(n) for n in range(700)]
        self.start(self.splunk(splunk) + self.file_exporter(more='filter = { min_severity = "high" }'))
        self.append("in.jsonl", lines(events) + "not an event\n")
        wait_for("delivery", lambda: self.delivered("splunk") == 700)
        wait_for("filtering", lambda: self.exporter("archive")["ledger"]["filtered"] == 700)
        status = self.get("/api/v1/status")
        self.assertEqual(status["intake"]["accepted"], 700)
        self.assertEqual(status["intake"]["quarantined"], 1)
        self.assertEqual([s["events"] for s in status["sources"]], [700])
        self.assertEqual({e["id"]: (e["state"], e["plugin"]) for e in status["exporters"]},
                         {"splunk": ("running", "splunk"), "archive": ("running", "file")})
        for exporter in status["exporters"]:
            self.assertEqual(exporter["ledger"]["imbalance"], 0)
            self.assertEqual(exporter["ledger"]["accepted"], 700)
        self.assertGreater(self.exporter("splunk")["requests"]["2xx"], 0)

        code, out, err = self.command("status")
        self.assertEqual(code, 0, err)
        self.assertIn(self.config_path, out)
        self.assertRegex(out, r"(?m)^audit +jsonl +\S+ +700")
        self.assertRegex(out, r"(?m)^splunk +ok +\S+ +<=\S+ \S+ +700 +0 +- +0")
        self.assertIn("LEDGER  balanced for 2 of 2", out)
        code, out, _ = self.command("--json", "status")
        self.assertEqual(json.loads(out)["schema"], "clawdstrike-siem/status/v1")
        code, out, _ = self.command("--plain", "exporters", "list")
        self.assertEqual(code, 0)
        self.assertEqual([row.split("\t")[0] for row in out.splitlines()], ["EXPORTER", "archive", "splunk"])

    def test_a_client_finds_the_socket_in_the_configuration_and_in_the_environment(self):
        self.start(self.file_exporter())
        code, _, err = self.cli("--config", self.config_path, "status")
        self.assertEqual(code, 0, err)
        code, _, err = self.cli("status", env={"CLAWDSTRIKE_SIEM_SOCKET": self.path("admin.sock")})
        self.assertEqual(code, 0, err)

    def test_metrics_parse_and_carry_the_same_figures(self):
        splunk = self.mock("splunk")
        self.start(self.splunk(splunk))
        self.append("in.jsonl", lines([event(n) for n in range(300)]))
        wait_for("delivery", lambda: self.delivered("splunk") == 300)
        metrics = self.metrics()
        prefix = "clawdstrike_siem_"
        self.assertEqual(metrics[prefix + "exporter_events_total", 'exporter="splunk",result="delivered"'], 300)
        self.assertEqual(metrics[prefix + "source_events_total", 'source="audit"'], 300)
        self.assertEqual(metrics[prefix + "ledger_imbalance_events", 'exporter="splunk"'], 0)
        self.assertEqual(metrics[prefix + "exporter_state", 'exporter="splunk",state="running"'], 1)
        requests = metrics[prefix + "exporter_requests_total", 'exporter="splunk",code_class="2xx"']
        self.assertGreater(requests, 0)
        self.assertEqual(metrics[prefix + "exporter_request_duration_seconds_count", 'exporter="splunk"'], requests)
        self.assertGreater(metrics["process_resident_memory_bytes", None], 1 << 20)
        self.assertGreater(metrics[prefix + "admin_requests_total", 'path="/api/v1/exporters/{id}",code="200"'], 0)
        # Counters never go back.
        again = self.metrics()
        for (name, labels), value in metrics.items():
            if name.endswith("_total"):
                self.assertGreaterEqual(again[name, labels], value, name)

    def test_readiness_follows_a_required_exporter_and_says_why(self):
        splunk = self.mock("splunk", "--token", "the-right-one")
        self.start(self.splunk(splunk, more="required = true") + self.file_exporter())
        self.assertEqual(self.ask("GET", "/healthz"), (200, "ok\n"))
        wait_for("readiness", lambda: self.ask("GET", "/readyz")[0] == 200)
        self.assertEqual(self.command("health")[0], 0)
        self.append("in.jsonl", lines([event(0)]))
        wait_for("the hold", lambda: self.ask("GET", "/readyz")[0] == 503)
        health = json.loads(self.ask("GET", "/readyz")[1])
        self.assertFalse(health["ready"])
        self.assertEqual([(r["id"], r["code"]) for r in health["reasons"]], [("splunk", "CS4010")])
        code, out, _ = self.command("health")
        self.assertEqual(code, 1)
        self.assertIn("[CS4010]", out)
        self.assertIn("result: not ready", out)
        self.assertEqual(self.command("health", "--live")[0], 0)
        self.assertEqual(self.command("health", "--exporter", "archive")[0], 0)
        self.assertEqual(self.command("health", "--exporter", "splunk")[0], 1)
        code, out, _ = self.command("--json", "health")
        self.assertEqual(json.loads(out)["ready"], False)
        # What is not required does not count.
        self.assertEqual(self.ask("GET", "/healthz")[0], 200)


class Control(AdminCase):
    def test_pause_keeps_events_and_resume_delivers_them(self):
        splunk, other = self.mock("splunk"), self.mock("webhook")
        self.write("in.jsonl", "")
        config = self.config(self.source() + self.splunk(splunk) + self.webhook(other, more='framing = "ndjson"\n'
                             "batch_size = 50\nenvelope = false"))
        daemon = self.daemon(config).ready()
        code, out, err = self.command("exporters", "pause", "splunk", "--yes")
        self.assertEqual((code, out), (0, "splunk: paused\n"), err)
        events = [event(n) for n in range(500)]
        self.append("in.jsonl", lines(events))
        wait_for("the other exporter", lambda: self.delivered("hook") == 500)
        self.assertEqual(self.exporter("splunk")["state"], "paused")
        self.assertEqual(self.exporter("splunk")["code"], "CS4062")
        self.assertEqual(self.exporter("splunk")["ledger"]["queued"], 500)
        self.assertEqual(splunk.arrivals(), [])
        _, out, _ = self.command("status")
        self.assertRegex(out, r"(?m)^splunk +paused ")
        self.assertIn("splunk: 500 accepted = 0 delivered + 0 filtered + 0 dlq + 0 dropped + 500 queued", out)
        code, out, _ = self.command("exporters", "resume", "splunk", "--yes")
        self.assertEqual((code, out), (0, "splunk: running\n"))
        wait_for("the rest", lambda: self.delivered("splunk") == 500)
        self.assertEqual(sorted(splunk.arrivals()), sorted(ids(events)))
        self.assertRegex(daemon.text(), r"pause by an operator exporter=splunk by=uid %d" % os.getuid())

    def test_a_paused_exporter_does_not_hold_up_the_end_and_its_events_come_with_the_next_start(self):
        splunk = self.mock("splunk")
        self.write("in.jsonl", "")
        config = self.config(self.source() + self.splunk(splunk))
        daemon = self.daemon(config).ready()
        self.assertEqual(self.command("exporters", "pause", "splunk", "--yes")[0], 0)
        events = [event(n) for n in range(40)]
        self.append("in.jsonl", lines(events))
        wait_for("the queue", lambda: self.exporter("splunk")["ledger"]["queued"] == 40)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(splunk.arrivals(), [])
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(splunk.arrivals()), sorted(ids(events)))

    def test_resume_tries_again_at_once_where_the_daemon_would_still_wait(self):
        splunk = self.mock("splunk")
        self.write("in.jsonl", "")
        config = self.config(self.source() + self.splunk(
            splunk, more=FAST_RETRY + 'circuit_breaker = { failure_threshold = 1, open_for = "24h" }\n'))
        self.daemon(config).ready()
        splunk.stop()
        events = [event(n) for n in range(20)]
        self.append("in.jsonl", lines(events))
        wait_for("the breaker", lambda: self.exporter("splunk")["state"] == "open")
        splunk.start()
        self.assertEqual(self.command("exporters", "resume", "splunk", "--yes")[0], 0)
        wait_for("delivery", lambda: self.delivered("splunk") == 20)
        self.assertEqual(set(splunk.arrivals()), ids(events))

    def test_flush_sends_what_waits_for_its_interval(self):
        splunk = self.mock("splunk")
        self.write("in.jsonl", "")
        config = self.config(self.source() + self.splunk(splunk, more="flush_interval_ms = 600000\n"))
        self.daemon(config).ready()
        self.append("in.jsonl", lines([event(n) for n in range(3)]))
        wait_for("the queue", lambda: self.exporter("splunk")["ledger"]["queued"] == 3)
        code, out, _ = self.command("exporters", "flush", "splunk", "--yes")
        self.assertEqual(code, 0, out)
        wait_for("delivery", lambda: self.delivered("splunk") == 3)

    def test_commands_that_change_something_want_yes_where_nobody_can_be_asked(self):
        self.write("in.jsonl", "")
        self.daemon(self.config(self.source() + self.file_exporter())).ready()
        code, _, err = self.command("exporters", "pause", "archive", stdin="y\n")
        self.assertEqual(code, 2)
        self.assertIn("--yes", err)
        self.assertEqual(self.exporter("archive")["state"], "running")

    def test_an_unknown_exporter_is_told_so_and_the_known_one_beside_it_is_done(self):
        self.write("in.jsonl", "")
        self.daemon(self.config(self.source() + self.file_exporter())).ready()
        code, out, err = self.command("exporters", "pause", "nobody", "archive", "--yes")
        self.assertEqual(code, 1)
        self.assertIn("CS8005", err)
        self.assertIn("archive: paused", out)


class Access(AdminCase):
    def setUp(self):
        super().setUp()
        self.write("in.jsonl", "")
        self.config_path = self.config(self.source() + self.file_exporter())

    def test_a_second_daemon_on_the_socket_is_refused_with_the_owners_pid(self):
        first = self.daemon(self.config_path).ready()
        code, _, err = self.cli("--config", self.config_path, "--set", 'global.data_dir="%s"' % self.path("data-2"), "run")
        self.assertEqual(code, 74, err)
        self.assertIn("CS8001", err)
        self.assertIn(str(first.process.pid), err)
        self.assertEqual(self.get("/api/v1/version")["schema"], "clawdstrike-siem/version/v1")
        # A run that ends by itself needs no socket, and takes none.
        other = self.write("other.toml", open(self.config_path).read().replace("/data", "/data-3"))
        self.assertEqual(self.cli("--config", other, "--progress", "none", "run", "--once")[0], 0)
        self.assertEqual(self.ask("GET", "/healthz")[0], 200)

    def test_the_socket_of_a_killed_daemon_is_taken_over_and_goes_with_the_daemon(self):
        self.daemon(self.config_path).ready().kill9()
        self.assertTrue(os.path.exists(self.path("admin.sock")))
        second = self.daemon(self.config_path)
        wait_for("an answer", lambda: second.text().count("ready in") == 2)
        self.assertEqual(self.ask("GET", "/healthz")[0], 200)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("admin.sock")).st_mode), 0o660)
        self.assertEqual(second.stop(), 0)
        self.assertFalse(os.path.exists(self.path("admin.sock")))

    def test_without_a_daemon_the_socket_that_was_tried_is_named(self):
        for command in (["status"], ["health"], ["exporters", "list"], ["exporters", "pause", "x", "--yes"]):
            code, out, err = self.command(*command)
            self.assertEqual((code, out), (69, ""), command)
            self.assertIn("CS8004", err)
            self.assertIn(self.path("admin.sock"), err)
            self.assertIn("clawdstrike-siem run", err)

    def test_a_socket_that_cannot_be_made_is_an_error_when_it_was_asked_for(self):
        code, _, err = self.cli("--config", self.config_path, "--set", 'admin.socket="%s/x"' % self.config_path, "run")
        self.assertIn(code, (74, 77), err)
        self.assertIn("CS8002", err)

    def ask_as_nobody(self, method, target):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                os.write(writer, str(self.ask(method, target)[0]).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as answer:
            status = answer.read()
        os.waitpid(child, 0)
        return int(status or 0)

    @unittest.skipUnless(os.geteuid() == 0, "needs another user")
    def test_a_stranger_gets_health_and_nothing_else(self):
        os.chmod(self.dir, 0o755)
        self.daemon(self.config_path, env={"CLAWDSTRIKE_SIEM__ADMIN__SOCKET_MODE": "0666"}).ready()
        for line, wanted in (("GET /healthz", 200), ("GET /metrics", 200), ("GET /api/v1/status", 403),
                             ("POST /api/v1/exporters/archive/pause", 403)):
            self.assertEqual(self.ask_as_nobody(*line.split(" ")), wanted, line)
        self.assertEqual(self.exporter("archive")["state"], "running")

    def test_a_slow_client_does_not_keep_others_waiting(self):
        self.daemon(self.config_path).ready()
        slow = [socket.socket(socket.AF_UNIX) for _ in range(8)]
        for s in slow:
            s.connect(self.path("admin.sock"))
            s.sendall(b"GET /healthz HTTP/1.1\r\nHos")
        self.assertEqual(self.ask("GET", "/healthz")[0], 200)
        for s in slow:
            s.close()


if __name__ == "__main__":
    unittest.main()
