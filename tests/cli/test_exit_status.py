"""Exit status and messages of the verbs as the README documents them: one line, no trace, nothing left behind."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from harness import TMP, WHYOOM, abandoned_groups, for_everybody, needs_root, whyoom


class Usage(unittest.TestCase):
    def one_line(self, done):
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("whyoom: "), done.stderr)

    def test_help_of_every_verb_is_short_and_narrow(self):
        verbs = [line.split()[0] for line in whyoom("--help").stdout.splitlines() if line.startswith("  ")]
        self.assertIn("diagnose", verbs)
        for verb in verbs:
            done = whyoom(verb, "--help")
            self.assertEqual(done.returncode, 0)
            for line in done.stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_usage_errors_are_2(self):
        for args in (["nonsense"], ["stats"], ["stats", "x"], ["stats", "0"], ["heap", "1", "2"],
                     ["diagnose", "--for", "soon", "1"], ["ps", "--lang", "tlh"], ["stats", "-9999999999999999999"]):
            self.assertEqual(whyoom(*args).returncode, 2, args)

    def test_usage_errors_of_run_are_125(self):
        for args in (["run"], ["run", "--json", "--", "true"], ["run", "--memory-max", "lots", "--", "true"]):
            done = whyoom(*args)
            self.assertEqual(done.returncode, 125, args)

    def test_not_there_is_3_and_one_line(self):
        child = subprocess.Popen(["true"])
        child.wait()
        done = whyoom("stats", child.pid)
        self.assertEqual(done.returncode, 3)
        self.one_line(done)

    def test_not_go_is_3_and_one_line(self):
        child = subprocess.Popen(["sleep", "60"])
        try:
            time.sleep(0.1)
            for verb in ("stats", "heap", "allocs", "goroutines", "spans"):
                done = whyoom(verb, child.pid)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.one_line(done)
                self.assertIn(str(child.pid), done.stderr)
        finally:
            child.kill()
            child.wait()

    def test_a_file_that_cannot_be_read_is_4(self):
        done = whyoom("diagnose", "/nonexistent/file")
        self.assertEqual(done.returncode, 4)
        self.one_line(done)

    def test_a_log_without_a_kill_is_3(self):
        log = TMP / "quiet.log"
        log.write_text("[    1.000000] nothing happened\n")
        done = whyoom("diagnose", log)
        self.assertEqual(done.returncode, 3)
        self.one_line(done)

    def test_output_that_cannot_be_written_is_4_and_leaves_nothing(self):
        place = pathlib.Path(tempfile.mkdtemp(dir=TMP))
        done = whyoom("doctor", f"--json={place}/no/such/folder.json")
        self.assertEqual(done.returncode, 4)
        self.assertEqual(list(place.iterdir()), [])

    @needs_root
    def test_no_permission_is_4_and_one_line(self):
        child = subprocess.Popen(["sleep", "60"])
        ours = shutil.copy(WHYOOM, for_everybody())
        try:
            done = subprocess.run([ours, "stats", str(child.pid)], capture_output=True, text=True, user=65534,
                                  group=65534, extra_groups=[])
            self.assertEqual(done.returncode, 4, done.stderr)
            self.one_line(done)
        finally:
            child.kill()
            child.wait()


class Run(unittest.TestCase):
    def test_exit_status_is_the_commands(self):
        for status in (0, 1, 3, 42):
            self.assertEqual(whyoom("run", "--", "sh", "-c", f"exit {status}").returncode, status)

    def test_a_signals_death_is_128_and_the_signal(self):
        self.assertEqual(whyoom("run", "--", "sh", "-c", "kill -TERM $$").returncode, 143)

    def test_not_found_is_127_and_not_executable_126(self):
        plain = TMP / "plain"
        plain.write_text("not a program")
        plain.chmod(0o644)
        self.assertEqual(whyoom("run", "--", "/no/such/program").returncode, 127)
        self.assertEqual(whyoom("run", "--", plain).returncode, 126)

    def test_streams_arguments_and_environment_are_the_commands_own(self):
        done = whyoom("run", "--", "sh", "-c", 'echo "$1"; cat; echo "$X" >&2', "sh", "--json", input="in\n",
                      env={**os.environ, "X": "from outside"})
        self.assertEqual(done.stdout, "--json\nin\n")
        self.assertEqual(done.stderr, "from outside\n")

    def test_signals_are_passed_on(self):
        p = subprocess.Popen([WHYOOM, "run", "--", "sh", "-c", "trap 'exit 7' USR1; echo up; while :; do sleep 0.05; done"],
                             stdout=subprocess.PIPE, text=True)
        self.assertEqual(p.stdout.readline(), "up\n")
        p.send_signal(signal.SIGUSR1)
        self.assertEqual(p.wait(timeout=10), 7)
        p.stdout.close()

    @needs_root
    def test_the_group_is_gone_after_every_kind_of_end(self):
        before = abandoned_groups()
        for command in (["true"], ["false"], ["/no/such/program"], ["sh", "-c", "kill -KILL $$"],
                        ["sh", "-c", "sleep 0.2 & exit 0"]):
            whyoom("run", "--memory-max", "64M", "--", *command)
            self.assertEqual(abandoned_groups(), before, command)

    @needs_root
    def test_a_reader_that_goes_away_does_not_leave_the_group_behind(self):
        before = abandoned_groups()
        p = subprocess.Popen([WHYOOM, "run", "--memory-max", "64M", "--", "sh", "-c", "sleep 0.3; kill -KILL $$"],
                             stderr=subprocess.PIPE)
        p.stderr.close()
        self.assertEqual(p.wait(timeout=20), 137)
        self.assertEqual(abandoned_groups(), before)

    def test_an_unjudged_normal_end_writes_no_file(self):
        place = pathlib.Path(tempfile.mkdtemp(dir=TMP))
        whyoom("run", "--", "true", cwd=place)
        self.assertEqual(list(place.iterdir()), [])
