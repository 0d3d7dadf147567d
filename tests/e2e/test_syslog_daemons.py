"""The syslog exporter against real receivers, rsyslog and syslog-ng, started here on loopback.

packaging/dependencies.sh --ci unpacks them where CSIEM_SYSLOG_DAEMONS says; installed ones are taken as well.
"""

import glob
import os
import shutil
import signal
import subprocess
import unittest

from harness import event, free_port, ids, lines, wait_for
from syslog_case import NASTY, SyslogCase
from test_tls import Certificates

UNPACKED = os.environ.get("CSIEM_SYSLOG_DAEMONS", "/opt/clawdstrike-siem-tests")


def program(name):
    unpacked = os.path.join(UNPACKED, "usr", "sbin", name)
    return unpacked if os.access(unpacked, os.X_OK) else shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def library(pattern):
    """The directory of a daemon's modules, unpacked or installed."""
    for root in (UNPACKED, "/"):
        for found in glob.glob(os.path.join(root, "usr", "lib", pattern)):
            return os.path.dirname(found)
    return ""


class Receiver:
    """One receiver; what it parsed is one line per record in `out`, fields separated by tabs."""

    def __init__(self, case, command, config, env=None):
        self.case, self.command, self.config, self.env = case, command, config, env
        self.out = case.path("received.txt")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        env=dict(os.environ, **(self.env or {})))
        wait_for("the receiver to listen", lambda: self.listens() or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise AssertionError("the receiver ended:\n" + self.process.stderr.read())
        return self

    def listens(self):
        port = "%04X" % self.case.port
        for table in ("tcp", "udp"):
            with open("/proc/net/" + table) as f:
                for line in f:
                    address, state = line.split()[1], line.split()[3]
                    if address == "0100007F:" + port and (state == "0A" or table == "udp"):
                        return True
        return False

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60)
        self.process.stderr.close()

    def records(self):
        """[priority, time, host, app, process, message id, text] of each."""
        try:
            with open(self.out, errors="replace") as f:
                return [line[:-1].split("\t", 6) for line in f if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def ids(self):
        return [text.split("externalId=")[1].split(" ")[0] for *_, text in self.records() if "externalId=" in text]


class Daemons(Certificates, SyslogCase):
    def setUp(self):
        super().setUp()
        self.port = free_port()
        self.events = [event(n, "high" if n % 3 == 0 else "info") for n in range(500)]

    def rsyslog(self, inputs, modules="imtcp imudp", more=""):
        daemon = program("rsyslogd")
        if not daemon:
            self.skipTest("rsyslogd is not installed (packaging/dependencies.sh --ci)")
        config = self.write("rsyslog.conf", (
            'global(workDirectory="%s" %s)\n%s\n'
            'template(name="fields" type="string" string="%%PRI%%\\t%%TIMESTAMP:::date-rfc3339%%\\t%%HOSTNAME%%\\t'
            '%%APP-NAME%%\\t%%PROCID%%\\t%%MSGID%%\\t%%msg%%\\n")\n'
            'ruleset(name="all") { action(type="omfile" file="%s" template="fields" asyncWriting="off" ioBufferSize="4k") }\n'
            '%s\n') % (self.dir, more, "\n".join('module(load="%s")' % m for m in modules.split()),
                       self.path("received.txt"), inputs % {"port": self.port}))
        return self.launch([daemon, "-n", "-f", config, "-i", self.path("rsyslog.pid"), "-M", library("*/rsyslog/imtcp.so")
                            or library("rsyslog/imtcp.so")])

    def syslog_ng(self, source):
        daemon = program("syslog-ng")
        if not daemon:
            self.skipTest("syslog-ng is not installed (packaging/dependencies.sh --ci)")
        modules = library("syslog-ng/*/libaffile.so") or library("*/syslog-ng/*/libaffile.so")
        config = self.write("syslog-ng.conf", (
            '@version: 3.38\noptions { keep-hostname(yes); ts-format(iso); frac-digits(6); stats-freq(0); flush-lines(1); };\n'
            'source s { %s };\n'
            'destination d { file("%s" template("$PRI\\t$ISODATE\\t$HOST\\t$PROGRAM\\t$PID\\t$MSGID\\t$MSG\\n")); };\n'
            'log { source(s); destination(d); };\n') % (source % {"port": self.port}, self.path("received.txt")))
        return self.launch([daemon, "-F", "--no-caps", "-f", config, "-R", self.path("ng.persist"), "-p", self.path("ng.pid"),
                            "-c", self.path("ng.ctl"), "--module-path", modules],
                           env={"LD_LIBRARY_PATH": os.path.dirname(modules)})

    def launch(self, command, env=None):
        receiver = Receiver(self, command, None, env).start()
        self.addCleanup(lambda: receiver.process.poll() is None and receiver.stop(signal.SIGKILL))
        return receiver

    def url(self, scheme="tcp"):
        return "%s://127.0.0.1:%d" % (scheme, self.port)

    def delivered(self, receiver, more, scheme="tcp"):
        """Everything arrives once, and its header is read as it was meant."""
        self.write("in.jsonl", lines(self.events))
        status, text = self.run_once(self.config(self.source() + self.syslog(self.url(scheme), more=more)))
        self.assertEqual(status, 0, text)
        wait_for("all records", lambda: set(receiver.ids()) >= ids(self.events))
        records = receiver.records()
        self.assertEqual(sorted(receiver.ids()), sorted(ids(self.events)))
        self.assertEqual(len(records), len(self.events))
        for priority, time, host, app, process, id, text in records:
            self.assertIn(priority, ("131", "134"))
            self.assertEqual(host, "box.example")
            self.assertEqual(app, "clawdstrike")
            self.assertTrue(text.lstrip().startswith("CEF:0|Clawdstrike|"), text)
            if "rfc3164" not in more:
                self.assertRegex(time, r"^2026-03-02T08:00:00(\.0+\d*)?(\+00:00|Z)?$")
                self.assertIn(id, ("guard_block", "policy_allow"))
        return records

    TCP = 'input(type="imtcp" port="%(port)d" address="127.0.0.1" ruleset="all")'

    def test_rsyslog_octet_counted_rfc5424(self):
        self.delivered(self.rsyslog(self.TCP), "")

    def test_rsyslog_lines_rfc5424(self):
        self.delivered(self.rsyslog(self.TCP), 'framing = "lf"\n')

    def test_rsyslog_lines_rfc3164(self):
        self.delivered(self.rsyslog(self.TCP), 'header = "rfc3164"\n')

    def test_rsyslog_udp(self):
        receiver = self.rsyslog('input(type="imudp" port="%(port)d" address="127.0.0.1" ruleset="all" rcvbufSize="4m")')
        self.events = self.events[:100]
        for more in ("max_udp_bytes = 8000\n",):
            self.delivered(receiver, more, "udp")

    def test_syslog_ng_syslog_tcp(self):
        self.delivered(self.syslog_ng('syslog(ip("127.0.0.1") port(%(port)d) transport("tcp"));'), "")

    def test_syslog_ng_network_lines_rfc3164(self):
        self.delivered(self.syslog_ng('network(ip("127.0.0.1") port(%(port)d) transport("tcp"));'),
                       'header = "rfc3164"\n')

    def test_syslog_ng_network_lines_rfc5424(self):
        self.delivered(self.syslog_ng(
            'network(ip("127.0.0.1") port(%(port)d) transport("tcp") flags(syslog-protocol));'), 'framing = "lf"\n')

    def test_syslog_ng_udp(self):
        self.events = self.events[:100]
        self.delivered(self.syslog_ng('syslog(ip("127.0.0.1") port(%(port)d) transport("udp") so-rcvbuf(1048576));'),
                       "max_udp_bytes = 8000\n", "udp")

    def test_syslog_ng_tls_with_a_client_certificate(self):
        self.authority()
        self.certificate("server", "IP:127.0.0.1")
        self.certificate("client", "DNS:client", use="clientAuth")
        paths = {name: self.path(name) for name in ("server.key", "server.pem", "ca.pem")}
        receiver = self.syslog_ng(
            'syslog(ip("127.0.0.1") port(%%(port)d) transport("tls") tls(key-file("%s") cert-file("%s") ca-file("%s") '
            'peer-verify(required-trusted)));' % (paths["server.key"], paths["server.pem"], paths["ca.pem"]))
        self.delivered(receiver, 'tls = { ca_file = "%s", cert_file = "%s", key_file = "%s" }\n' % (
            paths["ca.pem"], self.path("client.pem"), self.path("client.key")), "tls")

    def test_rsyslog_tls(self):
        self.authority()
        self.certificate("server", "IP:127.0.0.1")
        if not glob.glob(os.path.join(library("*/rsyslog/imtcp.so") or "/nowhere", "lmnsd_ossl.so")):
            self.skipTest("rsyslog-openssl is not installed (packaging/dependencies.sh --ci)")
        receiver = self.rsyslog(
            self.TCP.replace("imtcp\"", 'imtcp" streamdriver.name="ossl" streamdriver.mode="1" '
                             'streamdriver.authmode="anon"'),
            more='DefaultNetstreamDriver="ossl" DefaultNetstreamDriverCAFile="%s" DefaultNetstreamDriverCertFile="%s" '
                 'DefaultNetstreamDriverKeyFile="%s"' % (self.path("ca.pem"), self.path("server.pem"),
                                                         self.path("server.key")))
        self.delivered(receiver, 'tls = { ca_file = "%s" }\n' % self.path("ca.pem"), "tls")

    def test_nasty_text_is_one_record_for_both(self):
        decision = dict(self.events[0]["decision"], reason=NASTY)
        self.events = [dict(self.events[0], decision=decision)]
        for make, source in ((self.rsyslog, self.TCP),
                             (self.syslog_ng, 'syslog(ip("127.0.0.1") port(%(port)d) transport("tcp"));')):
            with self.subTest(make.__name__):
                receiver = make(source)
                records = self.delivered(receiver, "")
                self.assertIn(r"a\nb\r\nc | d \= e \\ f", records[0][6])
                receiver.stop()
                os.unlink(receiver.out)
                self.port = free_port()
                self.start_anew()

    def test_a_large_event_is_one_record_of_rsyslog(self):
        decision = dict(self.events[0]["decision"], reason="x" * 20000, guard="g" * 6000, ruleset="r" * 6000)
        self.events = [dict(self.events[0], decision=decision)]
        records = self.delivered(self.rsyslog(self.TCP), "")
        self.assertIn("flexString2=true flexString2Label=truncated", records[0][6])

    def test_a_framing_that_syslog_ng_closes_on_is_told(self):
        receiver = self.syslog_ng('syslog(ip("127.0.0.1") port(%(port)d) transport("tcp"));')
        self.write("in.jsonl", lines(self.events))
        daemon = self.daemon(self.config(self.source() + self.syslog(self.url(), more='framing = "lf"\n'))).ready()
        wait_for("the hint", lambda: "framing mismatch?" in daemon.text())
        daemon.kill9()
        self.assertEqual(receiver.ids(), [])

    def restarted(self, receiver):
        """10 000 messages with the receiver restarted in the middle: all of them arrive. What a receiver's kernel has
        acknowledged and the receiver never read is lost unless it is in the window, so the window holds all."""
        self.write("in.jsonl", "")
        daemon = self.daemon(self.config(self.source() + self.syslog(self.url(), more="resend_window = 10000\n"))).ready()
        events = [event(n) for n in range(10000)]
        for start in range(0, 10000, 1000):
            self.append("in.jsonl", lines(events[start:start + 1000]))
            if start == 5000:
                wait_for("some of them", lambda: len(receiver.ids()) > 2000)
                receiver.stop()
                receiver.start()
        wait_for("everything", lambda: set(receiver.ids()) == ids(events))
        self.assertEqual(daemon.stop(), 0)
        self.assertLessEqual(len(receiver.ids()), 10000 + 10000)

    def test_rsyslog_restarted(self):
        self.restarted(self.rsyslog(self.TCP))

    def test_syslog_ng_restarted(self):
        self.restarted(self.syslog_ng('syslog(ip("127.0.0.1") port(%(port)d) transport("tcp") max-connections(10));'))


if __name__ == "__main__":
    unittest.main()
