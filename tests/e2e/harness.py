"""Starts the real daemon and the platform doubles, feeds files, compares sets of event ids.

Python's standard library only. Every listener is on loopback. Paths come from the environment that meson (or run.sh)
sets: CSIEM_BIN (clawdstrike-siem), CSIEM_MOCK (clawdstrike-siem-mock), CSIEM_DATA (tests/data), CSIEM_HOSTILE
(directory of the misbehaving plugins).
"""

import fcntl
import http.server
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import uuid

BIN = os.environ.get("CSIEM_BIN", "clawdstrike-siem")
MOCK = os.environ.get("CSIEM_MOCK", "clawdstrike-siem-mock")
DATA = os.environ.get("CSIEM_DATA", os.path.join(os.path.dirname(__file__), "..", "data"))
HOSTILE = os.environ.get("CSIEM_HOSTILE", "")
# Sanitizers and busy machines are slower; no test depends on being fast.
PATIENCE = 120


def event(n, severity="info", **more):
    """A canonical event whose id tells its number."""
    blocked = severity in ("high", "critical")
    e = {
        "schema_version": "1.0.0",
        "event_id": str(uuid.UUID(int=(0x0195A1C2_0000_7000_8000_000000000000 + n))),
        "event_type": "guard_block" if blocked else "policy_allow",
        "event_category": "file",
        "timestamp": "2026-03-02T08:00:00.%09dZ" % (n % 1_000_000_000),
        "agent": {"id": "agent-1", "name": "agent-1", "version": "1.0.0", "type": "clawdstrike"},
        "session": {"id": "s-%d" % (n % 7)},
        "outcome": "failure" if blocked else "success",
        "action": "file_access",
        "threat": {},
        "decision": {"allowed": not blocked, "guard": "forbidden_path", "severity": severity, "reason": "because %d" % n},
        "resource": {"type": "file", "name": "/srv/f%d" % n, "path": "/srv/f%d" % n},
        "metadata": {"n": n},
        "labels": {},
    }
    e.update(more)
    return e


def fresh(n, severity="info", age=0.0, **more):
    """The same, of `age` seconds ago, for platforms that look at the time."""
    now = time.time() - age
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".%09dZ" % int(now % 1 * 1e9)
    return event(n, severity, timestamp=stamp, **more)


def lines(events):
    return "".join(json.dumps(e, separators=(",", ":")) + "\n" for e in events)


def ids(events):
    return {e["event_id"] for e in events}


def wait_for(what, condition, patience=None):
    end = time.monotonic() + (patience or PATIENCE)
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError("timed out waiting for " + what)


held_ports = []


def free_port():
    """A port that nothing listens on, and that stays this process's own while nothing does.

    Not one of those that the kernel gives out: while a double is stopped, another process would get its port.
    """
    with open("/proc/sys/net/ipv4/ip_local_port_range") as f:
        first = int(f.read().split()[0])
    directory = os.path.join(tempfile.gettempdir(), "csiem-e2e-ports")
    os.makedirs(directory, exist_ok=True)
    for port in random.sample(range(max(first - 8000, 1024), first), k=min(8000, first - 1024)):
        lock = open(os.path.join(directory, str(port)), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        held_ports.append(lock)
        return port
    raise AssertionError("no port is free")


class Mock:
    """One platform double, on the same port over restarts."""

    def __init__(self, directory, platform, *options, port=0):
        self.platform = platform
        self.options = list(options)
        self.directory = directory
        self.name = "%s-%s" % (platform, uuid.uuid4().hex[:6])
        self.record = os.path.join(directory, self.name + ".jsonl")
        self.port = port or free_port()
        self.process = None
        self.summary = None
        self.start()

    def start(self):
        port_file = os.path.join(self.directory, self.name + ".port")
        if os.path.exists(port_file):
            os.unlink(port_file)
        if os.path.exists(self.record):
            self.kept = self.recorded()
        else:
            self.kept = []
        self.process = subprocess.Popen(
            [MOCK, self.platform, "--port", str(self.port), "--port-file", port_file, "--record", self.record, "--json"]
            + self.options,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        wait_for("the double to listen", lambda: os.path.exists(port_file))

    def url(self, scheme="http"):
        return "%s://127.0.0.1:%d" % (scheme, self.port)

    def recorded(self):
        try:
            with open(self.record) as f:
                text = f.read()  # at once: the file grows, and its last line may be a part of one
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text.split("\n")[:-1]]

    def everything(self):
        return self.kept + self.recorded()

    def arrivals(self):
        """Event ids in order of arrival, repeats included."""
        return [r["id"] for r in self.everything() if "id" in r]

    def bodies(self):
        return [r["body"] for r in self.everything() if "id" in r]

    def violations(self):
        return [r["violation"] for r in self.everything() if "violation" in r]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
        out, _ = self.process.communicate(timeout=PATIENCE)
        if out:
            self.summary = json.loads(out)
        return self.summary


class Page:
    """A server that is no platform: answers everything with one status, body and headers, and keeps the requests."""

    def __init__(self, status, body=b"", content_type="text/html", headers=()):
        page = self
        self.requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                page.requests.append((self.command, self.path))
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass  # the client had read enough

            do_GET = do_POST = answer

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self):
        return "http://127.0.0.1:%d" % self.port

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Daemon:
    """One daemon in the foreground of a subprocess. `wrapper`: a command that becomes it."""

    def __init__(self, config, *arguments, env=None, stdin=subprocess.DEVNULL, wrapper=()):
        self.log_path = config + ".log"
        self.log = open(self.log_path, "a")
        self.out_path = config + ".out"
        environment = dict(os.environ)
        environment.update(env or {})
        with open(self.out_path, "w") as out:
            self.process = subprocess.Popen(
                list(wrapper) + [BIN, "--config", config, "--progress", "none", "run"] + list(arguments),
                stdin=stdin,
                stdout=out,
                stderr=self.log,
                env=environment,
                text=True,
            )

    def text(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def ready(self):
        wait_for("ready", lambda: "ready in" in self.text() or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise AssertionError("the daemon ended with %d:\n%s" % (self.process.returncode, self.text()))
        return self

    def wait(self, patience=None):
        try:
            return self.process.wait(patience or PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the daemon did not end:\n" + self.text()[-4000:])

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait()

    def kill9(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Case(unittest.TestCase):
    """A scratch directory, and nothing left running."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="csiem-e2e-")
        self.running = []

    def tearDown(self):
        for thing in self.running:
            if thing.process and thing.process.poll() is None:
                thing.process.kill()
                thing.process.wait()
            if thing.process and thing.process.stdout:
                thing.process.stdout.close()
            if hasattr(thing, "log"):
                thing.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        path = self.path(name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def append(self, name, text):
        with open(self.path(name), "a") as f:
            f.write(text)

    def mock(self, platform, *options, **more):
        m = Mock(self.dir, platform, *options, **more)
        self.running.append(m)
        return m

    def config(self, text, name="test.toml"):
        return self.write(
            name,
            'version = "1.0.0"\n[admin]\nsocket = "%s"\n[global]\ndata_dir = "%s"\nshutdown_grace = "50s"\n'
            'host_name = "host-1"\n%s' % (self.path("admin.sock"), self.path("data"), text),
        )

    def source(self, name="in.jsonl", id="audit", more=""):
        return '[sources.%s]\ntype = "jsonl"\npath = "%s"\nread_from = "beginning"\n%s\n' % (id, self.path(name), more)

    def splunk(self, mock, id="splunk", more=""):
        return (
            '[exporters.%s]\ntype = "splunk"\nhec_url = "%s"\nhec_token = "cred:TEST_TOKEN"\nindex = "main"\n%s\n'
            % (id, mock.url(), more)
        )

    def elastic(self, mock, id="elastic", more=""):
        return '[exporters.%s]\ntype = "elastic"\nnodes = ["%s"]\napi_key = "cred:TEST_TOKEN"\n%s\n' % (
            id,
            mock.url(),
            more,
        )

    def datadog(self, mock, id="datadog", more=""):
        return (
            '[exporters.%s]\ntype = "datadog"\napi_key = "cred:TEST_TOKEN"\nendpoint = "%s"\napi_endpoint = "%s"\n%s\n'
            % (id, mock.url(), mock.url(), more)
        )

    def page(self, *arguments, **more):
        page = Page(*arguments, **more)
        self.addCleanup(page.close)
        return page

    def webhook(self, mock, id="hook", more=""):
        return '[exporters.%s]\ntype = "webhook"\nurl = "%s/hook"\nformat = "native"\n%s\n' % (id, mock.url(), more)

    def file_exporter(self, name="out.jsonl", id="archive", more=""):
        return '[exporters.%s]\ntype = "file"\nformat = "native"\npath = "%s"\n%s\n' % (id, self.path(name), more)

    def daemon(self, config, *arguments, **more):
        env = dict(more.pop("env", None) or {})
        env.setdefault("TEST_TOKEN", "secret-token-1")
        d = Daemon(config, *arguments, env=env, **more)
        self.running.append(d)
        return d

    def run_once(self, config, *arguments, **more):
        d = self.daemon(config, "--once", *arguments, **more)
        status = d.wait()
        return status, d.text()

    def cli(self, *arguments, stdin=None, env=None):
        environment = dict(os.environ)
        environment.update(env or {})
        p = subprocess.run(
            [BIN] + list(arguments), input=stdin, capture_output=True, text=True, timeout=PATIENCE, env=environment
        )
        return p.returncode, p.stdout, p.stderr

    def dead_letters(self, exporter):
        return self.stored("dlq", "export", "--exporter", exporter, "-")

    def quarantine(self):
        return self.stored("queue", "quarantine")

    def stored(self, *command):
        status, out, err = self.cli("--config", self.path("test.toml"), *command, env={"TEST_TOKEN": "x"})
        self.assertEqual(status, 0, err)
        return [json.loads(line) for line in out.splitlines()]

    def file_ids(self, name="out.jsonl"):
        try:
            with open(self.path(name)) as f:
                return [json.loads(line)["event_id"] for line in f if line.endswith("\n")]
        except FileNotFoundError:
            return []


if __name__ == "__main__":
    unittest.main()
