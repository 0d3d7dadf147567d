"""Piped query languages (SPL, Sumo, ES|QL): follows which fields exist after each command and refuses the use of others."""

import re

from conditions import Condition, Refused

FUNCTIONS_WITHOUT_FIELD = {"count", "now", "true", "false", "null", "relative_time"}
KEYWORDS = {"and", "or", "not", "in", "as", "by", "is", "null", "true", "false", "like", "matches", "asc", "desc"}


def split(text, mark="|"):
    """Parts of `text` between `mark`s outside of quotes, brackets and parentheses."""
    parts, depth, quote, at, begin = [], 0, "", 0, 0
    while at < len(text):
        c = text[at]
        if quote:
            if c == "\\":
                at += 1
            elif c == quote:
                quote = ""
        elif c in "\"'":
            quote = c
        elif c in "([":
            depth += 1
        elif c in ")]":
            depth -= 1
            if depth < 0:
                raise Refused("unbalanced parentheses: %r" % text)
        elif c == mark and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
        at += 1
    if quote or depth:
        raise Refused("unbalanced %s: %r" % ("quotes" if quote else "parentheses", text))
    parts.append(text[begin:].strip())
    return parts


def names_in(expression):
    """Fields that an expression of eval, where, stats names: not functions, texts, numbers, units."""
    expression = re.sub(r'"(?:\\.|[^"\\])*"', '""', expression)
    found = re.findall(r"'([^']+)'", expression)
    expression = re.sub(r"'[^']+'", "0", expression)
    for match in re.finditer(r"[A-Za-z_@%][\w.@{}]*", expression):
        word = match.group().rstrip(".")  # SPL joins texts with a dot
        if expression[match.end():].lstrip().startswith("(") or word.lower() in KEYWORDS:
            continue
        if match.start() > 0 and expression[match.start() - 1].isdigit():
            continue  # a unit: 5m
        found.append(word)
    return found


class Pipeline:
    """Fields after each command. `known(name)` says whether events have a field."""

    def __init__(self, known):
        self.known = known
        self.made = set()
        self.only = None  # after an aggregation: exactly these
        self.used = set()

    def need(self, names, where):
        for name in names:
            if name in self.made or (self.only is not None and name in self.only):
                continue
            if self.only is not None or not self.known(name):
                raise Refused("no field '%s' %s" % (name, where))
            self.used.add(name)

    def make(self, *names):
        (self.made if self.only is None else self.only).update(names)

    def restrict(self, names):
        self.only, self.made = set(names), set()


def aggregates(text, where, pipe, default):
    """`f(x) AS y, …`: checks x, returns the names made."""
    made = []
    for part in [p for p in split(text, ",") if p]:
        for item in re.findall(r"[\w%]+(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?(?:\s+(?:AS|as)\s+\w+)?", part):
            match = re.fullmatch(r"([\w%]+)(?:\((.*)\))?(?:\s+(?:AS|as)\s+(\w+))?", item.strip(), re.S)
            function, inner, name = match.groups()
            inner = re.sub(r"^eval\((.*)\)$", r"\1", inner or "")
            pipe.need(names_in(inner), where)
            if not name and inner:
                raise Refused("give %s a name with AS" % item)
            made.append(name or default(function))
    return made


# ---- SPL

class Spl(Pipeline):
    def run(self, text):
        first, *commands = split(text)
        if first.startswith("tstats"):
            commands = [first] + commands
        elif first:
            self.condition = Condition(first)
            self.need(self.condition.fields, "in the search")
        for command in commands:
            verb, _, rest = command.partition(" ")
            method = getattr(self, "do_" + verb, None)
            if method is None:
                raise Refused("command '%s' is not in the list" % verb)
            method(rest.strip())
        return self

    def do_search(self, rest):
        self.need(Condition(rest).fields, "in search")

    def do_where(self, rest):
        self.need(names_in(rest), "in where")

    def do_eval(self, rest):
        for part in split(rest, ","):
            name, _, expression = part.partition("=")
            self.need(names_in(expression), "in eval")
            self.make(name.strip().strip("'"))

    def stats(self, rest, extra=()):
        rest = re.sub(r"^(?:\w+=\S+\s+)+", "", rest)
        what, _, by = re.sub(r"\s+by\s+", "\0", rest, flags=re.I).partition("\0")
        keys = [k.strip("\"'") for k in re.split(r"[\s,]+", re.sub(r"\b(?:span|limit|useother|usenull)=\S+", "", by).strip()) if k]
        made = aggregates(what, "in stats", self, lambda f: f)
        self.need(keys, "in by")
        return made, keys, list(extra)

    def do_stats(self, rest):
        made, keys, _ = self.stats(rest)
        self.restrict(made + keys)

    def do_eventstats(self, rest):
        self.make(*self.stats(rest)[0])

    do_streamstats = do_eventstats

    def do_tstats(self, rest):
        rest = re.sub(r"\bwhere\b.*?(?=\bby\b|$)", "", rest, flags=re.S)
        made, keys, _ = self.stats(rest)
        self.restrict(made + keys)

    def do_timechart(self, rest):
        made, keys, _ = self.stats(rest)
        self.restrict(made + keys + ["_time"])
        self.open = True

    do_chart = do_timechart

    def do_top(self, rest):
        rest = re.sub(r"\b\w+=\S+\s*", "", rest)
        keys = [k for k in re.split(r"[\s,]+", rest) if k and k.lower() != "by"]
        self.need(keys, "in top")
        self.restrict(keys + ["count", "percent"])

    def listed(self, rest):
        return [k.strip("\"'") for k in re.split(r"[\s,]+", rest) if k and not re.fullmatch(r"[-+]|\d+", k)]

    def do_table(self, rest):
        names = self.listed(rest)
        self.need(names, "in table")
        self.restrict(names)

    def do_fields(self, rest):
        self.need(self.listed(rest), "in fields")

    def do_sort(self, rest):
        self.need([n.lstrip("+-") for n in self.listed(rest)], "in sort")

    def do_dedup(self, rest):
        self.need(self.listed(rest), "in dedup")

    def do_head(self, rest):
        pass

    def do_fillnull(self, rest):
        self.need(self.listed(re.sub(r'value=(?:"[^"]*"|\S+)', "", rest)), "in fillnull")

    def do_rename(self, rest):
        for part in split(rest, ","):
            old, new = re.split(r"\s+AS\s+", part, flags=re.I)
            self.need([old.strip("\"'")], "in rename")
            self.make(new.strip("\"'"))

    def do_mvexpand(self, rest):
        self.need([rest], "in mvexpand")

    def do_lookup(self, rest):
        match = re.fullmatch(r"(\w+)\s+(.*?)(?:\s+OUTPUT(?:NEW)?\s+(.*))?", rest, re.S)
        name, inputs, outputs = match.groups()
        columns = self.lookups[name]
        for part in re.split(r",\s*", inputs):
            column, _, field = re.sub(r"\s+AS\s+", "\0", part, flags=re.I).partition("\0")
            if column.strip() not in columns:
                raise Refused("lookup %s has no column %s" % (name, column))
            self.need([(field or column).strip().strip("\"'")], "in lookup")
        for column, field in re.findall(r"([\w.]+)(?:\s+AS\s+([\w.]+))?", outputs or ""):
            if column not in columns:
                raise Refused("lookup %s has no column %s" % (name, column))
            self.make(field or column)

    def do_inputlookup(self, rest):
        name = rest.split()[-1]
        self.restrict(self.lookups[name])

    def do_outputlookup(self, rest):
        name = rest.split()[-1]
        missing = set(self.only or ()) - set(self.lookups[name])
        if missing:
            raise Refused("outputlookup %s has no column %s" % (name, ", ".join(sorted(missing))))


# ---- Sumo Logic

class Sumo(Pipeline):
    """`known` are fields of the platform and of extraction rules; `in_events` says whether the JSON of events has a path."""

    def __init__(self, known, in_events):
        super().__init__(known)
        self.in_events = in_events

    def run(self, text):
        scope, *operators = split(text)
        self.conditions = []
        self.need([f for f in re.findall(r"(?:^|\s|\()(\w+)\s*=", scope) if not f.startswith("_")], "in the scope")
        for operator in operators:
            self.operator(operator)
        return self

    def operator(self, text):
        verb = text.split()[0]
        if verb == "json":
            if not text.rstrip().endswith("nodrop"):
                raise Refused("json without nodrop loses events: %s" % text)
            paths, _, names = text[4:].rsplit("nodrop", 1)[0].partition(" as ")
            paths = re.findall(r'"([^"]+)"', paths)
            names = [n.strip() for n in names.split(",") if n.strip()]
            if len(paths) != len(names):
                raise Refused("json: %d paths, %d names" % (len(paths), len(names)))
            for path in paths:
                if not self.in_events(path):
                    raise Refused("no field '%s' in json" % path)
                self.used.add(path)
            self.paths = {**getattr(self, "paths", {}), **dict(zip(names, paths))}
            self.make(*names)
        elif verb == "where":
            if self.only is None:
                condition = Condition(text[6:])
                self.conditions.append(condition)
                self.need(condition.fields, "in where")
            else:
                self.need(names_in(text[6:]), "in where")
        elif verb == "timeslice":
            self.make("_timeslice")
        elif verb in ("sort", "order"):
            self.need([n for n in names_in(text[len(verb):].replace("by ", " ")) if n], "in sort")
        elif verb == "limit":
            pass
        elif verb == "fields":
            names = [n.strip() for n in text[7:].split(",")]
            self.need(names, "in fields")
            self.restrict(names)
        elif verb == "transpose":
            row, columns = re.fullmatch(r"transpose row (\w+) column (\w+)", text).groups()
            self.need([row, columns], "in transpose")
            self.restrict([row])
        elif re.match(r"(count|count_distinct|min|max|sum|avg|first|last|pct)\b", verb):
            what, _, by = re.sub(r"\s+by\s+", "\0", text).partition("\0")
            made = aggregates(what, "in " + verb, self, lambda f: "_" + f)
            keys = [k.strip() for k in by.split(",") if k.strip()]
            self.need(keys, "in by")
            self.restrict(made + keys)
        elif " as " in text:
            expression, _, name = text.rpartition(" as ")
            self.need(names_in(expression), "in an expression")
            self.make(name.strip())
        else:
            raise Refused("operator '%s' is not in the list" % verb)


# ---- ES|QL

class Esql(Pipeline):
    def run(self, text):
        source, *commands = split(text)
        if not source.upper().startswith("FROM "):
            raise Refused("ES|QL begins with FROM")
        for command in commands:
            verb, _, rest = command.partition(" ")
            verb = verb.upper()
            if verb == "WHERE":
                self.need(names_in(re.sub(r"\d+ (?:minutes|hours|days)\b", "0", rest)), "in WHERE")
            elif verb == "STATS":
                what, _, by = re.sub(r"\s+BY\s+", "\0", rest).partition("\0")
                made = []
                for part in split(what, ","):
                    name, _, expression = part.partition("=")
                    self.need(names_in(re.sub(r"\(\*\)", "()", expression)), "in STATS")
                    made.append(name.strip())
                keys = [k.strip() for k in by.split(",") if k.strip()]
                self.need(keys, "in BY")
                self.restrict(made + keys)
            elif verb == "EVAL":
                for part in split(rest, ","):
                    name, _, expression = part.partition("=")
                    self.need(names_in(expression), "in EVAL")
                    self.make(name.strip())
            elif verb in ("KEEP", "SORT"):
                self.need(names_in(rest), "in " + verb)
            elif verb != "LIMIT":
                raise Refused("command '%s' is not in the list" % verb)
        return self
