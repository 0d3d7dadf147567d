"""The fault mix of tests/soak/fault_mix.py with a few events per platform; with 100,000 it is run by hand."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "soak"))
import fault_mix  # noqa: E402

EVENTS, BATCH = 2000, 50


class FaultMix(fault_mix.FaultMix):
    runTest = None

    def check(self, platform):
        self.prepare(platform, EVENTS, seed=1, batch=BATCH)
        self.live()
        self.assertEqual(self.verdict(), [], self.figures)

    def test_splunk(self):
        self.check("splunk")

    def test_elastic(self):
        self.check("elastic")

    def test_datadog(self):
        self.check("datadog")

    def test_sumo_logic(self):
        self.check("sumo_logic")

    def test_webhook(self):
        self.check("webhook")

    def test_syslog(self):
        self.check("syslog")


if __name__ == "__main__":
    unittest.main()
