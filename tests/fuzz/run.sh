#!/bin/sh
# Runs every fuzz target of a build for a while: run.sh BUILD_DIR SECONDS. Stops at the first finding.
set -eu
[ $# = 2 ] || { echo "usage: run.sh BUILD_DIR SECONDS" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
for target in "$1"/tests/fuzz/fuzz-*; do
  [ -x "$target" ] && [ -f "$target" ] || continue
  name=$(basename "$target" | sed 's/^fuzz-//')
  work=$(mktemp -d)
  seeds=
  [ -d "$here/corpus/$name" ] && seeds=$here/corpus/$name
  echo "$name"
  # shellcheck disable=SC2086 - there may be no seeds
  "$target" -max_total_time="$2" -max_len=4096 -verbosity=0 -print_final_stats=1 -artifact_prefix="$work/" "$work" $seeds 2>&1 |
    grep -E 'number_of_executed_units|ERROR|SUMMARY' || true
  if find "$work" -name 'crash-*' -o -name 'leak-*' -o -name 'timeout-*' | grep -q .; then exit 1; fi
  rm -rf "$work"
done
