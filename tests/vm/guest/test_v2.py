"""Inside the machine of tests/vm: cgroup version 2, an older kernel; see tests/vm/test_vm.py."""
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import time
import unittest

from harness import TMP, WHYOOM, abandoned_groups, go_build, ROOT, run_killed, whyoom, zoo

TOP = pathlib.Path("/sys/fs/cgroup")
LIMIT = 64 << 20
OWN_GROUP = "cut -d: -f3 /proc/self/cgroup"
NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")


def controllers(group):
    return set((group / "cgroup.subtree_control").read_text().split())


class Group:
    """A group for the time of a block, with a child that the memory controller is not handed down to."""

    def __init__(self, limit=None, oom_group=False):
        self.path = TOP / f"whyoom-test-{os.getpid()}"
        self.child = self.path / "child"
        self.child.mkdir(parents=True)
        if limit:
            (self.path / "memory.max").write_text(str(limit))
        if oom_group:
            (self.path / "memory.oom.group").write_text("1")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end = time.monotonic() + 10
        for group in (self.child, self.path):
            while group.exists() and time.monotonic() < end:
                try:
                    group.rmdir()
                except OSError:
                    time.sleep(0.1)

    def run(self, *command, inside=None, **how):
        """A command that is a member of the group."""
        join = f'echo $$ >{inside or self.child}/cgroup.procs && exec "$@"'
        return subprocess.run(["sh", "-c", join, "sh", *map(str, command)], capture_output=True, text=True,
                              timeout=200, **how)


def member(case, name):
    """One member of a case file."""
    plain = pathlib.Path(tempfile.mkdtemp(dir=TMP)) / "case.tar"
    subprocess.run(["zstd", "-q", "-d", "-o", plain, case], check=True)
    with tarfile.open(plain) as tar:
        return tar.extractfile(name).read().decode()


class Killed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = shutil.copy(zoo("goroutine-leak"), TMP / "quotes")
        cls.status, cls.verdict, cls.stderr, cls.case = run_killed([server, "-rate", "60", "-for", "170s"], LIMIT,
                                                                   timeout=200)

    def test_the_verdict(self):
        self.assertEqual(self.status, 137, self.stderr)
        self.assertEqual([c["id"] for c in self.verdict["causes"]][:1], ["goroutine-leak"], self.stderr)
        self.assertIn("main.(*desk)", self.verdict["causes"][0]["culprits"][0]["name"])
        self.assertTrue(self.verdict["causes"][0]["culprits"][0]["file"].endswith("quotes.go"))

    def test_the_kernels_lines(self):
        oom = self.verdict["oom"]
        self.assertEqual((oom["status"], oom["kind"], oom["killer"]), ("yes", "memcg", "kernel"), self.stderr)
        self.assertEqual(oom["victim"]["comm"], "quotes")
        self.assertGreater(oom["victim"]["anon_rss_bytes"], 40 << 20)
        self.assertTrue(any("Killed process" in line for line in oom["evidence"]), oom)
        lines = member(self.case, "kernel.log")
        self.assertIn("oom-kill:constraint=CONSTRAINT_MEMCG", lines)
        kills = whyoom("kernlog", "--json")
        self.assertEqual(kills.returncode, 0, kills.stderr)
        self.assertIn("quotes", [k["victim"]["comm"] for k in json.loads(kills.stdout)["kills"]])

    def test_the_limit_is_version_2s(self):
        self.assertEqual(self.verdict["oom"]["limit_bytes"], LIMIT)
        self.assertTrue(self.verdict["oom"]["limit_source"].endswith("/memory.max"), self.verdict["oom"])

    def test_memory_events_counted_it(self):
        self.assertEqual(json.loads(member(self.case, "case.json"))["end"]["group_counted_kill"], True)

    def test_the_ledger_reconciles(self):
        ledger = self.verdict["ledger"]
        self.assertLess(abs(ledger["unexplained_bytes"]), max(ledger["total_bytes"] * 0.03, 2 << 20), ledger)
        self.assertGreater(ledger["total_bytes"], LIMIT * 0.9)

    def test_nothing_is_left_behind(self):
        self.assertEqual(abandoned_groups(), set())
        self.assertEqual(whyoom("diagnose", self.case).returncode, 1)


class Layouts(unittest.TestCase):
    """Where the group of the caller stands, and who may write there."""

    def test_a_root_that_hands_nothing_down_is_asked_and_gets_it_back(self):
        (TOP / "cgroup.subtree_control").write_text("-memory -cpu")
        try:
            done = whyoom("run", "--memory-max", "32M", "--cpu-max", "1", "--", "sh", "-c",
                          "cat /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/memory.max")
            self.assertEqual((done.returncode, done.stdout.strip()), (0, str(32 << 20)), done.stderr)
            self.assertFalse(controllers(TOP) & {"memory", "cpu"})
        finally:
            (TOP / "cgroup.subtree_control").write_text("+memory +cpu")

    def test_in_a_group_that_hands_nothing_down(self):
        """No internal processes: the new group stands beside, CMD's is not changed."""
        with Group() as g:
            done = g.run(WHYOOM, "run", "--memory-max", "32M", "--", "sh", "-c", f"{OWN_GROUP}; exit 7")
            self.assertEqual(done.returncode, 7, done.stderr)
            self.assertRegex(done.stdout, r"^/whyoom-run-\d+\n$")
            self.assertEqual(controllers(g.path), set())
        self.assertEqual(abandoned_groups(), set())

    def test_without_delegation_a_user_runs_without_a_limit(self):
        with Group() as g:
            done = g.run(*NOBODY, shutil.copy(WHYOOM, "/dev/shm"), "run", "--memory-max", "32M", "--", "sh", "-c",
                         f"{OWN_GROUP}; exit 7")
            self.assertEqual(done.returncode, 7, done.stderr)
            self.assertIn("runs without a memory limit: ", done.stderr)
            self.assertEqual(done.stdout.strip(), f"/{g.path.name}/child")

    def test_a_delegated_group_is_used(self):
        """As systemd does with Delegate=: the user may write there."""
        with Group() as g:
            (g.path / "cgroup.subtree_control").write_text("+memory")
            for path in (g.path, g.path / "cgroup.procs", g.path / "cgroup.subtree_control", g.child,
                         g.child / "cgroup.procs"):
                os.chown(path, 65534, 65534)
            done = g.run(*NOBODY, shutil.copy(WHYOOM, "/dev/shm"), "run", "--memory-max", "32M", "--", "sh", "-c",
                         "cat /sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/memory.max; exit 7")
            self.assertEqual((done.returncode, done.stdout.strip()), (7, str(32 << 20)), done.stderr)
            self.assertEqual(list(g.path.glob("whyoom-run-*")), [])

    def test_in_a_namespace_of_groups(self):
        """As in a container: the group at its root has members, nothing above can be seen."""
        with Group() as g:
            script = ("mount --make-rprivate / && umount /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup &&"
                      f" exec \"$0\" run --memory-max 32M -- sh -c '{OWN_GROUP}; exit 7'")
            done = g.run("unshare", "-mC", "sh", "-c", script, WHYOOM)
            self.assertEqual(done.returncode, 7, done.stderr)
            self.assertIn("runs without a memory limit: ", done.stderr)
            self.assertEqual(done.stdout.strip(), "/")

    def test_a_group_that_dies_as_a_whole_spares_whyoom_where_it_may(self):
        with Group(limit=96 << 20, oom_group=True) as g:
            case = TMP / "whole.whyoom"
            hog = shutil.copy(go_build(ROOT / "tests/cli/testdata/hog"), "/dev/shm")
            done = g.run(WHYOOM, "run", "--case", case, "--", "sh", "-c",
                         f"{hog} -rate 10 -after 1s; echo not reached", inside=g.path)
            self.assertEqual(done.returncode, 137, done.stderr)
            self.assertNotIn("not reached", done.stdout)
            verdict = json.loads(whyoom("diagnose", case, "--json").stdout)
            self.assertEqual(verdict["oom"]["status"], "yes", done.stderr)
            self.assertTrue(verdict["subject"]["comm"].startswith("hog"), verdict["subject"])

    def test_a_group_that_dies_as_a_whole_is_told_of_where_it_takes_whyoom_along(self):
        with Group(limit=96 << 20, oom_group=True) as g:
            done = g.run("setpriv", "--bounding-set", "-sys_resource", "--inh-caps", "-sys_resource", WHYOOM, "run",
                         "--", "true", inside=g.path)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("memory.oom.group", done.stderr)


class Host(unittest.TestCase):
    def test_doctor(self):
        checks = {c["name"]: c for c in json.loads(whyoom("doctor", "--json").stdout)["checks"]}
        for name in ("hold at the kill", "kernel log", "memory controller", "run --memory-max", "pressure (PSI)"):
            self.assertTrue(checks[name]["ok"], checks[name])
        self.assertIn("version 2", checks["memory controller"]["detail"])
