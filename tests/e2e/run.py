#!/usr/bin/env python3
"""Runs every end-to-end test, CSIEM_JOBS (3) at a time, and ends with one line 'N passed, N failed'.

  run.py [PATTERN]        only the tests whose name contains PATTERN
"""

import concurrent.futures
import os
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)


def test_names(pattern):
    def walk(suite):
        for item in suite:
            if isinstance(item, unittest.TestSuite):
                yield from walk(item)
            else:
                yield item.id()

    return [n for n in walk(unittest.defaultTestLoader.discover(HERE, "test_*.py")) if pattern in n]


def run(name):
    begin = time.monotonic()
    p = subprocess.run([sys.executable, "-m", "unittest", name], cwd=HERE, capture_output=True, text=True)
    skipped = "skipped" in p.stderr.splitlines()[-1] if p.stderr else False
    return name, p.returncode == 0, skipped, p.stderr, time.monotonic() - begin


def main():
    names = test_names(sys.argv[1] if len(sys.argv) > 1 else "")
    passed = failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=int(os.environ.get("CSIEM_JOBS", "3"))) as pool:
        for name, good, skip, text, seconds in pool.map(run, names):
            print("%s %5.1f s %s" % ("SKIP" if skip else "ok  " if good else "FAIL", seconds, name), flush=True)
            skipped += skip
            passed += good and not skip
            failed += not good
            if not good:
                print(text, flush=True)
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed or not passed else 0


sys.exit(main())
