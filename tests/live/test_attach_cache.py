"""What is kept of a binary between two attaches: used, never believed, and no harm where it is damaged."""
import os
import pathlib
import shutil
import stat
import time
import unittest

from harness import ROOT, TMP, Server, go_build, needs_go, needs_root, whyoom

ARGS = ["-goroutines", "100", "-heap", "4"]


@needs_root
@needs_go
class AttachCache(unittest.TestCase):
    def setUp(self):
        self.home = TMP / self.id().rpartition(".")[2]
        self.home.mkdir()
        self.env = {**os.environ, "XDG_CACHE_HOME": str(self.home)}

    def kept(self):
        folder = self.home / "whyoom"
        return sorted(folder.iterdir()) if folder.exists() else []

    def look(self, pid, *options, verb="heap"):
        done = whyoom(verb, *options, pid, env=self.env)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def test_found_again_and_the_same(self):
        with Server([go_build(ROOT / "bench/target"), *ARGS], ready="ready") as server:
            time.sleep(0.5)
            plain = self.look(server.pid, "--no-cache")
            self.assertEqual(self.kept(), [])
            self.assertEqual(self.look(server.pid), plain)
            (file,) = self.kept()
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            self.assertEqual(stat.S_IMODE(file.parent.stat().st_mode), 0o700)
            inode = file.stat().st_ino
            self.assertEqual(self.look(server.pid), plain)
            self.assertEqual(file.stat().st_ino, inode)  # not written again: it was used
            self.assertIn("main.deep", self.look(server.pid, verb="goroutines"))

    def test_position_independent(self):
        """The next process of the binary lies elsewhere."""
        binary = go_build(ROOT / "bench/target", flags=("-buildmode=pie",))
        said, places, inodes = [], set(), set()
        for _ in range(3):
            with Server([binary, *ARGS], ready="ready") as server:
                time.sleep(0.3)
                places.add(pathlib.Path(f"/proc/{server.pid}/maps").read_text().split("-")[0])
                text = self.look(server.pid, verb="goroutines")
                said.append(sorted(line for line in text.splitlines() if "main." in line))
                self.assertEqual(self.look(server.pid, "--no-cache"), self.look(server.pid))
                inodes.add(self.kept()[0].stat().st_ino)
        self.assertEqual(len(inodes), 1)
        self.assertGreater(len(places), 1)
        self.assertTrue(said[0] and all("main.deep" in "".join(s) for s in said))

    def test_damaged_ones_are_none(self):
        with Server([go_build(ROOT / "bench/target"), *ARGS], ready="ready") as server:
            time.sleep(0.5)
            plain = self.look(server.pid)
            (file,) = self.kept()
            whole = file.read_bytes()
            for change in ([(at, 1) for at in (0, 9, 20, 60, 100, 400, 900, 1400, 1800, 2100)] +
                           [(len(whole) * i // 8, 255) for i in range(1, 8)]):
                at, bits = change
                bad = bytearray(whole)
                bad[at] ^= bits
                file.write_bytes(bad)
                inode = file.stat().st_ino
                self.assertEqual(self.look(server.pid), plain, change)
                self.assertNotEqual(file.stat().st_ino, inode, change)
                self.assertEqual(file.read_bytes(), whole)
            for n in (0, 10, 1000, len(whole) // 2, len(whole) - 1):
                file.write_bytes(whole[:n])
                self.assertEqual(self.look(server.pid), plain)
                self.assertEqual(file.read_bytes(), whole)

    def test_of_somebody_else_are_none(self):
        with Server([go_build(ROOT / "bench/target"), *ARGS], ready="ready") as server:
            time.sleep(0.5)
            plain = self.look(server.pid)
            (file,) = self.kept()
            for change in (lambda: os.chmod(file, 0o644), lambda: os.chown(file, 65534, 65534)):
                inode = file.stat().st_ino
                change()
                self.assertEqual(self.look(server.pid), plain)
                self.assertNotEqual(self.kept()[0].stat().st_ino, inode)
            os.chmod(file.parent, 0o777)
            file.unlink()
            self.assertEqual(self.look(server.pid), plain)
            self.assertEqual(self.kept(), [])

    def test_another_binary_at_the_path_has_its_own(self):
        app = self.home / "app"
        for flags in ((), ("-ldflags=-s",)):
            shutil.copy(go_build(ROOT / "bench/target", flags=flags), str(app) + ".new")
            os.rename(str(app) + ".new", app)
            with Server([app, *ARGS], ready="ready") as server:
                time.sleep(0.3)
                self.assertEqual(self.look(server.pid), self.look(server.pid, "--no-cache"))
        self.assertEqual(len(self.kept()), 2)

    def test_no_folder_to_be_had(self):
        self.env["XDG_CACHE_HOME"] = "/nowhere"
        with Server([go_build(ROOT / "bench/target"), *ARGS], ready="ready") as server:
            time.sleep(0.3)
            self.assertIn("main.fill", self.look(server.pid))


if __name__ == "__main__":
    unittest.main()
