"""The Splunk app: stanzas, references between files, fields of every search."""

import csv
import os
import re
import xml.etree.ElementTree as xml

import common
import inventory
from conditions import Refused
from pipelines import Spl, names_in, split

APP = "clawdstrike_siem"
ALERT_SEVERITY = {"2": "low", "3": "medium", "4": "high", "5": "critical"}
# What Splunk itself gives every event.
INTERNAL = {"_time", "_indextime", "_raw", "eventtype", "tag"}
KEYS = {
    "props.conf": r"KV_MODE|TRUNCATE|SHOULD_LINEMERGE|FIELDALIAS-\w+|EVAL-\w+|LOOKUP-\w+",
    "transforms.conf": r"filename|case_sensitive_match|max_matches|external_type|collection|fields_list",
    "collections.conf": r"field\.\w+|enforceTypes",
    "fields.conf": r"INDEXED",
    "macros.conf": r"definition|iseval|args",
    "eventtypes.conf": r"search",
    "tags.conf": r"\w+",
    "savedsearches.conf": r"description|search|disabled|enableSched|cron_schedule|dispatch\.(?:earliest|latest)_time|schedule_window|counttype|"
                          r"relation|quantity|alert\.(?:track|severity|digest_mode|suppress(?:\.fields|\.period)?)",
    "savedsearches-enterprise-security.conf": r"action\.correlationsearch\.(?:enabled|label|annotations)|action\.notable(?:\.param\.\w+)?",
    "app.conf": r"is_configured|build|name|version|author|description|is_visible|label|id|check_for_updates",
    "default.meta": r"access|export",
}
ELEMENTS = {"form", "label", "description", "search", "query", "earliest", "latest", "fieldset", "input", "default", "row", "panel", "title",
            "chart", "table", "single", "option", "drilldown", "link", "nav", "view", "collection", "saved"}


def stanzas(path, problems):
    """Name to {key: (value, line)} of a .conf file."""
    found, current = {}, None
    allowed = KEYS.get(os.path.basename(path))
    for number, line in enumerate(common.read(path).split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        header = re.fullmatch(r"\[(.*)\]", line)
        if header:
            if header.group(1) in found:
                problems.add(path, "stanza [%s] again" % header.group(1), number)
            current = found.setdefault(header.group(1), {})
            continue
        key, equals, value = line.partition("=")
        key, value = key.strip(), value.strip()
        if not equals or current is None:
            problems.add(path, "not a stanza, setting or comment", number)
        elif key in current:
            problems.add(path, "'%s' again" % key, number)
        elif not allowed or not re.fullmatch(allowed, key):
            problems.add(path, "no setting '%s' in this file" % key, number)
        else:
            current[key] = (value, number)
    return found


class App:
    def __init__(self, root, problems):
        self.root, self.problems = os.path.join(root, "splunk", APP), problems
        default = os.path.join(self.root, "default")
        self.conf = {}
        for path in common.files(os.path.join(root, "splunk")):
            if path.endswith((".conf", ".meta")):
                self.conf[os.path.basename(path)] = (path, stanzas(path, problems))
        self.views = {os.path.basename(p)[:-4]: p for p in common.files(os.path.join(default, "data", "ui", "views"))}
        self.nav = os.path.join(default, "data", "ui", "nav", "default.xml")
        self.events = set(inventory.inventory("splunk"))
        self.used = {}
        self.lookups = {}
        self.made = set()

    def stanza(self, name):
        return self.conf[name][1]

    # -- what the app defines

    def define(self):
        path, transforms = self.conf["transforms.conf"]
        collections = self.stanza("collections.conf")
        for name, settings in transforms.items():
            if "collection" in settings:
                if settings["collection"][0] not in collections:
                    self.problems.add(path, "no collection '%s'" % settings["collection"][0], settings["collection"][1])
                self.lookups[name] = [f.strip() for f in settings["fields_list"][0].split(",")]
                continue
            file = os.path.join(self.root, "lookups", settings["filename"][0])
            if not os.path.exists(file):
                self.problems.add(path, "no file lookups/%s" % settings["filename"][0], settings["filename"][1])
                self.lookups[name] = []
                continue
            with open(file, newline="") as f:
                rows = list(csv.reader(f))
            self.lookups[name] = rows[0]
            for number, row in enumerate(rows, 1):
                if len(row) != len(rows[0]):
                    self.problems.add(file, "%d columns, not %d" % (len(row), len(rows[0])), number)
            if len({r[0] for r in rows}) != len(rows):
                self.problems.add(file, "a key twice")
        path, props = self.conf["props.conf"]
        for settings in props.values():
            self.props(path, settings)

    def props(self, path, settings):
        aliases = set()
        for key, (value, line) in settings.items():
            if key.startswith("FIELDALIAS-"):
                for source, target in re.findall(r"(\S+) AS (\S+)", value):
                    self.need(path, line, [source])
                    aliases.add(target)
        self.made |= aliases
        for key, (value, line) in settings.items():
            if key.startswith("EVAL-"):
                self.need(path, line, names_in(value))
        self.made |= {k[5:] for k in settings if k.startswith("EVAL-")}
        for key, (value, line) in settings.items():
            if key.startswith("LOOKUP-"):
                probe = self.spl()
                try:
                    probe.do_lookup(value)
                except (Refused, KeyError) as error:
                    self.problems.add(path, str(error), line)
                self.made |= probe.made
                self.used.setdefault(path, set()).update(probe.used)

    def need(self, path, line, names):
        for name in names:
            if not (inventory.known(name, self.events) or name in self.made or name in INTERNAL):
                self.problems.add(path, "no field '%s' in events" % name, line)
            self.used.setdefault(path, set()).add(name)

    # -- searches

    def known(self, name):
        return inventory.known(name, self.events) or name in self.made or name in INTERNAL

    def spl(self):
        probe = Spl(self.known)
        probe.lookups = self.lookups
        return probe

    def expand(self, text, depth=0):
        if depth > 8:
            raise Refused("macros without end")

        def replace(match):
            definition = self.stanza("macros.conf").get(match.group(1))
            if definition is None:
                raise Refused("no macro '%s'" % match.group(1))
            return self.expand(definition["definition"][0], depth + 1)

        return re.sub(r"`(\w+)`", replace, text)

    def search(self, path, line, text):
        """Checks one search; returns it as followed, or None."""
        try:
            found = self.spl().run(self.expand(text))
        except (Refused, ValueError, KeyError) as error:
            self.problems.add(path, str(error), line)
            return None
        self.used.setdefault(path, set()).update(found.used)
        return found

    def event_types(self):
        path, types = self.conf["eventtypes.conf"]
        for settings in types.values():
            text, line = settings["search"]
            if len(split(self.expand(text))) > 1:
                self.problems.add(path, "an event type has no pipe", line)
            self.search(path, line, text)
        path, tags = self.conf["tags.conf"]
        for name in tags:
            if name.partition("eventtype=")[2] not in types:
                self.problems.add(path, "tags for an event type that is not there: %s" % name)

    def saved(self):
        path, searches = self.conf["savedsearches.conf"]
        found = []
        for name, settings in searches.items():
            text, line = settings["search"]
            self.search(path, line, text)
            if settings["disabled"][0] != "1":
                self.problems.add(path, "'%s' would run without being asked for" % name, settings["disabled"][1])
            if not re.fullmatch(r"(\S+ ){4}\S+", settings["cron_schedule"][0]):
                self.problems.add(path, "not a cron schedule", settings["cron_schedule"][1])
            for ident in common.identifiers(name):
                value, line = settings["alert.severity"]
                found.append((ident, ALERT_SEVERITY.get(value), path, line))
        common.check_detections(self.root + "/../..", "splunk", found, self.problems)
        path, extra = self.conf["savedsearches-enterprise-security.conf"]
        for name in extra:
            if name not in searches:
                self.problems.add(path, "no saved search [%s]" % name)
        for ident, row in common.detections(self.root + "/../..").items():
            macro = self.stanza("macros.conf").get("clawdstrike_%s_threshold" % ident[3:].lower())
            if macro and int(macro["definition"][0]) != row["threshold"]:
                self.problems.add(self.conf["macros.conf"][0], "%s has threshold %d in the table" % (ident, row["threshold"]),
                                  macro["definition"][1])

    def xml(self, path):
        try:
            tree = xml.parse(path)
        except xml.ParseError as error:
            self.problems.add(path, str(error), error.position[0])
            return None
        for element in tree.iter():
            if element.tag not in ELEMENTS:
                self.problems.add(path, "no element <%s> in Simple XML" % element.tag)
        return tree.getroot()

    def dashboards(self):
        titles = []
        for path in self.views.values():
            root = self.xml(path)
            if root is None:
                continue
            text = common.read(path)
            base = {s.get("id"): s.findtext("query") for s in root.findall("search")}
            titles += [t.text for t in root.iter("title")] + [root.findtext("description") or ""]
            inputs = {i.get("token") for i in root.iter("input")}
            for search in root.iter("search"):
                query = search.findtext("query")
                whole = query if search.get("base") is None else "%s | %s" % (base.get(search.get("base"), "missing"), query)
                line = common.line_of(text, query.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
                for token in re.findall(r"\$(\w+)[.$]", query):
                    if token not in inputs:
                        self.problems.add(path, "no input for the token $%s$" % token, line)
                self.search(path, line, whole)
            for link in root.iter("link"):
                target = re.match(r"/app/%s/(\w+)\?" % APP, link.text)
                if not target or target.group(1) not in self.views:
                    self.problems.add(path, "a link to a view that is not there", common.line_of(text, "<link"))
        common.check_questions("splunk", titles, self.problems)
        nav = self.xml(self.nav)
        for view in nav.iter("view"):
            if view.get("name") not in self.views and view.get("name") != "search":
                self.problems.add(self.nav, "no view '%s'" % view.get("name"))

    def tables(self):
        """The lookups say what the program's own tables say."""
        for file, column, table in (("clawdstrike_mitre.csv", 0, "attack_techniques.def"), ("clawdstrike_guards.csv", 0, "guards.def")):
            path = os.path.join(self.root, "lookups", file)
            with open(path, newline="") as f:
                ours = {row[column] for row in list(csv.reader(f))[1:]}
            theirs = {row[0] for row in common.definitions(table)}
            for word in sorted(ours ^ theirs):
                self.problems.add(path, "'%s' is not in both, this file and core/event/%s" % (word, table))
        names, all_tactics = common.techniques(), common.tactics()
        with open(os.path.join(self.root, "lookups", "clawdstrike_mitre.csv"), newline="") as f:
            for number, row in enumerate(csv.DictReader(f), 2):
                parent = names.get(row["technique_id"].split(".")[0], "")
                name = names.get(row["technique_id"], "")
                expected = name if "." not in row["technique_id"] else "%s: %s" % (parent, name)
                if row["mitre_technique"] != expected or all_tactics.get(row["mitre_tactic_id"]) != row["mitre_tactic"]:
                    self.problems.add(os.path.join(self.root, "lookups", "clawdstrike_mitre.csv"), "not the names of ATT&CK", number)


def check(root, problems):
    """Fields per file that the pack uses."""
    app = App(root, problems)
    app.define()
    app.event_types()
    app.saved()
    app.dashboards()
    app.tables()
    if os.path.exists(os.path.join(app.root, "local")):
        problems.add(os.path.join(app.root, "local"), "an app is shipped without local/")
    return {path: {f for f in names if inventory.known(f, app.events)} for path, names in app.used.items()}


def detections(root):
    """Id to the condition of its search."""
    problems = common.Problems(root)
    app = App(root, problems)
    app.define()
    found = {}
    for name, settings in app.stanza("savedsearches.conf").items():
        for ident in common.identifiers(name):
            spl = app.search("", 1, settings["search"][0])
            found[ident] = spl.condition
    return found


def event_getter(document):
    """Fields of one envelope as a search sees them."""
    from conditions import getter

    event, fields = getter(document["event"]), getter(document.get("fields", {}))
    envelope = {k: [v] for k, v in document.items() if isinstance(v, str)}
    envelope.setdefault("index", ["security"])
    return lambda name: envelope.get(name) or fields(name) or event(name)
