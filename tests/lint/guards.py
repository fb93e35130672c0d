#!/usr/bin/env python3
"""guards.py ROOT: the build's own guards are on: a banned call does not compile, a layer breach is seen."""
import pathlib
import subprocess
import sys
import tempfile

root = pathlib.Path(sys.argv[1])
bad = 0
with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    probe = d / "probe.c"
    probe.write_text("int main(void) { char b[8]; strcpy(b, \"x\"); return 0; }\n")
    compiled = subprocess.run(["cc", "-include", root / "src/base/banned.h", "-c", probe, "-o", d / "probe.o"],
                              capture_output=True, text=True)
    if compiled.returncode == 0 or "poison" not in compiled.stderr:
        print("src/base/banned.h lets strcpy through")
        bad += 1
    if "src/base/banned.h" not in (root / "meson.build").read_text():
        print("meson.build does not force src/base/banned.h into every file")
        bad += 1
    (d / "src/base").mkdir(parents=True)
    (d / "src/base/x.c").write_text('#include "cli/cmd.h"\n')
    if subprocess.run([sys.executable, root / "tests/lint/layers.py", d], capture_output=True).returncode == 0:
        print("tests/lint/layers.py lets base/ include cli/")
        bad += 1
sys.exit(bad > 0)
