#!/bin/sh
# demo.sh WHYOOM: a leaking Go server under a limit, killed by the kernel, judged by whyoom.
#
# Ends with 0 when the server was killed and the report named a cause for it.
set -eu

limit=256M
here=$(cd "$(dirname "$0")/.." && pwd)
whyoom=${1-$here/build/whyoom}
out=$(mktemp -d "${TMPDIR:-/tmp}/whyoom-demo-XXXXXX")
case_file=$out/quotes.whyoom

fail() {
	echo "demo: $*" >&2
	exit 1
}

[ -x "$whyoom" ] || fail "$whyoom: not there, build it first (make)"
command -v go >/dev/null || fail "no go on PATH (tools/install-deps.sh)"
whyoom=$(cd "$(dirname "$whyoom")" && pwd)/$(basename "$whyoom")

# Built with what is here: no other toolchain, no module from the network.
(cd "$here/zoo/goroutine-leak" &&
	GOFLAGS=-mod=mod GOTOOLCHAIN=local GOPROXY=off CGO_ENABLED=0 \
		go build -buildvcs=false -o "$out/quotes" .) ||
	fail "the server does not build"

echo "A server that leaks runs under $limit; the kernel kills it in about 20 seconds." >&2
echo "+ whyoom run --memory-max $limit --case $case_file -- quotes" >&2
status=0
"$whyoom" run --memory-max "$limit" --case "$case_file" -- "$out/quotes" -for 120s \
	2>"$out/report" >"$out/server.log" || status=$?
cat "$out/report" >&2

[ "$status" -eq 137 ] || fail "exit status $status, not 137: the server was not killed"
[ -s "$case_file" ] || fail "no case was written"

# The case gives the verdict again: 1 means that a cause was found.
status=0
"$whyoom" diagnose --json "$case_file" >"$out/verdict.json" || status=$?
[ "$status" -eq 1 ] || fail "diagnose ended with $status, not 1: no cause was found"
found=$(python3 -c 'import json, sys; v = json.load(open(sys.argv[1])); print(v["oom"]["status"], v["causes"][0]["id"])' \
	"$out/verdict.json") || fail "the verdict cannot be read"
[ "$found" = "yes goroutine-leak" ] || fail "the verdict is: $found"

echo >&2
echo "The case: $case_file" >&2
echo "Look again: $whyoom diagnose $case_file" >&2
