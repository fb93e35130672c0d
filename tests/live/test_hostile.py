"""A process whose memory holds forged runtime structures: lists with loops, huge counts, wild pointers.

One server is stopped; its memory is written over (here, through /proc/PID/mem, and put back), and each view must end
in bounded time and memory: with JSON, or with one line that says why not.
"""
import json
import os
import random
import resource
import signal
import struct
import subprocess
import time
import unittest

from harness import ROOT, TMP, WHYOOM, Server, go_build, go_version, needs_go, needs_root

SECONDS = 60  # a few on an idle machine; tests may run beside others
KIB = 512 << 10
VIEWS = (["stats"], ["heap"], ["goroutines"], ["spans"], ["diagnose", "--for", "1s"])
WILD = (0, 1, 0x7FFFFFFFF000, 0x800000000000, 0xFFFFFFFFFFFFF000, 1 << 60)
HUGE = (1 << 20, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)


class Runtime:
    """Where the globals and fields of a stopped, unstripped, static Go process are."""

    def __init__(self, pid, binary):
        self.memory = open(f"/proc/{pid}/mem", "r+b", buffering=0)
        layout = json.loads((ROOT / f"src/goruntime/layouts/{go_version()[1]}-amd64.json").read_text())
        self.fields = {(s, f[0]): f[1] for s, t in layout["structs"].items() for f in t["fields"]}
        self.sizes = {s: t["size"] for s, t in layout["structs"].items()}
        text = subprocess.run(["go", "tool", "nm", binary], capture_output=True, text=True, check=True).stdout
        rows = (line.split() for line in text.splitlines())
        self.symbols = {r[-1].removeprefix("runtime."): int(r[0], 16) for r in rows
                        if len(r) == 3 and r[-1].startswith("runtime.")}
        self.saved = {}

    def read(self, address, n):
        self.memory.seek(address)
        return self.memory.read(n)

    def u64(self, address):
        return struct.unpack("<Q", self.read(address, 8))[0]

    def write(self, address, data):
        if isinstance(data, int):
            data = struct.pack("<Q", data & (1 << 64) - 1)
        self.saved.setdefault((address, len(data)), self.read(address, len(data)))
        self.memory.seek(address)
        self.memory.write(data)

    def restore(self):
        for (address, _), data in reversed(self.saved.items()):
            self.memory.seek(address)
            self.memory.write(data)
        self.saved = {}

    def field(self, structure, name):
        return self.fields["runtime." + structure, name]

    def member(self, symbol, structure, name):
        return self.symbols[symbol] + self.field(structure, name)

    def slice(self, address):
        """The pointers in the slice at @address."""
        array, n = self.u64(address), self.u64(address + 8)
        return [p for (p,) in struct.iter_unpack("<Q", self.read(array, 8 * n))]

    def buckets(self):
        found, b = [], self.u64(self.symbols["mbuckets"])
        while b and len(found) < 1000:
            found.append(b)
            b = self.u64(b + self.field("bucket", "allnext"))
        return found


def forgeries(r):
    """(what, how) of each lie; @how writes it."""
    goroutines = r.slice(r.symbols["allgs"])
    spans = r.slice(r.member("mheap_", "mheap", "allspans"))
    buckets = r.buckets()
    middle_g, middle_s = goroutines[len(goroutines) // 3], spans[len(spans) // 3]
    slices = {"allgs": r.symbols["allgs"], "allp": r.symbols["allp"],
              "allspans": r.member("mheap_", "mheap", "allspans")}

    for name, at in slices.items():
        for n in HUGE:
            yield f"{name} has {n:#x} elements", lambda at=at, n=n: r.write(at + 8, struct.pack("<QQ", n, n))
        for p in WILD + (at,):
            yield f"{name} is at {p:#x}", lambda at=at, p=p: r.write(at, p)
        array, n = r.u64(at), r.u64(at + 8)
        yield f"{name} is the same element all over", \
            lambda array=array, n=n: r.write(array, struct.pack("<Q", r.u64(array)) * n)
        yield f"{name} is noise", lambda array=array, n=n: r.write(array, random.Random(7).randbytes(8 * n))
    for n in HUGE:
        yield f"allglen is {n:#x}", lambda n=n: r.write(r.symbols["allglen"], n)

    def bucket(i, name, value):
        r.write(buckets[min(i, len(buckets) - 1)] + r.field("bucket", name), value)
    yield "the buckets are a loop", lambda: bucket(40, "allnext", buckets[0])
    yield "a bucket is its own next", lambda: bucket(0, "allnext", buckets[0])
    for p in WILD:
        yield f"a bucket's next is {p:#x}", lambda p=p: bucket(30, "allnext", p)
    for n in HUGE:
        yield f"a bucket has {n:#x} frames", lambda n=n: bucket(30, "nstk", n)
        yield f"a bucket's objects have {n:#x} bytes", lambda n=n: bucket(30, "size", n)

    def goroutine(name, value):
        r.write(middle_g + r.field("g", name), value)
    for name in ("stack.lo", "stack.hi", "sched.sp", "sched.pc", "sched.bp", "waiting", "labels", "gopc", "startpc"):
        for p in WILD + (middle_g,):
            yield f"a goroutine's {name} is {p:#x}", lambda name=name, p=p: goroutine(name, p)
    stack = r.u64(middle_g + r.field("g", "stack.lo"))
    room = r.u64(middle_g + r.field("g", "stack.hi")) - stack
    pc = r.u64(middle_g + r.field("g", "sched.pc"))
    yield "a stack returns to itself for ever", lambda: r.write(stack, struct.pack("<Q", pc) * (room // 8))
    yield "a stack is noise", lambda: r.write(stack, random.Random(8).randbytes(room))

    def span(name, value):
        r.write(middle_s + r.field("mspan", name), value)
    for name in ("startAddr", "npages", "allocBits", "gcmarkBits", "elemsize", "specials", "limit", "largeType"):
        for p in WILD + HUGE:
            yield f"a span's {name} is {p:#x}", lambda name=name, p=p: span(name, p)
    yield "all bits of a span are set", lambda: r.write(middle_s, b"\xff" * r.sizes["runtime.mspan"])

    thread = r.u64(r.symbols["allm"])
    yield "the threads are a loop", lambda: r.write(thread + r.field("m", "alllink"), thread)
    first_p = r.slice(r.symbols["allp"])[0]
    for p in WILD + (first_p,):
        yield f"a P's cache is at {p:#x}", lambda p=p: r.write(first_p + r.field("p", "mcache"), p)
        yield f"a map of arenas is at {p:#x}", lambda p=p: r.write(r.member("mheap_", "mheap", "arenas"), p)
    for symbol, structure in (("memstats", "mstats"), ("gcController", "gcControllerState"), ("sched", "schedt")):
        for byte in (b"\0", b"\x7f", b"\xff"):
            yield f"{symbol} is {byte.hex()} all over", \
                lambda s=symbol, t=structure, b=byte: r.write(r.symbols[s], b * r.sizes["runtime." + t])
    for name in ("ftab", "pctab", "pclntable", "funcnametab", "filetab", "cutab"):
        at = r.member("firstmoduledata", "moduledata", name)
        for n in HUGE:
            yield f"moduledata.{name} has {n:#x} elements", lambda at=at, n=n: r.write(at + 8, n)
        for p in WILD:
            yield f"moduledata.{name} is at {p:#x}", lambda at=at, p=p: r.write(at, p)
    yield "moduledata is its own next", \
        lambda: r.write(r.member("firstmoduledata", "moduledata", "next"), r.symbols["firstmoduledata"])


@needs_root
@needs_go
class Hostile(unittest.TestCase):
    def look(self, what, view, pid):
        out, said = TMP / "hostile.out", TMP / "hostile.err"
        begin = time.monotonic()
        with open(out, "wb") as o, open(said, "wb") as e:
            child = subprocess.Popen([WHYOOM, *view, str(pid), "--json"], stdout=o, stderr=e)
            try:
                while True:
                    done, status, usage = os.wait4(child.pid, os.WNOHANG)
                    if done:
                        break
                    if time.monotonic() - begin > SECONDS:
                        child.kill()
                        self.fail(f"{what}: {view[0]} does not end")
                    time.sleep(0.005)
            finally:
                child.returncode = 0
        code, words = os.waitstatus_to_exitcode(status), said.read_text(errors="replace")
        self.assertTrue(0 <= code < 100, f"{what}: {view[0]}: exit {code}: {words}")
        if "asan" not in WHYOOM:
            self.assertLess(usage.ru_maxrss, KIB, f"{what}: {view[0]}")
        if out.stat().st_size:
            json.loads(out.read_text())
        else:
            self.assertNotEqual(code, 0, what)
            self.assertEqual(len(words.strip().splitlines()), 1, f"{what}: {view[0]}: {words}")
        return code, usage

    def test_forged_structures(self):
        binary = go_build(ROOT / "bench/target")
        with Server([binary, "-goroutines", "600", "-heap", "8"], ready="ready") as server:
            time.sleep(0.5)
            os.kill(server.pid, signal.SIGSTOP)
            runtime = Runtime(server.pid, binary)
            self.addCleanup(runtime.memory.close)
            for view in VIEWS[:4]:
                self.assertEqual(self.look("nothing forged", view, server.pid)[0], 0)
            lies = list(forgeries(runtime))
            chosen = os.environ.get("WHYOOM_HOSTILE") == "all" and range(len(lies)) or \
                sorted(random.Random(4).sample(range(len(lies)), 24))
            refused = 0
            for i in chosen:
                what, forge = lies[i]
                forge()
                for view in VIEWS[:4] if i % 8 else VIEWS:
                    refused += self.look(what, view, server.pid)[0] != 0
                runtime.restore()
            self.assertGreater(refused, 0)
            for view in VIEWS[:4]:
                self.assertEqual(self.look("put back", view, server.pid)[0], 0)
            children = resource.getrusage(resource.RUSAGE_CHILDREN)
            print(f"# {len(chosen)} of {len(lies)} lies told, {refused} looks refused, {children.ru_utime:.1f} s")
            os.kill(server.pid, signal.SIGCONT)


if __name__ == "__main__":
    unittest.main()
