"""cells: which Go releases, kinds of build and architectures there are, and how each is built and started."""
import os
import pathlib
import shutil
import struct
import subprocess

import harness

TESTDATA = harness.ROOT / "tests/live/testdata"
QEMU = "qemu-aarch64-static"
SYSROOT = "/usr/aarch64-linux-gnu"

# First and newest patch of each minor, and both sides of where the runtime's structures move within one.
VERSIONS = ("1.18 1.18.7 1.18.8 1.18.10 1.19 1.19.3 1.19.4 1.19.13 1.20 1.20.14 1.21.0 1.21.13 1.22.0 1.22.12 "
            "1.23.0 1.23.2 1.23.3 1.23.4 1.23.11 1.23.12 1.24.0 1.24.5 1.24.6 1.24.13 1.25.0 1.25.11 1.26.0 1.26.9 "
            "1.27.0 1.27.2").split()
ARCHITECTURES = ("amd64", "arm64")

STRIP = "-s -w"
STATIC_PIE = "-s -w -linkmode=external '-extldflags=-static-pie'"

# name: what the columns of docs/matrix.md mean; how it is built (flags of go build, tags, cgo) and started.
BUILDS = {
    "symbols": dict(says="as `go build` leaves it, without cgo"),
    "stripped": dict(says="`-ldflags '-s -w'`", ldflags=STRIP),
    "pie": dict(says="`-buildmode=pie`, linked by Go's linker, stripped", ldflags=STRIP, mode="pie"),
    "pie-ext": dict(says="`-buildmode=pie -linkmode=external`, cgo, stripped", ldflags=STRIP + " -linkmode=external",
                    mode="pie", tags="told_cgo", cgo=True),
    "cgo": dict(says="calls C, linked by gcc", tags="told_cgo", cgo=True),
    "dynamic": dict(says="the C library's resolver, linked by Go's linker, stripped", tags="told_net", cgo=True,
                    ldflags=STRIP),
    "static": dict(says="cgo, `-extldflags=-static`, stripped", tags="told_cgo", cgo=True,
                   ldflags="-s -w -linkmode=external '-extldflags=-static'"),
    "static-pie": dict(says="cgo, `-buildmode=pie -extldflags=-static-pie`, stripped", tags="told_cgo", cgo=True,
                       mode="pie", ldflags=STATIC_PIE),
    "race": dict(says="`-race`", flags=["-race"], cgo=True),
    "no-sections": dict(says="stripped, its section headers taken away", ldflags=STRIP, after="drop_sections"),
    "packed": dict(says="as a packer leaves it: all segments in anonymous memory, `/proc/PID/exe` is the loader",
                   ldflags=STRIP, start="start_packed"),
    "deleted": dict(says="stripped, its file deleted while it runs", ldflags=STRIP, start="start_deleted"),
    "c-shared": dict(says="`-buildmode=c-shared`, stripped, loaded by a C program", ldflags=STRIP, mode="c-shared",
                     tags="told_shared told_cgo", cgo=True, start="start_shared"),
    "plugin": dict(says="with a plugin loaded: two modules", tags="told_plugin", cgo=True, start="start_plugin"),
}

# With the go on PATH; part of the live tests.
QUICK = [(None, build, "amd64") for build in ("symbols", "pie", "no-sections", "packed", "deleted", "c-shared")]


class Skip(Exception):
    """The cell cannot be run here, and why."""


def unavailable(version, build, arch):
    """Why this cell cannot be run on this machine, or None."""
    if version and not harness.has_toolchain(version):
        return f"no toolchain go{version} to be had"
    if arch == "arm64":
        if build == "race":
            return "arm64 race: the race detector's shadow memory does not fit under qemu's user emulation"
        if not shutil.which(QEMU):
            return f"arm64: no {QEMU}"
        if BUILDS[build].get("cgo") and not shutil.which("aarch64-linux-gnu-gcc"):
            return "arm64 with cgo: no aarch64-linux-gnu-gcc"
    if (BUILDS[build].get("cgo") or build == "packed") and not shutil.which("gcc"):
        return "no gcc"
    return None


def gcc(arch):
    return "gcc" if arch == "amd64" else "aarch64-linux-gnu-gcc"


def compile_c(source, arch, *flags):
    out = harness.BUILDS / f"{pathlib.Path(source).stem}-{arch}"
    harness.BUILDS.mkdir(exist_ok=True)
    partial = out.with_suffix(f".{os.getpid()}")
    subprocess.run([gcc(arch), "-O1", *flags, "-o", partial, source, "-ldl", "-lpthread"], check=True)
    partial.rename(out)
    return out


def go_build(folder, version, build, arch, out, cache=None, **other):
    how = {**BUILDS[build], **other}
    command = ["go", "build", *how.get("flags", [])]
    if how.get("mode"):
        command.append("-buildmode=" + how["mode"])
    if how.get("tags"):
        command += ["-tags", how["tags"]]
    if how.get("ldflags"):
        command += ["-ldflags", how["ldflags"]]
    env = {**os.environ, "GOFLAGS": "-mod=mod", "GOARCH": arch, "CGO_ENABLED": "1" if how.get("cgo") else "0",
           "CC": gcc(arch), "GOTOOLCHAIN": "go" + version if version else "local"}
    if cache:
        env["GOCACHE"] = str(cache)
    done = subprocess.run([*command, "-o", out, "."], cwd=folder, env=env, capture_output=True, text=True)
    if done.returncode:
        raise Skip(f"go{version or ''} cannot build it: " + " ".join(done.stderr.split())[-300:])


def drop_sections(path):
    """An ELF file without its section headers, as sstrip leaves it."""
    data = bytearray(path.read_bytes())
    at, = struct.unpack_from("<Q", data, 0x28)
    count, = struct.unpack_from("<H", data, 0x3c)
    end = at + 64 * count
    if end >= len(data):
        del data[at:]
    else:
        data[at:end] = bytes(end - at)
    struct.pack_into("<Q", data, 0x28, 0)
    struct.pack_into("<HHH", data, 0x3a, 0, 0, 0)
    path.write_bytes(data)


def emulated(arch, command):
    """The emulated program's addresses must be those of the process: qemu refuses -B 0 where the program has none of
    its own (ET_DYN, e_type 3), and gives it such by itself."""
    if arch == "amd64":
        return command
    fixed = pathlib.Path(command[0]).read_bytes()[16] != 3
    return [QEMU, *(("-B", "0") if fixed else ()), "-L", SYSROOT, *command]


class Cell:
    """Builds the program of a cell in @folder and starts it: a harness.Server, and the --exe whyoom needs."""

    def __init__(self, version, build, arch, folder, cache=None):
        self.version, self.build, self.arch, self.cache = version, build, arch, cache
        self.folder, self.how, self.exe = pathlib.Path(folder), BUILDS[build], None
        self.program = self.folder / ("told.so" if build == "c-shared" else "told")

    def make(self):
        go_build(TESTDATA / "told", self.version, self.build, self.arch, self.program, self.cache)
        if self.how.get("after"):
            globals()[self.how["after"]](self.program)

    def serve(self, command, **env):
        if self.arch == "arm64":
            self.exe = command[0]
        environment = {**os.environ, "TOLD_DIR": str(self.folder), "GOMAXPROCS": "2", **env}
        return harness.Server(emulated(self.arch, [str(c) for c in command]), ready="ready", timeout=120,
                              env=environment)

    def start(self):
        starter = self.how.get("start")
        return getattr(self, starter)() if starter else self.serve([self.program])

    def start_packed(self):
        return self.serve([compile_c(TESTDATA / "loader/loader.c", self.arch, "-static-pie"), self.program])

    def start_deleted(self):
        server = self.serve([self.program])
        if self.arch == "arm64":
            self.exe = self.folder / "kept"
            os.link(self.program, self.exe)
        self.program.unlink()
        return server

    def start_shared(self):
        return self.serve([compile_c(TESTDATA / "told_host/host.c", self.arch), self.program])

    def start_plugin(self):
        plugin = self.folder / "told_plugin.so"
        go_build(TESTDATA / "told_plugin", self.version, self.build, self.arch, plugin, self.cache, mode="plugin",
                 tags="")
        return self.serve([self.program], TOLD_PLUGIN=str(plugin))
