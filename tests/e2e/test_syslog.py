"""The syslog exporter against the strict double: transports, framing, faults, certificates."""

import json
import re
import socket
import threading
import unittest

from harness import event, ids, lines, wait_for
from syslog_case import NASTY, SyslogCase
from test_tls import Certificates


class Wire(SyslogCase):
    def setUp(self):
        super().setUp()
        self.events = [event(n, "high" if n % 3 == 0 else "info") for n in range(300)]

    def arrives(self, mock, config):
        self.start_anew()
        self.write("in.jsonl", lines(self.events))
        status, text = self.run_once(self.config(self.source() + config))
        self.assertEqual(status, 0, text)
        wait_for("all messages", lambda: set(mock.arrivals()) >= ids(self.events))
        self.assertEqual(mock.violations(), [])
        return mock.bodies()

    def test_every_transport_header_and_framing_carries_everything_once(self):
        for url, header, framing in (("tcp", "rfc5424", "octet"), ("tcp", "rfc3164", "lf"), ("tcp", "rfc5424", "lf"),
                                     ("tcp", "rfc3164", "octet"), ("udp", "rfc5424", "datagram"),
                                     ("udp", "rfc3164", "datagram")):
            with self.subTest(url=url, header=header, framing=framing):
                mock = self.receiver("--framing", "auto" if framing == "datagram" else framing)
                more = 'header = "%s"\n' % header
                if framing != "datagram":
                    more += 'framing = "%s"\n' % framing
                if url == "udp":
                    more += "max_udp_bytes = 8000\n"
                bodies = self.arrives(mock, self.syslog(mock.url(url), more=more, id="%s-%s" % (header, framing)))
                self.assertEqual(sorted(mock.arrivals()), sorted(ids(self.events)))
                self.assertEqual({b["framing"] for b in bodies}, {framing})
                self.assertEqual({b["format"] for b in bodies}, {5424 if header == "rfc5424" else 3164})
                self.assertEqual({b["host"] for b in bodies}, {"box.example"})
                self.assertEqual({b["priority"] for b in bodies}, {131, 134})
                self.assertTrue(all(b["text"].startswith("CEF:0|Clawdstrike|") for b in bodies))

    def test_other_formats_are_texts_too(self):
        for format in ("native", "ecs", "ocsf", "kv"):
            with self.subTest(format=format):
                mock = self.receiver()
                bodies = self.arrives(mock, self.syslog(mock.url("tcp"), format=format, id=format))
                if format == "kv":
                    self.assertIn("guard=forbidden_path", bodies[0]["text"])
                else:
                    json.loads(bodies[0]["text"])

    def test_text_that_tries_to_be_more_than_one_record_is_one(self):
        decision = dict(self.events[0]["decision"], reason=NASTY)
        self.events = [dict(self.events[0], decision=decision, timestamp="2026-03-02T08:00:00.123456789Z")]
        for format in ("cef", "native", "ecs", "kv"):
            with self.subTest(format=format):
                mock = self.receiver()
                bodies = self.arrives(mock, self.syslog(mock.url("tcp"), format=format, id="n-" + format,
                                                        more='framing = "lf"\n'))
                self.assertEqual(len(bodies), 1)
                self.assertEqual(bodies[0]["time"], "2026-03-02T08:00:00.123456Z")
                if format == "cef":
                    self.assertIn(r"a\nb\r\nc | d \= e \\ f", bodies[0]["text"])
                    self.assertTrue(bodies[0]["text"].count("externalId=") == 1)

    def test_a_large_event_is_one_message_of_the_size_allowed_and_says_so(self):
        decision = dict(self.events[0]["decision"], reason="x" * 20000, guard="g" * 6000, ruleset="r" * 6000)
        self.events = [dict(self.events[0], decision=decision)]
        for format in ("cef", "native"):
            with self.subTest(format=format):
                mock = self.receiver()
                bodies = self.arrives(mock, self.syslog(mock.url("tcp"), format=format, id="l-" + format))
                self.assertLessEqual(bodies[0]["bytes"], 8000)
                self.assertIn("truncated", bodies[0]["text"])

    def test_resets_and_restarts_lose_nothing(self):
        mock = self.receiver("--fail", "reset-after@700", "--fail", "reset-before@1500", "--fail", "truncate@2500",
                             "--fail", "slow=50ms@3000")
        self.write("in.jsonl", "")
        # What the receiver's kernel has taken and a slow receiver has not read yet has to be in the window.
        # A receiver that comes back slowly opens the circuit breaker, and each reset that meets its probe doubles the wait.
        exporter = self.syslog(mock.url("tcp"), more='resend_window = 10000\ncircuit_breaker = { open_for = "1s" }\n')
        daemon = self.daemon(self.config(self.source() + exporter)).ready()
        events = [event(n) for n in range(10000)]
        for start in range(0, 10000, 1000):
            self.append("in.jsonl", lines(events[start:start + 1000]))
            if start == 5000:
                wait_for("half of them", lambda: len(set(mock.arrivals())) > 3000)
                mock.stop()
                mock.start()
        wait_for("everything", lambda: set(mock.arrivals()) == ids(events))
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(mock.violations(), [])
        # Per broken connection at most the window and what was under way.
        self.assertLess(len(mock.arrivals()), 10000 + 5 * 10000)

    def test_a_framing_that_the_receiver_does_not_take_is_told_and_costs_nothing(self):
        mock = self.receiver("--framing", "lf")
        self.write("in.jsonl", lines(self.events))
        daemon = self.daemon(self.config(self.source() + self.syslog(mock.url("tcp")))).ready()
        wait_for("the hint", lambda: "framing mismatch?" in daemon.text())
        self.assertEqual(mock.arrivals(), [])
        daemon.kill9()
        good = self.receiver("--framing", "octet")
        status, text = self.run_once(self.config(self.source() + self.syslog(good.url("tcp"))))
        self.assertEqual(status, 0, text)
        wait_for("all messages", lambda: set(good.arrivals()) == ids(self.events))

    def test_the_second_receiver_takes_over_and_round_robin_uses_both(self):
        first, second = self.receiver(), self.receiver()
        first.stop()
        both = '%s", "%s' % (first.url("tcp"), second.url("tcp"))
        self.arrives(second, self.syslog(both))
        first.start()
        self.start_anew()
        self.events = [event(n) for n in range(1000, 2000)]
        self.write("in.jsonl", lines(self.events))
        status, text = self.run_once(self.config(self.source() + self.syslog(
            both, id="turns", more='strategy = "round_robin"\nbatch_size = 50\n')))
        self.assertEqual(status, 0, text)
        wait_for("everything", lambda: set(first.arrivals()) | set(second.arrivals()) >= ids(self.events))
        self.assertTrue(set(first.arrivals()) & ids(self.events))
        self.assertTrue(set(second.arrivals()) & ids(self.events))

    def test_datagrams_to_a_closed_port_are_written_and_counted(self):
        mock = self.receiver()
        mock.stop()
        self.write("in.jsonl", lines(self.events))
        daemon = self.daemon(self.config(self.source() + self.syslog(mock.url("udp"), more="batch_size = 10\n"))).ready()
        wait_for("the warning", lambda: "messages over UDP are lost" in daemon.text())
        self.assertEqual(daemon.stop(), 0)

    def test_settings_that_cannot_work_are_shown_where_they_stand(self):
        config = self.config(self.source() + '[exporters.siem]\ntype = "syslog"\nendpoints = ["http://collector"]\n')
        status, out, err = self.cli("--config", config, "validate")
        self.assertNotEqual(status, 0)
        self.assertIn("endpoints", out + err)
        self.assertIn("udp://, tcp:// or tls://", out + err)


class Six(SyslogCase):
    """Receivers that have an IPv6 address only. The doubles listen on 127.0.0.1, so these sockets are the test's own."""

    def listen(self, kind):
        try:
            s = socket.socket(socket.AF_INET6, kind)
            self.addCleanup(s.close)
            s.bind(("::1", 0))
        except OSError as problem:
            self.skipTest("no ::1 on this machine: %s" % problem)
        if kind == socket.SOCK_STREAM:
            s.listen()
        return s

    def collect(self, receive):
        """Everything that `receive` gives until it gives nothing, as one text that grows."""
        pieces = []

        def run():
            try:
                while piece := receive():
                    pieces.append(piece)
            except OSError:
                pass  # closed at the end of the test

        threading.Thread(target=run, daemon=True).start()
        return lambda: b"".join(pieces).decode()

    def arrives(self, scheme, listener, text, more=""):
        events = [event(n) for n in range(100)]
        self.write("in.jsonl", lines(events))
        url = "%s://[::1]:%d" % (scheme, listener.getsockname()[1])
        status, log = self.run_once(self.config(self.source() + self.syslog(url, more=more)))
        self.assertEqual(status, 0, log)
        wait_for("all messages", lambda: set(re.findall(r"externalId=(\S+)", text())) == ids(events))

    def test_tcp(self):
        listener = self.listen(socket.SOCK_STREAM)
        connection = []

        def receive():
            if not connection:
                connection.append(listener.accept()[0])
            return connection[0].recv(65536)

        text = self.collect(receive)
        self.arrives("tcp", listener, text)
        rest, count = text(), 0  # octet counting, to the last byte
        while rest:
            length, _, rest = rest.partition(" ")
            rest, count = rest[int(length):], count + 1
        self.assertEqual(count, 100)
        connection[0].close()

    def test_udp(self):
        listener = self.listen(socket.SOCK_DGRAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.arrives("udp", listener, self.collect(lambda: listener.recv(65536)), "max_udp_bytes = 8000\n")


class Tls(Certificates, SyslogCase):
    def setUp(self):
        super().setUp()
        self.authority()
        self.certificate("server", "IP:127.0.0.1,DNS:collector.example")
        self.events = [event(n) for n in range(200)]
        self.write("in.jsonl", lines(self.events))

    def secure(self, certificate="server", *options):
        return self.receiver("--tls-cert", self.path(certificate + ".pem"), "--tls-key",
                             self.path(certificate + ".key"), *options)

    def tls(self, *more):
        return "tls = { %s }\n" % ", ".join(('ca_file = "%s"' % self.path("ca.pem"),) + more)

    def refused(self, mock, more, pattern):
        daemon = self.daemon(self.config(self.source() + self.syslog(mock.url("tls"), more=more)
                                         + self.file_exporter())).ready()
        wait_for("the neighbour", lambda: set(self.file_ids()) == ids(self.events))
        wait_for("the words", lambda: pattern in daemon.text())
        daemon.kill9()
        self.assertEqual(mock.arrivals(), [])
        self.assertEqual(self.dead_letters("siem"), [])

    def test_a_known_receiver_gets_everything_octet_counted(self):
        for n, more in enumerate((self.tls(), self.tls('server_name = "collector.example"'),
                                  self.tls('min_version = "1.3"'))):
            self.start_anew()
            mock = self.secure()
            status, text = self.run_once(self.config(self.source() + self.syslog(mock.url("tls"), id="s%d" % n,
                                                                                 more=more)))
            self.assertEqual(status, 0, text)
            wait_for("all messages", lambda: len(mock.arrivals()) >= 200)
            self.assertEqual(sorted(mock.arrivals()), sorted(ids(self.events)))
            self.assertEqual({b["framing"] for b in mock.bodies()}, {"octet"})

    def test_an_unknown_authority(self):
        self.refused(self.secure(), "", "certificate is not believed")

    def test_another_name(self):
        self.refused(self.secure(), self.tls('server_name = "other.example"'), "hostname mismatch")

    def test_an_expired_certificate(self):
        self.certificate("old", "IP:127.0.0.1", days="-1")
        self.refused(self.secure("old"), self.tls(), "certificate has expired")

    def test_a_client_certificate_where_it_is_asked_for(self):
        self.certificate("client", "DNS:client", use="clientAuth")
        mock = self.secure("server", "--tls-client-ca", self.path("ca.pem"))
        own = self.tls('cert_file = "%s"' % self.path("client.pem"), 'key_file = "%s"' % self.path("client.key"))
        status, text = self.run_once(self.config(self.source() + self.syslog(mock.url("tls"), more=own)))
        self.assertEqual(status, 0, text)
        wait_for("all messages", lambda: len(mock.arrivals()) >= 200)
        self.assertEqual(sorted(mock.arrivals()), sorted(ids(self.events)))

    def test_no_client_certificate_where_one_is_asked_for(self):
        self.refused(self.secure("server", "--tls-client-ca", self.path("ca.pem")), self.tls(),
                     "refuses our certificate")

    def test_a_plain_listener(self):
        self.refused(self.receiver("--framing", "lf"), self.tls(), "is the listener TLS?")


if __name__ == "__main__":
    unittest.main()
