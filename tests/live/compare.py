"""compare: what whyoom reads of a program that stands still against what the program says of itself.

The program is testdata/told: it answers one letter on stdin (see its main.go). Each function returns a list of
differences, in words; an empty list means equal.
"""
import collections
import gzip
import json
import pathlib
import re
import subprocess

COUNTED = ("Alloc TotalAlloc Sys Lookups Mallocs Frees HeapAlloc HeapSys HeapIdle HeapInuse HeapReleased HeapObjects "
           "StackInuse StackSys MSpanInuse MSpanSys MCacheInuse MCacheSys BuckHashSys GCSys OtherSys NextGC "
           "PauseTotalNs NumGC NumForcedGC").split()
TRIES = 6  # the scavenger works in the background: what changed between two of its own answers is read again


class Told:
    """Talks to a running told; @command runs whyoom: a list of arguments in, CompletedProcess out."""

    def __init__(self, server, folder, command):
        self.server, self.folder, self.command = server, pathlib.Path(folder), command

    def ask(self, letter):
        self.server.process.stdin.write(letter)
        self.server.process.stdin.flush()
        answer = []
        while line := self.server.process.stdout.readline().rstrip("\n"):
            answer.append(line)
        return answer

    def json(self, *args):
        done = self.command([*args, "--json"])
        if done.returncode or not done.stdout:
            raise Unread((done.stderr or done.stdout).strip().splitlines()[-1:] or [f"exit {done.returncode}"])
        return json.loads(done.stdout)


class Unread(Exception):
    """whyoom gave no answer; its own words."""

    def __init__(self, words):
        super().__init__(words[0])


def checks_failed(stats):
    if not stats["checks"]:
        return ["no identity was checked"]
    return [f"{c['name']}: {c.get('detail', 'does not hold')}" for c in stats["checks"] if not c["ok"]]


def _said(told):
    return dict(line.split("=", 1) for line in told.ask("m"))


def stats(told, pid):
    """(differences, the stats as read)."""
    for _ in range(TRIES):
        before, ours, after = _said(told), told.json("stats", pid), _said(told)
        if all(before[name] == after[name] for name in COUNTED):
            break
    else:
        return ["the program's own statistics never stood still"], ours
    wrong = []
    for name in COUNTED:
        if ours["memstats"][name] != int(after[name]):
            wrong.append(f"{name}: read {ours['memstats'][name]}, the program says {after[name]}")
    if ours["memstats"]["EnableGC"] != (after["EnableGC"] == "1"):
        wrong.append("EnableGC")
    if abs(ours["memstats"]["GCCPUFraction"] - float(after["GCCPUFraction"])) > 1e-9:
        wrong.append("GCCPUFraction")
    return wrong, ours


_HEADER = re.compile(r"^goroutine \d+ (?:gp=.*? )?\[([^\]]*)\]:$")
_BY = re.compile(r"^created by (.*?)(?: in goroutine \d+)?$")
_AGE = re.compile(r"(, \d+ minutes)?(, locked to thread)?$")
_GENERIC = re.compile(r"\[.*\]")
_PLACE = re.compile(r"^\t(.*):(\d+)(?: \+0x[0-9a-f]+)?(?: fp=.*)?$")


def traceback(text):
    """runtime.Stack of all goroutines as {(state, frames, creator): how many}, without the one that asked."""
    found = collections.Counter()
    for block in text.strip().split("\n\n"):
        lines = block.rstrip("\n").split("\n")
        state = _AGE.sub("", _HEADER.match(lines[0])[1])
        frames, creator = [], ""
        for name, place in zip(lines[1::2], lines[2::2]):
            file, line = _PLACE.match(place).groups()
            made = _BY.match(name)
            if made:
                creator = made[1]
            else:
                name = name[:name.rindex("(")] if name.endswith(")") else name
                name = "runtime.gopanic" if name == "panic" else name  # so tracebacks print it (runtime/traceback.go)
                frames.append((name, file, int(line)))
        if not any(name == "main.serve" for name, _, _ in frames):
            found[state, tuple(frames), creator] += 1
    return found


def goroutines_read(told, pid):
    found = collections.Counter()
    for group in told.json("goroutines", pid)["groups"]:
        frames = tuple((f["function"], f["file"], f["line"]) for f in group["stack"])
        if not group["system"] and not any(name == "main.serve" for name, _, _ in frames):
            creator = (group.get("created_by") or {}).get("function", "")
            found[group["state"], frames, creator] += group["count"]
    return found


def _differ(what, ours, theirs):
    both = ours & theirs
    return [f"{n} {what} {'read only' if more is ours else 'only in the program'}: {key}"[:900]
            for more in (ours, theirs) for key, n in (more - both).items()]


def goroutines(told, pid):
    ours = goroutines_read(told, pid)
    told.ask("s")
    theirs = traceback((told.folder / "stacks").read_text())
    return _differ("goroutines", ours, theirs) or ([] if theirs else ["the program has no goroutines"])


def _varint(b, at):
    value = shift = 0
    while True:
        value |= (b[at] & 127) << shift
        shift += 7
        at += 1
        if b[at - 1] < 128:
            return value, at


def _fields(b):
    at = 0
    while at < len(b):
        tag, at = _varint(b, at)
        if tag & 7 == 0:
            value, at = _varint(b, at)
        else:
            assert tag & 7 == 2, tag
            n, at = _varint(b, at)
            value, at = b[at:at + n], at + n
        yield tag >> 3, value


def _packed(value):
    if isinstance(value, int):
        return [value]
    out, at = [], 0
    while at < len(value):
        one, at = _varint(value, at)
        out.append(one)
    return out


def profile(data):
    """A pprof file as {(values), (frames innermost first)}: how often; with it the sample types and the period."""
    strings, functions, locations, samples, types, period = [], {}, {}, [], [], 0
    for field, value in _fields(gzip.decompress(data)):
        if field == 6:
            strings.append(value.decode())
        elif field == 5:
            f = dict(_fields(value))
            functions[f[1]] = (f.get(2, 0), f.get(4, 0))
        elif field == 4:
            lines, number = [], 0
            for k, v in _fields(value):
                if k == 1:
                    number = v
                elif k == 4:
                    line = dict(_fields(v))
                    lines.append((line[1], line.get(2, 0)))
            locations[number] = lines
        elif field == 2:
            where, values = [], []
            for k, v in _fields(value):
                if k == 1:
                    where += _packed(v)
                elif k == 2:
                    values += _packed(v)
            samples.append((tuple(values), where))
        elif field == 1:
            types.append(dict(_fields(value)))
        elif field == 12:
            period = value
    found = collections.Counter()
    for values, where in samples:
        frames = tuple((strings[functions[f][0]], strings[functions[f][1]], line)
                       for place in where for f, line in locations[place])
        found[values, frames] += 1
    return found, tuple(strings[t.get(1, 0)] for t in types), period


def _comparable(samples):
    """Generic functions as tracebacks call them, "F[...]"; since Go 1.21 a profile has "F[go.shape.string]"."""
    found = collections.Counter()
    for (values, frames), n in samples.items():
        if any(values):  # a site of nothing: writing the profile may have been sampled itself
            found[values, tuple((_GENERIC.sub("[...]", name), file, line) for name, file, line in frames)] += n
    return found


def heap_profile(told, pid):
    out = told.folder / "read.pb.gz"
    done = told.command(["heap", pid, "-o", str(out)])
    if done.returncode:
        raise Unread(done.stderr.strip().splitlines()[-1:] or [f"exit {done.returncode}"])
    told.ask("h")
    ours, our_types, our_period = profile(out.read_bytes())
    theirs, their_types, their_period = profile((told.folder / "heap.pb.gz").read_bytes())
    wrong = _differ("samples", _comparable(ours), _comparable(theirs))
    if (our_types, our_period) != (their_types, their_period):
        wrong.append(f"types or period: read {our_types} {our_period}, the program has {their_types} {their_period}")
    return wrong or ([] if theirs else ["the program's profile is empty"])


def command_of(whyoom, exe=None, timeout=180):
    """How to run whyoom, for Told."""
    extra = ["--exe", str(exe)] if exe else []

    def run(args):
        return subprocess.run([whyoom, *map(str, args), *extra], capture_output=True, text=True, timeout=timeout)
    return run
