#!/bin/sh
# Builds everything and runs every test: units, misbehaving plugins, lint, then end-to-end against an installed copy.
#   tests/run.sh                   all of it
#   SANITIZE=address,undefined tests/run.sh      the same under sanitizers, in a build directory of their own
set -eu
cd "$(dirname "$0")/.."

packaging/dependencies.sh
sanitize=${SANITIZE:-none}
build=${BUILD:-build/tests-$(echo "$sanitize" | tr ',' '-')}
if [ ! -f "$build/build.ninja" ]; then
  # shellcheck disable=SC2086 - MESON_ARGS is a list of words
  meson setup "$build" -Db_sanitize="$sanitize" ${MESON_ARGS:-}
fi
ninja -C "$build"

# A plugin that never returns is left behind with its memory on purpose, which a leak checker would report.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0:abort_on_error=1:detect_odr_violation=0}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}"
meson test -C "$build" --print-errorlogs --no-rebuild

root=$PWD/$build/root
rm -rf "$root"
DESTDIR=$root meson install -C "$build" --no-rebuild --quiet
prefix=$root$(meson introspect "$build" --buildoptions |
  python3 -c 'import json,sys; print(next(o["value"] for o in json.load(sys.stdin) if o["name"] == "prefix"))')
CSIEM_BIN=$prefix/bin/clawdstrike-siem CSIEM_MOCK=$prefix/bin/clawdstrike-siem-mock CSIEM_DATA=$PWD/tests/data \
  CSIEM_HOSTILE=$PWD/$build/tests/hostile exec python3 tests/e2e/run.py
