"""Each server of the zoo dies of its cause in a memory group, is judged right, and its healthy twin is given no cause."""
import concurrent.futures
import functools
import json
import shutil
import tarfile
import unittest

import harness
from harness import needs_go, needs_root, run_killed, whyoom, zoo

LIMIT = 256 << 20

# the cause: its command's flags, whether it needs cgo, what the primary culprit's name holds
DEATHS = {
    "goroutine-leak": ([], False, "main.(*desk)"),
    "unbounded-collection": ([], False, "main.sessions"),
    "third-party-leak": ([], False, "example.net/telemetry"),
    "heap-growth": ([], False, None),
    "large-object-load": ([], False, "main."),
    "gogc-too-high": ([], False, "GOGC"),
    "limit-too-low": ([], False, "memory"),
    "cgo-leak": ([], True, None),
    "neighbour": ([], False, "orders"),
}


@functools.lru_cache(maxsize=None)
def death(cause):
    flags, cgo, _ = DEATHS[cause]
    # Of the journal who holds it is told by the object graph: the finer cause then.
    options = ["--capture-max=0"] if cause == "heap-growth" else []
    return run_killed([zoo(cause, cgo=cgo), *flags], LIMIT, *options)


@needs_root
@needs_go
class Zoo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """They mostly sleep: two at a time halve the wait."""
        wanted = [c for c in DEATHS if not DEATHS[c][1] or shutil.which("gcc")]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda c: death(c), wanted))

    def judged(self, cause):
        status, verdict, stderr, case = death(cause)
        self.assertIsNotNone(verdict, stderr)
        self.assertEqual(verdict["oom"]["status"], "yes", stderr)
        self.assertEqual(verdict["oom"]["kind"], "memcg")
        self.assertEqual(verdict["oom"]["killer"], "kernel")
        self.assertEqual(verdict["oom"]["limit_bytes"], LIMIT)
        self.assertTrue(any("Killed process" in line for line in verdict["oom"]["evidence"]), verdict["oom"])
        self.assertTrue(verdict["causes"], stderr)
        self.assertEqual(verdict["causes"][0]["id"], cause, stderr)
        return status, verdict, stderr, case

    def reconciles(self, verdict):
        total, rest = verdict["ledger"]["total_bytes"], verdict["ledger"]["unexplained_bytes"]
        self.assertLess(abs(rest), max(total * 0.03, 2 << 20), verdict["ledger"])
        below = {}
        for node in verdict["ledger"]["nodes"]:
            below[node["parent"]] = below.get(node["parent"], 0) + node["bytes"]
        for node in verdict["ledger"]["nodes"]:
            if node["id"] in below:
                self.assertEqual(node["bytes"], below[node["id"]], node)

    def every_cause_once(self, verdict):
        known = {c["id"] for c in json.loads(whyoom("causes", "--json").stdout)["causes"]}
        told = [c["id"] for part in ("causes", "ruled_out", "undecided") for c in verdict[part]]
        self.assertEqual(sorted(told), sorted(known))

    def case_says_the_same(self, case, verdict):
        again = json.loads(whyoom("diagnose", case, "--json").stdout)
        self.assertEqual(again, verdict)

    def dies(self, cause):
        status, verdict, stderr, case = self.judged(cause)
        self.assertEqual(status, 137)
        self.reconciles(verdict)
        self.every_cause_once(verdict)
        self.case_says_the_same(case, verdict)
        wanted = DEATHS[cause][2]
        names = [c["name"] for c in verdict["causes"][0]["culprits"]]
        if wanted:
            self.assertTrue(any(wanted in n for n in names), names)
        for line in stderr.splitlines():
            self.assertLessEqual(len(line), 80 if not line.startswith("whyoom: ") else 400, line)
        return verdict, case

    def test_goroutine_leak(self):
        verdict, case = self.dies("goroutine-leak")
        culprit = verdict["causes"][0]["culprits"][0]
        self.assertTrue(culprit["file"].endswith("quotes.go"), culprit)
        self.assertGreater(culprit["line"], 0)
        self.assertEqual(harness.whyoom("diagnose", case).returncode, 1)

    def test_heap_growth_without_a_profile_names_what_to_collect(self):
        verdict, _ = self.dies("heap-growth")
        self.assertTrue(verdict["causes"][0]["remedy"])

    def held(self, verdict, kind, name, least):
        """The culprit of that kind and name, which keeps at least that many bytes."""
        found = [c for c in verdict["causes"][0]["culprits"] if c["kind"] == kind and name in c["name"]]
        self.assertTrue(found, verdict["causes"][0])
        self.assertGreater(found[0]["bytes"], least, found[0])
        return found[0]

    def test_unbounded_collection_names_variable_type_elements_and_bytes(self):
        verdict, _ = self.dies("unbounded-collection")
        culprit = self.held(verdict, "global", "main.sessions", LIMIT // 2)
        self.assertIn("map[string]*main.session", culprit["name"])
        self.assertGreater(culprit["count"], 5000, culprit)
        self.assertTrue(any(c["kind"] == "function" and c["file"].endswith("sessions.go") and c["line"] > 0
                            for c in verdict["causes"][0]["culprits"]), verdict["causes"][0]["culprits"])

    def test_unbounded_collection_stripped(self):
        """The bytes, the type, and the functions whose code refers to the variable."""
        program = zoo("unbounded-collection", flags=("-ldflags=-s -w",))
        status, verdict, stderr, _ = run_killed([program], LIMIT)
        self.assertEqual(status, 137, stderr)
        self.assertEqual(verdict["causes"][0]["id"], "unbounded-collection", stderr)
        culprit = self.held(verdict, "global", "(used by main.", LIMIT // 2)
        self.assertIn("map[string]*main.session", culprit["name"])

    def test_third_party_leak(self):
        verdict, _ = self.dies("third-party-leak")
        self.held(verdict, "module", "example.net/telemetry", LIMIT // 4)
        self.held(verdict, "global", "example.net/telemetry.registry", LIMIT // 4)

    def test_large_object_load(self):
        verdict, _ = self.dies("large-object-load")
        self.assertEqual(verdict["pattern"]["kind"], "peak")

    def test_gogc_too_high(self):
        verdict, _ = self.dies("gogc-too-high")
        self.assertTrue(any("GOMEMLIMIT" in step for step in verdict["causes"][0]["remedy"]), verdict["causes"][0])

    def test_limit_too_low(self):
        self.dies("limit-too-low")

    @unittest.skipUnless(shutil.which("gcc"), "no C compiler")
    def test_cgo_leak(self):
        self.dies("cgo-leak")

    def test_neighbour(self):
        _, verdict, _, _ = self.judged("neighbour")
        self.reconciles(verdict)

    def test_the_case_file_opens_with_other_tools(self):
        case = death("goroutine-leak")[3]
        self.assertEqual(case.stat().st_mode & 0o777, 0o600)
        plain = harness.TMP / "case.tar"
        if not shutil.which("zstd"):
            self.skipTest("no zstd program to unpack with")
        harness.subprocess.run(["zstd", "-q", "-d", "-f", "-o", plain, case], check=True)
        with tarfile.open(plain) as tar:
            names = tar.getnames()
        for name in ("case.json", "kernel.log", "heap.pb.gz", "goroutines.pb.gz"):
            self.assertIn(name, names)


@needs_root
@needs_go
class Healthy(unittest.TestCase):
    """The nearest NO of each: runs in the same group for a while and ends by itself."""

    def test_no_cause(self):
        def run(cause):
            return run_killed([zoo(cause, cgo=DEATHS[cause][1]), "-healthy", "-for", "25s"], LIMIT)

        wanted = [c for c in DEATHS if not DEATHS[c][1] or shutil.which("gcc")]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for cause, (status, verdict, stderr, _) in zip(wanted, pool.map(run, wanted)):
                with self.subTest(cause):
                    self.assertEqual(status, 0, stderr)
                    self.assertEqual(verdict["causes"], [], verdict["causes"])
                    self.assertEqual(verdict["oom"]["status"], "no")


@needs_root
@needs_go
class NotOom(unittest.TestCase):
    def test_a_supervisors_kill_is_not_called_oom(self):
        status, verdict, stderr, case = run_killed([zoo("not-oom")], LIMIT)
        self.assertEqual(status, 137, stderr)
        self.assertEqual(verdict["oom"]["status"], "no", stderr)
        self.assertEqual([c["id"] for c in verdict["causes"]], ["not-oom"], stderr)
        self.assertEqual(whyoom("diagnose", case).returncode, 0)
