#!/usr/bin/python3
"""extract-layout.py: the layout files of src/goruntime/layouts/ from Go toolchains.

    extract-layout.py --go 1.28.0 --arch amd64    its layout on stdout
    extract-layout.py --binary SERVER             of a binary with DWARF
    extract-layout.py --go 1.26.9 --experiment nogreenteagc --base 26-amd64.json
                                                  what the experiment changes in that file
    extract-layout.py --check [FILE...]           reads the committed files' releases again and
                                                  compares bytes; exit status 1 where they differ
    extract-layout.py --write [FILE...]           the same, and writes them
    extract-layout.py --go 1.26.9 --all-experiments
                                                  which experiments change the layout

A tiny program is built by that toolchain (GOTOOLCHAIN=go1.28.0, fetched through
the Go module proxy by any go from 1.21 on) and the structures and constants of its
runtime are read from its DWARF. --from and --to say which releases the file holds
for; "read" in the file is the one that it was read from. Needs Debian's
python3-pyelftools.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from elftools.elf.elffile import ELFFile

LAYOUTS = pathlib.Path(__file__).resolve().parent.parent / "src/goruntime/layouts"
STRUCTS = """
runtime.mheap runtime.mspan runtime.heapArena runtime.mcache runtime.mcentral runtime.mstats
runtime.gcControllerState runtime.heapStatsDelta runtime.consistentHeapStats runtime.bucket
runtime.memRecord runtime.memRecordCycle runtime.g runtime.m runtime.p runtime.sudog runtime.hchan
runtime.stack runtime.gobuf runtime.moduledata runtime.pcHeader runtime._func runtime.special
runtime.specialfinalizer runtime.specialprofile runtime.specialCleanup runtime._type
internal/abi.Type runtime.schedt runtime.workType runtime.hmap runtime.bmap
internal/runtime/maps.Map internal/runtime/maps.table internal/runtime/maps.groupsReference
runtime.spanInlineMarkBits runtime.stackmap runtime.funcInlTree runtime.inlinedCall
runtime.traceStackTable runtime.pageAlloc runtime.limiterEvent runtime.gcCPULimiterState
runtime.timeHistogram runtime.cpuStats runtime.sysStatsAggregate runtime.stackfreelist
runtime.finblock runtime.finalizer runtime.persistentAlloc runtime.mSpanStateBox runtime.fixalloc
runtime.mSpanList runtime.spanSet runtime.findfuncbucket runtime.functab runtime.textsect
runtime._defer runtime._panic runtime.itab internal/abi.ITab runtime.modulehash
runtime.scavengeIndex runtime.linearAlloc runtime.arenaHint runtime.notInHeapSlice
runtime.cleanupBlock runtime.cleanupFn runtime.cleanupQueue runtime.spanScanInfo
runtime.scavengerState runtime.godebugs runtime.dbgVar runtime.gcBits runtime.gcBitsArena
runtime.synctestBubble runtime.xRegState runtime.gTraceState runtime.coro runtime.ancestorInfo
runtime.timer runtime.timers runtime.waitq runtime.profBuf runtime.debugVars
runtime.finBlock runtime.specialWeakHandle runtime.specialPinCounter runtime.timerWhen
runtime.mapextra runtime.mProfCycleHolder runtime.semaRoot
""".split()
FLAT = {"runtime.m", "runtime.p"}  # large: less deep
TYPES = {"DW_TAG_structure_type", "DW_TAG_typedef", "DW_TAG_array_type", "DW_TAG_base_type",
         "DW_TAG_pointer_type"}
# A variable's type that had no name in some releases, under the name that it got later.
UNNAMED = {"runtime.work": "runtime.workType"}
PROGRAM = """package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

func main() {
	m := map[string]int{os.Args[0]: len(os.Args)}
	c := make(chan int, 1)
	go func() { c <- len(m) }()
	runtime.SetFinalizer(&[16]byte{}, func(*[16]byte) {})
	debug.SetGCPercent(100 + <-c)
	metrics.Read([]metrics.Sample{{Name: "/memory/classes/total:bytes"}})
}
"""


def build(version, arch, experiment, out):
    """Builds PROGRAM with DWARF that is not compressed."""
    source = out.parent / "program"
    source.mkdir(exist_ok=True)
    (source / "main.go").write_text(PROGRAM)
    (source / "go.mod").write_text("module example.org/layout\n\ngo 1.18\n")
    env = {**os.environ, "GOOS": "linux", "GOARCH": arch, "CGO_ENABLED": "0", "GOFLAGS": "-mod=mod",
           "GOEXPERIMENT": experiment, "GOTOOLCHAIN": f"go{version}" if version else "local"}
    subprocess.run(["go", "build", "-ldflags=-compressdwarf=false", "-o", str(out), "."],
                   cwd=source, env=env, check=True)


class Dwarf:
    def __init__(self, path):
        self.file = open(path, "rb")
        elf = ELFFile(self.file)
        self.arch = {"EM_X86_64": "amd64", "EM_AARCH64": "arm64"}[elf["e_machine"]]
        self.types, self.variables, self.constants = {}, {}, {}
        for unit in elf.get_dwarf_info().iter_CUs():
            for die in unit.get_top_DIE().iter_children():
                self.note(die)

    def note(self, die):
        name = name_of(die, None)
        if not name:
            return
        if die.tag in TYPES:
            if name not in self.types or die.tag == "DW_TAG_structure_type":
                self.types[name] = die
        elif die.tag == "DW_TAG_variable":
            self.variables[name] = die
        elif die.tag == "DW_TAG_constant":
            value = die.attributes.get("DW_AT_const_value")
            self.constants[name] = value.value if value else None


def name_of(die, otherwise):
    attribute = die.attributes.get("DW_AT_name")
    return attribute.value.decode() if attribute else otherwise


def type_of(die):
    return die.get_DIE_from_attribute("DW_AT_type")


def strip(die):
    while die.tag == "DW_TAG_typedef":
        die = type_of(die)
    return die


def size_of(die):
    die = strip(die)
    if "DW_AT_byte_size" in die.attributes:
        return die.attributes["DW_AT_byte_size"].value
    return 8 if die.tag == "DW_TAG_pointer_type" else None


def offset_of(member):
    """Its location: a number, or DW_OP_plus_uconst and one."""
    value = member.attributes["DW_AT_data_member_location"].value
    if not isinstance(value, list):
        return value
    offset = 0
    for i, byte in enumerate(value[1:]):
        offset |= (byte & 0x7F) << 7 * i
    return offset


def fields_of(die, prefix="", base=0, depth=5):
    fields = []
    for member in strip(die).iter_children():
        if member.tag != "DW_TAG_member":
            continue
        name, at, kind = name_of(member, ""), base + offset_of(member), type_of(member)
        fields.append([prefix + name, at, size_of(kind), name_of(kind, kind.tag)])
        if (strip(kind).tag == "DW_TAG_structure_type" and depth
                and not name_of(kind, "").startswith(("string", "[]"))):
            fields += fields_of(kind, prefix + name + ".", at, depth - 1)
    return fields


def structs_of(dwarf):
    types = dict(dwarf.types)
    for variable, name in UNNAMED.items():
        if name not in types and variable in dwarf.variables:
            types[name] = type_of(dwarf.variables[variable])
    return {name: {"size": size_of(types[name]),
                   "fields": fields_of(types[name], depth=3 if name in FLAT else 5)}
            for name in STRUCTS if name in types}


def extract(binary, go):
    dwarf = Dwarf(binary)
    constants = {k: v for k, v in dwarf.constants.items() if k.startswith(("runtime.", "internal/"))}
    return {"go": go, "arch": dwarf.arch, "structs": structs_of(dwarf), "consts": constants}


def of_release(version, arch, experiment, go):
    with tempfile.TemporaryDirectory() as scratch:
        binary = pathlib.Path(scratch) / "a.out"
        build(version, arch, experiment, binary)
        return extract(binary, go)


def lines_of(mapping):
    return ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(mapping.items()))


def text_of(layout):
    """One structure a line, so that versions can be compared."""
    return (f'{{"go": {json.dumps(layout["go"])},\n"arch": "{layout["arch"]}",\n'
            f'"structs": {{\n{lines_of(layout["structs"])}}},\n'
            f'"consts": {{\n{lines_of(layout["consts"])}}}}}\n')


def changes(layout, base):
    """The structures that are not as in the base; None: the base's alone."""
    names = {**base["structs"], **layout["structs"]}
    return {n: layout["structs"].get(n) for n in names
            if base["structs"].get(n) != layout["structs"].get(n)}


def overlay_of(layout, base_path):
    changed = changes(layout, json.loads(base_path.read_text()))
    return (f'{{"go": {json.dumps(layout["go"])},\n"arch": "{layout["arch"]}",\n'
            f'"base": "../{base_path.name}",\n"structs": {{\n{lines_of(changed)}}}}}\n')


def toolchain_of(release):
    """1.21 and later have a .0, before the first release has none."""
    minor, *patch = release.split(".")[1:]
    if patch in ([], ["0"]):
        return f"1.{minor}.0" if int(minor) >= 21 else f"1.{minor}"
    return release


def again(path, release):
    """The text of a file of layouts/ as its toolchain gives it now."""
    old = json.loads(path.read_text())
    read = release or old["go"].get("read") or old["go"]["to"]
    layout = of_release(toolchain_of(read), old["arch"], old["go"].get("experiment", ""),
                        {**old["go"], "read": read})
    return overlay_of(layout, path.parent / old["base"]) if "base" in old else text_of(layout)


def check(path, release, write):
    """False where the file is not what its toolchain gives."""
    try:
        new = again(path, release)
    except subprocess.CalledProcessError:
        print(f"{path.name}: skipped: its toolchain cannot be had", flush=True)
        return True
    same = new == path.read_text()
    if write:
        path.write_text(new)
    print(f"{path.name}: {'the same' if same else 'written' if write else 'DIFFERS'}", flush=True)
    return same or write


def experiments_of(version):
    """The names that this toolchain's internal/goexperiment knows."""
    env = {**os.environ, "GOTOOLCHAIN": f"go{version}" if version else "local"}
    root = subprocess.run(["go", "env", "GOROOT"], env=env, check=True, capture_output=True, text=True)
    flags = pathlib.Path(root.stdout.strip()) / "src/internal/goexperiment/flags.go"
    return [n.lower() for n in re.findall(r"^\t([A-Z]\w+) +bool", flags.read_text(), re.M)]


def all_experiments(version, arch):
    plain = of_release(version, arch, "", {})
    for name in experiments_of(version):
        for experiment in (name, "no" + name):
            try:
                changed = changes(of_release(version, arch, experiment, {}), plain)
                print(f"{experiment}: {', '.join(sorted(changed)) or 'changes nothing'}", flush=True)
            except subprocess.CalledProcessError:
                print(f"{experiment}: cannot be built")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--go", default="", help="release: 1.28.0; the go on PATH without it")
    parser.add_argument("--arch", default="amd64", choices=["amd64", "arm64"])
    parser.add_argument("--experiment", default="", help="GOEXPERIMENT")
    parser.add_argument("--all-experiments", action="store_true")
    parser.add_argument("--base", help="an overlay on that file of layouts/")
    parser.add_argument("--binary", type=pathlib.Path)
    parser.add_argument("--from", dest="first", help="first release it holds for")
    parser.add_argument("--to", dest="last")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    return parser.parse_args()


def main():
    args = arguments()
    if args.check or args.write:
        files = args.files or sorted(LAYOUTS.glob("*.json")) + sorted(LAYOUTS.glob("experiments/*.json"))
        results = [check(path, args.go, args.write) for path in files]
        sys.exit(0 if all(results) else 1)
    if args.all_experiments:
        all_experiments(args.go, args.arch)
        return
    go = {"from": args.first or args.go, "to": args.last or args.go}
    if args.experiment:
        go["experiment"] = args.experiment
    go["read"] = args.go
    if args.binary:
        layout = extract(args.binary, go)
    else:
        layout = of_release(args.go, args.arch, args.experiment, go)
    sys.stdout.write(overlay_of(layout, LAYOUTS / args.base) if args.base else text_of(layout))


main()
