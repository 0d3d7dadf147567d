"""Elastic: mappings against what `ecs` emits, references between objects, fields of every query and panel."""

import fnmatch
import json
import os
import re
import uuid

import common
import inventory
from conditions import Condition, Refused
from pipelines import Esql

RISK = {"low": (0, 21), "medium": (22, 47), "high": (48, 73), "critical": (74, 100)}
LANGUAGES = {"query": ("kuery",), "threshold": ("kuery",), "new_terms": ("kuery",), "eql": ("eql",), "esql": ("esql",)}
RULE_KEYS = {"rule_id", "name", "description", "severity", "risk_score", "version", "enabled", "type", "language", "query", "index", "from", "to",
             "interval", "max_signals", "timestamp_override", "tags", "author", "license", "false_positives", "references", "threat", "note",
             "setup", "alert_suppression", "severity_mapping", "threshold", "new_terms_fields", "history_window_start"}
REQUIRED = {"rule_id", "name", "description", "risk_score", "severity", "type", "query", "language", "interval", "from"}
# Saved objects, with the attributes that an import reads.
OBJECTS = {"index-pattern": {"title", "timeFieldName"}, "lens": {"title", "visualizationType", "state"}, "search": {"title", "columns", "sort"},
           "dashboard": {"title", "panelsJSON", "optionsJSON"}}


def mapped(properties, prefix=""):
    """Path to mapping of a mapping's leaves."""
    found = {}
    for name, mapping in properties.items():
        path = prefix + name
        if "properties" in mapping:
            found.update(mapped(mapping["properties"], path + "."))
        elif mapping.get("dynamic") is True or mapping.get("enabled") is False or mapping["type"] == "flattened":
            found[path + ".*"] = mapping
        else:
            found[path] = mapping
    return found


def accepts(mapping, value):
    """Whether Elasticsearch would index `value`; what it would refuse makes it refuse the whole document."""
    kind = mapping["type"]
    if kind in ("flattened", "object"):
        return True
    if kind == "long":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "date":
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", str(value)))
    if kind == "ip":
        return bool(re.fullmatch(r"[0-9a-fA-F:.]+", str(value)))
    return isinstance(value, str) and (mapping.get("ignore_above") or kind != "keyword" or len(value.encode()) <= 32766)


class Pack:
    def __init__(self, root, problems):
        self.root, self.directory, self.problems = root, os.path.join(root, "elastic"), problems
        self.documents = {}
        for path in common.files(self.directory):
            if path.endswith((".json", ".ndjson")) and os.path.basename(path) != "pack.json":
                self.documents[os.path.relpath(path, self.directory)] = (path, common.load_any(path, problems))
        self.events = inventory.inventory("elastic")
        self.mapping = mapped(self.one("component-mappings.json")["template"]["mappings"]["properties"])
        self.runtime = set()
        self.used = {}

    def path(self, name):
        return self.documents[name][0]

    def one(self, name):
        return self.documents[name][1][0][1]

    def known(self, field):
        """Whether events have it and it can be searched."""
        mapping = self.mapping.get(field, {})
        if mapping.get("index") is False or mapping.get("enabled") is False:
            return False
        return (inventory.known(field, self.events) and inventory.known(field, self.mapping)) or field in self.runtime or field in self.written

    def need(self, path, fields, line=1):
        for field in fields:
            if not self.known(field):
                self.problems.add(path, "no field '%s' in events and mapping" % field, line)
            self.used.setdefault(path, set()).add(field)

    def condition(self, path, text, line=1):
        try:
            found = Condition(text)
        except Refused as error:
            self.problems.add(path, str(error), line)
            return None
        self.need(path, found.fields, line)
        return found

    # -- index

    def index(self):
        ecs = {}
        for row in common.read(os.path.join(inventory.DATA, "schema", "ecs-8.17.0.tsv")).split("\n"):
            if row and not row.startswith("#"):
                name, kind, _ = row.split("\t")
                ecs[name] = kind
        path = self.path("component-mappings.json")
        for field in sorted(self.events):
            if not inventory.known(field.replace(".*", ".x"), self.mapping):
                self.problems.add(path, "events have '%s', the mapping does not" % field)
        for field, mapping in self.mapping.items():
            if field in ecs and mapping["type"] != ecs[field]:
                self.problems.add(path, "'%s' is %s in ECS, not %s" % (field, ecs[field], mapping["type"]))
            for value in self.events.get(field, ()):
                if not accepts(mapping, value):
                    self.problems.add(path, "'%s' would refuse %.60r" % (field, value))
        if len(self.mapping) > self.one("component-settings.json")["template"]["settings"]["index"]["mapping"]["total_fields"]["limit"] / 2:
            self.problems.add(path, "too close to the field limit")
        template, path = self.one("index-template.json"), self.path("index-template.json")
        with open(os.path.join(inventory.ROOT, "plugins", "exporters", "elastic", "settings.json")) as f:
            stream = next(e["data_stream"] for e in json.load(f)["examples"] if "data_stream" in e)
        if not any(fnmatch.fnmatch(stream, p) for p in template["index_patterns"]):
            self.problems.add(path, "no pattern fits the exporter's data stream %s" % stream)
        if template["priority"] <= 200:
            self.problems.add(path, "priority must be above 200")
        for name in template["composed_of"]:
            part = name.replace("clawdstrike@", "component-")
            there = any(n.startswith(part) for n in self.documents)
            if not there and name not in template["ignore_missing_component_templates"]:
                self.problems.add(path, "no component template %s" % name)
        if self.one("component-lifecycle-ilm.json")["template"]["settings"]["index"]["lifecycle"]["name"] != "clawdstrike-security":
            self.problems.add(self.path("component-lifecycle-ilm.json"), "names another policy than the one installed")
        if self.one("component-settings.json")["template"]["settings"]["index"]["default_pipeline"] != "clawdstrike-security":
            self.problems.add(self.path("component-settings.json"), "names another pipeline than the one installed")

    def pipeline(self):
        path, pipeline = self.path("pipeline.json"), self.one("pipeline.json")
        for processor in pipeline["processors"] + pipeline["on_failure"]:
            (kind, settings), = processor.items()
            if kind not in ("set", "append", "lowercase"):
                self.problems.add(path, "the pipeline must not parse: %s" % kind)
            text = json.dumps(settings)
            reads = re.findall(r"\{\{\{([\w.]+)\}\}\}", text) + [m.replace("?", "") for m in re.findall(r"ctx\.([\w.?]+)", text)]
            self.need(path, [f for f in reads if not f.startswith("_ingest.")])
            if not inventory.known(settings["field"], self.mapping):
                self.problems.add(path, "writes '%s', which the mapping does not have" % settings["field"])

    # What the pipeline adds to events.
    written = {"error.message"}

    # -- rules

    def rules(self):
        path, lines = self.documents[os.path.join("rules", "clawdstrike.ndjson")]
        found, names = [], set()
        for line, rule in lines:
            for ident in common.identifiers(rule["name"]):
                found.append((ident, rule["severity"], path, line))
                if rule["rule_id"] != str(uuid.uuid5(uuid.NAMESPACE_OID, ident)):
                    self.problems.add(path, "rule_id of %s must not change" % ident, line)
                self.numbers(path, line, rule, common.detections(self.root)[ident])
            if rule["name"] in names:
                self.problems.add(path, "two rules named '%s'" % rule["name"], line)
            names.add(rule["name"])
            self.rule(path, line, rule)
        common.check_detections(self.root, "elastic", found, self.problems)

    def rule(self, path, line, rule):
        add = lambda text: self.problems.add(path, text, line)
        for key in sorted(REQUIRED - set(rule)):
            add("no %s" % key)
        for key in sorted(set(rule) - RULE_KEYS):
            add("no setting '%s' in a rule" % key)
        low, high = RISK[rule["severity"]]
        if not low <= rule["risk_score"] <= high:
            add("risk score %d does not go with severity %s" % (rule["risk_score"], rule["severity"]))
        if rule["language"] not in LANGUAGES.get(rule["type"], ()):
            add("type %s with language %s" % (rule["type"], rule["language"]))
        if (rule["type"] == "esql") == ("index" in rule):
            add("an index pattern for every type but esql")
        if rule.get("enabled") is not False:
            add("would run without being asked for")
        minutes = int(re.fullmatch(r"(\d+)m", rule["interval"]).group(1))
        back = re.fullmatch(r"now-(\d+)([mh])", rule["from"])
        if int(back.group(1)) * (60 if back.group(2) == "h" else 1) <= minutes:
            add("looks back no longer than its interval")
        for threat in rule["threat"]:
            self.threat(add, threat)
        for field in rule.get("alert_suppression", {}).get("group_by", []) + rule.get("new_terms_fields", []):
            self.need(path, [field], line)
        for row in rule.get("severity_mapping", []):
            self.need(path, [row["field"]], line)
            if row["severity"] not in common.SEVERITIES:
                add("no severity '%s'" % row["severity"])
        threshold = rule.get("threshold", {})
        self.need(path, threshold.get("field", []) + [c["field"] for c in threshold.get("cardinality", [])], line)
        if "timestamp_override" in rule:
            self.need(path, [rule["timestamp_override"]], line)
        self.query(path, line, rule)

    def query(self, path, line, rule):
        """The conditions of a rule in their order."""
        if rule["type"] == "esql":
            try:
                esql = Esql(self.known).run(rule["query"].replace("\n", " "))
            except Refused as error:
                self.problems.add(path, str(error), line)
                return []
            self.used.setdefault(path, set()).update(esql.used)
            return []
        if rule["type"] == "eql":
            head = re.match(r"sequence by ([\w.]+) with maxspan=\d+m\s", rule["query"])
            if not head:
                self.problems.add(path, "not a sequence", line)
                return []
            self.need(path, [head.group(1)], line)
            return [self.condition(path, c, line) for c in re.findall(r"\[any where (.*?)\]", rule["query"])]
        return [self.condition(path, rule["query"], line)]

    def threat(self, add, threat):
        if common.tactics().get(threat["tactic"]["id"]) != threat["tactic"]["name"]:
            add("no tactic %(id)s named %(name)s" % threat["tactic"])
        for kind, rows in (("tactics", [threat["tactic"]]), ("techniques", threat["technique"])):
            for row in rows:
                if row["reference"] != "https://attack.mitre.org/%s/%s/" % (kind, row["id"]):
                    add("a reference for %s" % row["id"])
        known = {**common.techniques(), "T1071": "Application Layer Protocol", "T1562": "Impair Defenses", "T1565": "Data Manipulation"}
        for row in threat["technique"]:
            if known.get(row["id"]) != row["name"]:
                add("no technique %(id)s named %(name)s" % row)

    def numbers(self, path, line, rule, row):
        threshold = rule.get("threshold")
        value = threshold["cardinality"][0]["value"] if threshold and threshold["cardinality"] else threshold["value"] if threshold else 1
        if value != row["threshold"]:
            self.problems.add(path, "%s has threshold %d in the table" % (row["id"], row["threshold"]), line)
        attack = sorted({t["id"] for e in rule["threat"] for t in e["technique"]} | {e["tactic"]["id"] for e in rule["threat"] if not e["technique"]})
        if attack != sorted(row["attack"]):
            self.problems.add(path, "%s has ATT&CK %s in the table" % (row["id"], row["attack"]), line)
        words = {"silence": "- %d minutes" % row["window_minutes"], "sequence": "maxspan=%dm" % row["window_minutes"]}
        if words.get(row["kind"], "") not in rule["query"]:
            self.problems.add(path, "%s has a window of %d minutes in the table" % (row["id"], row["window_minutes"]), line)

    # -- Kibana

    def kibana(self):
        path, lines = self.documents["dashboards.ndjson"]
        keys = [(o["type"], o["id"]) for _, o in lines]
        titles = []
        for key in sorted(set(keys)):
            if keys.count(key) > 1:
                self.problems.add(path, "two objects %s/%s" % key)
        for line, found in lines:
            attributes = found["attributes"]
            if found["type"] not in OBJECTS or OBJECTS[found["type"]] - set(attributes):
                self.problems.add(path, "not a whole %s" % found["type"], line)
                continue
            if found["type"] == "index-pattern":
                self.runtime |= set(json.loads(attributes["runtimeFieldMap"]))
                self.need(path, re.findall(r"doc\['([^']+)'\]", attributes["runtimeFieldMap"]), line)
                self.need(path, [attributes["timeFieldName"]], line)
            titles.append(attributes["title"])
            for reference in found["references"]:
                if (reference["type"], reference["id"]) not in keys:
                    self.problems.add(path, "reference to %(type)s/%(id)s, which is not in the file" % reference, line)
            for text in re.findall(r'"query":\s*"((?:\\.|[^"\\])*)",\s*"language":\s*"kuery"', json.dumps(attributes).replace('\\\\\\"', "'").replace('\\"', '"')):
                self.condition(path, text.replace("'", '"'), line)
            getattr(self, found["type"].replace("-", "_"), lambda *a: None)(path, line, found)
        common.check_questions("elastic", titles, self.problems)

    def lens(self, path, line, found):
        state = found["attributes"]["state"]
        for layer, content in state["datasourceStates"]["formBased"]["layers"].items():
            columns = content["columns"]
            if set(content["columnOrder"]) != set(columns):
                self.problems.add(path, "columnOrder and columns differ", line)
            for name in re.findall(r'"(?:columnId|xAccessor|splitAccessor|metricAccessor)": "(\w+)"', json.dumps(state["visualization"])):
                if name not in columns:
                    self.problems.add(path, "no column '%s'" % name, line)
            for column in columns.values():
                if column["sourceField"] != "___records___":
                    self.need(path, [column["sourceField"]], line)
                order = column.get("params", {}).get("orderBy", {}).get("columnId")
                if order and order not in columns:
                    self.problems.add(path, "ordered by column '%s', which is not there" % order, line)
            if "indexpattern-datasource-layer-" + layer not in {r["name"] for r in found["references"]}:
                self.problems.add(path, "no data view for layer %s" % layer, line)
        self.condition(path, state["query"]["query"], line)

    def search(self, path, line, found):
        self.need(path, found["attributes"]["columns"], line)
        source = json.loads(found["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
        self.condition(path, source["query"]["query"], line)

    def dashboard(self, path, line, found):
        panels = json.loads(found["attributes"]["panelsJSON"])
        names = {r["name"] for r in found["references"]}
        taken = set()
        for panel in panels:
            if "%s:%s" % (panel["panelIndex"], panel["panelRefName"]) not in names:
                self.problems.add(path, "panel %s refers to nothing" % panel["panelIndex"], line)
            grid = panel["gridData"]
            cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}
            if cells & taken or grid["x"] + grid["w"] > 48:
                self.problems.add(path, "panel %s lies on another or outside" % panel["panelIndex"], line)
            taken |= cells

    def transform(self):
        path, transform = self.path("transform-session.json"), self.one("transform-session.json")
        names = re.findall(r'"field": "([^"]+)"', json.dumps(transform))
        names += [f for f in transform["source"]["query"]["term"]]
        names += re.findall(r'"term": \{"([^"]+)"', json.dumps(transform["pivot"]["aggregations"]))
        self.need(path, names)


def check(root, problems):
    pack = Pack(root, problems)
    for name, (path, documents) in pack.documents.items():
        if not documents:
            problems.add(path, "empty")
            return {}
    pack.index()
    pack.pipeline()
    pack.rules()
    pack.kibana()
    pack.transform()
    return {path: {f for f in names if inventory.known(f, pack.events)} for path, names in pack.used.items()}


def detections(root):
    """Id to the conditions of its rule."""
    pack = Pack(root, common.Problems(root))
    path, lines = pack.documents[os.path.join("rules", "clawdstrike.ndjson")]
    return {common.identifiers(rule["name"])[0]: pack.query(path, line, rule) for line, rule in lines}
