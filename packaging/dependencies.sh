#!/bin/sh
# Installs the Debian packages that building and testing need, those that are missing only.
#   packaging/dependencies.sh            what a build needs
#   packaging/dependencies.sh --ci       and what the continuous integration needs besides
set -eu

build="meson ninja-build g++ pkgconf python3 libboost1.81-dev libboost-json1.81-dev libcurl4-openssl-dev libssl-dev
  libtomlplusplus-dev libspdlog-dev doctest-dev libdeflate-dev libre2-dev zlib1g-dev libcli11-dev liblmdb-dev ca-certificates"
ci="clang-16 libclang-rt-16-dev clang-format abigail-tools curl procps"

wanted=$build
[ "${1:-}" = "--ci" ] && wanted="$build $ci"

missing=
for package in $wanted; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "missing packages, and neither root nor sudo:$missing" >&2; exit 77; }
  as_root=sudo
fi
echo "installing:$missing"
$as_root apt-get update -qq
# shellcheck disable=SC2086 - a list of words is meant
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
