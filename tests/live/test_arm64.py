"""Go programs for arm64, run by qemu's user emulation: what is read of them is what they say of themselves.

The go on PATH, or each of WHYOOM_GO_VERSIONS ("1.19.13 1.27.2"). The process is qemu's, so --exe names the program.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from harness import ROOT, WHYOOM, Server, needs_go, needs_root, whyoom, whyoom_json

sys.path.append(str(ROOT / "tests/matrix"))
import cells  # noqa: E402
import matrix  # noqa: E402

VERSIONS = os.environ.get("WHYOOM_GO_VERSIONS", "").split() or [None]
needs_qemu = unittest.skipUnless(shutil.which(cells.QEMU), f"no {cells.QEMU} (Debian: qemu-user-static)")


@needs_root
@needs_go
@needs_qemu
class Arm64(unittest.TestCase):
    def check(self, build):
        for version in VERSIONS:
            with self.subTest(version=version, build=build):
                result = matrix.run_cell(version, build, "arm64", WHYOOM)
                if result["status"] == "skipped":
                    self.skipTest(result["why"])
                self.assertEqual(result["wrong"], {})
                self.assertIn("arm64", result["layout"])

    def test_with_symbols(self):
        """MemStats, all goroutines' tracebacks and the heap profile are those of the program."""
        self.check("symbols")

    def test_stripped(self):
        self.check("stripped")

    def test_position_independent(self):
        if not os.path.exists(f"{cells.SYSROOT}/lib/ld-linux-aarch64.so.1"):
            self.skipTest("no C library for arm64 (Debian: libc6-arm64-cross)")
        self.check("pie")


@needs_root
@needs_go
@needs_qemu
class Stopped(unittest.TestCase):
    """Goroutines that a signal stopped: one such function has no frame, its caller is in the link register alone."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="whyoom-arm64-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.exe = cls.folder / "spinning"
        done = subprocess.run(["go", "build", "-o", cls.exe, "."], cwd=ROOT / "tests/live/testdata/spinning",
                              env={**os.environ, "GOARCH": "arm64", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local",
                                   "GOFLAGS": "-mod=mod"}, capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(done.stderr[-2000:])
        cls.server = Server([cells.QEMU, "-B", "0", cls.exe], ready="ready", timeout=120,
                            env={**os.environ, "GOMAXPROCS": "1"})
        cls.addClassCleanup(cls.server.__exit__)
        cls.pid = cls.server.pid

    def test_their_callers_are_known(self):
        """All but the one that runs stand still, and none of their stacks is cut."""
        for _ in range(20):  # one that is just being switched to is "unstable"
            read = whyoom_json("goroutines", self.pid, "--exe", self.exe)
            spun = [(g["stack"], g["count"]) for g in read["groups"]
                    if g["state"] == "runnable" and not g["system"]]
            if sum(n for _, n in spun) >= 5:
                break
        stacks = {tuple(f["function"] for f in stack) for stack, _ in spun}
        self.assertTrue(stacks, read)
        self.assertLessEqual({stack[-2:] for stack in stacks}, {("main.leaf", "main.spin"), ("main.framed", "main.spin")})
        self.assertEqual({stack[-2] for stack in stacks}, {"main.leaf", "main.framed"})

    def test_the_other_verbs(self):
        for verb in ("stats", "spans", "goroutines"):
            done = whyoom(verb, self.pid, "--exe", self.exe, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
        done = whyoom("diagnose", "--for", "3s", self.pid, "--exe", self.exe, "--json")
        self.assertIn(done.returncode, (0, 3), done.stderr)
        self.assertIn("go1.", done.stdout)

    def test_the_emulator_is_not_taken_for_the_program(self):
        """Told of the emulator's own binary, nothing of it is read as Go's."""
        stats = whyoom("stats", self.pid, "--exe", f"/proc/{self.pid}/exe", "--json")
        if stats.returncode == 0:  # the program was found among the other files that are mapped
            self.assertIn("arm64", stats.stdout)
        else:
            self.assertIn("no Go runtime found", stats.stderr)


if __name__ == "__main__":
    unittest.main()
