#!/bin/sh
# install-deps.sh [--ci]: what building, testing and the demo need, on Debian 12 as root.
#
# Installs with apt only what is missing, asks nothing, and is silent and quick
# when nothing is. Go comes from Debian only where no `go` is on PATH. With --ci
# also what the checks of the continuous integration use (clang, clang-format, qemu for arm64).
set -eu

packages='gcc meson ninja-build pkg-config libc6-dev libelf-dev libdeflate-dev zlib1g-dev
	libarchive-dev libjansson-dev libcmocka-dev python3 zstd gdb'
command -v go >/dev/null || packages="$packages golang-go"

case "${1-}" in
'') ;;
--ci) packages="$packages clang clang-format git libcapstone-dev qemu-user-static" ;;
*)
	echo "usage: $0 [--ci]" >&2
	exit 2
	;;
esac

installed() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

missing=
for p in $packages; do
	installed "$p" || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "install-deps: this is no Debian; wanted:$missing" >&2
	exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "install-deps: must be root to install:$missing" >&2
	exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
	if ! "$@" >"$log" 2>&1 </dev/null; then
		cat "$log" >&2
		return 1
	fi
}
install() {
	# shellcheck disable=SC2086 # a list of words
	apt-get install -y -q --no-install-recommends $missing
}

echo "install-deps: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# The lists may never have been fetched (a bare chroot), or name versions that the mirror lost.
if ! install >/dev/null 2>&1 </dev/null; then
	quietly apt-get update -q
	quietly install
fi
