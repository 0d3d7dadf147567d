"""Boolean conditions of the query languages that the packs use (KQL, EQL, Datadog log search, SPL search terms, Sumo
`where`): which fields they name, and whether they hold for a document. What the packs do not use is refused.
"""

import fnmatch
import re

TOKEN = re.compile(r"""\s*(?:
    (?P<string>"(?:\\.|[^"\\])*") | (?P<quoted>'[^']*') | (?P<op>==|!=|>=|<=|=|:|<|>) | (?P<mark>[(),]) | (?P<word>[^\s()",:=<>!']+))""", re.X)
WORDS = {"and", "or", "not", "in", "matches"}


class Refused(AssertionError):
    """The text is not in the subset that is understood, or names what it may not name."""


def tokens(text):
    out, at = [], 0
    text = text.strip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match or match.end() == at:
            raise Refused("cannot read %r" % text[at:at + 40])
        at = match.end()
        kind = match.lastgroup
        value = match.group(kind)
        if kind == "string":
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        elif kind == "quoted":
            kind, value = "word", value[1:-1]
        elif kind == "word" and value.lower() in WORDS:
            kind, value = "keyword", value.lower()
        out.append((kind, value))
    return out


class Condition:
    """`fields`: names in the order of use. Calling it with a function from name to list of values says whether it holds."""

    def __init__(self, text):
        self.fields = []
        self.rest = tokens(text)
        self.test = self.any_of() if self.rest else (lambda get: True)
        if self.rest:
            raise Refused("unexpected %r in %r" % (self.rest[0][1], text))

    def __call__(self, get):
        return self.test(get)

    def peek(self):
        return self.rest[0] if self.rest else (None, None)

    def take(self, kind=None, value=None):
        if not self.rest or (kind and self.rest[0][0] != kind) or (value and self.rest[0][1] != value):
            raise Refused("expected %s before %r" % (value or kind, self.peek()[1]))
        return self.rest.pop(0)[1]

    def any_of(self):
        parts = [self.all_of()]
        while self.peek() == ("keyword", "or"):
            self.take()
            parts.append(self.all_of())
        return lambda get: any(p(get) for p in parts)

    def all_of(self):
        parts = [self.one()]
        while True:
            if self.peek() == ("keyword", "and"):
                self.take()
            elif self.peek()[0] is None or self.peek() in (("mark", ")"), ("keyword", "or")):
                return lambda get: all(p(get) for p in parts)
            parts.append(self.one())

    def one(self):
        kind, value = self.peek()
        if (kind, value) == ("keyword", "not"):
            self.take()
            inner = self.one()
            return lambda get: not inner(get)
        if (kind, value) == ("mark", "("):
            self.take()
            inner = self.any_of()
            self.take("mark", ")")
            return inner
        if kind != "word":
            raise Refused("expected a field before %r" % value)
        negated = value.startswith("-")
        inner = self.comparison(self.take().lstrip("-"))
        return (lambda get: not inner(get)) if negated else inner

    def comparison(self, field):
        self.fields.append(field)
        if self.peek() in (("keyword", "in"), ("keyword", "not")):
            negated = self.take() == "not"
            if negated:
                self.take("keyword", "in")
            values = self.values()
            return lambda get: any(like(v, values) for v in get(field)) != negated
        op = ":" if self.peek() == ("keyword", "matches") and self.take() else self.take("op")
        if self.peek() == ("mark", "("):
            values = self.values()
        elif self.peek()[0] in ("word", "string"):
            values = [self.take()]
        else:
            raise Refused("expected a value after %r" % field)
        if op in (":", "=", "=="):
            return lambda get: any(like(v, values) for v in get(field))
        if op == "!=":
            return lambda get: bool(get(field)) and not any(like(v, values) for v in get(field))
        compare = {">=": float.__ge__, "<=": float.__le__, ">": float.__gt__, "<": float.__lt__}[op]
        return lambda get: any(compare(float(v), float(values[0])) for v in get(field))

    def values(self):
        self.take("mark", "(")
        out = []
        while self.peek() != ("mark", ")"):
            if self.peek() in (("mark", ","), ("keyword", "or")):
                self.take()
                continue
            if self.peek()[0] not in ("word", "string"):
                raise Refused("expected a value before %r" % (self.peek()[1],))
            out.append(self.take())
        self.take()
        return out


def text_of(value):
    return {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value


def like(value, patterns):
    value = str(text_of(value)).lower()
    return any(fnmatch.fnmatchcase(value, p.lower().replace("[", "[[]")) for p in patterns)


def getter(document):
    """Field access of a nested document by dotted path; `@` before a name is Datadog's mark of an attribute."""

    def get(path):
        at = document
        for step in path.lstrip("@").split("."):
            if not isinstance(at, dict):
                return []
            at = at.get(step)
        if at is None:
            return []
        return at if isinstance(at, list) else [at]

    return get
