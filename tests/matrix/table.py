"""table: the results of the matrix as a page of Markdown."""
import collections

import cells

SIGNS = {"ok": "●", "failed": "✗", "skipped": "–", None: " "}

HEAD = """# Go releases × builds × architectures

Made by `make matrix` ({date}, on {commits}). Each cell is a program that was built and started, read by whyoom while
it ran, and compared with what it says of itself: the identities between the runtime's numbers hold, `runtime.MemStats`
is equal in every field, the goroutines are those of `runtime.Stack` (state, functions, files, lines, creator), the
heap profile is that of `runtime/pprof` (values and stacks). arm64 runs under `qemu-aarch64-static -B 0`.

{counts}

● equal in all of it · ✗ not (below) · – skipped (below) · empty: not run

"""


def _row(first, others):
    return "| " + " | ".join([first, *others]) + " |\n"


def _table(results, arch):
    builds = list(cells.BUILDS)
    text = f"## {arch}\n\n" + _row("Go", builds) + "|---" * (len(builds) + 1) + "|\n"
    for version in cells.VERSIONS:
        text += _row(version, [SIGNS[results.get(f"{version} {b} {arch}", {}).get("status")] for b in builds])
    return text + "\n"


def _grouped(results, status, reason):
    groups = collections.defaultdict(list)
    for version in cells.VERSIONS:
        for arch in cells.ARCHITECTURES:
            for build in cells.BUILDS:
                cell = results.get(f"{version} {build} {arch}", {})
                if cell.get("status") == status:
                    groups[reason(cell)].append((version, build, arch))
    return groups


def _where(found):
    by = collections.defaultdict(list)
    for version, build, arch in found:
        by[build, arch].append(version)
    return "; ".join(f"{build} {arch}: {', '.join(versions)}" for (build, arch), versions in by.items())


def _why_failed(cell):
    view, words = next(iter(cell["wrong"].items()))
    return f"{view}: {words[0][:200]}"


def page(results, date):
    counts = collections.Counter(r["status"] for r in results.values())
    commits = ", ".join(sorted({r["commit"] for r in results.values()})[:6])
    text = HEAD.format(date=date, commits=commits, counts=f"{counts['ok']} cells equal, {counts['failed']} not, "
                                                          f"{counts['skipped']} skipped.")
    for arch in cells.ARCHITECTURES:
        text += _table(results, arch)
    text += "## The builds\n\n" + "".join(f"* **{name}**: {how['says']}\n" for name, how in cells.BUILDS.items())
    for title, status, reason in (("Not equal", "failed", _why_failed), ("Skipped", "skipped", lambda c: c["why"])):
        groups = _grouped(results, status, reason)
        if groups:
            text += f"\n## {title}\n\n" + "".join(f"* {why}\n  ({_where(found)})\n" for why, found in groups.items())
    return text
