#!/usr/bin/env python3
"""Do two validators say the same of every line? agree.py OURS THEIRS FILE..., where OURS and THEIRS are commands as one
argument each. Compared are the pairs of path and rule per line."""
import re
import shlex
import subprocess
import sys

LINE = re.compile(r"line (\d+): (.*?): ([a-z0-9_]+)(?: \(|$)")


def verdicts(command, path):
    with open(path, "rb") as lines:
        run = subprocess.run(shlex.split(command), stdin=lines, stdout=subprocess.PIPE, check=False)
    out = {}
    for line in run.stdout.decode("utf-8", "replace").splitlines():
        found = LINE.match(line)
        if found:
            out.setdefault(int(found.group(1)), set()).add((found.group(2), found.group(3)))
    total = re.search(r"(\d+) passed, (\d+) failed", run.stdout.decode("utf-8", "replace"))
    return out, total and total.groups()


different = 0
ours, theirs = sys.argv[1:3]
for name in sys.argv[3:]:
    mine, my_total = verdicts(ours, name)
    other, other_total = verdicts(theirs, name)
    print(name, "ours:", my_total, "theirs:", other_total)
    if my_total is None or my_total != other_total:
        different += 1
    for number in sorted(set(mine) | set(other)):
        if mine.get(number) != other.get(number):
            different += 1
            print("line %d: ours only %s, theirs only %s" % (
                number, sorted(mine.get(number, set()) - other.get(number, set())),
                sorted(other.get(number, set()) - mine.get(number, set()))))
sys.exit(1 if different else 0)
