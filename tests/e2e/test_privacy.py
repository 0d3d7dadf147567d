"""Privacy rules act before anything is stored: what they take out is in no output, file, log, answer or command."""

import glob
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import unittest
import uuid

from harness import Case, event, free_port, lines, wait_for

KEY = "0123456789abcdef0123456789abcdef"
# One secret of every detector, each found nowhere else.
SECRETS = {
    "aws_key": "AKIAIOSFODNN7CANARY2",
    "github_token": "ghp_0123456789abcdefghijABCDEFGHIJCANARY",
    "github_fine_grained": "github_pat_" + "CANARY5678" * 8 + "90",
    "gitlab_pat": "glpat-CANARYabcdefghij0123",
    "slack_token": "xoxb-123456789012-CANARYabcd",
    "slack_webhook": "https://hooks.slack.com/services/T00000000/B00000000/CANARYXXXXXXXXXXXXXX",
    "google_api_key": "AIzaSyA-CANARY6789abcdefghijklmnopqrstu",
    "openai_key": "sk-proj-CANARYa8Fk2LmQ9xZ4rT7vB1nC",
    "anthropic_key": "sk-ant-api03-" + "CANARYabcd" * 8,
    "stripe_key": "sk_live_CANARY9HqLyjWDarjtT1zdp7",
    "npm_token": "npm_CANARYabcdefghijklmnopqrstuvwxyz0123",
    "vault_token": "hvs.CANARYIJabcdefghijklmnopqrstuvwx",
    "jwt": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJDQU5BUlkifQx1.dozjgNryP4J3jVmNHl0w5N",
    "private_key_pem": "-----BEGIN RSA PRIVATE KEY-----\nMIIEowCANARY\n-----END RSA PRIVATE KEY-----",
    "basic_auth_url": "https://svc:CANARYpw1@db.example/x",
    "auth_header": "Authorization: Bearer CANARYbearer0123",
    "assignment": "DB_PASSWORD=CANARYhunter2",
    "datadog_key": "DD_API_KEY=cafe0123456789abcdef0123456789ca",
    "pagerduty_key": "routing_key=canary0123456789abcdefghijklmnop",
    "email": "canary.alice@mail.example.com",
    "ipv4": "10.211.212.213",
    "credit_card": "4111 1111 1111 1111",
    "us_ssn": "219-09-9999",
    "iban": "GB82WEST12345698765432",
    "phone_e164": "+4915112345678",
    "home_path": "/home/canaryuser/x",
}
# What must be nowhere: the part of it that is secret.
HIDDEN = dict(
    SECRETS,
    private_key_pem="MIIEowCANARY",
    basic_auth_url="CANARYpw1",
    auth_header="CANARYbearer0123",
    assignment="CANARYhunter2",
    datadog_key="cafe0123456789abcdef0123456789ca",
    pagerduty_key="canary0123456789abcdefghijklmnop",
    home_path="canaryuser",
)
FREE = [("agent", "id"), ("agent", "name"), ("agent", "version"), ("agent", "type"), ("session", "id"),
        ("session", "user_id"), ("session", "tenant_id"), ("session", "environment"), ("decision", "guard"),
        ("decision", "reason"), ("decision", "policy_hash"), ("decision", "ruleset"), ("resource", "name"),
        ("resource", "path"), ("resource", "host"), ("resource", "stranger"), ("threat", "technique"),
        ("decision", "severity"), ("resource", "type"), ("session", "stranger")]


def planted(n, secret):
    """An event with the secret in every place that can hold a text."""
    e = event(n, severity="high")
    for part, name in FREE:
        e[part][name] = "see %s here" % secret
    e["threat"]["indicator"] = {"type": "odd " + secret, "value": secret}
    for name in ("action", "event_type", "outcome", "stranger"):
        e[name] = secret
    e["metadata"] = {"a": {"b": [1, {"c": secret}, [secret]]}, secret: 1, "nested": json.dumps({"x": secret})}
    e["labels"] = {"team": secret, secret: "v"}
    return e


def admin(path, request):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(("GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % request).encode())
        answer = b""
        while True:
            part = s.recv(65536)
            if not part:
                return answer.decode()
            answer += part


class Privacy(Case):
    def rules(self, more=""):
        return "[privacy]\nredact_patterns = [%s]\n%s\n" % (", ".join('"%s"' % name for name in SECRETS), more)

    def leaks(self, where, data):
        if isinstance(data, str):
            data = data.encode()
        return ["%s in %s" % (name, where) for name, value in HIDDEN.items()
                if value.encode() in data or json.dumps(value)[1:-1].encode() in data]

    def everything_written(self):
        for path in glob.glob(os.path.join(self.dir, "**"), recursive=True):
            if os.path.isfile(path) and not os.path.basename(path).startswith("in"):
                with open(path, "rb") as f:
                    yield path, f.read()

    def test_planted_secrets_of_every_kind_are_nowhere(self):
        events = [planted(n, secret) for n, secret in enumerate(SECRETS.values())]
        broken = ['{"schema_version":"1.0.0","x":"%s",' % json.dumps(s)[1:-1] for s in SECRETS.values()]
        broken.append('{"not":"an event","x":"%s"}' % SECRETS["aws_key"])
        broken.append('{"x":"\\u0041%s' % SECRETS["aws_key"][1:])
        self.write("in.jsonl", lines(events) + "\n".join(broken) + "\n")
        splunk = self.mock("splunk", "--fail", "503:10%")
        elastic = self.mock("elastic", "--fail", "item=400:40%")
        config = self.config(
            self.rules() + self.source() + self.splunk(splunk, more="batch_size = 5\n")
            + self.elastic(elastic, more="batch_size = 5\n") + self.file_exporter()
            + self.file_exporter(name="ecs.jsonl", id="ecs").replace('"native"', '"ecs"')
            + '[exporters.stuck]\ntype = "webhook"\nurl = "http://127.0.0.1:%d/"\nformat = "native"\n' % free_port())
        daemon = self.daemon(config, "-v").ready()
        wait_for("the file", lambda: len(self.file_ids()) == len(events))
        wait_for("splunk", lambda: len(set(splunk.arrivals())) == len(events))
        refused = lambda: {r["refused"] for r in elastic.everything() if "refused" in r}
        wait_for("elastic", lambda: len(set(elastic.arrivals()) | refused()) == len(events))
        self.assertTrue(refused())
        metrics = wait_for("metrics", lambda: admin(self.path("admin.sock"), "/metrics"))
        answers = {"/metrics": metrics}
        for request in ("/api/v1/status", "/api/v1/dlq", "/api/v1/exporters", "/api/v1/queues"):
            answers[request] = admin(self.path("admin.sock"), request)
        daemon.stop()
        for name in SECRETS:
            found = [l for l in metrics.splitlines()
                     if l.startswith('clawdstrike_siem_redactions_total{rule="%s"}' % name)]
            self.assertEqual(len(found), 1, name)
            self.assertGreater(int(found[0].split()[-1]), 0, name)

        leaks = []
        for where, text in answers.items():
            leaks += self.leaks(where, text)
        letters = self.dead_letters("elastic")
        self.assertEqual({letter["event"]["event_id"] for letter in letters}, refused())
        quarantined = self.quarantine()
        self.assertEqual(len(quarantined), len(broken))
        self.assertEqual(len(self.stored("queue", "cat", "--exporter", "stuck")), len(events))
        for expected, *command in (
            (1, "dlq", "list"),
            (0, "dlq", "show", "elastic/%d" % letters[0]["sequence"]),
            (0, "dlq", "export", "--exporter", "elastic", "-"),
            (0, "queue", "list"),
            (0, "queue", "cat", "--exporter", "stuck"),
            (0, "queue", "quarantine"),
        ):
            status, out, err = self.cli("--config", self.path("test.toml"), *command, env={"TEST_TOKEN": "x"})
            self.assertEqual(status, expected, err)
            self.assertTrue(out)
            leaks += self.leaks(" ".join(command), out + err)
        status, out, err = self.cli("--config", self.path("test.toml"), "transform", "--exporter", "archive",
                                    self.path("in.jsonl"), env={"TEST_TOKEN": "x"})
        self.assertEqual(status, 0, err)
        self.assertEqual(out.count("\n"), len(events))
        leaks += self.leaks("transform", out)
        for path, data in self.everything_written():
            leaks += self.leaks(path, data)
        self.assertEqual(leaks, [])
        self.assertTrue(any(path.endswith("data.mdb") for path, _ in self.everything_written()))

    def test_the_canary_is_found_without_the_rules(self):
        events = [planted(n, secret) for n, secret in enumerate(SECRETS.values())]
        self.write("in.jsonl", lines(events))
        self.run_once(self.config(self.source() + self.file_exporter()))
        leaks = []
        for path, data in self.everything_written():
            leaks += self.leaks(path, data)
        for name in SECRETS:
            self.assertTrue(any(leak.startswith(name + " in") and "data.mdb" in leak for leak in leaks), name)
            self.assertTrue(any(leak.startswith(name + " in") and "out.jsonl" in leak for leak in leaks), name)

    def test_a_crash_leaves_no_core_dump(self):
        """The redacted text is not enough: a dump would hold the lines as they were read."""
        self.write("in.jsonl", lines([planted(n, secret) for n, secret in enumerate(SECRETS.values())]))
        config = self.config(self.rules() + self.source() + self.file_exporter())
        # Dumps are as welcome as the machine lets them be, and would lie in a directory of the test.
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        welcoming = (sys.executable, "-c", "import os, resource, sys; resource.setrlimit(resource.RLIMIT_CORE, (%d, %d));"
                     "os.chdir(sys.argv[1]); os.execvp(sys.argv[2], sys.argv[2:])" % (hard, hard), self.dir)
        daemon = self.daemon(config, wrapper=welcoming).ready()
        wait_for("the file", lambda: len(self.file_ids()) == len(SECRETS))
        with open("/proc/%d/limits" % daemon.process.pid) as f:
            limit = [line.split()[4:6] for line in f if line.startswith("Max core file size")]
        self.assertEqual(limit, [["0", "0"]])
        self.assertTrue(self.crash_dumps_nothing(daemon.process))
        for path, data in self.everything_written():
            self.assertNotIn(b"\x7fELF", data[:4], path)
            self.assertEqual(self.leaks(path, data), [])
        # The same signal dumps another process, if it dumps any here.
        other = subprocess.Popen(list(welcoming) + ["sleep", "600"])
        wait_for("sleep", lambda: os.path.basename(os.readlink("/proc/%d/exe" % other.pid)) in ("sleep", "coreutils", "busybox"))
        if self.crash_dumps_nothing(other):
            self.skipTest("this machine dumps no process at all: only the limit could be looked at")

    def crash_dumps_nothing(self, process):
        process.send_signal(signal.SIGABRT)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, -signal.SIGABRT)
        return not os.WCOREDUMP(status)

    def test_each_detector_is_needed(self):
        for name, secret in SECRETS.items():
            with self.subTest(name):
                e = event(1)
                e["metadata"] = {"text": "see %s" % secret}
                self.write("in.jsonl", lines([e]))
                out = "out-%s.jsonl" % name
                config = self.config('[privacy]\nredact_patterns = ["%s"]\n' % name
                                     + self.source() + self.file_exporter(name=out))
                with open(config) as f:
                    text = f.read().replace(self.path("data"), self.path("data-" + name))
                status, log = self.run_once(self.write("test.toml", text))
                self.assertEqual(status, 0, log)
                with open(self.path(out)) as f:
                    written = f.read()
                self.assertIn("[REDACTED]", written)
                self.assertNotIn(json.dumps(HIDDEN[name])[1:-1], written)

    def test_fields_are_dropped_replaced_and_hashed_before_the_store(self):
        e = event(1)
        e["session"]["user_id"] = "canary-user"
        e["metadata"] = {"prompt": "canary-prompt", "who": {"id": "canary-user"}, "list": [{"mail": "canary-mail"}]}
        e["labels"] = {"owner": "canary-owner"}
        self.write("in.jsonl", lines([e]) + '{"session":{"user_id":"canary-broken\n')
        config = self.config(
            '[privacy]\ndrop_fields = ["metadata.prompt"]\nredact_fields = ["labels.owner", "metadata.list.mail"]\n'
            'hash_fields = ["session.user_id", "metadata.who.id"]\nhash_key = "cred:PRIVACY_HASH_KEY"\n'
            'replacement = "<gone>"\n' + self.source() + self.file_exporter())
        status, text = self.run_once(config, env={"PRIVACY_HASH_KEY": KEY})
        self.assertEqual(status, 0, text)
        with open(self.path("out.jsonl")) as f:
            out = json.loads(f.readline())
        self.assertNotIn("prompt", out["metadata"])
        self.assertEqual(out["labels"], {"owner": "<gone>"})
        self.assertEqual(out["metadata"]["list"], [{"mail": "<gone>"}])
        self.assertRegex(out["session"]["user_id"], "^h1_[0-9a-f]{4}_[0-9a-f]{32}$")
        self.assertEqual(out["metadata"]["who"]["id"], out["session"]["user_id"])
        self.assertEqual(len(self.quarantine()), 1)
        for path, data in self.everything_written():
            self.assertNotIn(b"canary-", data, path)
            self.assertNotIn(KEY.encode(), data, path)

    def test_hashing_without_its_key_reads_nothing(self):
        e = event(1)
        e["session"]["user_id"] = "canary-user"
        self.write("in.jsonl", lines([e]))
        config = self.config('[privacy]\nhash_fields = ["session.user_id"]\nhash_key = "cred:PRIVACY_HASH_KEY"\n'
                             + self.source() + self.file_exporter())
        status, text = self.run_once(config)
        self.assertEqual(status, 78, text)
        self.assertIn("CS2005", text)
        status, text = self.run_once(config, env={"PRIVACY_HASH_KEY": "short"})
        self.assertEqual(status, 78, text)
        status, out, err = self.cli("--config", config, "validate", "--offline")
        self.assertNotEqual(status, 0)
        self.assertIn("privacy.hash_key", out + err)
        daemon = self.daemon(config).ready()
        wait_for("the word about it", lambda: "the sources wait" in daemon.text())
        daemon.stop()
        self.assertEqual(self.file_ids(), [])

    def test_a_new_hash_key_counts_without_a_restart(self):
        def hashed():
            try:
                with open(self.path("out.jsonl")) as f:
                    return [json.loads(line)["session"]["user_id"] for line in f if line.endswith("\n")]
            except FileNotFoundError:
                return []

        def one(n):
            e = event(n)
            e["session"]["user_id"] = "canary-user"
            return lines([e])

        os.mkdir(self.path("secrets"), 0o700)

        def provide(text):
            with open(self.path("secrets/key.new"), "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
                f.write(text)
            os.rename(self.path("secrets/key.new"), self.path("secrets/key"))

        provide(KEY)
        self.write("in.jsonl", one(1))
        config = self.config(
            '[credentials]\nrefresh_interval = 1\n[credentials.file]\ndir = "%s"\n' % self.path("secrets")
            + '[privacy]\nhash_fields = ["session.user_id"]\nhash_key = "cred:file/key"\n'
            + self.source() + self.file_exporter())
        daemon = self.daemon(config).ready()
        wait_for("the first event", lambda: len(hashed()) == 1)
        provide(KEY[::-1])
        n = 2
        while len({h.split("_")[1] for h in hashed()}) < 2:
            self.append("in.jsonl", one(n))
            wait_for("another event", lambda: len(hashed()) == n)
            n += 1
            self.assertLess(n, 5000)
        daemon.stop()
        first, last = hashed()[0], hashed()[-1]
        self.assertNotEqual(first.split("_")[2], last.split("_")[2])

    def test_bad_rules_are_refused_with_their_place(self):
        for rule, place, hint in (
            ('redact_patterns = ["emial"]', "10:20", "did you mean 'email'?"),
            ('redact_fields = ["session.user"]', "10:18", ""),
            ('drop_fields = ["event_id"]', "10:16", ""),
            ('hash_fields = ["session.user_id"]', "10:1", "hash_key"),
            ("patterns = { x = 'EMP-(?=y)' }", "10:23", "RE2"),
        ):
            with self.subTest(rule):
                config = self.config("# \n[privacy]\n" + rule + "\n" + self.source() + self.file_exporter())
                status, out, err = self.cli("--config", config, "validate", "--offline")
                self.assertEqual(status, 78, out + err)
                self.assertIn("CS1042", out + err)
                self.assertIn(place, out + err)
                self.assertIn(hint, out + err)


if __name__ == "__main__":
    unittest.main()
