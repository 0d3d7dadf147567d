"""Sumo Logic: extraction rules, exported folder, monitors; operators and fields of every query."""

import json
import os
import re

import common
import inventory
from conditions import Refused
from pipelines import Sumo

SCOPE = "_sourceCategory=*/security/clawdstrike*"
# What the platform itself gives every message.
INTERNAL = {"_messageTime", "_receiptTime", "_raw", "_sourceHost", "_sourceCategory", "_sourceName"}
TRIGGERS = {"critical": "Critical", "high": "Critical", "medium": "Warning", "low": "Warning"}
DEFINITIONS = {"FolderSyncDefinition": {"name", "description", "children"},
               "SavedSearchWithScheduleSyncDefinition": {"name", "description", "search", "searchSchedule"},
               "DashboardV2SyncDefinition": {"name", "title", "description", "theme", "timeRange", "layout", "panels", "variables"}}
SCHEDULE = {"cronExpression", "displayableTimeRange", "parseableTimeRange", "timeZone", "threshold", "notification", "scheduleType", "parameters"}


class Pack:
    def __init__(self, root, problems):
        self.root, self.directory, self.problems = root, os.path.join(root, "sumologic"), problems
        self.events = inventory.inventory("sumologic")
        self.documents = {}
        for path in common.files(self.directory):
            if path.endswith(".json") and os.path.basename(path) != "pack.json":
                document = common.load_json(path, problems)
                if document is not None:
                    self.documents[os.path.relpath(path, self.directory)] = (path, document)
        self.used = {}
        self.fields = {f["fieldName"] for f in self.documents["fields.json"][1]["fields"]}

    def query(self, path, text, variables=()):
        line = common.line_of(common.read(path), json.dumps(text, ensure_ascii=False)[1:-1])
        for name in re.findall(r"\{\{(\w+)\}\}", text):
            if name not in variables:
                self.problems.add(path, "no variable {{%s}}" % name, line)
        if not text.startswith(SCOPE):
            self.problems.add(path, "a query begins with %s" % SCOPE, line)
        sumo = Sumo(lambda name: name in INTERNAL or name in self.fields, lambda name: inventory.known(name, self.events))
        try:
            sumo.run(text)
        except Refused as error:
            self.problems.add(path, str(error), line)
            return None
        self.used.setdefault(path, set()).update(f for f in sumo.used if inventory.known(f, self.events))
        return sumo

    def extraction(self):
        path, document = self.documents["fers.json"]
        if len(document["rules"]) > 50:
            self.problems.add(path, "an account has room for 50 rules")
        for rule in document["rules"]:
            expression = rule["parseExpression"]
            if expression.lstrip().startswith("|") or len(expression) > 16384 or rule["scope"] != SCOPE:
                self.problems.add(path, "not an expression for an extraction rule")
            found = self.query(path, "%s | %s" % (rule["scope"], expression))
            names = set(found.paths) if found else set()
            if len(names) > 12:
                self.problems.add(path, "more than 12 fields")
            for name in sorted(names ^ self.fields):
                self.problems.add(path, "'%s' is not in both, this file and fields.json" % name)

    def content(self):
        for name, (path, document) in self.documents.items():
            if name.startswith("content/"):
                self.item(path, document)

    def item(self, path, item):
        missing = DEFINITIONS.get(item.get("type"), {"a known type"}) - set(item)
        if missing:
            self.problems.add(path, "'%s' has no %s" % (item.get("name"), ", ".join(sorted(missing))))
            return
        if item["type"] == "FolderSyncDefinition":
            names = [c["name"] for c in item["children"]]
            if len(set(names)) != len(names):
                self.problems.add(path, "two children of one name")
            for child in item["children"]:
                self.item(path, child)
        elif item["type"] == "DashboardV2SyncDefinition":
            self.dashboard(path, item)
        else:
            self.query(path, item["search"]["queryText"])
            schedule = item["searchSchedule"]
            if schedule and (SCHEDULE - set(schedule) or not re.fullmatch(r"(\S+ ){6}\S+", schedule["cronExpression"])):
                self.problems.add(path, "'%s' has no whole schedule" % item["name"])
            if schedule and schedule["notification"]["webhookId"] != "${connection_id}":
                self.problems.add(path, "'%s' names somebody's connection" % item["name"])

    def dashboard(self, path, board):
        keys = [p["key"] for p in board["panels"]]
        if len(set(keys)) != len(keys) or set(keys) != {s["key"] for s in board["layout"]["layoutStructures"]}:
            self.problems.add(path, "panels and layout do not have the same keys")
        taken = set()
        for structure in board["layout"]["layoutStructures"]:
            at = json.loads(structure["structure"])
            cells = {(x, y) for x in range(at["x"], at["x"] + at["width"]) for y in range(at["y"], at["y"] + at["height"])}
            if cells & taken or at["x"] + at["width"] > 24:
                self.problems.add(path, "panel %s lies on another or outside" % structure["key"])
            taken |= cells
        variables = {v["name"] for v in board["variables"]}
        for variable in board["variables"]:
            self.query(path, variable["sourceDefinition"]["query"])
        for panel in board["panels"]:
            json.loads(panel["visualSettings"])
            for query in panel["queries"]:
                self.query(path, query["queryString"], variables)
        common.check_questions("sumologic", [p["title"] for p in board["panels"]], self.problems)

    def monitors(self):
        path, document = self.documents["monitors.json"]
        text = common.read(path)
        table = common.detections(self.root)
        found, parsed = [], {}
        for monitor in document["children"]:
            line = common.line_of(text, json.dumps(monitor["name"], ensure_ascii=False))
            if not monitor["isDisabled"]:
                self.problems.add(path, "'%s' would run without being asked for" % monitor["name"], line)
            for notification in monitor["notifications"]:
                if notification["notification"]["connectionId"] != "${connection_id}":
                    self.problems.add(path, "'%s' names somebody's connection" % monitor["name"], line)
            for query in monitor["queries"]:
                sumo = self.query(path, query["query"])
            for ident in common.identifiers(monitor["name"]):
                row = table[ident]
                found.append((ident, monitor["tags"]["severity"], path, line))
                parsed[ident] = sumo
                if {t["triggerType"] for t in monitor["triggers"]} != {TRIGGERS[row["severity"]], "Resolved" + TRIGGERS[row["severity"]]}:
                    self.problems.add(path, "%s does not trigger as %s" % (ident, row["severity"]), line)
                self.numbers(path, line, row, monitor)
        common.check_detections(self.root, "sumologic", found, self.problems)
        return parsed

    def numbers(self, path, line, row, monitor):
        last = monitor["queries"][0]["query"].rsplit("|", 1)[1]
        window = {"silence": row["window_minutes"] * 60_000, "sequence": row["window_minutes"] * 60_000,
                  "new_value": row["window_minutes"] * 60_000}.get(row["kind"], row["threshold"])
        if int(re.findall(r"\d+", last)[-1]) != window:
            self.problems.add(path, "%s has %d in the table, not what '%s' says" % (row["id"], window, last.strip()), line)
        if row["kind"] in ("count", "distinct"):
            unit = {"m": 1, "h": 60}[monitor["triggers"][0]["timeRange"][-1]]
            if int(monitor["triggers"][0]["timeRange"][1:-1]) * unit != row["window_minutes"]:
                self.problems.add(path, "%s has a window of %d minutes in the table" % (row["id"], row["window_minutes"]), line)


def check(root, problems):
    pack = Pack(root, problems)
    pack.extraction()
    pack.content()
    pack.monitors()
    return pack.used


def detections(root):
    """Id to its query as followed: `conditions`, and `paths` from names to fields."""
    return Pack(root, common.Problems(root)).monitors()
