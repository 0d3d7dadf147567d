#!/usr/bin/env python3
"""Turns data/ecs-*.tsv into rows of a C++ table: embed_fields.py IN OUT."""
import sys


def quoted(text):
    return '"' + ("" if text == "-" else text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


fields, categories, multi = [], [], []
with open(sys.argv[1], encoding="utf-8") as source:
    for line in source:
        if line.startswith("#") or not line.strip():
            continue
        cells = line.rstrip("\n").split("\t")
        if cells[0] == "!category":
            categories.append("CATEGORY(%s, %s)" % (quoted(cells[1]), quoted(cells[2])))
        elif cells[0] == "!multi":
            multi.append("MULTI(%s)" % quoted(cells[1]))
        else:
            fields.append("FIELD(%s)" % ", ".join([quoted(cells[0]), "Type::" + {"long": "long_", "float": "float_"}.get(cells[1], cells[1])] + [quoted(c) for c in cells[2:]]))
with open(sys.argv[2], "w", encoding="utf-8") as out:
    out.write("// Generated from a table of data/.\n" + "\n".join(fields + categories + multi) + "\n")
