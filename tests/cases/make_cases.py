#!/usr/bin/env python3
"""make_cases.py [DIR]: writes the made cases, tests/cases/made-*.json.

Each is the record of a Go server that a small model lives through: live heap,
allocation and goroutines as functions of time, a collector that paces itself
by GOGC, a limit at which the kernel kills. What the recorder would have seen
is written down as whyoom.case/1 (docs/schema/case-1.json); what the verdict on
it must be stands beside it (.txt, .verdict.json; see tests/unit/verdict/test_cases.c).
"""
import json
import pathlib
import sys

MIB, KIB, S = 1 << 20, 1 << 10, 10 ** 9
WALL = 1795530000 * S  # when the records begin
STEP = 0.05


class Case:
    def __init__(self, name, limit=256 * MIB, version=2, go="go1.26.8"):
        self.name, self.limit = name, limit
        self.frames, self.stacks, self.samples, self.cycles, self.snapshots = [], [], [], [], []
        group = "/system.slice/api.service"
        source = "/sys/fs/cgroup" + group + "/memory.max"
        self.doc = {
            "schema": "whyoom.case/1",
            "subject": {"pid": 4242, "comm": "api", "exe": "/srv/api", "cmdline": "/srv/api -addr :8080",
                        "go_version": go, "module": "example.org/api", "cgroup": group,
                        "started_wall_ns": WALL, "has_cgo": False, "is_go": True},
            "host": {"kernel": "6.1.0-18-amd64", "mem_total_bytes": 16 << 30, "mem_available_bytes": 9 << 30,
                     "page_size_bytes": 4096, "cgroup_version": version, "n_cpus": 4},
            "limits": [{"source": source, "scope": "service", "limit_bytes": limit or "none", "usage_bytes": None},
                       {"source": "/proc/meminfo", "scope": "host", "limit_bytes": 16 << 30, "usage_bytes": 7 << 30}],
            "end": {"alive": False, "observed": True, "exit_status": None, "signal": 9, "group_counted_kill": True,
                    "kernel_log_read": True, "held": True, "held_ns": 40000000},
            "run": {"mode": "run", "tool_version": "0.1.0", "samples_lost": 0},
        }

    def frame(self, function, file, line, module="std"):
        f = {"function": function, "file": file, "module": module, "line": line}
        if f not in self.frames:
            self.frames.append(f)
        return self.frames.index(f)

    def own(self, function, file, line):
        return self.frame(function, "/src/" + file, line, "example.org/api")

    def stack(self, *frames):
        if list(frames) not in self.stacks:
            self.stacks.append(list(frames))
        return self.stacks.index(list(frames))

    def kill_line(self, t, anon):
        stamp = f"[{1000 + t:12.6f}] "
        group = self.doc["subject"]["cgroup"]
        lines = [f"{stamp}api invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
                 f"{stamp}oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
                 f"oom_memcg={group},task_memcg={group},task=api,pid=4242,uid=0",
                 f"{stamp}Memory cgroup out of memory: Killed process 4242 (api) total-vm:1264236kB, "
                 f"anon-rss:{anon // KIB}kB, file-rss:7420kB, shmem-rss:0kB, UID:0 pgtables:644kB oom_score_adj:0"]
        self.doc["end"]["kill"] = {
            "wall_ns": WALL + int(t * S), "uptime_ns": int((1000 + t) * S), "kind": "memcg", "pid": 4242, "comm": "api",
            "trigger_pid": 4242, "trigger_comm": "api", "oom_memcg": group, "task_memcg": group,
            "total_vm_bytes": 1264236 * KIB, "anon_rss_bytes": anon, "file_rss_bytes": 7420 * KIB, "shmem_rss_bytes": 0,
            "limit_bytes": self.limit, "usage_bytes": self.limit, "lines": lines}
        self.doc["kills"] = [self.doc["end"]["kill"]]

    def write(self, directory):
        def columns(rows):
            keys = sorted({k for r in rows for k in r})
            return {"n": len(rows), **{k: [r.get(k) for r in rows] for k in keys}}
        d = dict(self.doc, frames=self.frames, stacks=self.stacks, samples=columns(self.samples),
                 cycles=columns(self.cycles), snapshots=[])
        for s in self.snapshots:
            d["snapshots"].append({k: columns(v) if k in ("groups", "sites", "classes", "large") else v
                                   for k, v in s.items()})
        text = json.dumps(d, separators=(",", ":"), ensure_ascii=False)
        (directory / f"made-{self.name}.json").write_text(text.replace('"snapshots"', '\n"snapshots"') + "\n")


class Server:
    """Lives through a case. live(t), alloc(t) (bytes/s) and others are functions of seconds."""

    def __init__(self, case, live, alloc, seconds=120, gogc=100, non_heap=6 * MIB, native=lambda t: 0,
                 others=lambda t: 0, stacks=lambda t: 1 * MIB, goroutines=lambda t: 20, dies=True, rate=512 * KIB,
                 looks=(0.5, 15, 30, 45, 60, 75, 90, 105), notes=lambda t, s: None, memory_limit="off", gogc_before=(0, None)):
        self.__dict__.update({k: v for k, v in locals().items() if k != "self"})

    def snapshot(self, t, why, m):
        goal = m["goal"]
        s = {"t_ns": int(t * S), "why": why, "have_goroutines": True, "have_spans": True, "have_sites": self.rate > 0,
             "goroutines": int(self.goroutines(t)), "groups": [], "sites": [], "large": [],
             "object_bytes": m["live"], "span_bytes": m["live"] + 2 * MIB, "dead_bytes": 0, "torn_bytes": 0,
             "large_bytes": 0, "large_count": 0,
             "stats": {"heap_alloc_bytes": m["live"], "heap_inuse_bytes": m["live"] + 2 * MIB, "heap_free_bytes": m["free"],
                       "heap_live_bytes": m["live"], "heap_marked_bytes": m["marked"], "heap_goal_bytes": goal,
                       "total_alloc_bytes": m["total"], "mapped_ready_bytes": m["go"], "num_gc": len(self.case.cycles),
                       "stack_inuse_bytes": int(self.stacks(t)), "gogc": self.gogc, "memory_limit_bytes": self.memory_limit,
                       "mem_profile_rate": self.rate},
             "resident": {"rss_anon_bytes": m["anon"], "rss_file_bytes": 7 * MIB, "rss_shmem_bytes": 0, "swap_bytes": 0,
                          "heap_spans_bytes": m["live"] + 2 * MIB, "heap_nonresident_bytes": 0, "heap_free_bytes": m["free"],
                          "go_stacks_bytes": int(self.stacks(t)), "go_meta_bytes": self.non_heap - MIB, "go_meta_exact": True,
                          "image_anon_bytes": 512 * KIB, "thread_stacks_bytes": 256 * KIB, "native_bytes": int(self.native(t)),
                          "brk_bytes": 0, "threads": 9, "fds": 12},
             "charge": {"usage_bytes": m["charge"], "limit_bytes": self.case.limit or "none", "anon_bytes": m["anon"],
                        "file_bytes": 256 * KIB, "shmem_bytes": 0, "kernel_bytes": 768 * KIB, "sock_bytes": 0}}
        self.notes(t, s)
        self.case.snapshots.append(s)

    def moment(self, t, live, marked, goal, total, free):
        go = live + 2 * MIB + free + int(self.stacks(t)) + self.non_heap
        anon = go + int(self.native(t)) + 256 * KIB - 512 * KIB + 512 * KIB
        return {"live": live, "marked": marked, "goal": goal, "total": total, "free": free, "go": go, "anon": anon,
                "charge": anon + int(self.others(t)) + 1 * MIB}

    def sample(self, t, m):
        self.case.samples.append({
            "t_ns": int(t * S), "charge_bytes": m["charge"], "charge_file_bytes": 256 * KIB, "rss_anon_bytes": m["anon"],
            "rss_file_bytes": 7 * MIB, "rss_shmem_bytes": 0, "others_anon_bytes": int(self.others(t)),
            "heap_live_bytes": m["live"], "heap_marked_bytes": m["marked"], "heap_goal_bytes": m["goal"],
            "heap_inuse_bytes": m["live"] + 2 * MIB, "heap_free_bytes": m["free"], "stack_inuse_bytes": int(self.stacks(t)),
            "meta_bytes": self.non_heap - MIB, "mapped_ready_bytes": m["go"], "total_alloc_bytes": m["total"],
            "allglen": int(self.goroutines(t)) + 8, "num_gc": len(self.case.cycles), "threads": 9, "fds": 12})

    def live_through(self):
        c, t, marked, total = self.case, 0.0, 1 * MIB, 4 * MIB
        heap, top, goal = int(self.live(0)) + 1 * MIB, 0, 4 * MIB
        looks, next_sample = list(self.looks), 0.0
        c.doc["run"].update(begin_ns=0, begin_wall_ns=WALL)
        while t < self.seconds:
            grown = int(self.alloc(t) * STEP)
            heap, total = heap + grown, total + grown
            if heap >= goal and self.gogc >= 0:
                marked = int(self.live(t))
                percent = self.gogc_before[1] if t < self.gogc_before[0] else self.gogc
                heap, goal = marked + MIB // 2, max(4 * MIB, marked * (100 + percent) // 100)
                c.cycles.append({"t_ns": int(t * S), "num_gc": len(c.cycles) + 1, "heap_marked_bytes": marked,
                                 "heap_goal_bytes": goal})
            top = max(top, heap)
            m = self.moment(t, heap, marked, goal, total, min(max(top - heap, 0), max(goal - heap, 0)))
            if c.cycles and "non_heap_bytes" not in c.cycles[-1]:
                c.cycles[-1]["non_heap_bytes"] = m["charge"] - heap - 2 * MIB - m["free"]
            if c.limit and m["charge"] >= c.limit and self.dies:
                self.die(t, dict(m, charge=c.limit))
                break
            if t >= next_sample:
                self.sample(t, m)
                next_sample += 1.0
            if looks and t >= looks[0]:
                looks.pop(0)
                self.snapshot(t, "start" if len(looks) + 1 == len(self.looks) else "periodic", m)
            t = round(t + STEP, 3)
        else:
            self.snapshot(t, "end", m)
        c.doc["run"]["end_ns"] = int(t * S)
        c.doc["end"].update(t_ns=int(t * S), wall_ns=WALL + int(t * S))
        c.doc["limits"][0]["usage_bytes"] = m["charge"]
        c.doc["processes"] = [{"pid": 4242, "comm": "api", "target": True, "rss_anon_bytes": m["anon"],
                               "first_rss_anon_bytes": c.samples[0]["rss_anon_bytes"], "oom_score_adj": 0}]
        return c

    def die(self, t, m):
        self.sample(t, m)
        self.snapshot(t, "kill", m)
        self.case.kill_line(t, m["anon"])


def group(s, stack, count, state, wait, created_by, start, each=2 * KIB):
    s["groups"].append({"count": int(count), "state": state, "system": False, "stack": stack, "created_by": created_by,
                        "start": start, "stack_bytes": int(count) * each, "wait_min_ns": 0, "wait_max_ns": int(wait * S), "wait_mean_ns": int(wait * S / 2) if wait >= 0 else -1})


def site(s, stack, objects, size, survival=1.0, behind=0.5):
    """In use at the end; of it the published profile has the share @behind."""
    latest, n = int(objects * size), int(objects)
    s["sites"].append({"stack": stack, "object_bytes": size, "alloc_objects": int(n * behind / survival),
                       "alloc_bytes": int(latest * behind / survival), "inuse_objects": int(n * behind),
                       "inuse_bytes": int(latest * behind), "latest_alloc_objects": int(n / survival),
                       "latest_alloc_bytes": int(latest / survival), "latest_inuse_objects": n,
                       "latest_inuse_bytes": latest})


def large(s, *sizes, type=None, marked=True):
    s["large"] = [{"size_bytes": x, "type": type, "marked": marked} for x in sorted(sizes, reverse=True)]
    s["large_bytes"], s["large_count"] = sum(sizes), len(sizes)


def leaking_goroutines(name, rate, go="go1.26.8"):
    """Each request leaves a goroutine in a channel send, with 16 KiB of its own."""
    c = Case(name, go=go)
    count = lambda t: 20 + 120 * t
    serve = c.own("main.(*quotes).fetch", "quotes.go", 41)
    send = c.own("main.(*quotes).fetch.func1", "quotes.go", 47)
    made = c.own("main.(*quotes).fetch.func1", "quotes.go", 44)
    waits = c.stack(c.frame("runtime.gopark", "runtime/proc.go", 398), c.frame("runtime.chansend1", "runtime/chan.go", 145), send)

    def notes(t, s):
        group(s, waits, count(t) - 20, "chan send", max(t - 1, 0), serve, "main.(*quotes).fetch.func1")
        if rate:
            site(s, c.stack(made), count(t) - 20, 16 * KIB)
    return Server(c, live=lambda t: 2 * MIB + (count(t) - 20) * 16 * KIB, alloc=lambda t: 3 * MIB, goroutines=count,
                  stacks=lambda t: (count(t)) * 2 * KIB, notes=notes, rate=rate).live_through()


def goroutine_leak():
    return leaking_goroutines("goroutine-leak", 512 * KIB)


def goroutine_leak_stripped():
    return leaking_goroutines("goroutine-leak-no-profile", 0, go="go1.19.13")


def heap_growth(name="heap-growth", rate=512 * KIB):
    c = Case(name)
    put = c.stack(c.frame("runtime.makeslice", "runtime/slice.go", 103), c.own("main.(*store).put", "store.go", 57),
                  c.own("main.(*api).post", "api.go", 21))
    config = c.stack(c.own("main.load", "config.go", 9))

    def notes(t, s):
        if rate:
            site(s, put, t * 110, 16 * KIB)
            site(s, config, 10, 256 * KIB, behind=1.0)
    return Server(c, live=lambda t: 5 * MIB + t * 1.8 * MIB, alloc=lambda t: 6 * MIB, notes=notes, rate=rate).live_through()


def heap_growth_no_profile():
    c = heap_growth("heap-growth-no-profile", 0)
    c.doc["missing"] = [{"what": "heap profile", "why": "heap profiling is off: the linker left it out"}]
    return c


def two_leaks():
    c = Case("two-leaks")
    count = lambda t: 20 + 40 * t
    go, send = c.own("main.(*hub).join", "hub.go", 30), c.own("main.(*client).pump", "client.go", 88)
    put = c.stack(c.own("main.(*store).put", "store.go", 57), c.own("main.(*api).post", "api.go", 21))

    def notes(t, s):
        group(s, c.stack(c.frame("runtime.gopark", "runtime/proc.go", 398), send), count(t) - 20, "select", max(t - 1, 0), go,
              "main.(*client).pump")
        site(s, c.stack(send), count(t) - 20, 16 * KIB)
        site(s, put, t * 40, 16 * KIB)
    return Server(c, live=lambda t: 4 * MIB + t * 80 * 16 * KIB, alloc=lambda t: 4 * MIB, goroutines=count,
                  stacks=lambda t: count(t) * 2 * KIB, notes=notes).live_through()


def large_object():
    c = Case("large-object-load")
    path = c.stack(c.frame("io.ReadAll", "io/io.go", 712), c.own("main.(*ledger).statement", "ledger.go", 85))
    start = 61.0
    size = lambda t: max(0, (t - start) * 90 * MIB)

    def notes(t, s):
        if size(t) > 0:
            large(s, int(size(t) * 0.6), int(size(t) * 0.4))
            site(s, path, 1, int(size(t) * 0.6), behind=0)
            site(s, path, 1, int(size(t) * 0.4), behind=0)
            group(s, path, 1, "GC assist wait", 0, c.frame("net/http.(*Server).Serve", "net/http/server.go", 3285),
                  "net/http.(*conn).serve")
    return Server(c, live=lambda t: 12 * MIB + size(t), alloc=lambda t: 90 * MIB if t > start else 4 * MIB,
                  looks=(0.5, 15, 30, 45, 60), notes=notes).live_through()


def gogc():
    c = Case("gogc-too-high")
    return Server(c, live=lambda t: 60 * MIB, alloc=lambda t: 12 * MIB, gogc=400, gogc_before=(70, 100),
                  looks=(0.5, 20, 40, 60, 75)).live_through()


def gogc_memory_limit_fits():
    """The same server with GOMEMLIMIT lives on."""
    c = Case("memory-limit-set")
    c.doc["end"].update(alive=True, observed=False, signal=0, group_counted_kill=None, kernel_log_read=None)
    return Server(c, live=lambda t: 60 * MIB, alloc=lambda t: 9 * MIB, gogc=100, memory_limit=220 * MIB,
                  dies=False).live_through()


def limit_too_low():
    c = Case("limit-too-low")
    return Server(c, live=lambda t: min(195 * MIB, t * 40 * MIB), alloc=lambda t: 40 * MIB if t < 6 else 8 * MIB if t < 70 else 14 * MIB,
                  gogc=17, looks=(0.5, 20, 40, 60)).live_through()


def cgo_leak():
    c = Case("cgo-leak")
    c.doc["subject"]["has_cgo"] = True
    native = lambda t: t * 2.5 * MIB
    call = c.stack(c.frame("runtime.cgocall", "runtime/cgocall.go", 158), c.own("main._Cfunc_picture_scale", "_cgo_gotypes.go", 90),
                   c.own("main.(*scaler).thumb", "thumbs.go", 88))

    def notes(t, s):
        if 40 < t < 80:
            group(s, call, 1, "syscall", -1 / S, c.frame("net/http.(*Server).Serve", "net/http/server.go", 3285),
                  "net/http.(*conn).serve")
    return Server(c, live=lambda t: 6 * MIB, alloc=lambda t: 5 * MIB, native=native, notes=notes).live_through()


def neighbour():
    c = Case("neighbour")
    others = lambda t: 8 * MIB if t < 20 else 8 * MIB + (t - 20) * 2.5 * MIB
    Server(c, live=lambda t: 50 * MIB, alloc=lambda t: 6 * MIB, others=others).live_through()
    c.doc["processes"].append({"pid": 4300, "comm": "nightly-batch", "target": False, "first_rss_anon_bytes": 7 * MIB,
                               "rss_anon_bytes": int(others(c.doc["end"]["t_ns"] / S)) - MIB, "oom_score_adj": 0})
    c.doc["processes"].append({"pid": 4301, "comm": "sh", "target": False, "first_rss_anon_bytes": MIB, "rss_anon_bytes": MIB,
                               "oom_score_adj": 0})
    return c


def not_oom():
    c = Case("not-oom")
    Server(c, live=lambda t: 40 * MIB, alloc=lambda t: 8 * MIB, dies=False, seconds=60).live_through()
    c.doc["end"].update(group_counted_kill=False)
    return c


def sigkill_unconfirmed():
    c = not_oom()
    c.name = "sigkill-nothing-readable"
    c.doc["end"].update(group_counted_kill=None, kernel_log_read=None)
    c.doc["missing"] = [{"what": "kernel log", "why": "/dev/kmsg: permission denied"},
                        {"what": "group counters", "why": "no memory controller"}]
    return c


def healthy():
    c = Case("healthy")
    c.doc["end"] = {"alive": True, "observed": False, "exit_status": None, "signal": 0}
    c.doc["run"]["mode"] = "diagnose"
    return Server(c, live=lambda t: 40 * MIB, alloc=lambda t: 8 * MIB, dies=False, seconds=60).live_through()


def leak_alive():
    c = heap_growth("leak-alive")
    c.samples = [s for s in c.samples if s["t_ns"] < 60 * S]
    c.cycles = [y for y in c.cycles if y["t_ns"] < 60 * S]
    c.snapshots = [s for s in c.snapshots if s["t_ns"] < 60 * S]
    c.doc["end"] = {"alive": True, "observed": False, "exit_status": None, "signal": 0}
    c.doc["run"].update(mode="diagnose", end_ns=60 * S)
    c.doc["limits"][0]["usage_bytes"] = c.samples[-1]["charge_bytes"]
    c.doc["processes"][0]["rss_anon_bytes"] = c.samples[-1]["rss_anon_bytes"]
    c.doc["kills"] = []
    return c


def worker_pool():
    """A thousand workers, started at once, wait for work while the heap leaks."""
    c = heap_growth("worker-pool-and-leak")
    go, wait = c.own("main.startWorkers", "pool.go", 12), c.own("main.worker", "pool.go", 20)
    stack = c.stack(c.frame("runtime.gopark", "runtime/proc.go", 398), c.frame("runtime.chanrecv1", "runtime/chan.go", 442), wait)
    for s in c.snapshots:
        group(s, stack, 0 if s["t_ns"] < 10 * S else 1000, "chan receive", s["t_ns"] / S - 8, go, "main.worker")
    return c


def log_only(kind):
    c = Case("kernel-log-" + kind)
    c.kill_line(12.5, 250 * MIB)
    kill = c.doc["kills"][0]
    kill.update(wall_ns=None, tasks={"n": 2, "pid": [4242, 17], "comm": ["api", "sh"], "rss_bytes": [258 * MIB, MIB],
                                     "oom_score_adj": [0, 0]})
    if kind == "global":
        kill.update(kind="global", oom_memcg=None, limit_bytes=None, usage_bytes=None,
                    tasks={"n": 4, "pid": [4242, 99, 17, 18], "comm": ["api", "java", "postgres", "sshd"],
                           "rss_bytes": [300 * MIB, 9 << 30, 900 * MIB, 4 * MIB], "oom_score_adj": [900, 0, 0, -1000]})
        kill["lines"] = ["[ 1012.500000] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
                         "task_memcg=/system.slice/api.service,task=api,pid=4242,uid=0",
                         "[ 1012.500000] Out of memory: Killed process 4242 (api) total-vm:1264236kB, anon-rss:256000kB, "
                         "file-rss:7420kB, shmem-rss:0kB, UID:0 pgtables:644kB oom_score_adj:900"]
    c.doc.update(limits=[], subject={"pid": 4242, "comm": "api"}, host={},
                 end={"alive": False, "observed": False, "exit_status": None, "signal": None, "kill": kill,
                      "kernel_log_read": True, "group_counted_kill": None},
                 run={"mode": "kernlog", "tool_version": "0.1.0", "samples_lost": None})
    return c


def oomd():
    c = Case("systemd-oomd")
    c.doc["end"].update(group_counted_kill=False, kernel_log_read=True, other_killer="systemd-oomd",
                        other_line="systemd-oomd[512]: Killed /system.slice/api.service due to memory pressure for "
                                   "/system.slice being 92.51% > 60.00% for > 20s with reclaim activity")
    return c


def go_runtime():
    c = Case("go-runtime-out-of-memory", limit=0)
    c.doc["end"].update(exit_status=2, signal=0, group_counted_kill=False,
                        go_fatal="fatal error: runtime: cannot allocate memory")
    return c


CASES = [goroutine_leak, goroutine_leak_stripped, heap_growth, heap_growth_no_profile, two_leaks, large_object, gogc,
         gogc_memory_limit_fits, limit_too_low, cgo_leak, neighbour, not_oom, sigkill_unconfirmed, healthy, leak_alive,
         worker_pool, lambda: log_only("memcg"), lambda: log_only("global"), oomd, go_runtime]

if __name__ == "__main__":
    here = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__ and pathlib.Path(__file__).parent)
    for make in CASES:
        make().write(here)
