"""Processes in other PID and mount namespaces, in chroots and containers; binaries that are gone or replaced."""
import os
import pathlib
import shutil
import subprocess
import tarfile
import time
import unittest

from harness import ROOT, TMP, Server, go_build, needs_go, needs_root, whyoom, whyoom_json

ARGS = ["-goroutines", "100", "-heap", "4"]


def last_descendant(pid):
    """A wrapper forks the one that is meant."""
    while True:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if not children:
            return pid
        pid = int(children[0])


@needs_root
@needs_go
class Namespaces(unittest.TestCase):
    def setUp(self):
        self.binary = go_build(ROOT / "bench/target")
        self.place = TMP / self.id().rpartition(".")[2]
        self.place.mkdir()

    def looked_at(self, pid, name):
        stats = whyoom_json("stats", pid)
        self.assertTrue(stats["go_version"].startswith("go1."))
        self.assertGreater(stats["memstats"]["HeapAlloc"], 4 << 20)
        groups = whyoom_json("goroutines", pid)["groups"]
        self.assertEqual(sum(g["count"] for g in groups if any(f["function"] == "main.deep" for f in g["stack"])), 100)
        self.assertIn("main.fill", whyoom("heap", pid).stdout)
        row = next(p for p in whyoom_json("ps")["processes"] if p["pid"] == pid)
        self.assertEqual(row["comm"], name)
        self.assertGreater(row["heap_live_bytes"], 1 << 20)
        done = whyoom("diagnose", "--for", "2s", pid)
        self.assertIn(done.returncode, (0, 3), done.stdout + done.stderr)
        self.assertIn(f"pid {pid}", done.stdout)

    def run_in(self, wrapper, name, *more):
        try:
            server = Server([*wrapper, *more, *ARGS], ready="ready")
        except AssertionError as e:
            self.skipTest(f"{wrapper[0]}: {e}"[:200])
        with server:
            time.sleep(0.3)
            self.looked_at(last_descendant(server.pid), name)

    def test_another_pid_namespace(self):
        self.run_in(["unshare", "-pf", "--kill-child", "--mount-proc"], pathlib.Path(self.binary).name[:15],
                    self.binary)

    def test_a_chroot(self):
        shutil.copy(self.binary, self.place / "app")
        self.run_in(["chroot", str(self.place)], "app", "/app")

    def test_a_mount_namespace_of_its_own(self):
        """Its path means nothing here: the tmpfs is seen by it alone."""
        script = f'mount -t tmpfs none "{self.place}" && cp "{self.binary}" "{self.place}/app" && ' \
                 f'exec "{self.place}/app" "$@"'
        self.run_in(["unshare", "-m", "sh", "-c", script, "sh"], "app")
        self.assertFalse((self.place / "app").exists())

    def test_both_and_a_root_of_its_own(self):
        root = self.place / "root"
        (root / "proc").mkdir(parents=True)
        shutil.copy(self.binary, root / "app")
        self.run_in(["unshare", "-pfm", "--kill-child", "--root", str(root), "--mount-proc=/proc"], "app", "/app")

    def test_a_deleted_binary(self):
        self.gone(lambda app: app.unlink())

    def test_a_replaced_binary(self):
        def replace(app):
            shutil.copy("/bin/true", str(app) + ".new")
            os.rename(str(app) + ".new", app)

        self.gone(replace)

    def test_one_that_another_go_program_replaced(self):
        def replace(app):
            other = go_build(ROOT / "bench/target", flags=("-ldflags=-s -w",))
            shutil.copy(other, str(app) + ".new")
            os.rename(str(app) + ".new", app)

        self.gone(replace)

    def gone(self, change):
        app = self.place / "app"
        shutil.copy(self.binary, app)
        with Server([app, *ARGS], ready="ready") as server:
            change(app)
            self.looked_at(server.pid, "app")

    def test_a_container(self):
        if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True,
                                                        timeout=60).returncode:
            self.skipTest("no docker daemon")
        layer = self.place / "layer.tar"
        with tarfile.open(layer, "w") as tar:
            tar.add(self.binary, "app")
        tag = f"whyoom-test-{os.getpid()}"
        made = subprocess.run(["docker", "import", layer, tag], capture_output=True, text=True, timeout=120)
        if made.returncode:
            self.skipTest("docker import: " + made.stderr.strip()[-200:])
        try:
            started = subprocess.run(["docker", "run", "-d", "--rm", "--network=none", "--name", tag, tag, "/app", *ARGS],
                                     capture_output=True, text=True, timeout=120)
            if started.returncode:
                self.skipTest("docker run: " + started.stderr.strip()[-200:])
            time.sleep(1)
            pid = subprocess.run(["docker", "inspect", "-f", "{{.State.Pid}}", tag], capture_output=True, text=True)
            self.looked_at(int(pid.stdout), "app")
        finally:
            subprocess.run(["docker", "kill", tag], capture_output=True)
            subprocess.run(["docker", "rmi", "-f", tag], capture_output=True)


if __name__ == "__main__":
    unittest.main()
