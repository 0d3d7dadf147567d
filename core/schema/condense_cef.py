#!/usr/bin/env python3
"""Condenses the CEF extension dictionary into a table: condense_cef.py DICTIONARY.json > data/cef.tsv"""
import json
import sys

print("# CEF extension keys of document version 27, condensed: key, full name, type, flags (c consumer's, 1 since CEF:1, i 32 bits")
print("# in CEF:0), longest length, values or range, its label key, the key that it labels; separated by tabs.")
dictionary = json.load(open(sys.argv[1], encoding="utf-8"))
for key, k in dictionary["keys"].items():
    flags = ("c" if k["audience"] == "consumer" else "") + ("" if k["since"] == "0.1" else "1") + \
            ("i" if k.get("cef0_type") == "int" else "")
    values = ",".join(k["enum"]) if "enum" in k else "%d..%d" % tuple(k["range"]) if "range" in k else ""
    print("\t".join(str(c) if c else "-" for c in [key, k["full"], k["type"], flags, k.get("len"), values, k.get("label"),
                                                   k.get("labels")]))
