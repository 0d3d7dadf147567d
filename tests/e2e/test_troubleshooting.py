"""The troubleshooting tables of the exporters' READMEs: what stands there is what is said."""

import json
import os
import re
import unittest

from harness import Case
from test_tls import Certificates

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PLATFORMS = ("splunk", "elastic", "datadog", "sumo_logic", "webhook", "syslog", "file")

# Faults of the double (None: it is dead), and what comes of them. Sections of settings are added to the exporter's.
FAULTS = {
    "splunk": [
        (None, "", "CS4001", ""),
        (["--token", "another"], "", "CS4010", "hec.4"),
        (["--fail", "413"], "", "CS4032", ""),
        (["--index", "other"], "", "CS4040", "hec.7"),
        (["--index", "other"], 'index = "{session.tenant_id|main}"\n', "CS4030", "hec.7"),
        (["--fail", "html"], "", "CS4040", "splunk.not_hec"),
    ],
    "elastic": [
        (None, "", "CS4001", ""),
        (["--token", "another"], "", "CS4010", "es.security_exception"),
        (["--fail", "item=400"], "", "CS4030", "es.document_parsing_exception"),
        (["--fail", "413"], "", "CS4032", ""),
        (["--fail", "html"], "", "CS4040", "es.not_elasticsearch"),
        (["--refuse-objects"], 'bootstrap = true\nbootstrap_options = { on_error = "fail" }\n', "CS4040", "es.bootstrap"),
    ],
    "datadog": [
        (None, "", "CS4001", ""),
        (["--fail", "401"], "", "CS4010", "http.401"),
        (["--fail", "403"], "", "CS4010", "http.403"),
        (["--fail", "429;retry-after=600"], "", "CS4020", "http.429"),
        (["--poison", "TEST"], "", "CS4030", "http.400"),
        (["--fail", "413"], "", "CS4032", "http.413"),
        (["--fail", "html"], "", "CS4040", "datadog.not_datadog"),
    ],
    "sumo_logic": [
        (None, "", "CS4001", "transport.connect"),
        (["--fail", "reset-before"], "", "CS4001", "transport.reset"),
        (["--fail", "503;retry-after=600"], "", "CS4001", "http.503"),
        (["--fail", "408;retry-after=600"], "", "CS4001", "http.408"),
        (["--fail", "hang"], 'timeout = "1s"\n', "CS4003", "transport.timeout"),
        (["--fail", "401"], "", "CS4010", "http.401"),
        (["--fail", "429;retry-after=600"], "", "CS4020", "http.429"),
        (["--fail", "400"], "", "CS4030", "http.400"),
        (["--fail", "413"], "", "CS4032", "http.413"),
        (["--fail", "404"], "", "CS4040", "http.404"),
        (["--fail", "403"], "", "CS4040", "http.403"),
        (["--fail", "405"], "", "CS4040", "http.405"),
        (["--fail", "301"], "", "CS4040", "http.301"),
        (["--fail", "415"], "", "CS4040", "http.415"),
        (["--fail", "html"], "", "CS4040", "sumo_logic.not_a_source"),
    ],
    "webhook": [
        (None, "", "CS4001", "transport.connect"),
        (["--fail", "reset-before"], "", "CS4001", "transport.reset"),
        (["--fail", "503;retry-after=600"], "", "CS4001", "http.503"),
        (["--fail", "hang"], 'timeout = "1s"\n', "CS4003", "transport.timeout"),
        (["--fail", "401"], "", "CS4010", "http.401"),
        (["--fail", "403"], "", "CS4010", "http.403"),
        (["--fail", "429;retry-after=600"], "", "CS4020", "http.429"),
        (["--fail", "400"], "", "CS4030", "http.400"),
        (["--fail", "422"], "", "CS4030", "http.422"),
        (["--fail", "409"], "", "CS4030", "http.409"),
        (["--fail", "415"], "", "CS4030", "http.415"),
        ([], 'success_body_contains = "fine"\n', "CS4030", "webhook.unconfirmed"),
        (["--fail", "413"], "", "CS4032", "http.413"),
        (["--fail", "404"], "", "CS4040", "http.404"),
        (["--fail", "405"], "", "CS4040", "http.405"),
        (["--fail", "301"], "", "CS4040", "http.301"),
        (["--fail", "410"], "", "CS4040", "http.410"),
    ],
}
# Told by what a test event cannot meet: the plugins' own tests have them.
ELSEWHERE = {
    "syslog": {("CS4001", "transport.reset"), ("CS4001", "transport.dns"), ("CS4001", "transport.timeout"),
               ("CS4001", "tls.handshake"), ("CS4001", "syslog.resending"), ("CS4030", "syslog.too_large")},
    "file": {("CS4001", "ENOSPC"), ("CS4001", "EIO"), ("CS4001", "EACCES"), ("CS4001", ""), ("CS4030", "line_feed"),
             ("CS4030", "confinement")},
}


def table(platform):
    """(message code, plugin's code or "") of every row."""
    with open(os.path.join(ROOT, "plugins", "exporters", platform, "README.md")) as f:
        text = f.read()
    section = re.search(r"(?ms)^## Troubleshooting\n(.*?)(?=^## |\Z)", text).group(1)
    rows = set()
    for row in re.findall(r"(?m)^\| (CS\d{4}[^|]*) \|", section):
        codes = re.findall(r"CS\d{4}", row)
        vendor = re.findall(r"`([A-Za-z_][A-Za-z0-9_.]*)", row) or [""]
        rows |= {(code, one) for code in codes for one in vendor}
        rows |= {(code, "") for code in codes if len(codes) > 1}
    return rows


class Troubleshooting(Certificates, Case):
    def told(self, platform, config, exporter=None):
        code, out, err = self.cli("--config", self.config(config), "--json", "send-test", exporter or platform, "--wait",
                                  "100s", env={"TEST_TOKEN": "secret-token-1"})
        self.assertIn(code, (1, 69), out + err)
        (one,) = json.loads(out)["results"]
        return one["code"], one["vendor_code"]

    def exporter(self, platform, mock, more):
        if platform == "sumo_logic":
            return '[exporters.sumo_logic]\nhttp_source_url = "%s/receiver/v1/http/code"\n%s' % (mock.url(), more)
        if platform == "webhook":
            return self.webhook(mock, id="webhook", more=more)
        text = getattr(self, platform)(mock, more=more)
        return text.replace('index = "main"\n', "") if "\nindex" in more or more.startswith("index") else text

    def tried(self, platform):
        found = set()
        for faults, more, code, vendor in FAULTS[platform]:
            with self.subTest(platform=platform, faults=faults, more=more):
                mock = self.mock(platform, *(faults or []))
                if faults is None:
                    mock.stop()
                said = self.told(platform, self.exporter(platform, mock, more))
                self.assertEqual(said[0], code, said)
                self.assertIn(vendor, (said[1], ""))
                found.add((code, vendor))
                mock.stop()
        return found

    def all_are_in(self, platform, tried):
        rows = table(platform)
        for code, vendor in tried:
            self.assertTrue(any(row[0] == code and (not vendor or row[1] == vendor) for row in rows), (code, vendor))

    def test_splunk(self):
        self.all_are_in("splunk", self.tried("splunk"))

    def test_elastic(self):
        self.all_are_in("elastic", self.tried("elastic"))

    def test_datadog(self):
        self.all_are_in("datadog", self.tried("datadog"))

    def test_sumo_logic(self):
        self.assertEqual(self.tried("sumo_logic"), table("sumo_logic"))

    def test_webhook(self):
        tried = self.tried("webhook")
        for status, body, code, vendor in ((401, b"{}", "CS4010", "oauth2.401"), (200, b"{}", "CS4010", "oauth2.no_token"),
                                           (404, b"{}", "CS4040", "oauth2.404"), (503, b"{}", "CS4001", "oauth2.503"),
                                           (200, b'{"access_token":"x","token_type":"mac"}', "CS4040",
                                            "oauth2.token_type")):
            server = self.page(status, body, "application/json")
            auth = ('auth = { type = "oauth2", token_url = "%s/token", client_id = "a", client_secret = "cred:TEST_TOKEN" }\n'
                    % server.url())
            self.assertEqual(self.told("webhook", self.exporter("webhook", self.mock("webhook"), auth)), (code, vendor))
            tried.add((code, vendor))
        self.authority()
        self.certificate("server", "IP:127.0.0.1")
        mock = self.mock("webhook", "--tls-cert", self.path("server.pem"), "--tls-key", self.path("server.key"))
        config = self.exporter("webhook", mock, "").replace("http://", "https://")
        self.assertEqual(self.told("webhook", config)[0], "CS4002")
        self.assertEqual(tried | {("CS4002", "")}, table("webhook"))

    def test_syslog(self):
        def tell(url, more=""):
            found.add(self.told("syslog", '[exporters.syslog]\nendpoints = ["%s"]\n%s' % (url, more)))

        found = set()
        self.authority()
        self.certificate("server", "IP:127.0.0.1")
        pair = ["--tls-cert", self.path("server.pem"), "--tls-key", self.path("server.key")]
        ca = '[exporters.syslog.tls]\nca_file = "%s"\n' % self.path("ca.pem")
        tls, strict = self.mock("syslog", *pair), self.mock("syslog", *pair, "--tls-client-ca", self.path("ca.pem"))
        framed = self.mock("syslog", "--framing", "lf")
        tell("tls://127.0.0.1:%d" % tls.port)
        tell("tls://127.0.0.1:%d" % strict.port, ca)
        tell("tls://127.0.0.1:%d" % tls.port, '[exporters.syslog.tls]\nca_file = "/nonexistent.pem"\n')
        tell("tcp://127.0.0.1:%d" % framed.port)
        tell("tcp://169.254.1.1:514")
        framed.stop()
        tell("tcp://127.0.0.1:%d" % framed.port)
        self.assertEqual(found | ELSEWHERE["syslog"], table("syslog"))

    def test_file(self):
        os.mkdir(self.path("directory"))
        os.symlink(self.path("directory"), self.path("link"))
        self.write("plain", "")
        found = {self.told("file", self.file_exporter(name), "archive")
                 for name in ("no/x.jsonl", "plain/x.jsonl", "link", "directory")}
        found.add(self.told("file", '[exporters.archive]\ntype = "file"\npath = "/dev/full"\n', "archive"))
        self.assertEqual(found | ELSEWHERE["file"], table("file"))

    def test_every_code_is_explained_and_every_readme_has_its_sections(self):
        for platform in PLATFORMS:
            rows = table(platform)
            self.assertGreater(len(rows), 5, platform)
            for code in {code for code, _ in rows}:
                self.assertEqual(self.cli("explain", code)[0], 0, code)
            with open(os.path.join(ROOT, "plugins", "exporters", platform, "README.md")) as f:
                text = f.read()
            self.assertIn("clawdstrike-siem send-test ", text, platform)
            self.assertRegex(text, r"(?m)^## (Token|Key|The key|The source|The receiver|Permissions)", platform)
            self.assertRegex(text, r"(?m)^## Limits$", platform)
            self.assertRegex(text, r"(?i)health (check|endpoint)", platform)
            self.assertRegex(text, r"(?m)^\[exporters\.", platform)


if __name__ == "__main__":
    unittest.main()
