"""The tests of tests/vm/guest and those of `run`, on Debian's kernel with cgroup version 2, in an emulated machine.

Only where WHYOOM_VM=1 asks for it: a machine without KVM takes some minutes, and its kernel is a download.
"""
import os
import re
import shutil
import subprocess
import unittest

from harness import BUILDS, ROOT, WHYOOM, go_build, needs_go, needs_root, zoo

VM = ROOT / "tests/vm/vm.sh"
SUITES = os.environ.get("WHYOOM_VM_SUITES", "guest cli")
LINE = re.compile(r"^(passed|FAILED|skipped) +[0-9.]+ s  (\S+)(.*)$")


def path():
    """Where go is, and what Debian has."""
    debians = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    return ":".join(dict.fromkeys([os.path.dirname(shutil.which("go")), *debians]))


def results(lines):
    """(result, name, reason, what followed) of each test."""
    found = []
    for line in lines:
        if match := LINE.match(line):
            found.append([*match.groups(), ""])
        elif found:
            found[-1][3] += line + "\n"
    return found


@needs_root
@needs_go
@unittest.skipUnless(os.environ.get("WHYOOM_VM") == "1", "an emulated machine takes minutes: WHYOOM_VM=1 asks for it")
class Machine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ready = subprocess.run([VM, "-p"], capture_output=True, text=True)
        if ready.returncode:
            raise unittest.SkipTest(f"no machine can be made here: {ready.stdout.strip()}")
        zoo("goroutine-leak")
        go_build(ROOT / "tests/cli/testdata/hog")
        # Programs in memory: from a slow file system their own text would be evicted and read again, for ever.
        environment = f"PATH={path()} TMPDIR=/dev/shm WHYOOM_SLOW=4"
        command = (f"mkdir /dev/shm/build && cp {WHYOOM} /dev/shm/build/ && cp -r {BUILDS} /dev/shm/ && cd {ROOT} &&"
                   f" env {environment} tests/run.py --build /dev/shm/build {SUITES} 2>&1")
        done = subprocess.run([VM, "-t", "1200", command], capture_output=True, text=True, errors="replace")
        cls.console = done.stdout
        cls.found = results(cls.console.replace("\r", "").splitlines())

    def test_each_of_the_guests(self):
        self.assertTrue(self.found, self.console[-4000:])
        self.assertRegex(self.console, r"(?m)^\d+ passed, \d+ failed, \d+ skipped")
        for result, name, why, detail in self.found:
            with self.subTest(name):
                if result == "skipped":
                    self.skipTest(why.lstrip(": "))
                self.assertEqual(result, "passed", detail)
