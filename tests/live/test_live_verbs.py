"""The verbs on a real, living Go server: their JSON as the design has it, pprof that go tool pprof opens, a verdict."""
import json
import subprocess
import time
import unittest
import urllib.request

from harness import ROOT, TMP, Server, go_build, needs_go, needs_root, whyoom, whyoom_json, zoo

MEMSTATS = ("Alloc TotalAlloc Sys Lookups Mallocs Frees HeapAlloc HeapSys HeapIdle HeapInuse HeapReleased HeapObjects "
            "StackInuse StackSys MSpanInuse MSpanSys MCacheInuse MCacheSys BuckHashSys GCSys OtherSys NextGC LastGC "
            "PauseTotalNs NumGC NumForcedGC GCCPUFraction EnableGC").split()


@needs_root
@needs_go
class Verbs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server([go_build(ROOT / "bench/target"), "-goroutines", "5000", "-heap", "20"], ready="ready")
        cls.url = "http://" + cls.server.lines[-1].split()[1]
        cls.pid = cls.server.pid
        time.sleep(0.5)

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def test_stats(self):
        stats = whyoom_json("stats", self.pid)
        self.assertEqual(stats["schema"], "whyoom.stats/1")
        self.assertEqual([f for f in MEMSTATS if f not in stats["memstats"]], [])
        self.assertTrue(stats["checks"] and all(c["ok"] for c in stats["checks"]))
        self.assertEqual(stats["gogc"], 100)
        self.assertIsNone(stats["memory_limit_bytes"])
        self.assertGreater(stats["memstats"]["HeapAlloc"], 20 << 20)

    def test_goroutines_are_those_of_the_endpoint(self):
        ours = whyoom_json("goroutines", self.pid)
        text = urllib.request.urlopen(self.url + "/debug/pprof/goroutine?debug=1").read().decode()
        theirs = int(text.split("total ")[1].split()[0])
        self.assertLessEqual(abs(ours["total"] - theirs), 3)  # the endpoint's own handler and its connection
        self.assertEqual(sum(g["count"] for g in ours["groups"] if not g["system"]), ours["total"])
        parked = [g for g in ours["groups"] if any(f["function"] == "main.deep" for f in g["stack"])]
        self.assertEqual(sum(g["count"] for g in parked), 5000)
        for group in parked:
            self.assertTrue(group["stack"][0]["line"] > 0)
            self.assertEqual(group["created_by"]["function"], "main.park")
        states = {g["state"] for g in parked}
        self.assertLessEqual({"chan receive", "chan send", "select"}, states)
        # older releases call the waits of WaitGroup and Mutex "semacquire"
        self.assertTrue(states & {"semacquire", "sync.Mutex.Lock"}, states)
        self.assertTrue(states & {"semacquire", "sync.WaitGroup.Wait"}, states)

    def test_profiles_open_in_pprof(self):
        for verb, sample in (("heap", "inuse_space"), ("allocs", "alloc_space"), ("goroutines", None)):
            out = TMP / f"{verb}.pb.gz"
            done = whyoom(verb, self.pid, "-o", out)
            self.assertEqual(done.returncode, 0, done.stderr)
            command = ["go", "tool", "pprof", "-top"] + ([f"-sample_index={sample}"] if sample else []) + [out]
            top = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(top.returncode, 0, top.stderr)
            self.assertIn("main.fill" if sample else "main.deep", top.stdout)

    def test_spans(self):
        spans = whyoom_json("spans", self.pid)
        self.assertEqual(spans["inuse_bytes"], sum(c["span_bytes"] for c in spans["classes"]))
        cells = [c for c in spans["classes"] if c["slot_bytes"] == 64 and not c["noscan"]] + \
                [c for c in spans["classes"] if c["slot_bytes"] == 64 and c["noscan"]]
        self.assertGreater(sum(c["object_bytes"] for c in cells), 20 << 20)

    def test_ps_lists_it(self):
        row = next(p for p in whyoom_json("ps")["processes"] if p["pid"] == self.pid)
        self.assertGreater(row["rss_bytes"], 20 << 20)
        self.assertGreater(row["goroutines"], 5000)
        self.assertTrue(row["go_version"].startswith("go1."))

    def test_a_process_that_stands_still_is_healthy(self):
        done = whyoom("diagnose", "--for", "6s", self.pid)
        self.assertIn(done.returncode, (0, 3), done.stdout + done.stderr)
        verdict = json.loads(whyoom("diagnose", "--for", "3s", self.pid, "--json").stdout)
        self.assertEqual(verdict["causes"], [])
        self.assertEqual(verdict["oom"]["status"], "no")

    def test_looking_does_not_grow_it(self):
        def anon():
            status = open(f"/proc/{self.pid}/status").read()
            return int(status.split("RssAnon:")[1].split()[0])

        whyoom("goroutines", self.pid)
        before = anon()
        for verb in ("stats", "heap", "goroutines", "spans"):
            whyoom(verb, self.pid)
        self.assertLess(anon() - before, 512)  # KiB: the target's own ticker and timers


@needs_root
@needs_go
class LiveLeak(unittest.TestCase):
    def test_a_leak_is_told_before_the_kill(self):
        with Server([zoo("goroutine-leak"), "-rate", "400"]) as server:
            time.sleep(1)
            done = whyoom("diagnose", "--for", "25s", server.pid, "--json")
            verdict = json.loads(done.stdout)
            self.assertEqual(done.returncode, 1, done.stdout[-2000:])
            self.assertEqual(verdict["causes"][0]["id"], "goroutine-leak")
            self.assertEqual(verdict["oom"]["status"], "no")
