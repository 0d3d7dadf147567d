#!/usr/bin/env python3
"""plugin.h compiles as every C and C++ that authors use, without a warning and without a padding hole; the SDK's C++
headers each compile on their own.

usage: header_language.py SOURCE_ROOT CC CXX
"""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1])
INCLUDE = ROOT / "sdk" / "include"
COMMON = ["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{INCLUDE}"]


def compile_line(compiler, language, standard, extra, code):
    command = [compiler, "-x", language, f"-std={standard}", *COMMON, *extra, "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(" ".join(command), "<<<", code, done.stderr, sep="\n")
    return done.returncode == 0


def compilers(given, others):
    return [given] + [path for path in map(shutil.which, others) if path]


def main():
    good = True
    plugin = "#include <csiem/plugin.h>\n"
    for cc in compilers(sys.argv[2], ["clang", "clang-16"]):
        for standard in ("c99", "c11", "c17"):
            good &= compile_line(cc, "c", standard, ["-Wpadded"], plugin)
    for cxx in compilers(sys.argv[3], ["clang++", "clang++-16"]):
        for standard in ("c++11", "c++17", "c++20"):
            good &= compile_line(cxx, "c++", standard, ["-Wpadded"], plugin)
    # The check itself must be able to fail.
    hole = "struct hole { char a; long b; };\nint use = (int)sizeof(struct hole);\n"
    padded = subprocess.run([sys.argv[2], "-x", "c", "-Wpadded", *COMMON, "-"], input=hole, capture_output=True,
                            text=True, check=False)
    if padded.returncode == 0:
        print("-Wpadded does not find a padding hole")
        good = False
    for header in sorted(INCLUDE.glob("csiem/**/*.hpp")):
        code = f"#include <{header.relative_to(INCLUDE)}>\n"
        for standard in ("c++17", "c++20"):
            good &= compile_line(sys.argv[3], "c++", standard, ["-Wshadow", "-Wconversion", "-Wold-style-cast"], code)
    return 0 if good else 1


sys.exit(main())
