"""What the tests of the syslog exporter share."""

from harness import Case

RETRY = "retry = { initial_backoff_ms = 50, max_backoff_ms = 200 }\n"
NASTY = "a\nb\r\nc | d = e \\ f \u202eg \ufeff \u00e4\u20ac<13>forged"


class SyslogCase(Case):
    def syslog(self, url, id="siem", more="", format="cef"):
        return '[exporters.%s]\ntype = "syslog"\nformat = "%s"\nendpoints = ["%s"]\nhostname = "box.example"\nstart = "oldest"\n%s%s\n' % (
            id, format, url, RETRY, more)

    def receiver(self, *options, **more):
        return self.mock("syslog", *options, **more)
