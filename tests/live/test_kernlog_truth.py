"""Each kernel log of tests/cases/kernlog against its truth.

Logs that are not ours to publish are read from $WHYOOM_SHARED/oomlogs as well, where that is
set. Prints a line for each log: how many of the truth's fields are right, and those that are not.
A deviation that is meant stands in DEVIATIONS with its reason, and must still deviate.
"""
import json
import os
import pathlib
import unittest

from harness import ROOT, whyoom

KINDS = {"memcg": "memcg", "none": "global", "cpuset": "cpuset", "mempolicy": "mempolicy"}

# log (its number), field: (what we say, why the truth's word is not taken)
DEVIATIONS = {
    ("20", "kills"): (3, "the fourth 'Kill process' line has no 'Killed process' line: not proven"),
    ("20", "all_pids"): ([31343, 9666, 13749], "as above; the fourth is in reports"),
    ("20", "trigger"): (None, "grep output: the header stands behind the kill of its report"),
    ("20", "trigger_pid"): (None, "as above"),
    ("20", "order"): (None, "as above"),
    ("20", "gfp"): (None, "as above"),
    ("20", "kernel"): (None, "as above: no line before the kill names a kernel"),
    ("53", "trigger_pid"): (None, "PID 7 is a kworker's, from a panic before the header"),
    ("40", "task_memcg"): ("/user.slice/user-504.slice/session-2.scope",
                           "it stands in the constraint line, which the truth read for memcg only"),
    ("43", "task_memcg"): ("/system.slice/unattended-upgrades.service", "as above"),
    ("16", "top_consumer_rss_kb"): (None, "nothing in the log proves the page size"),
}


def kb(value):
    return None if value is None else value // 1024


def all_of(result):
    return result["kills"] + result["reports"]


def task_of(result, name):
    tasks = [t for k in all_of(result) for t in k["tasks"] if t["comm"] == name]
    return tasks[0] if tasks else {}


def kind_of(truth):
    if truth.get("no_killable"):
        return "no-killable"
    if truth.get("manual_sysrq"):
        return "sysrq"
    return KINDS.get(truth["constraint"], "unknown")


def compare(truth, result):
    """[(field, wanted, got)] for what the truth states of the log."""
    rows = []
    first = (all_of(result) or [None])[0]

    def row(field, want, got):
        rows.append((field, want, got))

    row("kills", truth["kills"], len(result["kills"]))
    if not truth["kernel_oom"]:
        row("reports", 0, len(result["reports"]))
        killers = {o["killer"] for o in result["other_killers"]}
        want = truth.get("userspace_killer")
        row("userspace_killer", {want.split()[0]} if want else set(), killers)
        pids = [o["pid"] for o in result["other_killers"] if o["pid"]]
        row("userspace_pids", truth.get("userspace_pids", []), pids)
        return rows
    row("found", True, first is not None)
    if first is None:
        return rows
    victim = first["victim"]
    row("kernel", truth["kernel"], first["kernel"])
    row("kind", kind_of(truth), first["kind"])
    if truth["kills"]:
        row("victim", truth["victim"], victim["comm"])
        row("pid", truth["pid"], victim["pid"])
    for field in "anon_rss", "file_rss", "shmem_rss", "total_vm":
        row(field + "_kb", truth[field + "_kb"], kb(victim[field + "_bytes"]))
    row("limit_kb", truth["limit_kb"], kb(first["limit_bytes"]))
    row("oom_memcg", truth["oom_memcg"], first["oom_memcg"])
    row("task_memcg", truth["task_memcg"], first["task_memcg"])
    row("trigger", truth["trigger"], first["trigger"]["comm"])
    row("trigger_pid", truth["trigger_pid"], first["trigger"]["pid"])
    row("order", truth["order"], first["order"])
    row("gfp", truth["gfp"], first["gfp"] and first["gfp"].split("(")[0])
    if "usage_kb" in truth:
        row("usage_kb", truth["usage_kb"], kb(first["usage_bytes"]))
    if "failcnt" in truth:
        row("failcnt", truth["failcnt"], first["failcnt"])
    if "all_pids" in truth:
        got = [k["victim"]["pid"] for k in result["kills"]]
        row("all_pids", list(dict.fromkeys(truth["all_pids"])), got)
    if "report_headers" in truth:
        headers = {(k["trigger"]["comm"], k["lines"][0]) for k in all_of(result)
                   if k["trigger"]["comm"]}
        row("report_headers", truth["report_headers"], len(headers))
    if "uid" in truth:
        row("uid", truth["uid"], victim["uid"])
    if "memcg_rss_kb" in truth:
        row("memcg_rss_kb", truth["memcg_rss_kb"], kb(first["memcg"]["anon_bytes"]))
    if "top_consumer" in truth:
        task = task_of(result, truth["top_consumer"])
        row("top_consumer_pid", truth["top_consumer_pid"], task.get("pid"))
        row("top_consumer_rss_kb", truth["top_consumer_rss_kb"], kb(task.get("rss_bytes")))
    if "user_rip" in truth:
        row("user_rip", truth["user_rip"], first["trigger"]["user_rip"])
        row("task_pids", truth["task_pids"], [t["pid"] for t in first["tasks"]])
        row("lines", truth["lines"], first["lines"])
        row("uptime_seconds", truth["uptime_seconds"], first["uptime_seconds"])
        row("page_size", truth["page_size"], first["page_size_bytes"])
    if "row_check" in truth:
        want = truth["row_check"]
        task = task_of(result, want["name"])
        row("row_check", (want["pid"], want["rss_pages"], want["adj"]),
            (task.get("pid"), task.get("rss_pages"), task.get("oom_score_adj")))
    return rows


def check(path):
    truth = json.loads(path.with_suffix(".json").read_text())
    run = whyoom("kernlog", path, "--json")
    if run.returncode != 0:
        return 0, [("exit status", 0, run.returncode)], []
    result = json.loads(run.stdout)
    wrong, meant, right = [], [], 0
    number = path.name[:2]
    for field, want, got in compare(truth, result):
        deviation = DEVIATIONS.get((number, field))
        if deviation and got == deviation[0] and want != got:
            meant.append((field, want, got, deviation[1]))
        elif deviation or want != got:
            wrong.append((field, want, got))
        else:
            right += 1
    return right, wrong, meant


OWN = ROOT / "tests/cases/kernlog"  # their truth was checked by eye, and corrected where it was wrong


class Truth(unittest.TestCase):
    def each(self, folder):
        logs = sorted(p for p in folder.glob("*.log") if folder == OWN or not (OWN / p.name).exists())
        self.assertTrue(logs, f"no logs in {folder}")
        for path in logs:
            with self.subTest(path.name):
                right, wrong, meant = check(path)
                print(f"         {path.name}: {right} right, {len(wrong)} wrong"
                      + (f", {len(meant)} meant" if meant else ""))
                self.assertEqual(wrong, [])

    def test_our_own_logs(self):
        self.each(OWN)

    @unittest.skipUnless(os.environ.get("WHYOOM_SHARED"), "logs of other projects: WHYOOM_SHARED is not set")
    def test_logs_of_other_projects(self):
        self.each(pathlib.Path(os.environ["WHYOOM_SHARED"]) / "oomlogs")
