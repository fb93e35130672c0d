#!/usr/bin/env python3
"""run.py [--build DIR] [--pairs N]: whyoom's costs beside its peers' in the same run, against the budgets of the design.

Wall times scatter on a shared machine: read the ratios. Peers that are not installed are said.
"""
import argparse
import contextlib
import json
import math
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TMP = pathlib.Path(tempfile.mkdtemp(prefix="whyoom-bench-"))
# two-sided 95 % points of Student's t, by degrees of freedom
T95 = {1: 12.71, 2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26, 10: 2.23, 11: 2.20, 14: 2.14,
       19: 2.09, 29: 2.05}


def row(work, who, value, note=""):
    print(f"{work:<34} {who:<30} {value:>14}  {note}", flush=True)


def go_build(name):
    out = TMP / name
    subprocess.run(["go", "build", "-o", out, "."], cwd=ROOT / "bench" / name, check=True,
                   env={**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"})
    return out


@contextlib.contextmanager
def target(binary, *flags):
    p = subprocess.Popen([binary, *flags], stdout=subprocess.PIPE, text=True)
    try:
        yield p.pid, "http://" + p.stdout.readline().split()[1]
    finally:
        p.kill()
        p.wait()


def get(url):
    begin = time.monotonic()
    with urllib.request.urlopen(url) as response:
        size = len(response.read())
    return time.monotonic() - begin, size


def gap(url):
    return float(urllib.request.urlopen(url + "/gap").read())


def wall(command):
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True)
    return time.monotonic() - begin, done.returncode


def median_probe(probe, pid, times=5):
    runs = [json.loads(subprocess.run([probe, str(pid)], capture_output=True, text=True, check=True).stdout)
            for _ in range(times)]
    return {k: {f: statistics.median(r[k][f] for r in runs) for f in ("n", "wall_us", "cpu_us")} for k in runs[0]}


def reading(args, probe, whyoom):
    binary = go_build("target")
    with target(binary, "-goroutines", str(args.goroutines), "-heap", str(args.heap)) as (pid, url):
        time.sleep(1)
        gap(url)
        time.sleep(2)
        row("nothing, 2 s", "-", f"{gap(url):.1f} ms", "largest gap of the target's 5 ms ticker")
        p = median_probe(probe, pid)
        own_gap = gap(url)
        row("attach", "whyoom", f"{p['attach']['wall_us'] / 1e3:.1f} ms", "budget 50 ms")
        row("attach, cached", "whyoom", f"{p['attach_cached']['wall_us'] / 1e3:.1f} ms", "budget 2 ms")
        s = p["samples"]
        row("one sample of the runtime", "whyoom", f"{s['cpu_us'] / s['n']:.1f} us CPU", "budget 25 us")
        row("statistics", "whyoom", f"{p['stats']['wall_us'] / 1e3:.2f} ms", "")
        h = p["heap_profile"]
        row("heap profile", "whyoom", f"{h['wall_us'] / 1e3:.2f} ms", f"{h['n']:.0f} buckets")
        g = p["goroutines"]
        ours = g["wall_us"] / 1e6
        row("goroutines with stacks", "whyoom", f"{ours:.3f} s", f"{g['n']:.0f} goroutines, budget 0.2 s per 100,000")
        sp = p["spans"]
        row("span occupancy", "whyoom", f"{sp['wall_us'] / 1e3:.1f} ms", f"{sp['n']:.0f} spans, budget 60 ms a GB")
        row("all of the above, five times", "whyoom", f"{own_gap:.1f} ms", "largest gap of the target's ticker")
        for debug in (0, 1, 2):
            took, size = get(f"{url}/debug/pprof/goroutine?debug={debug}")
            row("goroutines with stacks", f"pprof endpoint debug={debug}", f"{took:.3f} s",
                f"{took / ours:.1f} x whyoom; {size} bytes; gap {gap(url):.0f} ms")
        took, _ = get(url + "/debug/pprof/heap")
        row("heap profile", "pprof endpoint", f"{took * 1e3:.2f} ms", "")
        took, code = wall([whyoom, "goroutines", str(pid), "--json"])
        row("whole command: goroutines --json", "whyoom", f"{took:.3f} s", f"exit {code}")
        if shutil.which("dlv"):
            took, _ = wall(["sh", "-c", f"echo 'goroutines -t 1\nquit\nn' | dlv attach {pid}"])
            row("goroutines, one frame each", "dlv", f"{took:.1f} s", f"{took / ours:.0f} x whyoom, target stopped")
        else:
            row("goroutines, one frame each", "dlv", "-", "not installed; 12.1 s measured on another such target")


def large_binary(probe):
    name = next((n for n in ("prometheus", "dockerd", "etcd") if shutil.which(n)), None)
    if not name:
        row("attach, a large binary", "whyoom", "-", "no prometheus, dockerd or etcd installed")
        return
    flags = {"prometheus": ["--config.file=/dev/null", f"--storage.tsdb.path={TMP}/tsdb",
                            "--web.listen-address=127.0.0.1:0"],
             "etcd": [f"--data-dir={TMP}/etcd"], "dockerd": ["--version"]}[name]
    p = subprocess.Popen([name, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        m = median_probe(probe, p.pid)
        size = os.path.getsize(shutil.which(name)) / 1e6
        row(f"attach, {name} ({size:.0f} MB)", "whyoom", f"{m['attach']['wall_us'] / 1e3:.1f} ms", "budget 50 ms for 50 MB")
        row(f"attach, {name}, cached", "whyoom", f"{m['attach_cached']['wall_us'] / 1e3:.1f} ms "
            f"({m['attach_cached']['cpu_us'] / 1e3:.1f} ms CPU)", "budget 2 ms for 50 MB")
    finally:
        p.kill()
        p.wait()


def web(binary, seconds, before=()):
    """(requests a second, the server's CPU a request in us, CPU of whatever ran it in s a second)."""
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run([*before, binary, "-seconds", str(seconds)], capture_output=True, text=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    m = re.search(r"requests (\d+) per_second ([\d.]+) cpu_seconds ([\d.]+)", out)
    cpu = after.ru_utime + after.ru_stime - begin.ru_utime - begin.ru_stime
    return float(m[2]), float(m[3]) / int(m[1]) * 1e6, (cpu - float(m[3])) / seconds


def bound(values):
    mean = statistics.mean(values)
    n = len(values)
    t = T95.get(n - 1) or T95[max(k for k in T95 if k <= n - 1)]
    half = t * statistics.stdev(values) / math.sqrt(n)
    return mean, mean - half, mean + half


def slow_down(args, whyoom):
    binary = go_build("web")
    web(binary, 1)
    off, on = [], []
    for i in range(args.pairs):
        pair = [(off, ()), (on, (whyoom, "run", "--"))]
        for to, before in (pair if i % 2 else reversed(pair)):
            to.append(web(binary, args.seconds, before))
    change = [100 * (b[0] - a[0]) / a[0] for a, b in zip(off, on)]
    mean, low, high = bound(change)
    row("loaded HTTP server, recorder on", "whyoom", f"{mean:+.2f} %",
        f"requests/s; 95 %: {low:+.2f} to {high:+.2f} % ({args.pairs} pairs); budget: bound above -1 %")
    mean, low, high = bound([100 * (b[1] - a[1]) / a[1] for a, b in zip(off, on)])
    row("the server's CPU a request", "whyoom", f"{mean:+.2f} %", f"95 %: {low:+.2f} to {high:+.2f} %")
    base = statistics.median(a[2] for a in off)
    row("the recorder's CPU", "whyoom", f"{1e3 * (statistics.median(b[2] for b in on) - base):.2f} ms/s",
        f"of one core; without the process start of {1e3 * base:.2f} ms/s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--goroutines", type=int, default=100000)
    parser.add_argument("--heap", type=int, default=1000)
    args = parser.parse_args()
    build = (ROOT / args.build).resolve()
    subprocess.run(["ninja", "-C", build, "bench/probe"], check=True, stdout=subprocess.DEVNULL)
    try:
        row("work", "who", "figure", "note")
        reading(args, build / "bench/probe", build / "whyoom")
        large_binary(build / "bench/probe")
        slow_down(args, build / "whyoom")
    finally:
        shutil.rmtree(TMP, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
