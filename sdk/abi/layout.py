#!/usr/bin/env python3
"""Prints what a plugin.h promises: size, offset and type of every struct member, and the value of every enumerator.

usage: layout.py HEADER [COMPILER...]      (default compiler: cc)
"""
import os
import re
import subprocess
import sys
import tempfile

SIZES = ("struct", "member", "enum")


def strip_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def members(body):
    """(name, type) of each member, in order."""
    for declaration in strip_comments(body).split(";"):
        declaration = " ".join(declaration.split())
        if not declaration:
            continue
        function = re.search(r"\(\*(\w+)\)", declaration)
        if function:
            yield function[1], declaration.replace(" CSIEM_NOEXCEPT", "")
            continue
        base = re.match(r"((?:const |struct )*\w+)", declaration)[1]
        for one in declaration[len(base):].split(","):
            name = re.search(r"(\w+)\s*(\[\d+\])?$", one.strip())
            yield name[1], " ".join((base + one.strip().replace(name[0], "") + (name[2] or "")).split())


def structs(text):
    found = re.findall(r"typedef struct (\w+) \{ /\* (GROWS|FROZEN)(.*?)\n\} \1;", text, flags=re.S)
    declared = re.findall(r"typedef struct \w+ \{", text)
    if len(found) != len(declared):
        sys.exit("layout.py: a struct lacks its GROWS or FROZEN mark")
    for name, kind, rest in found:
        yield name, kind, list(members("/*" + rest))


def enumerators(text):
    for body in re.findall(r"\benum \{(.*?)\}", strip_comments(text), flags=re.S):
        for one in body.split(","):
            yield one.split("=")[0].strip()


def program(header, text):
    lines = ['#include "%s"' % os.path.abspath(header), "#include <stdio.h>", "int main(void) {"]
    for name, kind, fields in structs(text):
        lines.append('printf("struct %s %s size %%zu\\n", sizeof(%s));' % (name, kind, name))
        for field, spelled in fields:
            lines.append(
                'printf("member %s.%s offset %%zu size %%zu type %s\\n", offsetof(%s, %s), sizeof(((%s *)0)->%s));'
                % (name, field, spelled, name, field, name, field))
    for name in enumerators(text):
        lines.append('printf("enum %s %%lld\\n", (long long)%s);' % (name, name))
    return "\n".join(lines + ["return 0; }"])


def layout(header, compiler):
    with open(header, encoding="utf-8") as file:
        text = file.read()
    with tempfile.TemporaryDirectory() as folder:
        source, binary = os.path.join(folder, "layout.c"), os.path.join(folder, "layout")
        with open(source, "w", encoding="utf-8") as file:
            file.write(program(header, text))
        subprocess.run(compiler + ["-std=c11", source, "-o", binary], check=True)
        return subprocess.run([binary], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.stdout.write(layout(sys.argv[1], sys.argv[2:] or ["cc"]))
