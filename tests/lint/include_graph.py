#!/usr/bin/env python3
"""Who may include whom.

 * A room of core/ may include its own headers and those of the rooms that its meson.build depends on, directly or not.
 * Plugins include the SDK, their own folder and plugins/common; never a header of core/.
 * The SDK includes itself and the standard library.
 * A library is included by the room that owns it alone, and no header that other rooms see brings it along.

usage: include_graph.py SOURCE_ROOT      exit 1 and one line per violation
"""
import pathlib
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
SOURCES = {".cpp", ".hpp", ".h", ".c", ".def"}

# Library -> rooms that may include it; None: any.
HEAVY = {
    "boost/json": None,
    "boost/asio": None,
    "boost/beast": None,
    "boost/dll": {"plugin"},
    "toml++": {"config"},
    "spdlog": {"base"},
    "curl/": {"http"},
    "CLI/": {"cli"},
    "openssl/": None,
    "libdeflate": {"http"},
}


def sources(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in SOURCES and p.is_file())


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8", errors="replace"))


def room_dependencies(core):
    """room -> rooms that its meson.build names, closed over their own."""
    rooms = {p.parent.name for p in core.glob("*/meson.build")}
    direct = {}
    for room in rooms:
        text = (core / room / "meson.build").read_text(encoding="utf-8")
        direct[room] = {name for name in re.findall(r"\b(\w+)_dep\b", text) if name in rooms and name != room}
    closed = {}

    def close(room, path=()):
        if room in path:
            raise SystemExit(f"rooms depend on each other in a circle: {' -> '.join(path + (room,))}")
        if room not in closed:
            closed[room] = set(direct[room]).union(*(close(d, path + (room,)) for d in direct[room]))
        return closed[room]

    for room in rooms:
        close(room)
    return closed


def check_core(root, report):
    core = root / "core"
    allowed = room_dependencies(core)
    for room, others in sorted(allowed.items()):
        for path in sources(core / room):
            for kind, target in includes(path):
                first = target.split("/")[0]
                if kind == '"' and first in allowed and first != room and first not in others:
                    report(path, f'"{target}": core/{room}/meson.build does not depend on {first}_dep')
                if target.startswith(("exporters/", "formats/", "plugins/")):
                    report(path, f"{target}: core knows no plugin")
                for library, owners in HEAVY.items():
                    if target.startswith(library) and owners is not None and room not in owners:
                        report(path, f"{target}: belongs to {', '.join(sorted(owners))}")
    check_leaks(core, allowed, report)


def check_leaks(core, rooms, report):
    """Libraries that come along through another room's header."""
    seen = {}  # header -> {(header that includes the library, library)}

    def brought(path):
        if path not in seen:
            seen[path] = set()
            for _, target in includes(path):
                seen[path] |= {(path, library) for library in HEAVY if target.startswith(library)}
                for at in (path.parent / target, core / target):
                    if at.is_file():
                        seen[path] |= brought(at.resolve())
                        break
        return seen[path]

    for room in rooms:
        for path in sources(core / room):
            for header, library in sorted(brought(path.resolve())):
                if header.relative_to(core.resolve()).parts[0] != room:
                    report(path, f"gets {library} through {header.relative_to(core.resolve())}")


def check_plugins(root, report):
    rooms = {p.parent.name for p in (root / "core").glob("*/meson.build")}
    plugins = root / "plugins"
    for path in sources(plugins):
        for kind, target in includes(path):
            local = (path.parent / target).is_file() or (plugins / target).is_file() or (
                path.relative_to(plugins).parts[0] and (plugins / path.relative_to(plugins).parts[0] / target).is_file())
            if "core/" in target or (target.split("/")[0] in rooms and not local):
                report(path, f"{target}: a plugin includes nothing of core")
            if kind == '"' and local and (path.parent / target).is_file():
                where = (path.parent / target).resolve()
                if plugins.resolve() not in where.parents:
                    report(path, f"{target}: lies outside of plugins/")


def check_sdk(root, report):
    include = root / "sdk" / "include"
    for path in sources(include):
        for kind, target in includes(path):
            if kind == '"':
                report(path, f'"{target}": installed headers include with angle brackets')
            elif "/" in target and not (include / target).is_file():
                report(path, f"<{target}>: the SDK depends on nothing but the standard library")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    violations = []

    def report(path, why):
        violations.append(f"{path.relative_to(root)}: {why}")

    check_core(root, report)
    check_plugins(root, report)
    check_sdk(root, report)
    for line in violations:
        print(line)
    return 1 if violations else 0


sys.exit(main())
