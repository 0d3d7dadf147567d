"""What our formats and exporters really emit: found by running the program over tests/data, never written down by hand.

A field is a dotted path. Members of free-form objects (labels, metadata) are folded into `labels.*`.
"""

import functools
import json
import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PACKS = os.environ.get("CSIEM_PACKS", os.path.join(ROOT, "config", "packs"))
DATA = os.environ.get("CSIEM_DATA", os.path.join(ROOT, "tests", "data"))
BIN = os.environ.get("CSIEM_BIN", os.path.join(ROOT, "build", "core", "clawdstrike-siem"))
FREE_FORM = ("labels", "metadata", "clawdstrike.metadata")


def run(*arguments, text=""):
    """Standard output of the program; its configuration is none."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CLAWDSTRIKE_SIEM")}
    environment["XDG_CONFIG_HOME"] = "/nonexistent"
    result = subprocess.run([BIN, *arguments], input=text, capture_output=True, encoding="utf-8",
                            errors="replace", env=environment, timeout=300)  # a dry run may cut a character
    if result.returncode != 0:
        raise AssertionError("%s: status %d\n%s" % (" ".join(arguments), result.returncode, result.stderr[-2000:]))
    return result.stdout


def lines_of(events):
    return "".join(json.dumps(e, ensure_ascii=False) + "\n" for e in events)


@functools.lru_cache(maxsize=None)
def sample_events():
    """Events of every shape, type and resource, as JSON lines."""
    out = []
    with open(os.path.join(DATA, "schema", "canonical-events.jsonl")) as f:
        out += [json.loads(line) for line in f]
    with open(os.path.join(DATA, "shapes.golden.jsonl")) as f:
        for line in f:
            out += [e for e in json.loads(line)["expect"] or [] if isinstance(e, dict) and "decision" in e]
    return lines_of(out)


def transform(format_name, text):
    """One document per event of `text`."""
    return [json.loads(line) for line in run("--quiet", "transform", "--format", format_name, "-", text=text).split("\n") if line]


def walk(value, path=""):
    """Yields (path, leaf). Members of arrays have the path of the array."""
    if isinstance(value, dict):
        for key, member in value.items():
            name = path + "." + key if path else key
            if path in FREE_FORM:
                yield path + ".*", None if isinstance(member, (dict, list)) else member
            else:
                yield from walk(member, name)
    elif isinstance(value, list):
        for member in value:
            yield from walk(member, path)
    else:
        yield path, value


def fields_of(documents):
    """Path to the set of values seen, cut to what a closed list can have."""
    found = {}
    for document in documents:
        for path, value in walk(document):
            seen = found.setdefault(path, set())
            if len(seen) < 200:
                seen.add(value)
    return found


@functools.lru_cache(maxsize=None)
def exporters():
    return {p["name"] for p in json.loads(run("--json", "plugins", "list"))["plugins"] if p["kind"] == "exporter"}


SETTINGS = {
    "splunk": 'hec_url = "https://splunk.example.com"\nhec_token = "00000000-0000-0000-0000-000000000000"\nformat = "native"',
    "datadog": 'site = "datadoghq.com"\napi_key = "00000000000000000000000000000000"\nmetrics = { enabled = false }\nformat = "native"',
    "sumo_logic": 'http_source_url = "https://sumo.example.com/receiver/v1/http/none"\nformat = "native"',
}


def wire(exporter, text):
    """The documents that an exporter would send for `text`, read from its requests; nothing is sent."""
    with tempfile.TemporaryDirectory() as directory:
        source = os.path.join(directory, "events.jsonl")
        with open(source, "w") as f:
            f.write(text)
        configuration = os.path.join(directory, "c.toml")
        with open(configuration, "w") as f:
            f.write('version = "1"\n[global]\ndata_dir = "%s"\n[sources.s]\ntype = "jsonl"\npath = "%s"\nread_from = "beginning"\n'
                    '[exporters.%s]\nbatch_size = 1\n%s\n' % (os.path.join(directory, "data"), source, exporter, SETTINGS[exporter]))
        out = run("--quiet", "--config", configuration, "run", "--once", "--dry-run")
    found = []
    for line in out.split("\n"):  # bodies that the listing cuts are not JSON and are left out
        if line[:1] not in "{[":
            continue
        try:
            value = json.loads(line)
        except ValueError:
            continue
        found += value if isinstance(value, list) else [value]
    if not found:
        raise AssertionError("%s: no request in the dry run" % exporter)
    return found


def datadog_document(event):
    """Where the Datadog layout differs from the canonical event: `decision` is `security`, and the reserved members."""
    document = dict(event)
    document["security"] = {k: v for k, v in document.pop("decision").items()}
    status = {"info": "info", "low": "notice", "medium": "warning", "high": "error", "critical": "critical"}
    document["status"] = status[document["security"]["severity"]]
    document.update(ddsource="clawdstrike", service="clawdstrike", message=document["security"].get("reason", ""), ddtags="env:x", hostname="h")
    return document


def sumo_document(event):
    """The canonical event with the time in the form that the platform finds."""
    return {"timestamp": 1767225600123, "event_time": event["timestamp"], **{k: v for k, v in event.items() if k != "timestamp"}}


def platform_documents(platform, text):
    """What arrives on a platform for `text`: from the exporter's own requests where this build has the exporter."""
    if platform == "elastic":
        return transform("ecs", text)
    exporter = {"sumologic": "sumo_logic"}.get(platform, platform)
    if exporter in exporters():
        return wire(exporter, text)
    if platform == "datadog":
        return [datadog_document(e) for e in transform("native", text)]
    if platform == "sumologic":
        return [sumo_document(e) for e in transform("native", text)]
    raise AssertionError(platform)


@functools.lru_cache(maxsize=None)
def inventory(platform):
    """Path to values, of one platform; for Splunk those of the event, of `fields` and of the envelope."""
    documents = platform_documents(platform, sample_events())
    if platform != "splunk":
        return fields_of(documents)
    found = fields_of(d["event"] for d in documents)
    found.update(fields_of(d.get("fields", {}) for d in documents))
    for key in ("host", "source", "sourcetype", "index"):
        found[key] = {d[key] for d in documents if key in d}
    return found


def known(path, fields):
    """Whether `fields` has `path`, itself or as a member of a free-form object."""
    return path in fields or any(path.startswith(f[:-1]) for f in fields if f.endswith(".*"))
