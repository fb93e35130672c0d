"""`run` under a terminal, in containers, and with programs that fork, exec, leave daemons behind and die twice."""
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import harness
from harness import ROOT, TMP, WHYOOM, abandoned_groups, go_build, needs_go, needs_root, whyoom

LIMIT = "48M"
SLOW = float(os.environ.get("WHYOOM_SLOW", "1"))  # how many times slower than others this machine is
RECORDED = re.compile(r"the evidence is in (\S+)")
unshared = unittest.skipUnless(os.geteuid() == 0 and shutil.which("unshare") and
                               subprocess.run(["unshare", "-mpf", "true"], capture_output=True).returncode == 0,
                               "no namespaces of our own")


def hog():
    return go_build(ROOT / "tests/cli/testdata/hog")


def pace(rate=40):
    """Flags of hog: it begins when it has been found, and grows so that it can be watched."""
    return ["-rate", f"{rate / SLOW:g}", "-after", f"{0.3 * SLOW:g}s"]


def verdict_of(case):
    return json.loads(whyoom("diagnose", case, "--json").stdout)


class Terminal:
    """An interactive shell with job control on a terminal of its own."""

    def __init__(self):
        self.pid, self.fd = os.forkpty()
        if self.pid == 0:
            os.environ["PS1"] = "READY> "
            os.environ["TERM"] = "dumb"
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        self.seen = ""
        self.expect("READY> ")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)
        os.kill(self.pid, signal.SIGHUP)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def send(self, text):
        os.write(self.fd, text.encode())

    def expect(self, pattern, seconds=15):
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            if time.monotonic() > end:
                raise AssertionError(f"{pattern!r} does not come: {self.seen!r}")
            if select.select([self.fd], [], [], 0.2)[0]:
                self.seen += os.read(self.fd, 65536).decode(errors="replace")
        self.seen = self.seen[found.end():]
        return found


CAT = "sh -c 'echo up; exec cat'"
COUNTS_INTERRUPTS = """'
import signal, time
n = 0
def count(*_):
    global n
    n += 1
signal.signal(signal.SIGINT, count)
print("counts", flush=True)
while not n: time.sleep(0.05)
time.sleep(0.5)
raise SystemExit(40 + n)'"""


@unittest.skipUnless(shutil.which("bash") and os.path.exists("/dev/ptmx"), "no bash, or no terminals")
class OnATerminal(unittest.TestCase):
    def test_ctrl_c_comes_once_and_the_status_is_the_commands(self):
        with Terminal() as t:
            t.send(f"{WHYOOM} run -- python3 -c {COUNTS_INTERRUPTS}; echo status=$?\n")
            t.expect("counts\r")
            t.send("\x03")
            self.assertEqual(t.expect(r"status=(\d+)").group(1), "41")

    def test_ctrl_z_and_fg(self):
        with Terminal() as t:
            t.send(f"{WHYOOM} run -- {CAT}\n")
            t.expect("up\r")
            t.send("one\n")
            t.expect("one\r\none\r\n")
            t.send("\x1a")
            t.expect("Stopped")
            t.expect("READY> ")
            t.send("fg; echo status=$?\n")
            t.expect("run -- ")
            time.sleep(0.5)
            t.send("two\n")
            t.expect("two\r\ntwo\r\n")
            t.send("\x04")
            self.assertEqual(t.expect(r"status=(\d+)").group(1), "0")

    def test_a_background_job_that_reads_is_stopped_as_without_whyoom(self):
        with Terminal() as t:
            t.send(f"{WHYOOM} run -- {CAT} &\n")
            t.expect("up\r")
            t.send("sleep 1; jobs\n")
            t.expect("Stopped")
            t.expect("READY> ")
            t.send("fg\n")
            t.expect("run -- ")
            time.sleep(0.5)
            t.send("x\n")
            t.expect("x\r\nx\r\n")

    @needs_go
    def test_a_go_server_that_is_stopped_can_be_killed(self):
        """Whoever is held while whyoom is stopped could not die."""
        with Terminal() as t:
            t.send(f"{WHYOOM} run -- {hog()} -rate 1\n")
            pid = int(t.expect(r"up (\d+)\r").group(1))
            end = time.monotonic() + 10
            while not any(tracer(pid)) and time.monotonic() < end:
                time.sleep(0.05)
            self.assertTrue(any(tracer(pid)), "it was never held")
            t.send("\x1a")
            t.expect("Stopped")
            self.assertEqual(set(tracer(pid)), {0})
            os.kill(pid, signal.SIGKILL)
            end = time.monotonic() + 5
            while pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                self.assertLess(time.monotonic(), end, "it does not die")
                time.sleep(0.05)
            t.send("fg; echo status=$?\n")
            self.assertEqual(t.expect(r"status=(\d+)").group(1), "137")


def tracer(pid):
    """The tracer of each thread."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        found += [int(line.split()[1]) for line in (task / "status").read_text().splitlines()
                  if line.startswith("TracerPid:")]
    return found


@needs_root
@needs_go
class Family(unittest.TestCase):
    """Descendants that die, multiply, become others or outlive CMD."""

    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(dir=TMP))
        self.hog = hog()
        self.fast, self.slow, self.slower = (" ".join([self.hog, *pace(rate)]) for rate in (40, 15, 9))
        self.before = abandoned_groups()

    def tearDown(self):
        self.assertEqual(abandoned_groups(), self.before)

    def run_in_group(self, script, *options):
        return whyoom("run", "--memory-max", LIMIT, *options, "--", "sh", "-c", script, cwd=self.place,
                      timeout=60 * SLOW)

    def killed(self, case):
        verdict = verdict_of(self.place / case)
        self.assertEqual((verdict["oom"]["status"], verdict["oom"]["kind"]), ("yes", "memcg"), verdict["oom"])
        return verdict

    def test_a_server_behind_a_shell_among_many_short_processes(self):
        """
        Whoever asks for memory while the killed server's is being freed can make the kernel kill once more (a
        process whose threads have all exited is no candidate any more), with whyoom and without. Hence the short
        processes and the shell that starts them are put before CMD, which asks for none then.
        """
        done = self.run_in_group("(echo 300 >/proc/self/oom_score_adj; while :; do /bin/true; done) & l=$!;"
                                 f" {self.fast} & p=$!; wait $p; echo server=$?; kill $l; wait $l; exit 9")
        self.assertEqual(done.returncode, 9, done.stderr)
        self.assertIn("server=137", done.stdout)
        self.assertEqual(len(RECORDED.findall(done.stderr)), 1, done.stderr)
        self.killed(RECORDED.search(done.stderr).group(1))

    def test_many_other_processes_leave_room_for_the_server(self):
        done = self.run_in_group("for i in $(seq 70); do sleep 20 >/dev/null 2>&1 & all=\"$all $!\"; done;"
                                 f" {self.slower}; kill $all")
        self.assertEqual(len(RECORDED.findall(done.stderr)), 1, done.stderr)
        self.killed(RECORDED.search(done.stderr).group(1))

    def test_two_servers_killed_one_after_the_other_are_two_cases(self):
        done = self.run_in_group(f"{self.slow} & {self.slower} & wait; exit 3", "--case", "c.whyoom",
                                 "--json=v.json")
        self.assertEqual(done.returncode, 3)
        cases = RECORDED.findall(done.stderr)
        self.assertEqual(len(set(cases)), 2, done.stderr)
        self.assertEqual(cases[0], "c.whyoom")
        pids = {self.killed(c)["subject"]["pid"] for c in cases}
        self.assertEqual(len(pids), 2)
        second = self.killed(cases[1])["subject"]["pid"]
        self.assertEqual(cases[1], f"c-{second}.whyoom")
        self.assertEqual({p.name for p in self.place.glob("*.json")}, {"v.json", f"v-{second}.json"})

    def test_a_kill_of_what_is_not_recorded_is_said(self):
        eater = "x = []\nwhile True: x.append(bytearray(1 << 20))"
        done = self.run_in_group(f"python3 -c '{eater}'; exit 4")
        self.assertEqual(done.returncode, 4)
        self.assertRegex(done.stderr, r"whyoom: the kernel killed PID \d+ \(python3[^)]*\)")
        self.assertNotIn("the evidence", done.stderr)

    def test_a_program_that_execs_another_is_recorded_as_that(self):
        other = self.place / "other"
        shutil.copy(self.hog, other)
        done = whyoom("run", "--memory-max", LIMIT, "--case", "c.whyoom", "--", self.hog, "-become", other,
                      *pace(), cwd=self.place)
        self.assertEqual(done.returncode, 137, done.stderr)
        self.assertEqual(len(RECORDED.findall(done.stderr)), 1, done.stderr)
        verdict = self.killed("c.whyoom")
        self.assertEqual(verdict["subject"]["comm"], "other")
        self.assertGreater(sum(n["bytes"] for n in verdict["ledger"]["nodes"] if n["id"] == "go.heap"), 30 << 20)

    def test_a_daemon_outlives_the_run_outside_of_the_group(self):
        begin = time.monotonic()
        done = self.run_in_group(f"{self.hog} -rate 1 -for 20s >/dev/null 2>&1 & echo $!; sleep 0.5; exit 5")
        self.assertLess(time.monotonic() - begin, 4)
        self.assertEqual(done.returncode, 5)
        self.assertIn("lives on", done.stderr)
        daemon = int(done.stdout)
        self.assertEqual(set(tracer(daemon)), {0})
        os.kill(daemon, signal.SIGKILL)

    def test_the_server_goes_on_when_whyoom_is_killed(self):
        p = subprocess.Popen([WHYOOM, "run", "--memory-max", LIMIT, "--", self.hog, "-rate", "1"],
                             stdout=subprocess.PIPE, text=True)
        server = int(p.stdout.readline().split()[1])
        end = time.monotonic() + 10
        while not any(tracer(server)) and time.monotonic() < end:
            time.sleep(0.05)
        p.kill()
        p.wait()
        p.stdout.close()
        time.sleep(0.2)
        states = {t.joinpath("stat").read_text().rpartition(")")[2].split()[0]
                  for t in pathlib.Path(f"/proc/{server}/task").iterdir()}
        self.assertEqual(set(tracer(server)), {0})
        self.assertFalse(states & {"t", "T"}, states)
        left = abandoned_groups() - self.before
        self.assertEqual(len(left), 1)
        os.kill(server, signal.SIGKILL)
        time.sleep(0.3)
        for group in left:  # the next run's sweep spares the young
            os.utime(group, (time.time() - 3600,) * 2)
        whyoom("run", "--memory-max", LIMIT, "--", "true")


@needs_go
@unshared
class Container(unittest.TestCase):
    READ_ONLY = ("mount --make-rprivate / && for d in $(awk '$3 ~ /^cgroup/ { print $2 }' /proc/mounts); do"
                 " mount --bind $d $d && mount -o remount,ro,bind $d; done && exec \"$0\" \"$@\"")

    def setUp(self):
        self.place = pathlib.Path(tempfile.mkdtemp(dir=TMP))

    def unshare(self, options, command, **how):
        return subprocess.run(["unshare", *options, "sh", "-c", *map(str, command)], capture_output=True, text=True,
                              timeout=60 * SLOW, cwd=self.place, **how)

    def test_groups_that_may_not_be_written(self):
        done = self.unshare(["-m"], [self.READ_ONLY, WHYOOM, "run", "--memory-max", LIMIT, "--cpu-max", "1",
                                     "--case", "c.whyoom", "--", hog(), "-most", "20", "-for", "2s"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("runs without a memory limit: ", done.stderr)
        self.assertIn("runs without a CPU limit: ", done.stderr)
        self.assertIn("Read-only file system", done.stderr)
        self.assertEqual(verdict_of(self.place / "c.whyoom")["oom"]["status"], "no")

    @needs_root
    def test_the_recorder_fits_into_the_servers_own_small_group(self):
        """As in a container: the limit is there already, and whyoom is charged to it as well."""
        top = next((t for t in ("/sys/fs/cgroup/memory", "/sys/fs/cgroup") if
                    any(os.path.exists(f"{t}/{f}") for f in ("memory.limit_in_bytes", "cgroup.subtree_control"))), None)
        if not top:
            self.skipTest("no memory groups")
        group = pathlib.Path(top, f"whyoom-test-{os.getpid()}")
        v2 = os.path.exists(f"{top}/cgroup.subtree_control")
        group.mkdir()
        try:
            limit = group / ("memory.max" if v2 else "memory.limit_in_bytes")
            if not limit.exists():
                self.skipTest("the root does not hand the memory controller down")
            limit.write_text(str(96 << 20))
            done = self.unshare(["-m"], [f"echo $$ >{group}/cgroup.procs && {self.READ_ONLY}", WHYOOM, "run",
                                         "--memory-max", LIMIT, "--case", "c.whyoom", "--", hog(), *pace()])
            self.assertEqual(done.returncode, 137, done.stderr)
            verdict = verdict_of(self.place / "c.whyoom")
            self.assertEqual(verdict["oom"]["status"], "yes")
            self.assertEqual(verdict["oom"]["limit_bytes"], 96 << 20)
            self.assertEqual(verdict["subject"]["comm"], pathlib.Path(hog()).name[:15])
        finally:
            end = time.monotonic() + 5
            while group.exists() and time.monotonic() < end:
                try:
                    group.rmdir()
                except OSError:
                    time.sleep(0.05)

    def test_a_kill_in_a_pid_namespace_is_found_in_the_kernels_log(self):
        """The log numbers processes as the host does: name and group tell whose line it is."""
        done = self.unshare(["-pf", "--mount-proc"], ['"$0" "$@"; echo status=$?', WHYOOM, "run", "--memory-max", LIMIT,
                                                      "--case", "c.whyoom", "--", hog(), *pace()])
        self.assertIn("status=137", done.stdout)
        verdict = verdict_of(self.place / "c.whyoom")
        self.assertEqual((verdict["oom"]["status"], verdict["oom"]["killer"]), ("yes", "kernel"))
        self.assertTrue(any("Killed process" in line for line in verdict["oom"]["evidence"]), verdict["oom"])
        group = verdict["oom"]["limit_source"].rpartition("/")[0]
        self.assertFalse(os.path.exists(group), group)


@needs_root
@needs_go
class Nobody(unittest.TestCase):
    def test_what_is_lost_without_privileges_is_said(self):
        place = harness.for_everybody()
        for source, name in ((WHYOOM, "whyoom"), (hog(), "hog")):
            shutil.copy(source, place / name)
        os.chmod(place, 0o777)
        done = subprocess.run([place / "whyoom", "run", "--memory-max", LIMIT, "--case", "c.whyoom", "--",
                               place / "hog", "-most", "10", "-for", "2s"], capture_output=True, text=True, timeout=60,
                              cwd=place, user=65534, group=65534, extra_groups=[])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("runs without a memory limit: ", done.stderr)
        verdict = verdict_of(place / "c.whyoom")
        self.assertEqual(verdict["oom"]["status"], "no")
        self.assertTrue(verdict["subject"]["go_version"].startswith("go1."))
        again = whyoom("diagnose", place / "c.whyoom").stdout
        self.assertIn("kernel log: ", again.partition("Could not be looked at")[2])


class Limits(unittest.TestCase):
    def test_a_limit_of_files_that_is_not_granted_is_left_out(self):
        script = f"ulimit -n 100 && exec {WHYOOM} run --nofile 999999999 -- sh -c 'ulimit -n'"
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.strip(), "100")
        self.assertIn("runs without that limit of open files: ", done.stderr)
        self.assertEqual(whyoom("run", "--nofile", "64", "--", "sh", "-c", "ulimit -n").stdout.strip(), "64")
