#!/bin/sh
# Runs every fuzz target of a build for a while: run.sh BUILD_DIR SECONDS. Stops at the first finding.
set -eu
[ $# = 2 ] || { echo "usage: run.sh BUILD_DIR SECONDS" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for target in "$1"/tests/fuzz/fuzz-*; do
  [ -x "$target" ] && [ -f "$target" ] || continue
  name=$(basename "$target" | sed 's/^fuzz-//')
  mkdir "$work/$name"
  seeds=
  [ -d "$here/corpus/$name" ] && seeds=$here/corpus/$name
  # shellcheck disable=SC2086 - there may be no seeds
  if ! "$target" -max_total_time="$2" -max_len=4096 -timeout=20 -print_final_stats=1 -artifact_prefix="$work/" "$work/$name" \
    $seeds >"$work/log" 2>&1; then
    tail -n 60 "$work/log"
    find "$work" -maxdepth 1 -name '*-*' -type f -exec sh -c 'echo "$1 (base64):"; base64 "$1"' _ {} \;
    echo "$name: a finding" >&2
    exit 1
  fi
  echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") inputs, no finding"
done
