"""The content packs against what our formats emit. Needs the built program and its plugins; no network."""

import functools
import json
import os
import re
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import common
import datadog_pack
import elastic_pack
import fixtures
import inventory
import simulate
import splunk_pack
import sumologic_pack
import update
from conditions import getter

PLATFORMS = {"splunk": splunk_pack, "elastic": elastic_pack, "datadog": datadog_pack, "sumologic": sumologic_pack}
INJECTION = ("prompt_injection", "jailbreak_detection", "instruction_hierarchy")


def problems_of(root, platform):
    problems = common.Problems(root)
    common.check_texts(root, platform, problems)
    PLATFORMS[platform].check(root, problems)
    return problems


class Shipped(unittest.TestCase):
    """What is in config/packs."""

    def test_no_problems(self):
        for platform in PLATFORMS:
            with self.subTest(platform):
                self.assertEqual([], problems_of(inventory.PACKS, platform))

    def test_manifests_and_runbook_are_current(self):
        for path, text in update.generated(inventory.PACKS).items():
            self.assertEqual(text, common.read(path), "run tests/content/update.py: %s" % path)

    def test_versions(self):
        version = re.search(r"version: '([\d.]+)'", common.read(os.path.join(inventory.ROOT, "meson.build"))).group(1)
        stamps = [json.loads(common.read(os.path.join(inventory.PACKS, "detections.json")))["version"]]
        stamps += [json.loads(common.read(os.path.join(inventory.PACKS, p, "pack.json")))["version"] for p in PLATFORMS]
        stamps += re.findall(r"^version = (\S+)", common.read(os.path.join(inventory.PACKS, "splunk/clawdstrike_siem/default/app.conf")), re.M)
        stamps += re.findall(r'"version":\s*"([\d.]+)"', common.read(os.path.join(inventory.PACKS, "splunk/clawdstrike_siem/app.manifest")))
        for name in os.listdir(os.path.join(inventory.PACKS, "elastic")):
            if name.endswith(".json") and name != "pack.json":
                stamps += re.findall(r'"_meta": \{[^}]*"version": "([\d.]+)"', common.read(os.path.join(inventory.PACKS, "elastic", name)))
        self.assertEqual({version}, set(stamps))

    def test_variables_are_declared(self):
        for platform in PLATFORMS:
            declared = {v["name"] for v in json.loads(common.read(os.path.join(inventory.PACKS, platform, "pack.json")))["variables"]}
            used = set()
            for path in common.files(os.path.join(inventory.PACKS, platform)):
                if path.endswith((".json", ".ndjson", ".conf")):
                    used |= set(re.findall(r"\$\{(\w+)\}", common.read(path)))
            self.assertEqual(declared, used, platform)

    def test_every_file_is_installed(self):
        listed = set(re.findall(r"'([\w./-]+)'", common.read(os.path.join(inventory.PACKS, "meson.build"))))
        there = {os.path.relpath(p, inventory.PACKS) for p in common.files(inventory.PACKS)} - {"meson.build"}
        self.assertEqual(set(), there - listed)


class Streams:
    """One fixture stream as each platform sees it."""

    @staticmethod
    @functools.lru_cache(maxsize=None)
    def events(name):
        return fixtures.STREAMS[name]().events

    @staticmethod
    @functools.lru_cache(maxsize=None)
    def documents(name, platform):
        """One document per event, found by its id: requests of several exporters' connections have no order."""
        found = {}
        for document in inventory.platform_documents(platform, inventory.lines_of(Streams.events(name))):
            ident = document["event"]["id"] if platform == "elastic" else document["event"]["event_id"] if platform == "splunk" else document["event_id"]
            found[ident] = document
        return [found[e["event_id"]] for e in Streams.events(name)]


def indexes(name, platform, condition, names=None):
    """Events of the stream that the condition finds."""
    out = set()
    for index, document in enumerate(Streams.documents(name, platform)):
        if platform == "splunk":
            get = splunk_pack.event_getter(document)
        elif platform == "datadog":
            inner = getter(document)
            get = lambda field, inner=inner: inner(datadog_pack.RESERVED.get(field, field))
        elif platform == "sumologic":
            inner = getter(document)
            get = lambda field, inner=inner: inner(names.get(field, field))
        else:
            get = getter(document)
        if condition(get):
            out.add(index)
    return out


def found_by(name, platform, ident, rules):
    """Per step of the detection the events that it finds."""
    rule = rules[ident]
    if platform == "splunk":
        found = [indexes(name, platform, rule)]
    elif platform == "sumologic":
        found = [indexes(name, platform, lambda get: all(c(get) for c in rule.conditions), getattr(rule, "paths", {}))]
    else:
        found = [indexes(name, platform, c) for c in rule]
    if not found:  # ES|QL that looks at every event
        found = [set(range(len(Streams.events(name))))]
    if ident == "CS-D05" and len(found) == 1:  # one search for both steps
        injected = {n for n, e in enumerate(Streams.events(name)) if e["decision"]["guard"] in INJECTION}
        found = [found[0] & injected, found[0] - injected]
    return found


class Detections(unittest.TestCase):
    """Every detection, in every dialect, on every stream: it fires where the table says so and nowhere else."""

    def run_platform(self, platform, rules):
        table = common.detections(inventory.PACKS)
        for name in fixtures.STREAMS:
            for ident, row in table.items():
                if ident not in rules:
                    continue
                with self.subTest(stream=name, detection=ident):
                    found = found_by(name, platform, ident, rules)
                    self.assertEqual(name in row["must_fire"], simulate.fires(row, Streams.events(name), found))

    def test_streams_are_there(self):
        wanted = {s for row in common.detections(inventory.PACKS).values() for s in row["must_fire"]}
        self.assertEqual(set(), wanted - set(fixtures.STREAMS))
        self.assertEqual(10_000, len(Streams.events("benign-day")))

    def test_splunk(self):
        self.run_platform("splunk", splunk_pack.detections(inventory.PACKS))

    def test_elastic(self):
        self.run_platform("elastic", elastic_pack.detections(inventory.PACKS))

    def test_datadog_rules(self):
        self.run_platform("datadog", datadog_pack.detections(inventory.PACKS))

    def test_datadog_monitors(self):
        self.run_platform("datadog", datadog_pack.monitor_detections(inventory.PACKS))

    def test_sumologic(self):
        self.run_platform("sumologic", sumologic_pack.detections(inventory.PACKS))


class Mistakes(unittest.TestCase):
    """The checks find what they are for: each mistake is made in a copy."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.root = os.path.join(self.directory.name, "packs")
        shutil.copytree(inventory.PACKS, self.root)

    def tearDown(self):
        self.directory.cleanup()

    def mistake(self, file, old, new, expected):
        path = os.path.join(self.root, file)
        text = common.read(path)
        self.assertTrue(old in text, "nothing to break in " + file)
        with open(path, "w") as f:
            f.write(text.replace(old, new, 1))
        problems = problems_of(self.root, file.split("/")[0])
        with open(path, "w") as f:
            f.write(text)
        self.assertTrue(any(expected in p for p in problems), "\n".join(problems) or "no problem found")

    def test_splunk(self):
        default = "splunk/clawdstrike_siem/default/"
        for mistake in (
            (default + "savedsearches.conf", "values(decision.guard)", "values(decision.gard)", "no field 'decision.gard'"),
            (default + "savedsearches.conf", "decision.severity=critical", "severety=critical", "no field 'severety'"),
            (default + "savedsearches.conf", "where count >=", "where cuont >=", "no field 'cuont'"),
            (default + "savedsearches.conf", "`clawdstrike_d03_threshold`", "`clawdstrike_d33_threshold`", "no macro"),
            (default + "savedsearches.conf", "alert.severity = 5", "alert.severity = 2", "CS-D01 is critical"),
            (default + "savedsearches.conf", "disabled = 1", "disabled = 0", "without being asked for"),
            (default + "macros.conf", "definition = 20", "definition = 21", "CS-D03 has threshold 20"),
            (default + "props.conf", "resource.host AS dest", "resource_host AS dest", "no field 'resource_host'"),
            (default + "props.conf", "\nKV_MODE = json", "\nTIME_PREFIX = x", "no setting 'TIME_PREFIX'"),
            (default + "props.conf", "OUTPUT severity_id", "OUTPUT severity_number", "no column severity_number"),
            (default + "transforms.conf", "clawdstrike_guards.csv", "guards.csv", "no file lookups/guards.csv"),
            (default + "tags.conf", "eventtype=clawdstrike_secret", "eventtype=clawdstrike_sekret", "not there"),
            (default + "data/ui/views/overview.xml", "</row>", "</rov>", "mismatched tag"),
            (default + "data/ui/views/overview.xml", "resource.type, resource.name", "resource.kind, resource.name", "no field 'resource.kind'"),
            (default + "data/ui/views/session.xml", 'token="session"', 'token="sessions"', "no input for the token $session$"),
            (default + "data/ui/views/overview.xml", "Q8 Latest", "Latest", "no panel answers Q8"),
            (default + "data/ui/nav/default.xml", 'name="attack"', 'name="mitre"', "no view 'mitre'"),
            ("splunk/clawdstrike_siem/lookups/clawdstrike_guards.csv", "posture_budget", "posture_buget", "posture_buget"),
            ("splunk/clawdstrike_siem/lookups/clawdstrike_mitre.csv", "Data Destruction", "Data Loss", "not the names of ATT&CK"),
        ):
            with self.subTest(mistake[2]):
                self.mistake(*mistake)

    def test_elastic(self):
        rules, board = "elastic/rules/clawdstrike.ndjson", "elastic/dashboards.ndjson"
        for mistake in (
            (rules, "clawdstrike.decision.severity", "decision.severity", "no field 'decision.severity'"),
            (rules, '"field":["clawdstrike.session_id"]', '"field":["session.id"]', "no field 'session.id'"),
            (rules, "MAX(@timestamp)", "MAX(@time)", "no field '@time'"),
            (rules, '"risk_score":99', '"risk_score":73', "does not go with severity critical"),
            (rules, '"interval":"5m"', '"interval":"10m"', "looks back no longer"),
            (rules, '"value":20', '"value":30', "CS-D03 has threshold 20"),
            (rules, '"rule_id":"', '"rule_id":"0', "must not change"),
            (rules, "techniques/T1552/", "techniques/T1553/", "a reference for T1552"),
            (rules, '"severity":"critical"', '"severity":"high"', "CS-D01 is critical"),
            (rules, '"enabled":false', '"enabled":true', "without being asked for"),
            (rules, '{"rule_id"', '{rule_id', "property name"),
            (board, "clawdstrike.resource.name", "resource.name", "no field 'resource.name'"),
            (board, '"sourceField":"clawdstrike.guard"', '"sourceField":"rule.guard"', "no field 'rule.guard'"),
            (board, "event.severity >= 5", "event.urgency >= 5", "no field 'event.urgency'"),
            (board, '"id":"clawdstrike-q3"', '"id":"clawdstrike-q2"', "two objects lens/clawdstrike-q2"),
            (board, '"accessors":["m"],"xAccessor":"x"', '"accessors":["m"],"xAccessor":"t"', "no column 't'"),
            ("elastic/component-mappings.json", '"match_only_text"', '"keyword"', "is match_only_text in ECS"),
            (board, "event.severity >= 5", "event.original: *", "no field 'event.original'"),
            ("elastic/component-mappings.json", '"session_id"', '"sessionid"', "events have 'clawdstrike.session_id'"),
            ("elastic/pipeline.json", "{{{destination.domain}}}", "{{{destination.domian}}}", "no field 'destination.domian'"),
            ("elastic/index-template.json", "logs-clawdstrike.*-*", "clawdstrike-*", "no pattern fits"),
            ("elastic/index-template.json", '"clawdstrike@settings"', '"clawdstrike@sittings"', "no component template"),
        ):
            with self.subTest(mistake[2]):
                self.mistake(*mistake)

    def test_datadog(self):
        for mistake in (
            ("datadog/monitors/cs-d01.json", "@security.severity", "@decision.severity", "no attribute '@decision.severity'"),
            ("datadog/monitors/cs-d03.json", '"critical": 20', '"critical": 10', "not the query's number"),
            ("datadog/monitors/cs-d03.json", "[@session.id].name", "[@agent.id].name", "not grouped by"),
            ("datadog/monitors/cs-d09.json", 'last(\\"60m\\")', 'last(\\"30m\\")', "in the table"),
            ("datadog/monitors/cs-d04.json", '"priority": 2', '"priority": 1', "CS-D04 is high"),
            ("datadog/monitors/denials-metric.json", "events.denied{", "events.refused{", "no metric"),
            ("datadog/rules/cs-d08.json", '"@agent.id"', '"@agent.ident"', "no attribute '@agent.ident'"),
            ("datadog/rules/cs-d02.json", '"status": "high"', '"status": "severe"', "no status 'severe'"),
            ("datadog/rules/cs-d03.json", "denied >= 20", "dinied >= 20", "condition of no query"),
            ("datadog/dashboards/security.json", '"sunburst"', '"pie"', "no widget type 'pie'"),
            ("datadog/dashboards/security.json", "$tenant", "$tennant", "no template variable"),
            ("datadog/dashboards/security.json", '"@resource.name"', '"@resource.nam"', "no attribute '@resource.nam'"),
            ("datadog/pipeline.json", '"session.user_id"', '"user_id"', "no attribute '@user_id'"),
            ("datadog/facets.json", '"@security.guard"', '"@guard"', "no attribute '@guard'"),
        ):
            with self.subTest(mistake[2]):
                self.mistake(*mistake)

    def test_sumologic(self):
        content = "sumologic/content/clawdstrike.json"
        for mistake in (
            ("sumologic/fers.json", "decision.guard", "guard", "no field 'guard'"),
            ("sumologic/fers.json", " nodrop", "", "without nodrop"),
            ("sumologic/fields.json", '"allowed"', '"alowed"', "not in both"),
            ("sumologic/monitors.json", "where severity =", "where severety =", "no field 'severety'"),
            ("sumologic/monitors.json", "events >= 20", "events >= 10", "CS-D03 has 20"),
            ("sumologic/monitors.json", '"severity": "critical"', '"severity": "high"', "CS-D01 is critical"),
            ("sumologic/monitors.json", "${connection_id}", "0000000000ABCDEF", "somebody's connection"),
            (content, "threat.technique", "threat.techniqe", "no field 'threat.techniqe'"),
            (content, "transpose row", "transposed row", "operator 'transposed'"),
            (content, '"key": "q3"', '"key": "q4"', "same keys"),
            (content, "by guard |", "by (guard |", "unbalanced"),
            (content, "{{tenant}}", "{{tennant}}", "no variable"),
        ):
            with self.subTest(mistake[2]):
                self.mistake(*mistake)

    def test_every_text(self):
        for text, expected in (("https://splunk.internal/x", "names a host"), ("10.1.2.3", "names an address"),
                               ("AKIA" + "ABCDEFGHIJKLMNOP", "looks like a secret"), ("0123456789abcdef" * 2, "looks like a secret")):
            with self.subTest(expected):
                self.mistake("datadog/metrics.json", "Decisions that were delivered as logs.", text, expected)

    def test_a_query_that_finds_something_else(self):
        """Fields that exist are not enough: with the wrong guard the detection stays quiet."""
        for platform, file, guard in (("splunk", "splunk/clawdstrike_siem/default/savedsearches.conf", "threat_intel,"),
                                      ("elastic", "elastic/rules/clawdstrike.ndjson", '\\"threat_intel\\"'),
                                      ("datadog", "datadog/rules/cs-d04.json", "threat_intel "),
                                      ("sumologic", "sumologic/monitors.json", '\\"threat_intel\\"')):
            with self.subTest(platform):
                path = os.path.join(self.root, file)
                text = common.read(path)
                self.assertTrue(guard in text)
                with open(path, "w") as f:
                    f.write(text.replace(guard, guard.replace("threat_intel", "threat_feed")))
                self.assertFalse(self.intel_fires(platform, self.root))
                self.assertTrue(self.intel_fires(platform, inventory.PACKS))

    @staticmethod
    def intel_fires(platform, root):
        found = found_by("intel-hit", platform, "CS-D04", PLATFORMS[platform].detections(root))
        return simulate.fires(common.detections(root)["CS-D04"], Streams.events("intel-hit"), found)

    def test_a_detection_that_does_not_fire(self):
        rules = splunk_pack.detections(inventory.PACKS)
        row = common.detections(inventory.PACKS)["CS-D03"]
        found = found_by("denial-burst", "splunk", "CS-D03", rules)
        self.assertFalse(simulate.fires(dict(row, threshold=26), Streams.events("denial-burst"), found))


if __name__ == "__main__":
    unittest.main()
