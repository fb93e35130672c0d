#!/usr/bin/env python3
"""messages.py ROOT: the message table and the code that names its messages agree.

Every key that code names is in src/report/messages.def and every row is named
somewhere; a text_new() call gives exactly the arguments that its message shows
(each alternative of a ?: is looked at); braces are balanced. A key that reaches
a message through a variable stands as a string in the same source: for those
calls the arguments of the possible messages are not compared.
"""
import pathlib
import re
import sys

STRING = r'"((?:[^"\\]|\\.)*)"'
root = pathlib.Path(sys.argv[1])
bad = 0


def complain(where, what):
    global bad
    print(f"{where}: {what}")
    bad += 1


def strip_comments(text):
    return re.sub(r'/\*.*?\*/|' + STRING, lambda m: m.group(0) if m.group(0)[0] == '"' else " ", text, flags=re.S)


def table():
    rows = {}
    path = root / "src/report/messages.def"
    text = strip_comments(path.read_text())
    for m in re.finditer(r'MSG\(\s*' + STRING + r'\s*,((?:\s*' + STRING + r')+)\s*\)', text):
        key, words = m.group(1), "".join(re.findall(STRING, m.group(2)))
        if key in rows:
            complain(path.name, f"{key} stands twice")
        if re.search(r'[{}]', re.sub(r'\{@?[a-z][a-z0-9-]*\}', "", words)):
            complain(path.name, f"{key}: braces that are no placeholder")
        if words != words.strip():
            complain(path.name, f"{key}: blanks at its ends")
        rows[key] = words
    if text.count("MSG(") != len(rows):
        complain(path.name, "a row that is not MSG(\"key\", \"words\")")
    return rows


def calls(text):
    """The argument lists of text_new(…), by balanced parentheses."""
    for m in re.finditer(r'\btext_new\(', text):
        depth, at = 1, m.end()
        while depth and at < len(text):
            string = re.compile(STRING).match(text, at)
            if string:
                at = string.end()
                continue
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        yield text.count("\n", 0, m.start()) + 1, text[m.end():at - 1]


rows = table()
named = set()
for file in sorted((root / "src").rglob("*.[ch]")):
    where = file.relative_to(root)
    text = strip_comments(file.read_text())
    strings = set(re.findall(STRING, text))
    named |= strings & rows.keys()
    if where.parts[1] == "base":
        continue
    for line, args in calls(text):
        parts = re.split(r',\s*(?=ARG_|\w+_arg\()', args)
        key = parts[0].split(",", 1)[1] if "," in parts[0] else ""
        keys = re.findall(STRING, key)
        if not keys and not re.search(r'[a-z_]', key):
            complain(f"{where}:{line}", "text_new() without a key")
        if parts[-1].strip() != "ARG_END":
            complain(f"{where}:{line}", "the last argument is not ARG_END")
        given = set(re.findall(r'\bARG_[A-Z]+\(\s*' + STRING, args)) | set(re.findall(r'\b\w+_arg\(\s*' + STRING, args))
        shown = set()
        for k in keys:
            if k not in rows:
                complain(f"{where}:{line}", f"no message {k}")
                continue
            wants = {p.lstrip("@") for p in re.findall(r'\{(@?[a-z][a-z0-9-]*)\}', rows[k])}
            for name in sorted(wants - given):
                complain(f"{where}:{line}", f"{k} shows {{{name}}}, which is not given")
            shown |= wants
        for name in sorted(given - shown if keys else ()):
            complain(f"{where}:{line}", f"{name} is given, but {' and '.join(keys)} does not show it")
    # Keys of members and of variables: all that look like one must be one.
    for m in re.finditer(r'(?:\.(?:title|about|why_unknown|key)|\b(?:key|why|unknown)) = ' + STRING, text):
        if m.group(1) not in rows:
            complain(where, f"no message {m.group(1)}")
for key in sorted(rows.keys() - named):
    complain("src/report/messages.def", f"nothing names {key}")
sys.exit(bad > 0)
