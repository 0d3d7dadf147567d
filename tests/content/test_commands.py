"""`pack list|show|export|check` of the built program, on copies of config/packs."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import common
import inventory


class Commands(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.packs = os.path.join(self.directory.name, "packs")
        self.out = os.path.join(self.directory.name, "out")
        shutil.copytree(inventory.PACKS, self.packs)

    def tearDown(self):
        self.directory.cleanup()

    def run_pack(self, *arguments, status=0, packs=None, environment=None):
        result = subprocess.run([inventory.BIN, "--json", "pack", *arguments, "--from", packs or self.packs], capture_output=True, text=True,
                                env={**os.environ, "XDG_CONFIG_HOME": "/nonexistent", **(environment or {})}, timeout=60)
        self.assertEqual(status, result.returncode, result.stderr)
        self.text = result.stderr
        return json.loads(result.stdout) if result.stdout else None

    def problems(self, *arguments, **more):
        found = self.run_pack("check", *arguments, status=1, **more)
        return [p for pack in found["packs"] for p in pack["problems"]]

    def change(self, file, old, new):
        path = os.path.join(self.packs, file)
        text = common.read(path)
        self.assertTrue(old in text)
        with open(path, "w") as f:
            f.write(text.replace(old, new, 1))

    def test_list_and_show(self):
        listed = self.run_pack("list")
        self.assertEqual(["datadog", "elastic", "splunk", "sumologic"], [p["name"] for p in listed["packs"]])
        shown = self.run_pack("show", "elastic")
        self.assertIn("index-template.json", [f["path"] for f in shown["files"]])
        self.assertEqual("ecs", shown["format"])
        self.run_pack("show", "elastik", status=2)
        self.assertIn("did you mean 'elastic'", self.text)

    def test_no_packs(self):
        self.run_pack("list", status=74, packs=self.directory.name + "/nowhere")
        self.assertIn("--from", self.text)

    def test_check(self):
        found = self.run_pack("check")
        self.assertEqual({"ok"}, {p["state"] for p in found["packs"]})
        self.assertEqual(["splunk"], [p["name"] for p in self.run_pack("check", "splunk")["packs"]])
        self.run_pack("check", "splonk", status=2)

    def test_a_field_that_is_not_emitted(self):
        self.change("elastic/pack.json", '"clawdstrike.guard"', '"clawdstrike.gaurd"')
        found = self.problems("elastic")
        self.assertTrue(all("'clawdstrike.gaurd'" in p["text"] for p in found) and found, found)

    def test_a_field_that_privacy_drops(self):
        configuration = os.path.join(self.directory.name, "c.toml")
        with open(configuration, "w") as f:
            f.write('version = "1"\n[privacy]\ndrop_fields = ["session.user_id"]\n[sources.s]\ntype = "stdin"\n'
                    '[exporters.s]\ntype = "splunk"\nhec_url = "https://splunk.example.com"\nhec_token = "cred:X"\nformat = "cef"\n')
        result = subprocess.run([inventory.BIN, "--json", "--config", configuration, "pack", "check", "splunk", "--from", self.packs],
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(1, result.returncode, result.stderr)
        found = [p["text"] for p in json.loads(result.stdout)["packs"][0]["problems"]]
        self.assertTrue(any("'session.user_id'" in text for text in found), found)
        self.assertTrue(any("sends format 'cef'" in text for text in found), found)

    def test_changed_files(self):
        self.change("datadog/metrics.json", '"type"', '"type')
        self.change("datadog/facets.json", "@security.guard", "${guard}")
        os.unlink(os.path.join(self.packs, "sumologic", "fers.json"))
        shutil.copy(os.path.join(self.packs, "README.md"), os.path.join(self.packs, "splunk", "stranger.md"))
        self.change("elastic/pack.json", '"version": "1.0.0"', '"version": "0.9.0"')
        found = {(os.path.relpath(p["file"], self.packs), p["text"]) for p in self.problems()}
        for file, text in (("datadog/metrics.json", "changed"), ("datadog/metrics.json", "not JSON"), ("datadog/facets.json", "not a variable"),
                           ("sumologic/fers.json", "cannot be read"), ("splunk/stranger.md", "not a file of the pack"),
                           ("elastic/pack.json", "version 0.9.0")):
            self.assertTrue(any(f == file and text in t for f, t in found), (file, text, found))

    def test_a_position(self):
        self.change("datadog/metrics.json", '"type"', '"type')
        broken = [p for p in self.problems("datadog") if "not JSON" in p["text"]]
        self.assertEqual(1, len(broken))
        self.assertGreater(broken[0]["line"], 1)

    def test_export(self):
        value = '@slack-"security" \\ $1'
        done = self.run_pack("export", "datadog", self.out, "--var", "notify=" + value)
        self.assertEqual([], done["open_variables"])
        with open(os.path.join(self.out, "datadog", "monitors", "cs-d01.json")) as f:
            self.assertTrue(json.load(f)["message"].endswith(value))
        # What was filled in is in the manifest of the export.
        self.run_pack("check", packs=self.out, environment={"CLAWDSTRIKE_SIEM_PACKS": self.packs})
        self.run_pack("export", "datadog", self.out, status=73)
        self.run_pack("export", "datadog", self.out, "--force")
        self.assertIn("${notify}", common.read(os.path.join(self.out, "datadog", "monitors", "cs-d01.json")))
        self.run_pack("export", "datadog", self.out, "--var", "notifi=x", status=2)
        self.run_pack("export", "splunk", self.out, "--var", "notify=x", status=2)

    def test_an_export_is_the_pack(self):
        self.run_pack("export", "splunk", self.out)
        for path in common.files(os.path.join(self.packs, "splunk")):
            name = os.path.relpath(path, self.packs)
            if not name.endswith("pack.json"):
                self.assertEqual(common.sha256(path), common.sha256(os.path.join(self.out, name)), name)

    def test_a_manifest_that_leads_out(self):
        for path in ("../../outside", "/outside", "a/../../outside"):
            with self.subTest(path):
                self.change("sumologic/pack.json", '"path": "README.md"', '"path": "%s"' % path)
                self.run_pack("export", "sumologic", self.out, status=65)
                self.assertIn("leads out of the pack", self.text)
                self.change("sumologic/pack.json", '"path": "%s"' % path, '"path": "README.md"')
        self.assertFalse(os.path.exists(self.out))

    def test_hostile_manifests(self):
        path = os.path.join(self.packs, "sumologic", "pack.json")
        for text in ("", "[]", "{}", '{"schema":"clawdstrike-siem/pack/v1"}', "\x00" * 100, "[" * 100_000,
                     common.read(path).replace('"bytes": ', '"bytes": -'), common.read(path).replace('"files": [', '"files": [7,')):
            with self.subTest(text[:30]):
                with open(path, "w") as f:
                    f.write(text)
                self.run_pack("list", status=65)
                self.assertIn("pack.json: not the manifest of a pack", self.text)


if __name__ == "__main__":
    unittest.main()
