"""The object graph of living servers: what is reached against the collector's own sum, and who holds what."""
import subprocess
import time
import unittest

from harness import ROOT, Server, go_build, needs_go, needs_root, whyoom, whyoom_json

MB = 1 << 20


@needs_root
@needs_go
class Objects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = {}
        for name, flags in (("symbols", []), ("stripped", ["-ldflags=-s -w"])):
            server = Server([go_build(ROOT / "tests/live/testdata/held", flags=flags)], ready="ready")
            cls.servers[name] = server
        time.sleep(0.2)

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers.values():
            server.__exit__()

    def holders(self, name, *options):
        found = whyoom_json("objects", self.servers[name].pid, *options)
        self.assertEqual(found["schema"], "whyoom.objects/1")
        return found, {h["name"]: h for h in found["holders"]}

    def test_what_is_reached_is_what_the_collector_found_live(self):
        for name in self.servers:
            for options in ((), ("--stop",)):
                found, _ = self.holders(name, *options)
                self.assertEqual(found["missing_pages"], 0)
                self.assertLessEqual(abs(found["total_bytes"] - found["heap_marked_bytes"]),
                                     found["heap_marked_bytes"] / 100, found["mode"])

    def test_each_variable_holds_what_the_program_says(self):
        found, holders = self.holders("symbols", "--stop")
        self.assertEqual(found["mode"], "stopped")
        self.assertGreater(found["stopped_seconds"], 0)
        for line in self.servers["symbols"].lines:
            word = line.split()
            if word[0] != "holds":
                continue
            held = holders[word[1]]
            self.assertEqual((held["objects"], held["retained_bytes"]), (int(word[2]), int(word[3])), line)

    def test_a_variable_of_a_stripped_program_is_named_by_who_uses_it(self):
        _, holders = self.holders("stripped")
        tree = [h for n, h in holders.items() if "main.plantTree" in n]
        self.assertEqual(len(tree), 1, list(holders)[:10])
        self.assertGreater(tree[0]["retained_bytes"], MB // 2)

    def test_goroutines_that_nothing_can_wake_are_told_from_those_that_wait(self):
        _, holders = self.holders("symbols", "--stop")
        groups = {n: h for n, h in holders.items() if h["kind"] == "goroutine"}
        lost = [h for n, h in groups.items() if n.startswith("main.loseThem")]
        kept = [h for n, h in groups.items() if n.startswith("main.keepThem")]
        self.assertEqual(sum(h["goroutines"] for h in lost), 300, list(groups))
        self.assertEqual(sum(h["stuck"] for h in lost), 300, lost)
        self.assertEqual(sum(h["goroutines"] for h in kept), 200, list(groups))
        self.assertEqual(sum(h["stuck"] for h in kept), 0, kept)

    def test_without_a_stop_nothing_is_called_proved(self):
        found, holders = self.holders("symbols")
        self.assertEqual(found["mode"], "live")
        self.assertIsNone(found["stopped_seconds"])
        self.assertEqual({h["stuck"] for h in holders.values() if h["kind"] == "goroutine"}, {None})

    def test_text_is_narrow_and_the_server_goes_on(self):
        for name, server in self.servers.items():
            done = whyoom("objects", server.pid, "--stop")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn({"symbols": "main.root", "stripped": "main.plantTree"}[name], done.stdout)
            self.assertEqual([line for line in done.stdout.splitlines() if len(line) > 80], [])
            stat = subprocess.run(["ps", "-o", "stat=", "-p", str(server.pid)], capture_output=True, text=True).stdout
            self.assertNotIn(stat[:1], "tT")
