"""Plugins that break every rule, in the real daemon: it lives, the neighbours deliver, nothing is lost."""

import os
import shutil
import time
import unittest

from harness import HOSTILE, Case, event, ids, lines, wait_for

# What may be wrong with the file or its tables: found before anything of it runs.
NOT_LOADED = ["abi_two", "bad_schema", "data_callback", "endless_components", "entry_two", "foreign_callback",
              "garbage_callback", "huge_struct", "misaligned_table", "missing_library", "needs_newer_host", "no_entry",
              "no_note", "nothing", "null_array", "null_callback", "null_descriptor", "other_name", "refuses_settings",
              "short_struct", "throwing_entry", "throws_in_create", "tiny_struct", "undefined_symbol"]
# What goes wrong while it works.
AT_WORK = ["bad_requests", "calls_after_destroy", "completes_after_cancel", "completes_twice", "floods_log",
           "forged_token", "index_out_of_range", "index_repeated", "never_completes", "newer_minor", "short_result",
           "silent_in_health", "throws_in_callbacks", "throws_in_submit", "tiny_stride", "unknown_outcome", "wild_strings"]


@unittest.skipUnless(HOSTILE, "CSIEM_HOSTILE is not set")
class Hostile(Case):
    def plugins(self, *sins):
        """A directory of its own with these plugins, and the configuration that names it."""
        directory = self.path("plugins")
        os.makedirs(directory, mode=0o755, exist_ok=True)
        for sin in sins:
            shutil.copy(os.path.join(HOSTILE, "hostile_%s.so" % sin), directory)
            os.chmod(os.path.join(directory, "hostile_%s.so" % sin), 0o755)
        return '[plugins]\npath = ["%s"]\n' % directory

    def hostile(self, sin, more=""):
        return '[exporters.%s]\ntype = "hostile_%s"\nformat = "native"\n%s\n' % (sin, sin, more)

    def test_every_test_plugin_is_tried_here(self):
        built = {name[len("hostile_"):-len(".so")] for name in os.listdir(HOSTILE)
                 if name.startswith("hostile_") and name.endswith(".so")}
        self.assertEqual(built, set(NOT_LOADED) | set(AT_WORK) | {"hangs_in_health", "hangs_in_submit", "throws_in_encode"})

    def test_what_cannot_be_loaded_is_named_with_a_code_and_left_out(self):
        events = [event(n) for n in range(300)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk")
        config = self.config(self.plugins(*NOT_LOADED) + self.source() + self.splunk(splunk)
                             + "".join(self.hostile(sin) for sin in NOT_LOADED))
        daemon = self.daemon(config).ready()
        wait_for("the neighbour", lambda: set(splunk.arrivals()) == ids(events))
        self.assertEqual(daemon.stop(), 0, daemon.text())
        for sin in NOT_LOADED:
            named = [line for line in daemon.text().splitlines() if "CS3" in line and sin in line]
            self.assertTrue(named, "%s is not reported:\n%s" % (sin, daemon.text()))
        # Once means: all of the work. Some exporters could not take part.
        self.append("in.jsonl", lines([event(1000)]))
        status, text = self.run_once(config)
        self.assertEqual(status, 75, text)

    def test_what_sins_at_work_harms_nobody_else(self):
        events = [event(n) for n in range(3000)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk")
        config = self.config(self.plugins(*AT_WORK) + self.source() + self.splunk(splunk)
                             + "".join(self.hostile(sin, "batch_size = 10") for sin in AT_WORK))
        daemon = self.daemon(config).ready()
        wait_for("the neighbour", lambda: set(splunk.arrivals()) == ids(events))
        time.sleep(1)
        self.assertIsNone(daemon.process.poll(), daemon.text())
        daemon.process.terminate()
        daemon.wait(120)
        self.assertIn(daemon.process.returncode, (0, 75), daemon.text()[-4000:])
        self.assertIn("CS3010", daemon.text())
        self.assertIn("CS3012", daemon.text())

    def test_a_plugin_that_never_returns_costs_its_lane_only_and_none_of_its_events(self):
        events = [event(n) for n in range(2000)]
        self.write("in.jsonl", lines(events))
        splunk, hook = self.mock("splunk"), self.mock("webhook")
        plugins = self.plugins("hangs_in_submit")
        bad = self.hostile("hangs_in_submit", "batch_size = 50\ngood = 3")
        config = self.config(plugins + self.source() + bad + self.splunk(splunk)
                             + self.webhook(hook, more='framing = "array"\nbatch_size = 100'))
        daemon = self.daemon(config).ready()
        for mock in (splunk, hook):
            wait_for("the neighbours, on a thread of their own now", lambda: set(mock.arrivals()) == ids(events))
        wait_for("the report", lambda: "CS3011" in daemon.text())
        # The neighbours go on as before.
        more = [event(n) for n in range(5000, 5100)]
        self.append("in.jsonl", lines(more))
        for mock in (splunk, hook):
            wait_for("the neighbours", lambda: set(mock.arrivals()) == ids(events) | ids(more))
        daemon.stop()
        # What the stuck plugin did not finish is still there for a better one of the same name.
        self.assertEqual(self.dead_letters("hangs_in_submit"), [])
        better = self.file_exporter(id="hangs_in_submit")
        config = self.config(self.source() + better + self.splunk(splunk) + self.webhook(hook))
        status, text = self.run_once(config)
        self.assertEqual(status, 0, text)
        missing = (ids(events) | ids(more)) - set(self.file_ids())
        self.assertLessEqual(len(missing), 3 * 50, "only what it acknowledged may be absent")

    def test_a_format_that_throws_makes_dead_letters_and_the_others_deliver(self):
        events = [event(n) for n in range(50)]
        self.write("in.jsonl", lines(events))
        splunk = self.mock("splunk")
        config = self.config(self.plugins("throws_in_encode") + self.source() + self.splunk(splunk)
                             + self.file_exporter().replace('"native"', '"hostile_throws_in_encode"'))
        daemon = self.daemon(config).ready()
        wait_for("the neighbour", lambda: set(splunk.arrivals()) == ids(events))
        self.assertIsNone(daemon.process.poll())
        daemon.stop()


if __name__ == "__main__":
    unittest.main()
