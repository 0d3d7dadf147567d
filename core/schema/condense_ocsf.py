#!/usr/bin/env python3
"""Condenses compiled OCSF schemas into one table: condense_ocsf.py OLDER.json NEWER.json > data/ocsf.tsv

Every line begins with + when it holds for the newer version only, - for the older only, = for both. Then, separated by tabs:
  type       name, base type, regex, longest length, range as LOW..HIGH, observable number
  enum       number, values as ID=CAPTION;..., deprecated ids
  attr       number, name, type or object, flags (o object, a array, r required, d deprecated), enum number, sibling,
             observable number, profiles that it needs
  class      name, uid, d when deprecated, profiles, constraints as KIND:NAME,...;..., numbers of its attributes
  object     name, observable number, d when deprecated, constraints, numbers of its attributes
A missing cell is "-". Numbers are the same in both versions."""
import json
import sys


def cell(value):
    return "-" if value in (None, "", []) else str(value)


enums, attrs = {}, {}


def number(table, line):
    return table.setdefault(line, len(table))


def enum(a):
    if "enum" not in a:
        return None
    values = ";".join("%s=%s" % pair for pair in a["enum"].items())
    return number(enums, "\t".join([values, cell(",".join(a.get("enum_deprecated", {})))]))


def attributes(item):
    out = []
    for name, a in item["attributes"].items():
        flags = ("o" if "object" in a else "") + ("a" if a.get("array") else "") + \
                ("r" if a["req"] == "required" else "") + ("d" if "deprecated" in a else "")
        out.append(number(attrs, "\t".join([name, a.get("object") or a["type"], cell(flags), cell(enum(a)),
                                            cell(a.get("sibling")), cell(a.get("observable")),
                                            cell(",".join(a.get("profiles", [])))])))
    return cell(" ".join(map(str, sorted(out))))


def constraints(item):
    return cell(";".join(kind + ":" + ",".join(names) for kind, names in (item.get("constraints") or {}).items()))


def deprecated(item):
    return cell("d" if "deprecated" in item else "")


def table(schema):
    lines, used_enums, used_attrs = [], set(), set()
    for name, t in schema["types"].items():
        lines.append("\t".join(["type", name, cell(t.get("base")), cell(t.get("regex")), cell(t.get("max_len")),
                                cell("%d..%d" % tuple(t["range"]) if "range" in t else None), cell(t.get("observable"))]))
    for name, c in schema["classes"].items():
        lines.append("\t".join(["class", name, str(c["uid"]), deprecated(c), cell(",".join(c["profiles"])), constraints(c),
                                attributes(c)]))
    for name, o in schema["objects"].items():
        lines.append("\t".join(["object", name, cell(o.get("observable")), deprecated(o), constraints(o), attributes(o)]))
    lines.append("profiles\t" + ",".join(schema["profiles"]))
    return lines


older, newer = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:3])
old, new = table(older), table(newer)
print("# OCSF %s and %s, condensed by condense_ocsf.py, which explains the columns." % (older["version"], newer["version"]))
for line, n in enums.items():
    print("=\tenum\t%d\t%s" % (n, line))
for line, n in attrs.items():
    print("=\tattr\t%d\t%s" % (n, line))
both = set(old) & set(new)
for line in new:
    print("%s\t%s" % ("=" if line in both else "+", line))
for line in old:
    if line not in both:
        print("-\t" + line)
