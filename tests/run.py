#!/usr/bin/env python3
"""run.py [--build DIR] [SUITE…]: every test that this machine can run; says what it skipped and why.

Suites: unit lint fuzz (meson), cli live kill vm (Python, tests/SUITE/test_*.py). Default: all.
The last line is "N passed, N failed, N skipped".
"""
import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
MESON_SUITES = ("unit", "lint", "fuzz")
PYTHON_SUITES = ("cli", "live", "kill", "vm")
EXTRA = {"guest": "vm/guest"}  # only where named: what the machine of vm runs, inside it
counts = collections.Counter()


def meson_suites(build, suites):
    """Runs them and counts each cmocka case, not each program."""
    if not suites:
        return
    command = ["meson", "test", "-C", str(build), "--print-errorlogs"]
    for suite in suites:
        command += ["--suite", suite]
    subprocess.run(command, check=False)
    log = build / "meson-logs/testlog.junit.xml"
    for case in xml.etree.ElementTree.parse(log).getroot().iter("testcase"):
        if case.find("skipped") is not None:
            counts["skipped"] += 1
            print(f"skipped: {case.get('name')}: {(case.find('skipped').text or '').strip()}")
        elif case.find("failure") is not None or case.find("error") is not None:
            counts["failed"] += 1
            print(f"FAILED: {case.get('name')}")
        else:
            counts["passed"] += 1
    count_said(build / "meson-logs/testlog.json")


def count_said(log):
    """skip_test() of tests/unit/t.h ends a case as passed, with a line that says what was missing."""
    for test in map(json.loads, log.read_text().splitlines()):
        for line in test["stdout"].splitlines():
            if line.startswith("# skipped: "):
                counts["passed"] -= 1
                counts["skipped"] += 1
                print(f"skipped: {test['name'].split(' / ')[-1]}: {line[len('# skipped: '):]}")


class Result(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()

    def say(self, what, test, detail=""):
        took = time.monotonic() - getattr(self, "begin", time.monotonic())
        print(f"{what:8} {took:6.1f} s  {test.id()}{': ' + detail if detail else ''}", flush=True)

    def addSuccess(self, test):
        self.say("passed", test)
        counts["passed"] += 1

    def addSkip(self, test, reason):
        self.say("skipped", test, reason)
        counts["skipped"] += 1

    def bad(self, test, err):
        counts["failed"] += 1
        self.say("FAILED", test)
        print(self._exc_info_to_string(err, test), flush=True)

    addFailure = addError = bad

    def addSubTest(self, test, subtest, err):
        if err:
            self.bad(subtest, err)
        else:
            self.say("passed", subtest)
            counts["passed"] += 1


def python_suite(suite):
    folder = str(ROOT / "tests" / EXTRA.get(suite, suite))
    found = unittest.defaultTestLoader.discover(folder, pattern="test_*.py", top_level_dir=folder)
    found.run(Result())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("suites", nargs="*")
    args = parser.parse_args()
    build = (ROOT / args.build).resolve()
    wanted = args.suites or [*MESON_SUITES, *PYTHON_SUITES]
    os.environ["WHYOOM"] = str(build / "whyoom")
    os.environ.setdefault("WHYOOM_SOURCE", str(ROOT))
    sys.path.insert(0, str(ROOT / "tests"))
    meson_suites(build, [s for s in wanted if s in MESON_SUITES])
    for suite in wanted:
        if suite in PYTHON_SUITES or suite in EXTRA:
            python_suite(suite)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(1 if counts["failed"] or not counts["passed"] else 0)


if __name__ == "__main__":
    main()
