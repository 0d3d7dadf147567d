#!/bin/sh
# The whole daemon against a fast sink: events/s, CPU seconds per million events, peak RSS, append-to-arrival latency.
#   run.sh BENCH_DIR DAEMON [REPEAT]
# BENCH_DIR holds the event generator, the sink and the measuring program (gen.cpp, sink.cpp, measure.py); DAEMON is a
# release build's clawdstrike-siem. Prints one JSON line per run and one with the medians. Needs g++, zlib and python3.
set -eu
[ $# -ge 2 ] || { sed -n '2,6p' "$0" >&2; exit 2; }
bench=$(cd "$1" && pwd)
daemon=$(realpath "$2")
repeat=${3:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
g++ -std=c++20 -O2 -o "$work/gen" "$bench/gen.cpp"
g++ -std=c++20 -O2 -o "$work/sink" "$bench/sink.cpp" -lz -pthread
"$work/gen" --count 1000000 --seed 1 --out "$work/events.jsonl"
export SINK="$work/sink" GEN="$work/gen" BENCH_TOKEN=bench-token-value

# configuration NAME FILE READ_FROM EXPORTER-TOML
configuration() {
  cat >"$work/$1.toml" <<T
version = "1.0.0"
[global]
data_dir = "$work/state"
[sources.audit]
type = "jsonl"
path = "$2"
read_from = "$3"
$4
T
}
# throughput NAME DIALECT SINK-OPTIONS
throughput() {
  python3 "$bench/measure.py" --name "$1" --port 18088 --dialect "$2" --sink="$3" --until 1000000 --repeat "$repeat" \
    --reset "rm -rf $work/state" -- "$daemon" --config "$work/$1.toml" -q run
}
# latency NAME
latency() {
  python3 "$bench/measure.py" --name "$1" --port 18088 --dialect splunk --idle-ms 1500 --rate 1000 --secs 20 --live "$work/live.jsonl" \
    --reset "rm -rf $work/state" --repeat "$repeat" -- "$daemon" --config "$work/$1.toml" -q run
}
splunk='[exporters.splunk]
format = "native"
hec_url = "http://127.0.0.1:18088"
hec_token = "cred:BENCH_TOKEN"
compression ='

configuration native-splunk "$work/events.jsonl" beginning "$splunk \"none\""
throughput native-splunk splunk ""
configuration native-splunk-gzip "$work/events.jsonl" beginning "$splunk \"gzip\""
throughput native-splunk-gzip splunk "--inflate"
configuration ecs-elastic "$work/events.jsonl" beginning '[exporters.elastic]
format = "ecs"
nodes = ["http://127.0.0.1:18088"]
api_key = "cred:BENCH_TOKEN"
compression = "none"'
throughput ecs-elastic elastic "--count bulk"
configuration latency "$work/live.jsonl" beginning "$splunk \"none\""
latency latency
