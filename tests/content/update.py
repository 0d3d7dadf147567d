#!/usr/bin/env python3
"""Writes what is derived: the manifests (checksums, fields), the reference events and DETECTIONS.md. Run it after a change in
config/packs, with CSIEM_BIN as for the tests; a test compares.
"""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import common
import datadog_pack
import elastic_pack
import fixtures
import inventory
import splunk_pack
import sumologic_pack

PLATFORMS = {"splunk": splunk_pack, "elastic": elastic_pack, "datadog": datadog_pack, "sumologic": sumologic_pack}
KINDS = ((".conf", "settings"), (".meta", "settings"), (".xml", "dashboard"), (".csv", "lookup"), (".md", "documentation"), (".png", "image"))


def format_fields(platform, names):
    """Fields of the platform as the fields of the pack's format: what the exporter adds is left out."""
    wanted = {n.replace("security.", "decision.", 1) if platform == "datadog" else n for n in names}
    emitted = inventory.fields_of(inventory.transform("ecs" if platform == "elastic" else "native", inventory.sample_events()))
    return sorted(n for n in wanted if inventory.known(n, emitted) and not n.startswith("labels."))


def manifest(root, platform):
    directory = os.path.join(root, platform)
    path = os.path.join(directory, "pack.json")
    head = json.loads(common.read(path))
    used = PLATFORMS[platform].check(root, common.Problems(root))
    head["files"] = []
    for file in common.files(directory):
        if file == path:
            continue
        row = {"path": os.path.relpath(file, directory),
               "kind": next((k for end, k in KINDS if file.endswith(end)), "objects"),
               "bytes": os.path.getsize(file), "sha256": common.sha256(file)}
        fields = format_fields(platform, used.get(file, ()))
        if fields:
            row["fields"] = fields
        head["files"].append(row)
    return json.dumps(head, indent=2, ensure_ascii=False) + "\n"


def runbook(root):
    out = ["# Detections\n", "The same ten on every platform. Written from `detections.json`; thresholds and windows are those of the packs as shipped.\n"]
    out.append("| Id | Detection | Severity | Fires at | ATT&CK |\n|---|---|---|---|---|")
    rows = common.detections(root).values()
    for row in rows:
        out.append("| [%s](#%s) | %s | %s | %s | %s |" % (row["id"], row["id"].lower(), row["name"], row["severity"], condition(row), ", ".join(row["attack"]) or "by guard"))
    for row in rows:
        steps = "\n".join("%d. %s" % (n, s) for n, s in enumerate(row["triage"], 1))
        out.append("\n## %s\n\n**%s**, %s. %s\n\nFalse positives: %s\n\n%s" % (row["id"], row["name"], row["severity"], row["what"], row["false_positives"], steps))
    return "\n".join(out) + "\n"


def condition(row):
    group = " per " + ", ".join("`%s`" % g for g in row["group_by"]) if row["group_by"] else ""
    window = "%d minutes" % row["window_minutes"]
    return {"count": "%d in %s%s" % (row["threshold"], window, group),
            "distinct": "%d values of `%s` in %s%s" % (row["threshold"], row.get("value"), window, group),
            "sequence": "second event within %s%s" % (window, group),
            "new_value": "first use of a `%s`%s" % (row.get("value"), group),
            "silence": "nothing for %s%s" % (window, group)}[row["kind"]]


def generated(root):
    """Path to text."""
    out = {os.path.join(root, "DETECTIONS.md"): runbook(root),
           os.path.join(root, "events.jsonl"): inventory.lines_of(fixtures.reference().events)}
    for platform in PLATFORMS:
        out[os.path.join(root, platform, "pack.json")] = manifest(root, platform)
    return out


if __name__ == "__main__":
    for path, text in generated(inventory.PACKS).items():
        with open(path, "w") as f:
            f.write(text)
