#!/usr/bin/env python3
"""layers.py ROOT: each file of src/ includes only what its room may (ARCHITECTURE.md)."""
import pathlib
import re
import sys

MAY = {
    "base": "",
    "host": "base",
    "target": "base host",
    "image": "base host target",
    "goruntime": "base host target image",
    "heap": "base target image goruntime",
    "profile": "base",
    "logs": "base",
    "case": "base",
    "causes": "base case",
    "verdict": "base case causes",
    "report": "base case causes verdict profile",
    "recorder": "base host target image goruntime heap profile logs case",
    "agent": "base host target image goruntime heap profile logs case causes verdict report recorder",
    "cli": "base host target image goruntime heap profile logs case causes verdict report recorder agent",
}

src = pathlib.Path(sys.argv[1]) / "src"
bad = 0
for file in sorted(src.rglob("*.[ch]")):
    room = file.relative_to(src).parts[0]
    if room not in MAY:
        print(f"{file}: no such room")
        bad += 1
        continue
    for number, line in enumerate(file.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s+"([a-z]+)/', line)
        if found and found.group(1) != room and found.group(1) not in MAY[room].split():
            print(f"{file}:{number}: {room}/ may not include {found.group(1)}/")
            bad += 1
sys.exit(bad > 0)
