#!/usr/bin/env python3
"""Every plugin exports exactly one symbol, binds at load time and says what it is in a note.

usage: one_symbol.py DIRECTORY...      looks at every *.so below the directories
"""
import pathlib
import subprocess
import sys


def plugins(directories):
    for directory in directories:
        for path in sorted(pathlib.Path(directory).rglob("*.so")):
            if path.is_file() and not any(parent.suffix == ".p" for parent in path.parents):
                yield path


def tool(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    bad = 0
    found = list(plugins(sys.argv[1:]))
    for path in found:
        symbols = [line.split()[-1] for line in tool("nm", "-D", "--defined-only", str(path)).splitlines()]
        if symbols != ["csiem_plugin_v1"]:
            print(f"{path}: exports {', '.join(symbols) or 'nothing'}")
            bad += 1
        dynamic = tool("readelf", "-dW", str(path))
        if "NOW" not in dynamic:
            print(f"{path}: is not linked with -z now")
            bad += 1
        if "RPATH" in dynamic or "RUNPATH" in dynamic:
            print(f"{path}: has a library search path of its own")
            bad += 1
        if ".note.clawdstrike" not in tool("readelf", "-SW", str(path)):
            print(f"{path}: has no note")
            bad += 1
    if not found:
        print("no plugin found below", *sys.argv[1:])
    return 1 if bad or not found else 0


sys.exit(main())
