#!/usr/bin/env python3
"""The header may only extend what was released: GROWS structs keep their members as a prefix, FROZEN structs and
enumerators stay as they are.

usage: abi_layout.py SOURCE_ROOT COMPILER...      exit 1 and the differences when it does not hold
"""
import pathlib
import sys

ROOT = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(ROOT / "sdk" / "abi"))
import layout  # noqa: E402


def parse(text):
    """{struct: (kind, size, [member lines])}, {enumerator: value}"""
    structs, enums = {}, {}
    for line in text.splitlines():
        word, rest = line.split(" ", 1)
        if word == "struct":
            name, kind, _, size = rest.split()
            structs[name] = (kind, int(size), [])
        elif word == "member":
            structs[rest.split(".")[0]][2].append(rest)
        else:
            name, value = rest.split()
            enums[name] = value
    return structs, enums


def compare(old_text, new_text):
    (old, old_enums), (new, new_enums) = parse(old_text), parse(new_text)
    for name, (kind, size, members) in old.items():
        if name not in new:
            yield f"struct {name} is gone"
            continue
        now_kind, now_size, now = new[name]
        if now_kind != kind:
            yield f"struct {name} was {kind} and is {now_kind}"
        for i, member in enumerate(members):
            if i >= len(now) or now[i] != member:
                yield f"{member}\n    is now: {now[i] if i < len(now) else 'nothing'}"
        if kind == "FROZEN" and (len(now) > len(members) or now_size != size):
            yield f"FROZEN struct {name} has changed its size or got members"
    for name, value in old_enums.items():
        if new_enums.get(name) != value:
            yield f"enumerator {name} was {value} and is {new_enums.get(name)}"


def self_test(text):
    """The judge must tell an append from everything else."""
    last = [l for l in text.splitlines() if l.startswith("member csiem_limits.")][-1]
    first = [l for l in text.splitlines() if l.startswith("member csiem_limits.")][1]
    extra = "member csiem_limits.more offset 24 size 8 type uint64_t"
    assert not list(compare(text, text.replace(last, last + "\n" + extra)))
    assert list(compare(text, text.replace(first, extra + "\n" + first)))
    assert list(compare(text, text.replace(first + "\n", "")))
    assert list(compare(text, text.replace("csiem_limits.max_events", "csiem_limits.max_event")))
    assert list(compare(text, text.replace("enum CSIEM_REJECT 2", "enum CSIEM_REJECT 3")))
    frozen = "member csiem_str.len offset 8 size 8 type size_t"
    assert frozen in text
    assert list(compare(text, text.replace(frozen, frozen + "\nmember csiem_str.cap offset 16 size 8 type size_t")))


if __name__ == "__main__":
    header = ROOT / "sdk" / "include" / "csiem" / "plugin.h"
    current = layout.layout(str(header), sys.argv[2:])
    failed = False
    for release in sorted((ROOT / "sdk" / "abi").glob("v1.*")):
        released = (release / "layout.txt").read_text(encoding="utf-8")
        self_test(released)
        for difference in compare(released, current):
            failed = True
            print(f"{release.name}: {difference}")
        # The stored header must be what its list was made from.
        if layout.layout(str(release / "plugin.h"), sys.argv[2:]) != released:
            failed = True
            print(f"{release.name}: plugin.h and layout.txt do not belong together")
    sys.exit(1 if failed else 0)
