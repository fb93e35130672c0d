"""Layouts: which Go releases are known, and that one is chosen by what holds in the process, not by what it says it is."""
import json
import os
import pathlib
import re
import subprocess
import unittest
import unittest.mock

from harness import ROOT, Server, go_build, go_version, needs_go, needs_root, whyoom, whyoom_json

LAYOUTS = ROOT / "src/goruntime/layouts"


def newest():
    """(27, 4): the newest release that a layout was read for."""
    texts = (json.loads(p.read_text())["go"]["to"] for p in LAYOUTS.glob("*-amd64.json"))
    return max(tuple(int(n) for n in re.findall(r"\d+", t)[1:]) for t in texts)


@needs_go
class Newest(unittest.TestCase):
    def test_the_go_on_path_is_known(self):
        known = newest()
        print(f"# newest Go known: go1.{known[0]}.{known[1]}; on PATH: go1.{go_version()[1]}")
        if go_version()[1] > known[0]:
            self.skipTest(f"go1.{go_version()[1]} is newer than go1.{known[0]}.{known[1]}, the newest that whyoom has a "
                          "layout for: see HACKING.md, A new Go release")
        self.assertTrue((LAYOUTS / f"{go_version()[1]}-amd64.json").exists())


@needs_root
@needs_go
class Choice(unittest.TestCase):
    def stats(self, *flags):
        binary = go_build(ROOT / "bench/target", flags=flags)
        with Server([binary, "-goroutines", "100", "-heap", "4"], ready="ready") as server:
            return whyoom_json("stats", server.pid)

    def test_by_invariants_and_not_by_the_version_string(self):
        true = self.stats()
        for lie in ("go1.18.3", "go1.22.1", "go1.99.1", "devel"):
            told = self.stats(f"-ldflags=-X=runtime.buildVersion={lie}")
            self.assertEqual(told["layout"], true["layout"], lie)
            self.assertTrue(all(c["ok"] for c in told["checks"]))
            self.assertEqual(told["gogc"], 100)


@needs_root
@needs_go
class Experiments(unittest.TestCase):
    """GOEXPERIMENT variants are read by their own layout, or refused with the reason."""

    def build(self, experiment):
        text = subprocess.run(["go", "env", "GOROOT"], capture_output=True, text=True).stdout.strip()
        flags = pathlib.Path(text, "src/internal/goexperiment/flags.go").read_text().lower()
        if not re.search(rf"\t{experiment.removeprefix('no')} +bool", flags):
            self.skipTest(f"this go has no GOEXPERIMENT {experiment}")
        with unittest.mock.patch.dict(os.environ, GOEXPERIMENT=experiment):
            return go_build(ROOT / "bench/target", flags=["-tags", experiment])  # the tag is for the build's name

    def test_without_green_tea(self):
        with Server([self.build("nogreenteagc"), "-goroutines", "100", "-heap", "4"], ready="ready") as server:
            self.assertIn("nogreenteagc", whyoom_json("stats", server.pid)["layout"])

    def test_one_that_no_layout_is_for(self):
        with Server([self.build("staticlockranking"), "-goroutines", "100", "-heap", "4"], ready="ready",
                    timeout=60) as server:
            done = whyoom("stats", server.pid)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn("staticlockranking", done.stderr)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1)


if __name__ == "__main__":
    unittest.main()
