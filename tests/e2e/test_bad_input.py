"""What an operator reads when a platform refuses: per platform and kind of refusal the coded message with the vendor's own
code and words, where the setting stands, and the next step."""

import json
import re
import unittest

from harness import Case, fresh, lines, wait_for
from test_tls import Certificates

FAST_RETRY = "retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n"
TOKEN = "secret-token-1"
CODE = "ZaVnC4dhaV2Gcz"  # the secret end of a Sumo Logic address
# By platform: its exporter, `%s` being the address.
EXPORTERS = {
    "splunk": 'hec_url = "%s"\nhec_token = "cred:TEST_TOKEN"\nindex = "main"\n',
    "elastic": 'nodes = ["%s"]\napi_key = "cred:TEST_TOKEN"\n',
    "datadog": 'api_key = "cred:TEST_TOKEN"\nendpoint = "%s"\napi_endpoint = "%s"\nmetrics = { enabled = false }\n',
    "sumo_logic": 'http_source_url = "cred:TEST_URL"\n',
    "webhook": 'url = "%s/hook"\nformat = "native"\nauth = { type = "bearer", token = "cred:TEST_TOKEN" }\n',
    "syslog": 'endpoints = ["%s"]\n',
}
# What anything but a credential is about: the address, what it asks of answers, the index, or the exporter as a whole.
SETTINGS = r"127\.0\.0\.1|cred:TEST_URL|success_body_contains|index|\[exporters\.it\]"
FLOOD = 10 << 20


class BadInput(Certificates, Case):
    def refused(self, platform, code, words, *options, more="", scheme=None):
        """Runs the daemon against a double until the message is there."""
        mock = self.mock(platform, *options)
        self.write("in.jsonl", lines(fresh(n) for n in range(3)))
        url = mock.url(scheme or ("tcp" if platform == "syslog" else "http"))
        config = self.config(self.source() + '[exporters.it]\ntype = "%s"\n' % platform
                             + EXPORTERS[platform].replace("%s", url) + FAST_RETRY + more)
        daemon = self.daemon(config, env={"TEST_URL": url + "/receiver/v1/http/" + CODE}).ready()

        def message():
            return [line for line in daemon.text().splitlines() if "[%s] exporter=it" % code in line]

        try:
            found = wait_for(code, message)[0]
        except AssertionError:
            self.fail("no %s:\n%s" % (code, daemon.text()[-3000:]))
        daemon.stop()
        self.assertRegex(found, words)
        self.assertRegex(self.named_line(found), "cred:" if code == "CS4010" else SETTINGS)
        self.assertRegex(found, r' hint="[^"]+"$')
        for secret in (TOKEN, CODE):
            self.assertNotIn(secret, daemon.text())
        self.assertLess(len(daemon.text()), 64 * 1024)
        code, out, _ = self.cli("--config", config, "--json", "dlq", "list", env={"TEST_URL": url, "TEST_TOKEN": "x"})
        self.assertEqual(json.loads(out)["letters"], [], "nothing may be given up")

    def named_line(self, message):
        """The line of the configuration that a message names."""
        self.assertRegex(message, r"test\.toml:\d+:\d+")
        with open(self.path("test.toml")) as f:
            return f.readlines()[int(re.search(r"test\.toml:(\d+):", message)[1]) - 1]

    def each(self, *rows, **more):
        for row in rows:
            with self.subTest(row[0]):
                self.refused(*row, **more)
            self.tearDown()
            self.setUp()

    # Certificates

    def certified(self, subject, days, trusted, words):
        for platform in EXPORTERS:
            with self.subTest(platform):
                self.authority()
                self.certificate("server", subject, days=days)
                self.refused(platform, "CS4040" if platform == "syslog" else "CS4002", words,
                             "--tls-cert", self.path("server.pem"), "--tls-key", self.path("server.key"),
                             scheme="tls" if platform == "syslog" else "https",
                             more='tls = { ca_file = "%s" }\n' % self.path("ca.pem") if trusted else "")
            self.tearDown()
            self.setUp()

    def test_an_expired_certificate(self):
        self.certified("IP:127.0.0.1", "-1", True, "certificate has expired")

    def test_a_certificate_of_another_host(self):
        self.certified("DNS:other.example", "30", True, "(?i)name|match")

    def test_a_certificate_of_an_unknown_authority(self):
        self.certified("IP:127.0.0.1", "30", False, "(?i)issuer|authority|self.signed")

    # Answers

    def test_a_page_instead_of_an_answer(self):
        self.each(("splunk", "CS4040", "code splunk.not_hec", "--fail", "html"),
                  ("elastic", "CS4040", 'code es.not_elasticsearch, "an HTML page', "--fail", "html"),
                  ("datadog", "CS4040", 'code datadog.not_datadog, "an HTML page', "--fail", "html"),
                  ("sumo_logic", "CS4040", 'code sumo_logic.not_a_source, "an HTML page', "--fail", "html"))
        self.each(("webhook", "CS4001", "code webhook.unconfirmed", "--fail", "html@1"),
                  more='success_body_contains = "received"\n')

    def test_ten_mebibytes_of_complaint(self):
        self.each(*((platform, "CS4001", "HTTP 500, code http.500", "--fail", "flood=%d" % FLOOD)
                    for platform in EXPORTERS if platform != "syslog"))

    def test_a_success_with_an_error_inside(self):
        self.each(("splunk", "CS4001", 'HTTP 200, code hec.9, "Server is busy"', "--fail", "inside=503@1"),
                  ("elastic", "CS4001", "HTTP 200, code es.", "--fail", "inside=503@1"),
                  ("datadog", "CS4001", 'HTTP 200, code datadog.errors, "', "--fail", "inside=403@1"),
                  ("sumo_logic", "CS4040", "HTTP 200, code sumo_logic.not_a_source", "--fail", "inside=503@1"))
        self.each(("webhook", "CS4001", "HTTP 200, code webhook.unconfirmed", "--fail", "inside=503@1"),
                  more='success_body_contains = "received"\n')

    def test_a_wrong_token(self):
        self.each(("splunk", "CS4010", 'HTTP 403, code hec.4, "Invalid token"', "--token", "another"),
                  ("elastic", "CS4010", "HTTP 401, code es.security_exception", "--token", "another"),
                  ("datadog", "CS4010", "HTTP 403.*belongs to another site", "--token", "another"),
                  ("sumo_logic", "CS4010", "HTTP 401.*wrong or was regenerated", "--token", "another"),
                  ("webhook", "CS4010", "HTTP 401", "--token", "another"))

    def test_a_wrong_index(self):
        self.each(("splunk", "CS4040", "HTTP 400, code hec.7, \"Incorrect index 'main'", "--index", "another"),
                  ("elastic", "CS4040", "code es.", "--require-template"))


if __name__ == "__main__":
    unittest.main()
