#!/usr/bin/env python3
"""causes.py ROOT: every cause is complete.

A row of src/causes/causes.def has its file, its page with all its sections, its
test with a YES, a NO, an UNKNOWN and a confounder, its server in zoo/ (once
there is a zoo), its place in the JSON schema; and no file stands without a row.
"""
import json
import pathlib
import re
import sys

SECTIONS = ["What it is", "Certain when", "What it needs", "Thresholds", "Confidence", "Looks like it",
            "Remedy", "Verify"]
# A test is a sentence; these words say which of the required kinds it is.
KINDS = {"a YES": r'\byes\w*_|\w*_is_yes\b|\w*_is_named\b', "a NO": r'_is_no\b|_no_', "an UNKNOWN": r'_is_unknown\b|_unknown_',
         "a confounder": r'\bconfounder_'}
root = pathlib.Path(sys.argv[1])
bad = 0


def complain(what):
    global bad
    print(what)
    bad += 1


rows = re.findall(r'^CAUSE\((\w+), "([a-z0-9-]+)"\)', (root / "src/causes/causes.def").read_text(), re.M)
ids = [i for _, i in rows]
for name, id in rows:
    if name != id.replace("-", "_"):
        complain(f"causes.def: {name} is not {id} in C")
    source = root / f"src/causes/{id}.c"
    if not source.exists():
        complain(f"{source.relative_to(root)} is missing")
    elif f"const struct cause cause_{name} = {{" not in source.read_text() or f'.id = "{id}"' not in source.read_text():
        complain(f"src/causes/{id}.c does not define cause_{name} with its id")
    page = root / f"docs/causes/{id}.md"
    if not page.exists():
        complain(f"docs/causes/{id}.md is missing")
    else:
        text = page.read_text()
        if not text.startswith(f"# {id}\n"):
            complain(f"docs/causes/{id}.md does not begin with '# {id}'")
        for section in SECTIONS:
            body = re.search(rf'^## {section}\n(.*?)(?=^## |\Z)', text, re.M | re.S)
            if not body or len(body.group(1).strip()) < 20:
                complain(f"docs/causes/{id}.md says nothing under '{section}'")
    test = root / f"tests/unit/causes/test_{name}.c"
    if not test.exists():
        complain(f"tests/unit/causes/test_{name}.c is missing")
    else:
        names = re.findall(r'cmocka_unit_test\((\w+)\)', test.read_text())
        for kind, pattern in KINDS.items():
            if not any(re.search(pattern, n) for n in names):
                complain(f"tests/unit/causes/test_{name}.c has no {kind}")
    if (root / "zoo").exists() and not (root / "zoo" / id).is_dir():
        complain(f"zoo/{id}/ is missing")
for page in sorted((root / "docs/causes").glob("*.md")):
    if page.stem not in ids:
        complain(f"docs/causes/{page.name} is the page of no cause")
for source in sorted((root / "src/causes").glob("*.c")):
    if re.search(r'^const struct cause cause_', source.read_text(), re.M) and source.stem not in ids:
        complain(f"src/causes/{source.name} has no row in causes.def")
schema = json.loads((root / "docs/schema/verdict-1.json").read_text())
if schema["$defs"]["cause_id"]["enum"] != ids:
    complain("docs/schema/verdict-1.json: $defs.cause_id is not the list of causes.def")
sys.exit(bad > 0)
