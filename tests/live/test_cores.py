"""Core files: the same views as on the living, from gcore's and the kernel's, whole and truncated."""
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time
import unittest

from harness import ROOT, TMP, Server, go_build, needs_go, needs_root, whyoom, whyoom_json

GOROUTINES = 300
PATTERN = pathlib.Path("/proc/sys/kernel/core_pattern")
needs_gcore = unittest.skipUnless(shutil.which("gcore"), "no gcore (package gdb)")


def views(target, *options):
    """What each verb says; ages are against the clock of now, which a core does not have."""
    said = {verb: whyoom_json(verb, *options, target) for verb in ("stats", "heap", "allocs", "goroutines", "spans")}
    for group in said["goroutines"]["groups"]:
        del group["wait_seconds"]
    return said


def stripped(binary):
    out = TMP / "stripped"
    subprocess.run(["strip", "-o", out, binary], check=True)
    return out


@needs_root
@needs_go
@needs_gcore
class Gcore(unittest.TestCase):
    """Of a server that stands still while both are read."""

    @classmethod
    def setUpClass(cls):
        cls.binary = TMP / "api"
        shutil.copy(go_build(ROOT / "bench/target"), cls.binary)
        with Server([cls.binary, "-goroutines", str(GOROUTINES), "-heap", "8"], ready="ready") as server:
            time.sleep(0.5)
            os.kill(server.pid, signal.SIGSTOP)
            cls.live = views(server.pid)
            done = subprocess.run(["gcore", "-o", TMP / "core", str(server.pid)], capture_output=True, text=True,
                                  timeout=300)
        cls.core = TMP / f"core.{server.pid}"
        if not cls.core.exists():
            raise unittest.SkipTest("gcore made no core: " + (done.stderr or done.stdout).strip()[-200:])

    @classmethod
    def tearDownClass(cls):
        cls.core.unlink(missing_ok=True)

    def test_views_are_those_of_the_living(self):
        self.assertEqual(views(self.core), self.live)
        parked = [g for g in self.live["goroutines"]["groups"] if any(f["function"] == "main.deep" for f in g["stack"])]
        self.assertEqual(sum(g["count"] for g in parked), GOROUTINES)

    def test_a_stripped_binary_is_as_good(self):
        self.assertEqual(views(self.core, "--exe", stripped(self.binary)), self.live)

    def test_another_binary_is_refused(self):
        for other in (shutil.which("go"), "/bin/true"):
            done = whyoom("stats", "--exe", other, self.core)
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(f"{other}: is not the binary of {self.core.name}", done.stderr)

    def test_without_the_binary_it_is_asked_for(self):
        away = self.binary.with_suffix(".away")
        self.binary.rename(away)
        try:
            for there in (None, "/bin/true"):
                if there:
                    shutil.copy(there, self.binary)
                done = whyoom("goroutines", self.core)
                self.assertEqual((done.returncode, done.stdout), (3, ""), done.stderr)
                self.assertIn("--exe", done.stderr)
                self.assertIn(str(self.binary), done.stderr)
            self.assertEqual(views(self.core, "--exe", away), self.live)
        finally:
            away.replace(self.binary)

    def test_profiles_open_in_pprof(self):
        for verb, word in (("heap", "main.fill"), ("goroutines", "main.deep")):
            out = TMP / f"core-{verb}.pb.gz"
            self.assertEqual(whyoom(verb, "-o", out, self.core).returncode, 0)
            top = subprocess.run(["go", "tool", "pprof", "-top", out], capture_output=True, text=True)
            self.assertIn(word, top.stdout)

    def test_its_end_lost_with_all_notes(self):
        """gcore writes its notes last, so a truncated one does not even name its binary."""
        cut = TMP / "cut"
        size = self.core.stat().st_size
        try:
            with open(self.core, "rb") as source, open(cut, "wb") as out:
                for _ in range(0, size - (64 << 10), 1 << 20):
                    out.write(source.read(1 << 20))
                out.truncate(size - (64 << 10))
            done = whyoom("stats", cut)
            self.assertEqual(done.returncode, 3)
            self.assertIn("--exe", done.stderr)
            done = whyoom("stats", "--json", "--exe", self.binary, cut)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("is truncated", done.stderr)
            self.assertEqual(whyoom_json("stats", "--exe", self.binary, cut)["memstats"], self.live["stats"]["memstats"])
        finally:
            cut.unlink(missing_ok=True)


@needs_root
@needs_go
class KernelCore(unittest.TestCase):
    """Written by the kernel when GOTRACEBACK=crash lets the runtime end by SIGABRT."""

    @classmethod
    def setUpClass(cls):
        pattern = PATTERN.read_text().strip()
        if pattern.startswith(("|", "@", "/")):
            raise unittest.SkipTest(f"the kernel's cores go elsewhere: core_pattern is {pattern}")
        cls.place = TMP / "crash"
        cls.place.mkdir()
        if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
            raise unittest.SkipTest("no core may be written: the hard limit of ulimit -c is 0")
        cls.binary = go_build(ROOT / "bench/target")
        unlimited = resource.getrlimit(resource.RLIMIT_CORE)[1]
        cls.begin = time.monotonic()
        with Server([cls.binary, "-goroutines", str(GOROUTINES), "-heap", "8"], ready="ready", cwd=cls.place,
                    env={**os.environ, "GOTRACEBACK": "crash"},
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (unlimited, unlimited))) as server:
            time.sleep(1)
            os.kill(server.pid, signal.SIGQUIT)
            cls.output = server.process.stdout.read()
            server.process.wait(timeout=120)
            cls.pid = server.pid
        cls.lived = time.monotonic() - cls.begin
        cores = sorted(cls.place.glob("core*"))
        if not cores:
            raise unittest.SkipTest("the kernel wrote no core file")
        cls.core = cores[0]

    def test_goroutines(self):
        seen = whyoom_json("goroutines", self.core)
        self.assertEqual(seen["pid"], self.pid)
        # what the dying runtime itself printed; it leaves out none under GOTRACEBACK=crash
        printed = len(re.findall(r"^goroutine [1-9]\d* (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[", self.output, re.M))
        self.assertEqual(seen["total"] + seen["system"], printed)
        parked = [g for g in seen["groups"] if any(f["function"] == "main.deep" for f in g["stack"])]
        self.assertEqual(sum(g["count"] for g in parked), GOROUTINES)

    def test_ages_are_of_its_own_clock(self):
        time.sleep(max(0, 2 * self.lived + 2 - (time.monotonic() - self.begin)))
        ages = [g["wait_seconds"]["max"] for g in whyoom_json("goroutines", self.core)["groups"]]
        self.assertTrue(any(a is not None for a in ages))
        self.assertLessEqual(max(a for a in ages if a is not None), self.lived)

    def test_stats_heap_spans(self):
        stats = whyoom_json("stats", self.core)
        self.assertTrue(stats["checks"] and all(c["ok"] for c in stats["checks"]))
        self.assertGreater(stats["memstats"]["HeapAlloc"], 8 << 20)
        self.assertIn("main.fill", whyoom("heap", self.core).stdout)
        self.assertGreater(whyoom_json("spans", self.core)["inuse_bytes"], 8 << 20)

    def test_diagnose_claims_nothing(self):
        done = whyoom("diagnose", self.core)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("signal 6", done.stdout.splitlines()[0])
        case = TMP / "core.whyoom"
        again = whyoom("diagnose", "--case", case, self.core)
        self.assertEqual(whyoom("diagnose", case).stdout, again.stdout)

    def test_truncated(self):
        whole = whyoom_json("stats", self.core)["memstats"]
        size = self.core.stat().st_size
        cut = TMP / "core-cut"
        shutil.copy(self.core, cut)
        try:
            for n in (size - 1, size * 9 // 10, size // 2, size // 8, 1 << 20, 20000, 4096, 1000, 64, 16, 1, 0):
                os.truncate(cut, n)
                done = whyoom("stats", "--json", cut)
                self.assertIn(done.returncode, (0, 3), (n, done.stderr))
                self.assertEqual(len(done.stderr.splitlines()), 1, (n, done.stderr))
                self.assertIn("core-cut: ", done.stderr)
                if done.returncode == 0:
                    self.assertIn("is truncated", done.stderr)
                    self.assertEqual(whyoom_json("stats", cut)["memstats"], whole)
                else:
                    self.assertRegex(done.stderr, rf"offset {n}\b|is no core file|--exe|is empty")
            self.assertEqual(whyoom("stats", self.core).returncode, 0)
        finally:
            cut.unlink()

    def test_what_is_no_core(self):
        for file, status, word in (("/bin/true", 3, "no core file"), ("/nowhere/core", 2, "neither a PID nor a file"),
                                   ("/tmp", 3, "no core file")):
            done = whyoom("stats", file)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    unittest.main()
