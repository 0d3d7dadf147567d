#!/bin/sh
# Installs the Debian packages that building and testing need, those that are missing only.
#   packaging/dependencies.sh            what a build needs
#   packaging/dependencies.sh --ci       and what the continuous integration needs besides, among it two syslog daemons:
#                                        unpacked, not installed, because they exclude each other and would be started
set -eu

build="meson ninja-build g++ pkgconf python3 libboost1.81-dev libboost-json1.81-dev libcurl4-openssl-dev libssl-dev
  libtomlplusplus-dev libspdlog-dev doctest-dev libdeflate-dev libre2-dev zlib1g-dev libcli11-dev liblmdb-dev ca-certificates"
ci="clang-16 libclang-rt-16-dev clang-format abigail-tools curl procps openssl
  libestr0 libfastjson4 liblognorm5 libivykis0 libnet1 libjson-c5 libwrap0 libpcre3 libglib2.0-0"
# What tests/e2e/test_syslog_daemons.py runs; CSIEM_SYSLOG_DAEMONS tells the tests of another place.
daemons="rsyslog rsyslog-openssl syslog-ng-core"
daemons_dir=${CSIEM_SYSLOG_DAEMONS:-/opt/clawdstrike-siem-tests}

wanted=$build
[ "${1:-}" = "--ci" ] && wanted="$build $ci"

missing=
for package in $wanted; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
unpack=no
if [ "${1:-}" = "--ci" ] && [ ! -x "$daemons_dir/usr/sbin/syslog-ng" ]; then unpack=yes; fi
[ -n "$missing" ] || [ "$unpack" = yes ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "missing packages, and neither root nor sudo:$missing $daemons" >&2; exit 77; }
  as_root=sudo
fi
$as_root apt-get update -qq
if [ -n "$missing" ]; then
  echo "installing:$missing"
  # shellcheck disable=SC2086 - a list of words is meant
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
[ "$unpack" = yes ] || exit 0
echo "unpacking into $daemons_dir: $daemons"
archives=$(mktemp -d)
trap 'rm -rf "$archives"' EXIT
# shellcheck disable=SC2086
(cd "$archives" && apt-get download -qq $daemons)
$as_root mkdir -p "$daemons_dir"
for archive in "$archives"/*.deb; do $as_root dpkg-deb -x "$archive" "$daemons_dir"; done
