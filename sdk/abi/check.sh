#!/bin/sh
# Compares the interface of a build with every released one and prints what changed. abidiff cannot tell an append from
# an insert: tests/lint/abi_layout.py is the judge, this is the readable difference for the reviewer.
# usage: check.sh BUILD_DIR [--update]      exit 77 when abigail-tools is not installed (or the machine is no x86-64)
set -eu
[ $# -ge 1 ] || { echo "usage: check.sh BUILD_DIR [--update]" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
anchor=$1/sdk/abi/libcsiem-abi-anchor.so
[ "$(uname -m)" = x86_64 ] || { echo "the stored interfaces are those of x86-64"; exit 77; }
command -v abidiff >/dev/null && command -v abidw >/dev/null || { echo "abigail-tools is not installed"; exit 77; }
[ -f "$anchor" ] || { echo "$anchor is not built" >&2; exit 2; }
options="--no-corpus-path --no-comp-dir-path --no-show-locs"
if [ "${2:-}" = --update ]; then
  for release in "$here"/v1.*; do newest=$release; done
  # shellcheck disable=SC2086
  abidw $options "$anchor" >"$newest/anchor.abi"
  exit 0
fi
status=0
for release in "$here"/v1.*; do
  echo "$(basename "$release"):"
  result=0
  abidiff --no-show-locs "$release/anchor.abi" "$anchor" || result=$?
  # 4 is "something changed", which an append is, too; 8 an incompatible change; 1 and 2 errors of the tool.
  case $result in
    0) echo "  no difference" ;;
    4) echo "  changed; tests/lint/abi_layout.py decides whether it may" ;;
    *) status=1 ;;
  esac
done
exit $status
