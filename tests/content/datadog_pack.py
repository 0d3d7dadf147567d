"""Datadog: shapes of dashboards, monitors, rules and the pipeline; attributes of every search; metric names."""

import json
import os
import re

import common
import inventory
from conditions import Condition, Refused

WIDGETS = {"query_value", "timeseries", "toplist", "sunburst", "query_table", "list_stream"}
AGGREGATIONS = {"count", "cardinality", "new_value"}
PROCESSORS = {"date-remapper": {"sources"}, "status-remapper": {"sources"}, "service-remapper": {"sources"}, "message-remapper": {"sources"},
              "attribute-remapper": {"sources", "target", "source_type", "target_type", "preserve_source", "override_on_conflict"},
              "category-processor": {"target", "categories"}}
WINDOWS = {0, 60, 300, 600, 900, 1800, 3600, 7200}
STATUSES = {"info", "low", "medium", "high", "critical"}
PRIORITY = {1: "critical", 2: "high", 3: "medium", 4: "low"}
MONITOR_KEYS = {"name", "type", "query", "message", "tags", "priority", "options"}
# Names in searches that are no attributes, and where they come from.
RESERVED = {"source": "ddsource", "service": "service", "status": "status", "host": "hostname"}
COLUMNS = {"timestamp": "timestamp", "content": "message"}


class Pack:
    def __init__(self, root, problems):
        self.root, self.directory, self.problems = root, os.path.join(root, "datadog"), problems
        self.events = inventory.inventory("datadog")
        self.documents = {}
        for path in common.files(self.directory):
            if path.endswith(".json") and os.path.basename(path) != "pack.json":
                document = common.load_json(path, problems)
                if document is not None:
                    self.documents[os.path.relpath(path, self.directory)] = (path, document)
        self.made = {p["target"] for p in self.documents["pipeline.json"][1]["processors"] if "target" in p}
        self.metrics = [m["metric"] for m in self.documents["metrics.json"][1]["metrics"]]
        self.used = {}

    def within(self, folder):
        return [v for k, v in self.documents.items() if k.startswith(folder + "/")]

    def need(self, path, fields):
        text = common.read(path)
        for field in fields:
            name = RESERVED.get(field, COLUMNS.get(field, field.lstrip("@")))
            if not field.startswith("@") and field not in RESERVED and field not in COLUMNS:
                self.problems.add(path, "'%s' needs an @ to be an attribute" % field, common.line_of(text, field))
            elif not (inventory.known(name, self.events) or name in self.made):
                self.problems.add(path, "no attribute '%s' in events" % field, common.line_of(text, field))
            self.used.setdefault(path, set()).add(name)

    def condition(self, path, text, variables=()):
        for name in re.findall(r"\$(\w+)", text):
            if name not in variables:
                self.problems.add(path, "no template variable '$%s'" % name, common.line_of(common.read(path), "$" + name))
        try:
            found = Condition(re.sub(r"\$\w+", "", text))
        except Refused as error:
            self.problems.add(path, str(error))
            return None
        self.need(path, found.fields)
        if "source" not in found.fields:
            self.problems.add(path, "a search without source: %s" % text)
        return found

    # -- pipeline, facets, metrics

    def pipeline(self):
        path, pipeline = self.documents["pipeline.json"]
        self.condition(path, pipeline["filter"]["query"])
        for processor in pipeline["processors"]:
            kind = processor["type"]
            if kind not in PROCESSORS or not PROCESSORS[kind] <= set(processor):
                self.problems.add(path, "not a whole %s" % kind)
                continue
            self.need(path, ["@" + s for s in processor.get("sources", [])])
            for category in processor.get("categories", []):
                self.need(path, Condition(category["filter"]["query"]).fields)
        path, facets = self.documents["facets.json"]
        self.need(path, [f["path"] for f in facets["facets"]])
        path, metrics = self.documents["metrics.json"]
        for metric in metrics["metrics"]:
            if not re.fullmatch(r"[a-z][a-z0-9_.]{0,199}", metric["metric"]):
                self.problems.add(path, "not a metric's name: %s" % metric["metric"])
        self.exporter_metrics(path)

    def exporter_metrics(self, path):
        """The names are the exporter's, where this tree has it."""
        source = os.path.join(inventory.ROOT, "plugins", "exporters", "datadog", "tally.cpp")
        if not os.path.exists(source):
            return
        theirs = {"clawdstrike.security.events." + name for name in re.findall(r'\bseries\("(\w+)"', common.read(source))}
        for name in sorted(theirs ^ set(self.metrics)):
            self.problems.add(path, "'%s' is not in both, this file and the exporter" % name)

    def metric(self, path, text):
        for name in re.findall(r"(?:sum|avg|max|min):([\w.]+)\{", text):
            if name not in self.metrics:
                self.problems.add(path, "no metric '%s' in metrics.json" % name, common.line_of(common.read(path), name))

    # -- dashboards

    def dashboards(self):
        titles = []
        for path, board in self.within("dashboards"):
            variables = [v["name"] for v in board["template_variables"]]
            self.need(path, [v["prefix"] for v in board["template_variables"]])
            if board["layout_type"] != "ordered":
                self.problems.add(path, "layout_type must be ordered")
            taken = set()
            for widget in board["widgets"]:
                definition, at = widget["definition"], widget["layout"]
                titles.append(definition["title"])
                if definition["type"] not in WIDGETS:
                    self.problems.add(path, "no widget type '%s'" % definition["type"])
                cells = {(x, y) for x in range(at["x"], at["x"] + at["width"]) for y in range(at["y"], at["y"] + at["height"])}
                if cells & taken or at["x"] + at["width"] > 12:
                    self.problems.add(path, "'%s' lies on another widget or outside" % definition["title"])
                taken |= cells
                for request in definition["requests"]:
                    self.request(path, request, variables)
        common.check_questions("datadog", titles, self.problems)

    def request(self, path, request, variables):
        if request["response_format"] == "event_list":
            self.condition(path, request["query"]["query_string"], variables)
            self.need(path, [c["field"] for c in request["columns"]])
            return
        names = {q["name"] for q in request["queries"]}
        for formula in request["formulas"]:
            if formula["formula"] not in names:
                self.problems.add(path, "formula '%s' without a query" % formula["formula"])
        for query in request["queries"]:
            if query["data_source"] == "metrics":
                self.metric(path, query["query"])
                continue
            self.condition(path, query["search"]["query"], variables)
            compute = query["compute"]
            if compute["aggregation"] not in AGGREGATIONS:
                self.problems.add(path, "no aggregation '%s'" % compute["aggregation"])
            self.need(path, [g["facet"] for g in query["group_by"]] + [m for m in [compute.get("metric")] if m])
        facets = {f["path"] for f in self.documents["facets.json"][1]["facets"]}
        for group in (g["facet"] for q in request["queries"] for g in q.get("group_by", [])):
            if group not in facets and group != "@agent.version":
                self.problems.add(path, "'%s' is grouped by and is no facet" % group)

    # -- monitors and rules

    def monitors(self):
        found, conditions = [], {}
        table = common.detections(self.root)
        for path, monitor in self.within("monitors"):
            for key in sorted(MONITOR_KEYS ^ set(monitor)):
                self.problems.add(path, "'%s' is missing or unknown" % key)
            critical = monitor["options"]["thresholds"]["critical"]
            number = re.search(r"(>=|<=|>|<) ([\d.]+)$", monitor["query"])
            if not number or float(number.group(2)) != critical:
                self.problems.add(path, "the threshold is not the query's number", common.line_of(common.read(path), "thresholds"))
            if "${notify}" not in monitor["message"]:
                self.problems.add(path, "nobody is notified")
            if monitor["type"] == "metric alert":
                self.metric(path, monitor["query"])
                continue
            parts = re.fullmatch(r'logs\("(.*?)"\)\.index\("\*"\)\.rollup\("(\w+)"(?:, "([^"]+)")?\)(?:\.by\("([^"]+)"\))?\.last\("(\d+)m"\) (>=|<) \d+',
                                 monitor["query"])
            if monitor["type"] != "log alert" or not parts:
                self.problems.add(path, "not the query of a log alert")
                continue
            search, aggregation, field, by, minutes, _ = parts.groups()
            groups = by.split(",") if by else []
            self.need(path, groups + [f for f in [field] if f])
            for name in re.findall(r"\{\{\[?([^\]}]+)\]?\.name\}\}", monitor["message"]):
                if name not in groups:
                    self.problems.add(path, "the message names %s, which is not grouped by" % name)
            condition = self.condition(path, search)
            for ident in common.identifiers(monitor["name"]):
                row = table[ident]
                found.append((ident, PRIORITY.get(monitor["priority"]), path, 1))
                conditions[ident] = [condition]
                if row["kind"] != "silence" and critical != row["threshold"] or int(minutes) != row["window_minutes"]:
                    self.problems.add(path, "%s has %d in %d minutes in the table" % (ident, row["threshold"], row["window_minutes"]))
        return found, conditions

    def rules(self):
        found, conditions = [], {}
        table = common.detections(self.root)
        for path, rule in self.within("rules"):
            if rule["type"] != "log_detection" or rule["isEnabled"]:
                self.problems.add(path, "not a log detection rule that is switched off")
            names = [q["name"] for q in rule["queries"]]
            rows = []
            for query in rule["queries"]:
                rows.append(self.condition(path, query["query"]))
                if query["aggregation"] not in AGGREGATIONS:
                    self.problems.add(path, "no aggregation '%s'" % query["aggregation"])
                self.need(path, query["groupByFields"] + query["distinctFields"] + query.get("metrics", []))
            options = rule["options"]
            sequence = options.get("sequenceDetectionOptions", {}).get("steps", [])
            for text in [c["condition"] for c in rule["cases"]] + [s["condition"] for s in sequence]:
                match = re.fullmatch(r"(\w+) >= (\d+)", text)
                if text and (not match or match.group(1) not in names + [s["name"] for s in sequence]):
                    self.problems.add(path, "condition of no query: %s" % text)
            if options.get("evaluationWindow", 0) not in WINDOWS:
                self.problems.add(path, "no such evaluation window")
            for case in rule["cases"]:
                if case["status"] not in STATUSES:
                    self.problems.add(path, "no status '%s'" % case["status"])
            for ident in common.identifiers(rule["name"]):
                row = table[ident]
                found.append((ident, rule["cases"][0]["status"], path, 1))
                conditions[ident] = rows
                number = re.search(r"\d+$", rule["cases"][0]["condition"])
                if number and int(number.group()) != row["threshold"]:
                    self.problems.add(path, "%s has threshold %d in the table" % (ident, row["threshold"]))
                if options.get("evaluationWindow", row["window_minutes"] * 60) != row["window_minutes"] * 60:
                    self.problems.add(path, "%s has a window of %d minutes in the table" % (ident, row["window_minutes"]))
        return found, conditions

    def detections(self):
        (monitors, first), (rules, second) = self.monitors(), self.rules()
        have = {f[0] for f in monitors}
        common.check_detections(self.root, "datadog", monitors + [f for f in rules if f[0] not in have], self.problems)
        common.check_detections(self.root, "datadog", rules + [f for f in monitors if f[0] not in {r[0] for r in rules}], self.problems)
        return first, second


def check(root, problems):
    pack = Pack(root, problems)
    pack.pipeline()
    pack.dashboards()
    pack.detections()
    return {path: {f for f in names if inventory.known(f, pack.events)} for path, names in pack.used.items()}


def detections(root):
    """Id to conditions; of the rule where there is one, else of the monitor. Both are in `both`."""
    monitors, rules = Pack(root, common.Problems(root)).detections()
    return {**monitors, **rules}


def monitor_detections(root):
    return Pack(root, common.Problems(root)).detections()[0]
