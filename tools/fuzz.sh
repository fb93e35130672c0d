#!/bin/sh
# fuzz.sh [TARGET…]: libFuzzer on every fuzz target (or those named), with AddressSanitizer and UBSan.
#
# FUZZ_SECONDS each (600), FUZZ_JOBS at a time (2). Each starts from its corpus, copied, so that the
# seeds in fuzz/corpus/ stay as they are. A line for each: inputs run, runs a second, coverage (of
# edges, at the start and at the end), result. An input that crashed one is kept in build-fuzz/crashes/
# and its path printed; the exit status is then 1. What was new in a run is dropped.
set -eu

if [ "${1-}" = --one ]; then # one target, from the loop below
	name=$2 build=$3 work=$4
	log=$work/$name.log
	mkdir -p "$work/$name"
	cp "fuzz/corpus/$name"/* "$work/$name/"
	status=0
	# A mutation may be as long as the longest seed, and 4 KiB in any case.
	nice -n 19 "$build/fuzz/fuzz_$name" -max_total_time="$FUZZ_SECONDS" -timeout=30 -rss_limit_mb=3072 \
		-print_final_stats=1 -artifact_prefix="$build/crashes/$name-" "$work/$name" \
		>"$log" 2>&1 </dev/null || status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	speed=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
	first=$(sed -n 's/.*INITED.* cov: \([0-9]*\) .*/\1/p' "$log" | head -n 1)
	last=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
	found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
	result=passed
	if [ "$status" -ne 0 ]; then
		result="FAILED ${found:-status $status}"
		echo "$name" >>"$work/failed"
		cp "$log" "$build/crashes/$name.log"
	fi
	printf '%-14s %12s %8s/s  cov %5s -> %5s  %s\n' "$name" "${runs:-?}" "${speed:-?}" \
		"${first:-?}" "${last:-?}" "$result"
	exit 0
fi

cd "$(dirname "$0")/.."
FUZZ_SECONDS=${FUZZ_SECONDS-600}
export FUZZ_SECONDS
build=$PWD/build-fuzz
work=$(mktemp -d "${TMPDIR:-/tmp}/whyoom-fuzz-XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$build/crashes"

# Again each time: targets are found by name.
again=$([ -e "$build/build.ninja" ] && echo --reconfigure || true)
CC=clang meson setup $again "$build" -Dfuzzers=true -Db_sanitize=address,undefined \
	-Db_lundef=false >/dev/null
ninja -C "$build" >"$work/build.log" 2>&1 || {
	cat "$work/build.log" >&2
	exit 1
}

if [ $# -eq 0 ]; then
	for f in fuzz/fuzz_*.c; do
		name=${f#fuzz/fuzz_}
		set -- "$@" "${name%.c}"
	done
fi
for name; do
	[ -x "$build/fuzz/fuzz_$name" ] || {
		echo "fuzz.sh: no target $name" >&2
		exit 2
	}
done
printf '%s\n' "$@" | xargs -P "${FUZZ_JOBS-2}" -I '{}' tools/fuzz.sh --one '{}' "$build" "$work"
[ ! -e "$work/failed" ]
