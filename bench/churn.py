#!/usr/bin/env python3
"""churn.py [--build DIR] [--seconds N]: a reader in a loop against a server under heavy allocation and churn.

Prints for each view: reads, those that were inconsistent and told so, those that failed, those that were wrong (must be
0, else exit status 1); and the server's throughput with and without the reader.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARKED, KEPT = 1000, 2000


class Churner:
    """The server; @rounds has a number for each second since it was ready."""

    def __init__(self, workers):
        self.scratch = tempfile.TemporaryDirectory(prefix="whyoom-churn-")
        binary = pathlib.Path(self.scratch.name) / "churn"
        subprocess.run(["go", "build", "-o", binary, "."], cwd=ROOT / "bench/churn", check=True,
                       env={"GOTOOLCHAIN": "local", **os.environ, "CGO_ENABLED": "0"})
        self.process = subprocess.Popen([binary, f"-workers={workers}", f"-parked={PARKED}", f"-kept={KEPT}"],
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"
        self.rounds = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.process.stdout:
            self.rounds.append(int(line))

    def end(self):
        self.process.kill()
        self.process.wait()
        self.scratch.cleanup()


def alone(server, seconds):
    """Rounds a second without a reader."""
    begin = len(server.rounds) + 1  # the second that has begun belongs to what was before
    time.sleep(seconds + 1)
    return server.rounds[begin:]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=4)
    args = parser.parse_args()
    subprocess.run(["ninja", "-C", args.build, "bench/churn"], check=True, stdout=subprocess.DEVNULL)
    server = Churner(args.workers)
    try:
        quiet = alone(server, max(3, min(20, args.seconds // 10)))
        begin = len(server.rounds) + 1
        done = subprocess.run([pathlib.Path(args.build) / "bench/churn", str(server.process.pid), str(args.seconds),
                               str(PARKED), str(KEPT)], check=True, capture_output=True, text=True)
        read = server.rounds[begin:]
        quiet += alone(server, max(3, min(20, args.seconds // 10)))
    finally:
        server.end()
    views = json.loads(done.stdout)
    print(f"{'view':<12}{'reads':>8}{'told':>8}{'failed':>8}{'wrong':>8}{'mean':>12}")
    for name, v in views.items():
        print(f"{name:<12}{v['reads']:>8}{v['told']:>8}{v['failed']:>8}{v['wrong']:>8}{v['mean_us'] / 1e3:>9.2f} ms  {v['first']}")
    without, with_reader = statistics.mean(quiet), statistics.mean(read)
    print(f"the server: {without:.0f} rounds a second alone, {with_reader:.0f} with the reader "
          f"({100 * (with_reader / without - 1):+.1f} %)")
    sys.exit(1 if any(v["wrong"] for v in views.values()) else 0)


main()
