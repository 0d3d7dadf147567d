#!/bin/sh
# From a fresh Debian 12 to delivered events: installs what is missing, builds, and sends a real audit log as ECS into a
# file and into a local double of Splunk's HTTP Event Collector. Nothing leaves this machine.
set -eu
cd "$(dirname "$0")/.."

build=${BUILD:-build/quickstart}
work=$(mktemp -d)
mock=
trap '[ -z "$mock" ] || kill "$mock" 2>/dev/null || true; rm -rf "$work"' EXIT

echo "== 1. packages"
packaging/dependencies.sh
echo "== 2. build (a few minutes)"
[ -f "$build/build.ninja" ] || meson setup "$build" --buildtype=release -Dtests=disabled >"$work/setup.log" 2>&1 ||
  { cat "$work/setup.log" >&2; exit 1; }
ninja -C "$build" >"$work/build.log" 2>&1 || { tail -n 40 "$work/build.log" >&2; exit 1; }
siem=$PWD/$build/core/clawdstrike-siem

echo "== 3. a Splunk double that accepts one token only"
token=$(cat /proc/sys/kernel/random/uuid)
"$build/sdk/doubles/clawdstrike-siem-mock" splunk --token "$token" --port-file "$work/port" \
  --record "$work/splunk.jsonl" >"$work/splunk.txt" &
mock=$!
while [ ! -f "$work/port" ]; do
  kill -0 "$mock" || exit 1
  sleep 0.05
done

echo "== 4. tests/data/sample-audit.jsonl, a Clawdstrike audit log, through real plugins"
CLAWDSTRIKE_AUDIT_LOG=$PWD/tests/data/sample-audit.jsonl CLAWDSTRIKE_SIEM_OUT=$work SPLUNK_HEC_URL=http://127.0.0.1:$(cat "$work/port") \
  SPLUNK_HEC_TOKEN=$token "$siem" --config config/quickstart.toml run --once

echo "== 5. what arrived"
kill "$mock"
wait "$mock" || true
mock=
echo "file: $(wc -l <"$work/events.ecs.jsonl") ECS documents, for example"
grep -m 1 '"kind":"alert"' "$work/events.ecs.jsonl" | python3 -m json.tool --no-ensure-ascii
echo "Splunk double:"
cat "$work/splunk.txt"
