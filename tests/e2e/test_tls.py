"""Who is believed, and what is said about those who are not."""

import os
import subprocess
import unittest

from harness import Case, event, ids, lines, wait_for

FAST_RETRY = "retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n"


class Certificates:
    """Authorities and certificates in the directory of a test."""

    def openssl(self, *arguments):
        subprocess.run(["openssl"] + list(arguments), cwd=self.dir, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def authority(self, name="ca"):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                     "-subj", "/CN=test " + name, "-keyout", name + ".key", "-out", name + ".pem")

    def certificate(self, name, subject_alt_name, ca="ca", days="30", use="serverAuth"):
        extensions = self.write(name + ".ext", "subjectAltName=%s\nextendedKeyUsage=%s\n" % (subject_alt_name, use))
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                     "/CN=" + name, "-keyout", name + ".key", "-out", name + ".csr")
        self.openssl("x509", "-req", "-in", name + ".csr", "-CA", ca + ".pem", "-CAkey", ca + ".key", "-CAcreateserial",
                     "-days", days, "-extfile", extensions, "-out", name + ".pem")
        os.chmod(self.path(name + ".key"), 0o600)


class Tls(Certificates, Case):
    def secure(self, platform, certificate, *options):
        return self.mock(platform, "--tls-cert", self.path(certificate + ".pem"), "--tls-key",
                         self.path(certificate + ".key"), *options)

    def https(self, mock, id="splunk", more=""):
        return self.splunk(mock, id, FAST_RETRY + more).replace("http://", "https://")

    def setUp(self):
        super().setUp()
        self.authority()
        self.certificate("server", "IP:127.0.0.1")
        self.events = [event(n) for n in range(200)]
        self.write("in.jsonl", lines(self.events))

    def refused(self, splunk, more=""):
        """The daemon's words about a server that it must not believe; nothing may have reached it."""
        config = self.config(self.source() + self.https(splunk, more=more) + self.file_exporter())
        daemon = self.daemon(config).ready()
        wait_for("the neighbour", lambda: set(self.file_ids()) == ids(self.events))
        wait_for("the coded message", lambda: "CS4002" in daemon.text())
        daemon.stop()
        self.assertEqual(splunk.everything(), [])
        self.assertEqual(self.dead_letters("splunk"), [])
        self.assertNotIn("secret-token-1", daemon.text())
        return daemon.text()

    def test_a_server_of_a_known_authority_gets_everything(self):
        splunk = self.secure("splunk", "server")
        elastic = self.secure("elastic", "server")
        ca = 'tls = { ca_file = "%s" }\n' % self.path("ca.pem")
        config = self.config(self.source() + self.https(splunk, more=ca)
                             + self.elastic(elastic, more=ca).replace("http://", "https://"))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        for mock in (splunk, elastic):
            self.assertEqual(sorted(mock.arrivals()), sorted(ids(self.events)))

    def test_an_unknown_authority_is_not_believed(self):
        text = self.refused(self.secure("splunk", "server"))
        self.assertRegex(text, "(?i)issuer|self.signed|verify")

    def test_a_name_that_is_not_in_the_certificate_is_not_believed(self):
        self.certificate("other", "DNS:other.example.com")
        self.refused(self.secure("splunk", "other"), 'tls = { ca_file = "%s" }\n' % self.path("ca.pem"))

    def test_an_expired_certificate_is_not_believed(self):
        self.certificate("old", "IP:127.0.0.1", days="-1")
        text = self.refused(self.secure("splunk", "old"), 'tls = { ca_file = "%s" }\n' % self.path("ca.pem"))
        self.assertRegex(text, "(?i)expired")

    def test_a_server_that_asks_for_a_certificate_gets_ours(self):
        self.certificate("client", "DNS:client", use="clientAuth")
        splunk = self.secure("splunk", "server", "--tls-client-ca", self.path("ca.pem"))
        tls = 'tls = { ca_file = "%s", cert_file = "%s", key_file = "%s" }\n' % (
            self.path("ca.pem"), self.path("client.pem"), self.path("client.key"))
        status, text = self.run_once(self.config(self.source() + self.https(splunk, more=tls)))
        self.assertEqual(status, 0, text)
        self.assertEqual(sorted(splunk.arrivals()), sorted(ids(self.events)))

    def test_no_certificate_where_one_is_asked_for_delivers_nothing_and_says_so(self):
        splunk = self.secure("splunk", "server", "--tls-client-ca", self.path("ca.pem"))
        config = self.config(self.source() + self.https(splunk, more='tls = { ca_file = "%s" }\n' % self.path("ca.pem"))
                             + self.file_exporter())
        daemon = self.daemon(config).ready()
        wait_for("the neighbour", lambda: set(self.file_ids()) == ids(self.events))
        wait_for("a coded message", lambda: "CS400" in daemon.text())
        daemon.stop()
        self.assertEqual(splunk.arrivals(), [])

    def test_plain_http_where_https_is_spoken_says_so(self):
        splunk = self.secure("splunk", "server")
        config = self.config(self.source() + self.splunk(splunk, more=FAST_RETRY) + self.file_exporter())
        daemon = self.daemon(config).ready()
        wait_for("the neighbour", lambda: set(self.file_ids()) == ids(self.events))
        wait_for("a coded message", lambda: "CS40" in daemon.text())
        daemon.stop()
        self.assertEqual(splunk.arrivals(), [])


if __name__ == "__main__":
    unittest.main()
