"""harness: what the live, kill and cli tests share: the program, Go builds, processes, JSON."""
import atexit
import functools
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(os.environ.get("WHYOOM_SOURCE", pathlib.Path(__file__).resolve().parent.parent))
WHYOOM = os.environ.get("WHYOOM", str(ROOT / "build/whyoom"))
TMP = pathlib.Path(tempfile.mkdtemp(prefix="whyoom-test-"))
BUILDS = pathlib.Path(tempfile.gettempdir()) / f"whyoom-test-builds-{os.getuid()}"
atexit.register(shutil.rmtree, TMP, ignore_errors=True)

needs_root = unittest.skipUnless(os.geteuid() == 0, "needs root")
needs_go = unittest.skipUnless(shutil.which("go"), "no go on PATH")


def for_everybody():
    """A folder that every user can look into, for programs that run as nobody."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="whyoom-test-all-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    place.chmod(0o755)
    return place


def abandoned_groups():
    """Memory groups that a run left behind; those of runs that still go on, here or elsewhere, are not meant."""
    return {p for top in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory") if os.path.isdir(top)
            for p in pathlib.Path(top).rglob("whyoom-run-*") if not os.path.exists(f"/proc/{p.name.split('-')[2]}")}


def go_version():
    """(1, 26) of the go on PATH."""
    text = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True,
                          env={**os.environ, "GOTOOLCHAIN": "local"}).stdout
    words = text.strip().removeprefix("go").split(".")
    return int(words[0]), int("".join(c for c in words[1] if c.isdigit()))


@functools.lru_cache(maxsize=None)
def has_toolchain(version):
    """Can go1.X.Y be had? Through the module proxy, when the go on PATH is 1.21 or newer."""
    if go_version() < (1, 21):
        return False
    return subprocess.run(["go", "version"], capture_output=True, timeout=300,
                          env={**os.environ, "GOTOOLCHAIN": "go" + version}).returncode == 0


def go_build(folder, version=None, flags=(), cgo=False):
    """Builds the main package in @folder; the binary is kept by its sources and flags."""
    folder = pathlib.Path(folder)
    digest = hashlib.sha256(repr((version, tuple(flags), cgo, str(folder), go_version())).encode())
    for source in sorted(folder.rglob("*")):
        if source.is_file():
            digest.update(source.read_bytes())
    out = BUILDS / f"{folder.name}-{digest.hexdigest()[:16]}"
    if out.exists():
        return str(out)
    BUILDS.mkdir(exist_ok=True)
    env = {**os.environ, "CGO_ENABLED": "1" if cgo else "0", "GOFLAGS": "-mod=mod",
           "GOTOOLCHAIN": "go" + version if version else "local"}
    partial = out.with_suffix(".partial")
    done = subprocess.run(["go", "build", *flags, "-o", partial, "."], cwd=folder, env=env,
                          capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"go build of {folder.name}: {done.stderr[-2000:]}")
    partial.rename(out)
    return str(out)


def zoo(name, **how):
    return go_build(ROOT / "zoo" / name, **how)


def whyoom(*args, timeout=120, **how):
    """What an attach keeps goes with the test, not into the caches of whoever runs it."""
    how.setdefault("env", {**os.environ, "XDG_CACHE_HOME": str(TMP / "cache")})
    return subprocess.run([WHYOOM, *map(str, args)], capture_output=True, text=True, timeout=timeout, **how)


def whyoom_json(*args, **how):
    done = whyoom(*args, "--json", **how)
    if not done.stdout:
        raise AssertionError(f"whyoom {args}: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def run_killed(command, memory_max, *options, timeout=180):
    """whyoom run until the kernel kills; the exit status, the verdict, what stderr said, the case file."""
    place = pathlib.Path(tempfile.mkdtemp(dir=TMP))
    done = whyoom("run", "--memory-max", memory_max, f"--json={place}/verdict.json", "--case",
                  place / "case.whyoom", *options, "--", *command, timeout=timeout)
    verdict = place / "verdict.json"
    return done.returncode, json.loads(verdict.read_text()) if verdict.exists() else None, done.stderr, \
        place / "case.whyoom"


class Server:
    """A process of ours, ended when the block ends. Waits until it printed a line that starts with @ready."""

    def __init__(self, command, ready=None, timeout=30, **how):
        self.process = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, stdin=how.pop("stdin", subprocess.PIPE), **how)
        self.lines = []
        end = time.monotonic() + timeout
        while ready and time.monotonic() < end:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError(f"{command[0]} ended before it said {ready!r}: {self.lines}")
            self.lines.append(line.rstrip("\n"))
            if line.startswith(ready):
                break
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        if self.process.stdin:
            self.process.stdin.close()
