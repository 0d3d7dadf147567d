"""What holds for the files of every pack, and reading them with line numbers."""

import hashlib
import json
import os
import re

import inventory

# Text that may name a host: references that the platforms' rules must carry.
ALLOWED_URLS = ("https://attack.mitre.org/",)
SECRETS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\b(?:ghp|gho|xox[abp])[_-][0-9A-Za-z]{16,}"),
    re.compile(r"(?i)\b(?:api_?key|token|password|secret)\b[\"']?\s*[:=]\s*[\"']?(?!cred:)[0-9A-Za-z+/_-]{16,}"),
    re.compile(r"\b[0-9a-f]{32}\b(?!-)"),
)
SEVERITIES = ("low", "medium", "high", "critical")
TEXT = (".json", ".ndjson", ".conf", ".xml", ".csv", ".md", ".meta", ".manifest")


class Problems(list):
    """`file:line: text`, as compilers write it."""

    def __init__(self, root):
        super().__init__()
        self.root = root

    def add(self, path, text, line=1):
        self.append("%s:%d: %s" % (os.path.relpath(path, self.root), line, text))


def files(directory):
    for folder, folders, names in os.walk(directory):
        folders.sort()
        for name in sorted(names):
            yield os.path.join(folder, name)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def line_of(text, needle, default=1):
    at = text.find(needle)
    return text.count("\n", 0, at) + 1 if at >= 0 else default


def no_repeats(pairs):
    keys = [k for k, _ in pairs]
    repeated = {k for k in keys if keys.count(k) > 1}
    if repeated:
        raise ValueError("repeated key %s" % ", ".join(sorted(repeated)))
    return dict(pairs)


def load_json(path, problems):
    """The document, or None with a problem."""
    try:
        return json.loads(read(path), object_pairs_hook=no_repeats)
    except ValueError as error:
        problems.add(path, str(error), getattr(error, "lineno", 1))
        return None


def load_ndjson(path, problems):
    found = []
    text = read(path)
    if not text.endswith("\n"):
        problems.add(path, "no line end after the last object", text.count("\n") + 1)
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            found.append((number, json.loads(line, object_pairs_hook=no_repeats)))
        except ValueError as error:
            problems.add(path, str(error), number)
    return found


def load_any(path, problems):
    """Documents of a JSON or NDJSON file as (line, document)."""
    if path.endswith(".ndjson"):
        return load_ndjson(path, problems)
    document = load_json(path, problems)
    return [] if document is None else [(1, document)]


def detections(root):
    with open(os.path.join(root, "detections.json")) as f:
        return {d["id"]: d for d in json.load(f)["detections"]}


def definitions(name):
    """Rows of strings of a table in core/event."""
    text = read(os.path.join(inventory.ROOT, "core", "event", name))
    text = "\n".join(line for line in text.split("\n") if not line.startswith("//"))
    return [re.findall(r'"([^"]*)"', row) for row in re.findall(r"^X\((.*?)\)$", text, re.M | re.S)]


def techniques():
    """Id to name, with the parents of sub-techniques."""
    found = {}
    for ident, _, name, parent in definitions("attack_techniques.def"):
        found[ident] = name
        if parent:
            found[ident.split(".")[0]] = parent
    return found


def tactics():
    return dict(definitions("attack_tactics.def"))


def identifiers(value):
    return sorted(set(re.findall(r"\bCS-D\d\d\b", json.dumps(value) if not isinstance(value, str) else value)))


def check_texts(root, pack, problems):
    """No secret, no host, readable text, nothing hidden or executable."""
    for path in files(os.path.join(root, pack)):
        name = os.path.basename(path)
        if name.startswith("."):
            problems.add(path, "hidden file")
        if os.stat(path).st_mode & 0o111:
            problems.add(path, "executable bits")
        if not name.endswith(TEXT):
            if name not in ("appIcon.png", "appIcon_2x.png"):
                problems.add(path, "a kind of file that packs do not have")
            continue
        text = read(path)
        for number, line in enumerate(text.split("\n"), 1):
            if name != "pack.json":  # has checksums
                for secret in SECRETS:
                    if secret.search(line):
                        problems.add(path, "looks like a secret: %s" % secret.search(line).group()[:12], number)
            for url in re.findall(r"\bhttps?://[^\s\"'<>)]+", line):
                example = name.endswith(".md") and re.match(r"https?://(?:[\w-]+\.)*example\.com\b", url)
                if not url.startswith(ALLOWED_URLS) and not example:
                    problems.add(path, "names a host: %s" % url, number)
            if re.search(r"\b(?:\d{1,3}\.){3}\d{1,3}\b", line):
                problems.add(path, "names an address", number)


def check_detections(root, pack, found, problems):
    """`found`: (id, severity or None, path, line) of the detections that a pack has; each of the table once."""
    table = detections(root)
    seen = [f[0] for f in found]
    for ident in table:
        if seen.count(ident) != 1:
            problems.append("%s: %d times %s" % (pack, seen.count(ident), ident))
    for ident, severity, path, line in found:
        if ident not in table:
            problems.add(path, "no detection %s in the table" % ident, line)
        elif severity != table[ident]["severity"]:
            problems.add(path, "%s is %s in the table, not %s" % (ident, table[ident]["severity"], severity), line)


def check_questions(pack, titles, problems):
    """Every dashboard question has a panel whose title begins with its number."""
    for number in range(1, 10):
        if not any(re.match(r"Q%d\b" % number, t) for t in titles):
            problems.append("%s: no panel answers Q%d" % (pack, number))


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()
