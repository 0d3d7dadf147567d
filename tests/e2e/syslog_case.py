"""What the tests of the syslog exporter share."""

import shutil

from harness import Case

RETRY = "retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n"
NASTY = "a\nb\r\nc | d = e \\ f \u202eg \ufeff \u00e4\u20ac<13>forged"


class SyslogCase(Case):
    def syslog(self, url, id="siem", more="", format="cef"):
        return '[exporters.%s]\ntype = "syslog"\nformat = "%s"\nendpoints = ["%s"]\nhostname = "box.example"\n%s%s\n' % (
            id, format, url, RETRY, more)

    def start_anew(self):
        """As on a machine where the daemon has never run."""
        shutil.rmtree(self.path("data"), ignore_errors=True)

    def receiver(self, *options, **more):
        return self.mock("syslog", *options, **more)
