#!/usr/bin/env python3
"""matrix.py [--quick] [--only WORD…] [--again] [--jobs N] [--write]: Go releases × builds × architectures.

Each cell: a program is built and started, read by whyoom, and what was read is compared with what the program says of
itself: attached, the identities between the runtime's numbers, runtime.MemStats, the tracebacks of all goroutines, the
heap profile. Results are kept in BUILD/matrix.json: only cells that failed or are new are run again. --only takes
releases ("1.18" is all of its patches), builds and architectures; words of one kind are alternatives. --write puts
the table into docs/matrix.md.
"""
import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/live"), str(ROOT / "tests/matrix")]
import cells  # noqa: E402
import compare  # noqa: E402
import harness  # noqa: E402
import table  # noqa: E402

VIEWS = ("attached", "identities", "stats", "goroutines", "profile")
lock = threading.Lock()


def compare_all(cell, server, whyoom):
    """{view: differences}; a view that cannot be had has whyoom's words."""
    told = compare.Told(server, cell.folder, compare.command_of(whyoom, cell.exe))
    found = dict.fromkeys(VIEWS, ())
    try:
        found["stats"], read = compare.stats(told, server.pid)
        found["identities"] = compare.checks_failed(read)
    except compare.Unread as why:
        return {"attached": [str(why)]}, None
    for view, look in (("goroutines", compare.goroutines), ("profile", compare.heap_profile)):
        try:
            found[view] = look(told, server.pid)
        except compare.Unread as why:
            found[view] = [str(why)]
    return {view: list(wrong) for view, wrong in found.items()}, read


def run_cell(version, build, arch, whyoom, cache=None):
    """{"status": "ok" | "failed" | "skipped", …}; never raises for what the target or whyoom does."""
    why = cells.unavailable(version, build, arch)
    if why:
        return {"status": "skipped", "why": why}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="whyoom-cell-"))
    begin = time.monotonic()
    try:
        cell = cells.Cell(version, build, arch, folder, cache)
        cell.make()
        with cell.start() as server:
            wrong, read = compare_all(cell, server, whyoom)
    except cells.Skip as why:
        return {"status": "skipped", "why": str(why)}
    except Exception as e:  # the program did not start, or ended: the cell failed, the run goes on
        wrong, read = {"attached": [f"{type(e).__name__}: {e}"[:600]]}, None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    wrong = {view: w[:5] for view, w in wrong.items() if w}
    return {"status": "failed" if wrong else "ok", "wrong": wrong, "seconds": round(time.monotonic() - begin, 1),
            "layout": (read or {}).get("layout", "")}


def kind_of(word):
    if word in cells.ARCHITECTURES:
        return "arch"
    if word in cells.BUILDS:
        return "build"
    return "version"


def wanted(words):
    chosen = {"version": [], "build": [], "arch": []}
    for word in words:
        chosen[kind_of(word)].append(word)

    def version_ok(version):
        return not chosen["version"] or any(version == w or version.startswith(w + ".") for w in chosen["version"])

    return [(v, b, a) for v in cells.VERSIONS if version_ok(v)
            for a in cells.ARCHITECTURES if not chosen["arch"] or a in chosen["arch"]
            for b in cells.BUILDS if not chosen["build"] or b in chosen["build"]]


def say(key, result):
    took = f"{result.get('seconds', 0):6.1f} s"
    print(f"{result['status']:8} {took}  {key}{': ' + result['why'] if 'why' in result else ''}", flush=True)
    for view, wrong in result.get("wrong", {}).items():
        for words in wrong[:2]:
            print(f"    {view}: {words[:600]}", flush=True)


class Results:
    def __init__(self, path, commit):
        self.path, self.commit = path, commit
        self.cells = json.loads(path.read_text()) if path.exists() else {}

    def missing(self, key):
        return self.cells.get(key, {}).get("status") != "ok"

    def put(self, key, result):
        with lock:
            self.cells[key] = {**result, "commit": self.commit}
            partial = self.path.with_suffix(".partial")
            partial.write_text(json.dumps(self.cells, indent=1, sort_keys=True))
            partial.rename(self.path)
            say(key, result)


def run_version(todo, whyoom, results, folder):
    """The cells of one release, with a build cache that goes when they are done."""
    cache = pathlib.Path(tempfile.mkdtemp(prefix="cache-", dir=folder))
    try:
        for version, build, arch in todo:
            results.put(f"{version} {build} {arch}", run_cell(version, build, arch, whyoom, cache))
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def commit_of():
    done = subprocess.run(["git", "describe", "--always", "--dirty", "--exclude=*"], cwd=ROOT, capture_output=True,
                          text=True)
    return done.stdout.strip()


def quick(whyoom):
    failed = 0
    for version, build, arch in cells.QUICK:
        result = run_cell(version, build, arch, whyoom)
        say(f"go on PATH, {build} {arch}", result)
        failed += result["status"] == "failed"
    return failed


def whole(args, build):
    whyoom = build / "matrix-whyoom"  # of this moment: the tree may be built anew while this runs
    shutil.copy2(build / "whyoom", whyoom)
    results = Results(build / "matrix.json", commit_of())
    todo = [c for c in wanted(args.only) if args.again or results.missing(" ".join(c))]
    versions = [v for v in reversed(cells.VERSIONS) if any(c[0] == v for c in todo)]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        done = [pool.submit(run_version, [c for c in todo if c[0] == v], str(whyoom), results, build) for v in versions]
        for future in done:
            future.result()
    states = [r["status"] for r in results.cells.values()]
    print(f"{states.count('ok')} ok, {states.count('failed')} failed, {states.count('skipped')} skipped "
          f"of {len(cells.VERSIONS) * len(cells.BUILDS) * len(cells.ARCHITECTURES)} cells")
    if args.write:
        (ROOT / "docs/matrix.md").write_text(table.page(results.cells, datetime.date.today()))
    return states.count("failed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], epilog=__doc__.split("\n\n", 1)[1])
    parser.add_argument("--build", default="build")
    parser.add_argument("--quick", action="store_true", help="a few cells with the go on PATH")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD")
    parser.add_argument("--again", action="store_true", help="cells that were ok too")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="write docs/matrix.md")
    args = parser.parse_args()
    build = (ROOT / args.build).resolve()
    os.environ["WHYOOM"] = str(build / "whyoom")
    sys.exit(1 if (quick(str(build / "whyoom")) if args.quick else whole(args, build)) else 0)


if __name__ == "__main__":
    main()
