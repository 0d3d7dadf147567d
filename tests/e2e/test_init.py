"""init: the configuration that it writes is accepted, and delivers once the addresses are the right ones."""

import json
import os
import stat
import subprocess
import unittest

from harness import BIN, Case, fresh, ids, lines

PLATFORMS = ("splunk", "elastic", "datadog", "sumo_logic", "webhook", "syslog", "file")
CREDENTIALS = {
    "SPLUNK_HEC_TOKEN": "secret-token-1",
    "ELASTIC_API_KEY": "secret-token-2",
    "DD_API_KEY": "0123456789abcdef0123456789abcdef",
    "SUMO_HTTP_SOURCE_URL": "https://collectors.example.com/receiver/v1/http/code",
}


class Init(Case):
    def init(self, *arguments, status=0):
        code, out, err = self.cli("init", *arguments)
        self.assertEqual(code, status, out + err)
        return out, err

    def written(self, *platforms):
        path = self.path("new.toml")
        named = [word for platform in platforms for word in ("--platform", platform)]
        _, err = self.init(*named, "--source", "jsonl:" + self.path("in.jsonl"), "-o", path)
        return path, err

    def overrides(self, mocks, **more):
        """The addresses of the doubles in the place of the examples."""
        values = {
            "splunk.hec_url": lambda m: '"%s"' % m.url(),
            "elastic.nodes": lambda m: '["%s"]' % m.url(),
            "datadog.endpoint": lambda m: '"%s"' % m.url(),
            "datadog.api_endpoint": lambda m: '"%s"' % m.url(),
            "webhook.url": lambda m: '"%s/hook"' % m.url(),
            "syslog.endpoints": lambda m: '["tcp://127.0.0.1:%d"]' % m.port,
        }
        out = ["--set", 'global.data_dir="%s"' % self.path("data"), "--set", 'sources.audit.read_from="beginning"']
        for key, value in values.items():
            platform = key.split(".")[0]
            if platform in mocks:
                out += ["--set", "exporters.%s=%s" % (key, value(mocks[platform]))]
        if "file" in mocks:
            out += ["--set", 'exporters.file.path="%s"' % self.path("out.jsonl"), "--set", 'exporters.file.format="native"']
        return out

    def run_with(self, path, mocks):
        env = dict(CREDENTIALS)
        if "sumo_logic" in mocks:
            env["SUMO_HTTP_SOURCE_URL"] = mocks["sumo_logic"].url() + "/receiver/v1/http/code"
        sets = self.overrides(mocks)
        for command in (["validate", "--offline"], ["run", "--once"]):
            code, out, err = self.cli("--config", path, *sets, *command, env=env)
            self.assertEqual(code, 0, " ".join(command) + "\n" + out + err)

    def test_what_is_written_for_each_platform_is_accepted_and_delivers(self):
        events = [fresh(n) for n in range(20)]
        self.write("in.jsonl", lines(events))
        for platform in PLATFORMS:
            with self.subTest(platform):
                path, _ = self.written(platform)
                # As it is, but for the directory of the daemon, which a test may not use.
                directories = ["--set", 'global.data_dir="%s"' % self.path("data")]
                if platform == "file":
                    directories += ["--set", 'exporters.file.path="%s"' % self.path("out.jsonl")]
                code, out, err = self.cli("--config", path, *directories, "validate", "--offline", "--deny-warnings",
                                          env=CREDENTIALS)
                self.assertEqual(code, 0, out + err)
                mock = None if platform == "file" else self.mock(platform)
                self.run_with(path, {platform: mock})
                if mock is None:
                    self.assertEqual(set(self.file_ids()), ids(events))
                else:
                    self.assertEqual(set(mock.arrivals()), ids(events))
                    self.assertEqual(mock.violations(), [])
                os.unlink(path)
                subprocess.run(["rm", "-r", self.path("data")], check=True)

    def test_all_platforms_in_one_file(self):
        events = [fresh(n) for n in range(5)]
        self.write("in.jsonl", lines(events))
        path, err = self.written(*PLATFORMS)
        for name in CREDENTIALS:
            self.assertIn(name, err)
        for command in ("validate", "send-test splunk elastic", "run"):
            self.assertIn("clawdstrike-siem --config %s %s" % (path, command), err)
        mocks = {name: self.mock(name) for name in PLATFORMS if name != "file"}
        mocks["file"] = None
        self.run_with(path, mocks)
        for name, mock in mocks.items():
            if mock is not None:
                self.assertEqual(set(mock.arrivals()), ids(events), name)

    def test_every_setting_that_is_a_comment_loads_when_it_is_none(self):
        for platform in PLATFORMS:
            text, _ = self.init("--platform", platform, "--source", "stdin")
            settings = [line[2:] for line in text.split("\n# What may be added", 1)[1].splitlines() if line[:2] == "# "]
            settings = [line for line in settings if " = " in line and " = …" not in line and "cred:NAME" not in line]
            self.assertGreater(len(settings), 5)
            path = self.write("all.toml", text + "\n".join(settings) + "\n")
            _, out, _ = self.cli("--json", "--config", path, "validate", "--offline", env=CREDENTIALS)
            # Some exclude each other; none may be unknown, of another type or twice the same.
            codes = {d["code"] for d in json.loads(out)["diagnostics"]}
            self.assertFalse(codes & {"CS1001", "CS1012", "CS1021", "CS1022", "CS1024", "CS1025"}, out)

    def test_without_a_source_it_is_a_drop_in(self):
        out, _ = self.init("--platform", "splunk")
        self.assertTrue(out.startswith("# Splunk"), out)
        self.assertNotIn("version", out.split("\n[", 1)[0])
        self.assertNotIn("[sources", out)
        out, _ = self.init("--platform", "splunk", "--source", "stdin")
        self.assertIn('version = "1.0.0"', out)
        self.assertIn("[sources.stdin]", out)

    def test_a_file_that_is_there_stays_as_it_is(self):
        path = self.write("mine.toml", "mine\n")
        _, err = self.init("--platform", "splunk", "-o", path, status=73)
        self.assertIn("--force", err)
        with open(path) as f:
            self.assertEqual(f.read(), "mine\n")
        self.init("--platform", "splunk", "-o", path, "--force")
        with open(path) as f:
            self.assertIn("[exporters.splunk]", f.read())
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode) & 0o137, 0)

    def test_what_cannot_be_done_is_said(self):
        _, err = self.init(status=2)
        self.assertIn("--platform", err)
        _, err = self.init("--platform", "splnuk", status=78)
        self.assertIn("splunk", err)
        self.assertIn("CS3001", err)
        for source in ("jsonl:", "jsonl:relative.jsonl", "hushd:http://x", "paper"):
            _, err = self.init("--platform", "splunk", "--source", source, status=2)
            self.assertIn("--source", err)
        self.init("--platform", "splunk", "-o", self.path("no/such/dir.toml"), status=73)


@unittest.skipUnless(hasattr(os, "openpty"), "needs a terminal")
class Asked(Case):
    def test_on_a_terminal_it_asks(self):
        master, slave = os.openpty()
        path = self.path("asked.toml")
        process = subprocess.Popen([BIN, "init"], stdin=slave, stdout=slave, stderr=slave, close_fds=True)
        os.close(slave)
        os.write(master, ("splunk file\n\n%s\n" % path).encode())
        said = b""
        try:
            while chunk := os.read(master, 4096):
                said += chunk
        except OSError:
            pass  # the other end is closed
        self.assertEqual(process.wait(), 0, said)
        os.close(master)
        with open(path) as f:
            text = f.read()
        self.assertIn("/var/lib/hushd/audit.jsonl", text)
        for table in ("[exporters.splunk]", "[exporters.file]"):
            self.assertIn(table, text)


if __name__ == "__main__":
    unittest.main()
