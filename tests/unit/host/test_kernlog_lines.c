/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a report one by one, and what stands before them. */
#include "host/kernlog_lines.h"
#include "host/kernlog_prefix.h"
#include "host/kernlog_scan.h"
#include "host/kernlog_table.h"
#include "host/kernlog_time.h"
#include "t.h"

#define KB(n) (UINT64_C(n) * 1024)
#define NS INT64_C(1000000000)
#define NONE KERNLOG_UNKNOWN

static void assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_from(want)))
		fail_msg("\"" STR_FMT "\" is not \"%s\"", STR_ARG(got), want);
}

/* kernel.md's five spellings, and names that try to confuse. */
static void killed_in_every_spelling(void **state)
{
	static const struct {
		const char *text, *comm;
		int pid;
		enum kernlog_kind kind;
		uint64_t vm, anon, file, shmem, pgtables, uid;
		int adj; /* -2000: not said */
	} cases[] = {
		{ "Killed process 31343, UID 493, (influxd) total-vm:15100844kB, "
		  "anon-rss:9065672kB, "
		  "file-rss:4kB",
		  "influxd", 31343, KERNLOG_KIND_UNKNOWN, KB(15100844), KB(9065672), KB(4), NONE,
		  NONE, 493, -2000 },
		{ "Killed process 1381 (x) total-vm:1kB, anon-rss:2kB, file-rss:3kB", "x", 1381,
		  KERNLOG_KIND_UNKNOWN, KB(1), KB(2), KB(3), NONE, NONE, NONE, -2000 },
		{ "Killed process 9 (x) total-vm:1kB, anon-rss:2kB, file-rss:3kB, shmem-rss:4kB",
		  "x", 9, KERNLOG_KIND_UNKNOWN, KB(1), KB(2), KB(3), KB(4), NONE, NONE, -2000 },
		{ "Killed process 817194 (node), UID 1000, total-vm:1kB, anon-rss:2kB, "
		  "file-rss:3kB, "
		  "shmem-rss:4kB",
		  "node", 817194, KERNLOG_KIND_UNKNOWN, KB(1), KB(2), KB(3), KB(4), NONE, 1000,
		  -2000 },
		{ "Out of memory: Killed process 5 (api) total-vm:1kB, anon-rss:2kB, file-rss:3kB, "
		  "shmem-rss:4kB",
		  "api", 5, KERNLOG_GLOBAL, KB(1), KB(2), KB(3), KB(4), NONE, NONE, -2000 },
		{ "Memory cgroup out of memory: Killed process 7 (api) total-vm:2180818704kB, "
		  "anon-rss:30189304kB, file-rss:0kB, shmem-rss:0kB, UID:100000 pgtables:83428kB "
		  "oom_score_adj:-998",
		  "api", 7, KERNLOG_MEMCG, KB(2180818704), KB(30189304), 0, 0, KB(83428), 100000,
		  -998 },
		{ "Out of memory (oom_kill_allocating_task): Killed process 5 (a) total-vm:1kB",
		  "a", 5, KERNLOG_GLOBAL, KB(1), NONE, NONE, NONE, NONE, NONE, -2000 },
		/* 15 TB of maps do not overflow, 2^64 do */
		{ "Out of memory: Killed process 5 (a) total-vm:16106127360kB, "
		  "anon-rss:18446744073709551615kB",
		  "a", 5, KERNLOG_GLOBAL, KB(16106127360), NONE, NONE, NONE, NONE, NONE, -2000 },
		{ "Out of memory: Killed process 5 (a) b) total-vm:1kB", "a) b", 5, KERNLOG_GLOBAL,
		  KB(1), NONE, NONE, NONE, NONE, NONE, -2000 },
		{ "Out of memory: Killed process 5 (CPU 0/KVM) total-vm:1kB", "CPU 0/KVM", 5,
		  KERNLOG_GLOBAL, KB(1), NONE, NONE, NONE, NONE, NONE, -2000 },
		{ "Out of memory: Killed process 5 () total-vm:1kB", "", 5, KERNLOG_GLOBAL, KB(1),
		  NONE, NONE, NONE, NONE, NONE, -2000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str s = str_from(cases[i].text);
		struct line_killed k;

		if (!line_take_killed(&s, false, &k))
			fail_msg("not taken: %s", cases[i].text);
		assert_str(k.comm, cases[i].comm);
		assert_int_equal(k.pid, cases[i].pid);
		assert_int_equal(line_kind(k.words), cases[i].kind);
		assert_true(k.total_vm == cases[i].vm && k.anon_rss == cases[i].anon);
		assert_true(k.file_rss == cases[i].file && k.shmem_rss == cases[i].shmem);
		assert_true(k.pgtables == cases[i].pgtables && k.uid == cases[i].uid);
		assert_int_equal(k.oom_score_adj_known ? k.oom_score_adj : -2000, cases[i].adj);
	}
}

static void killed_is_not_read_into_other_words(void **state)
{
	static const char *const texts[] = {
		"Killed process abc (x)",
		"Killed process 0 (x)",
		"Killed process 99999999999 (x)",
		"Kill process 5 (x) score 1 or sacrifice child",
		"killed process 5 (x)",
		"oom_reaper: reaped process 5 (x), now anon-rss:0kB",
	};
	struct line_killed k;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct str s = str_from(texts[i]);

		if (line_take_killed(&s, false, &k))
			fail_msg("taken: %s", texts[i]);
	}
}

/* A number at the end of a cut line may lack digits; "kB" proves that it does not. */
static void killed_cut_gives_only_whole_numbers(void **state)
{
	struct str s = STR("Killed process 481 (apps.plugin) total-vm:21272kB, anon-rss:1464kB, "
			   "file-rss:12, UID:10");
	struct line_killed k;

	(void)state;
	assert_true(line_take_killed(&s, true, &k));
	assert_true(k.anon_rss == KB(1464) && k.file_rss == NONE && k.uid == NONE);
}

static void killed_twice_on_one_line(void **state)
{
	struct str s = STR("Killed process 1 (a) total-vm:1kB, anon-rss:2kB"
			   "Out of memory: Killed process 2 (b) total-vm:3kB, file-rss:4kB");
	struct line_killed a, b, c;

	(void)state;
	assert_true(line_take_killed(&s, false, &a) && line_take_killed(&s, false, &b));
	assert_true(a.pid == 1 && a.total_vm == KB(1) && a.file_rss == NONE);
	assert_true(b.pid == 2 && b.total_vm == KB(3) && b.anon_rss == NONE);
	assert_false(line_take_killed(&s, false, &c));
}

static void header_and_cpu_lines(void **state)
{
	struct line_header h;
	struct line_cpu c;

	(void)state;
	assert_true(line_header(
		STR("StreamTrans #72 invoked oom-killer: gfp_mask=0x14000c0(GFP_KERNEL), "
		    "nodemask=(null),  order=9, oom_score_adj=-998"),
		false, &h));
	assert_str(h.comm, "StreamTrans #72");
	assert_str(h.gfp, "0x14000c0(GFP_KERNEL)");
	assert_true(h.order_known && h.order == 9);
	assert_true(line_header(
		STR("kworker/0:2 invoked oom-killer: gfp_mask=0xcc0(A|B), order=-1, o"), true, &h));
	assert_true(h.order_known && h.order == -1);
	/* the number may go on behind the cut */
	assert_true(line_header(STR("a invoked oom-killer: gfp_mask=0xcc0(A), order=1"), true, &h));
	assert_false(h.order_known);
	assert_true(line_header(
		STR("some daemon [7]: java invoked oom-killer: gfp_mask=0x0(), order=0"), false,
		&h));
	assert_str(h.comm, "java");
	assert_false(line_header(STR("# \"bash invoked oom-killer\": a word"), false, &h));

	assert_true(line_cpu(STR("CPU: 1 UID: 0 PID: 169 Comm: a b Tainted: G        W          "
				 "6.12.111+deb12-cloud-amd64 #1  Debian 6.12.111-1~deb12u1"),
			     false, &c));
	assert_int_equal(c.pid, 169);
	assert_str(c.comm, "a b");
	assert_str(c.release, "6.12.111+deb12-cloud-amd64");
	assert_true(line_cpu(
		STR("CPU: 0 PID: 21154 Comm: python Kdump: loaded Tainted: G               "
		    "------------ T 3.10.0-957.12.2.el7.x86_64 #1"),
		false, &c));
	assert_str(c.comm, "python");
	assert_str(c.release, "3.10.0-957.12.2.el7.x86_64");
	assert_true(line_cpu(STR("Pid: 31345, comm: influxd Not tainted 2.6.32-431.el6.x86_64 #1"),
			     false, &c));
	assert_int_equal(c.pid, 31345);
	assert_str(c.release, "2.6.32-431.el6.x86_64");
	assert_false(line_cpu(STR("CPU: 0 PID: 21154 Comm: pyth"), true, &c));
}

static void constraint_lines(void **state)
{
	struct line_constraint c;

	(void)state;
	assert_true(line_constraint(
		STR("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,"
		    "mems_allowed=0-1,oom_memcg=/a,task_memcg=/a/b,task=x,y,pid=12,uid=0"),
		false, &c));
	assert_int_equal(c.kind, KERNLOG_MEMCG);
	assert_str(c.oom_memcg, "/a");
	assert_str(c.task_memcg, "/a/b");
	assert_str(c.task, "x,y");
	assert_int_equal(c.pid, 12);
	assert_true(line_constraint(
		STR("oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=(null),cpuset=cps,"
		    "mems_allowed=1,global_oom,task_memcg=/cps,task=hog,pid=135,uid=0"),
		false, &c));
	assert_int_equal(c.kind, KERNLOG_CPUSET);
	assert_false(c.oom_memcg.n);
	/* 5.0: CONSTRAINT_NONE although a group's limit was hit */
	assert_true(line_constraint(
		STR("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),oom_memcg=/a,"
		    "task_memcg=/a,task=x,pid=1,uid=0"),
		false, &c));
	assert_int_equal(c.kind, KERNLOG_MEMCG);
	/* the part that printk broke off */
	assert_true(line_constraint(STR(",task_memcg=/a/b,task=hog,pid=135,uid=0"), false, &c));
	assert_int_equal(c.kind, KERNLOG_KIND_UNKNOWN);
	assert_int_equal(c.pid, 135);
	/* cut inside the pid */
	assert_true(
		line_constraint(STR("oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,"
				    "mems_allowed=0,global_oom,task_memcg=/,task=hog,pid=13"),
				true, &c));
	assert_int_equal(c.pid, 0);
	assert_false(line_constraint(STR(", and more"), false, &c));
}

static void limits_and_usage(void **state)
{
	uint64_t usage, limit, failcnt;
	struct str task, owner;

	(void)state;
	assert_true(line_usage(STR("usage 31211520kB, limit 9007199254740988kB, failcnt 83420"),
			       &usage, &limit, &failcnt));
	assert_true(usage == KB(31211520) && failcnt == 83420);
	assert_int_equal(line_unlimited_page_size(limit), 4096);
	assert_true(line_usage(STR("usage 0kB, limit 9007199254740976kB, failcnt 0"), &usage,
			       &limit, &failcnt));
	assert_int_equal(line_unlimited_page_size(limit), 16384);
	assert_int_equal(line_unlimited_page_size(KB(1024)), 0);

	assert_true(line_task_in(STR("Task in /a/b killed as a result of limit of /a"), false,
				 &task, &owner));
	assert_str(task, "/a/b");
	assert_str(owner, "/a");
	/* not a group above: its path lost its end */
	assert_true(line_task_in(STR("Task in /a/bcd killed as a result of limit of /a/b"), false,
				 &task, &owner));
	assert_false(owner.n);
}

static void tables_of_all_layouts(void **state)
{
	static const struct {
		const char *header, *row;
		uint64_t rss;
		int adj;
	} cases[] = {
		{ "[ pid ]   uid  tgid total_vm      rss cpu oom_adj oom_score_adj name",
		  "[31343]   493 31343  3775211  2266419   1       0             7 influxd",
		  2266419, 7 },
		{ "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name",
		  "[18407]  1001 18407 24908166 12947362   27731     4152             0 prometheus",
		  12947362, 0 },
		{ "[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj "
		  "name",
		  "[ 1381]     0  1381   530382     5191      34       4     5489           -17 a "
		  "b",
		  5191, -17 },
		{ "[ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds nr_puds swapents "
		  "oom_score_adj name",
		  "[ 1381]     0  1381   530382     5191      34       4       2     5489          "
		  "   0 a",
		  5191, 0 },
		{ "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj "
		  "name",
		  "[1833436]     0 1833436    42653      656   102400        0             0 "
		  "(sd-pam)",
		  656, 0 },
		{ "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem "
		  "pgtables_bytes swapents "
		  "oom_score_adj name",
		  "[   1038]   101  1038     2493     1152      192      960         0    65536    "
		  "    0        "
		  "  -900 dbus-daemon",
		  1152, -900 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct table_layout layout = { 0 }, none = { 0 };
		struct kernlog_task t;
		uint64_t pgtables;

		assert_true(table_header(str_from(cases[i].header), &layout));
		assert_true(table_row(str_from(cases[i].row), &layout, &t, &pgtables));
		assert_true(t.rss_pages == cases[i].rss && t.oom_score_adj == cases[i].adj);
		/* without its header, by count */
		assert_true(table_row(str_from(cases[i].row), &none, &t, &pgtables));
		assert_true(t.rss_pages == cases[i].rss && t.oom_score_adj == cases[i].adj);
	}
}

static void rows_that_are_none(void **state)
{
	static const char *const texts[] = {
		"[21284]  1337 21284  12", /* cut */
		"[1]: 5 5 5 5 5 5 5 x",	   "[  pid  ]   uid  tgid total_vm name",
		"[5] 0 5 1 1 1 1 2000 x", /* no such oom_score_adj */
		"[5] 0 0 1 1 1 1 0 x",	   "[0] 0 5 1 1 1 1 0 x",
		"[5] 0 5 1 -1 1 1 0 x",	   "[5] 0 5 99999999999999999999 1 1 1 0 x",
	};
	struct table_layout none = { 0 };
	struct kernlog_task t;
	uint64_t pgtables;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (table_row(str_from(texts[i]), &none, &t, &pgtables))
			fail_msg("a row: %s", texts[i]);
	}
}

static void page_size_from_the_victims_row(void **state)
{
	(void)state;
	assert_int_equal(table_page_size(16631, KB(66524)), 4096);
	assert_int_equal(table_page_size(6558445, KB(104935120)), 16384);
	assert_int_equal(table_page_size(1000, KB(64000)), 65536);
	assert_int_equal(table_page_size(1000, KB(5)), 0);
	assert_int_equal(table_page_size(UINT64_MAX / 2, KB(5)), 0);
}

static void prefixes_come_off(void **state)
{
	static const struct {
		const char *text, *msg;
		enum logsource source;
		int64_t uptime, wall; /* seconds, -1 none */
		uint32_t caller;
	} cases[] = {
		{ "plain words", "plain words", LOGSOURCE_UNSAID, -1, -1, 0 },
		{ "[  123.456789] x", "x", LOGSOURCE_KERNEL, 123, -1, 0 },
		{ "[  123.456789][ T9185] x", "x", LOGSOURCE_KERNEL, 123, -1, 9186 },
		{ "[    3.000000][    C1]  x+0x1/0x2", "x+0x1/0x2", LOGSOURCE_KERNEL, 3, -1,
		  1u << 31 | 2 },
		{ "<4>[  123.456789] x", "x", LOGSOURCE_KERNEL, 123, -1, 0 },
		{ "<30>[  123.456789] systemd[1]: x", "systemd[1]: x", LOGSOURCE_OTHER, 123, -1,
		  0 },
		{ "4,1204,8588769311,-;x", "x", LOGSOURCE_KERNEL, 8588, -1, 0 },
		{ "4,1204,8588769311,c,caller=T77;x", "x", LOGSOURCE_KERNEL, 8588, -1, 78 },
		{ "30,1,2000000,-;systemd[1]: x", "systemd[1]: x", LOGSOURCE_OTHER, 2, -1, 0 },
		{ "[Tue Dec 16 16:45:10 2025] x", "x", LOGSOURCE_KERNEL, -1, 1765903510, 0 },
		{ "[Di Aug 12 03:54:03 2025] x", "x", LOGSOURCE_KERNEL, -1, 1754970843, 0 },
		{ "[\xe5\x9b\x9b 4\xe6\x9c\x88 17 00:00:01 2025] x", "x", LOGSOURCE_KERNEL, -1,
		  1744848001, 0 },
		{ "[Mar19 10:02] x", "x", LOGSOURCE_KERNEL, -1, -1, 0 },
		{ "[  +0.000003] x", "x", LOGSOURCE_KERNEL, -1, -1, 0 },
		{ "kern  :err   : [  5.5] x", "x", LOGSOURCE_KERNEL, 5, -1, 0 },
		{ "2024-02-28T12:01:02,123456+01:00 hog invoked oom-killer: x",
		  "hog invoked oom-killer: x", LOGSOURCE_UNSAID, -1, 1709118062, 0 },
		{ "Nov  7 01:45:10 my-host kernel: [16588.971228] x", "x", LOGSOURCE_KERNEL, 16588,
		  -1, 0 },
		{ "Nov 07 01:45:10 my-host kernel: x", "x", LOGSOURCE_KERNEL, -1, -1, 0 },
		{ "Nov 07 01:45:10.123456 h systemd[1]: x", "x", LOGSOURCE_OTHER, -1, -1, 0 },
		{ "Jan  1 00:00:00 h kern.err kernel: [5.0] x", "x", LOGSOURCE_KERNEL, 5, -1, 0 },
		{ "2024-02-01T12:00:00+0100 h kernel: x", "x", LOGSOURCE_KERNEL, -1, 1706785200,
		  0 },
		{ "2023-11-05T03:14:15.926535+01:00 h kernel: [  7.5] x", "x", LOGSOURCE_KERNEL, 7,
		  1699150455, 0 },
		{ "Thu 2024-02-01 12:00:00 UTC h kernel: x", "x", LOGSOURCE_KERNEL, -1, 1706788800,
		  0 },
		{ "1700000000.123456 h kernel: x", "x", LOGSOURCE_KERNEL, -1, 1700000000, 0 },
		{ "[  514.682838] h kernel: x", "x", LOGSOURCE_KERNEL, 514, -1, 0 },
		{ "<4>1 2024-02-01T12:00:00Z h kernel - - - x", "x", LOGSOURCE_KERNEL, -1,
		  1706788800, 0 },
		{ "<30>1 2024-02-01T12:00:00Z h app 12 ID [a b=\"c\"] x", "x", LOGSOURCE_OTHER, -1,
		  1706788800, 0 },
		{ "/var/log/kern.log:Nov  7 01:45:10 h kernel: [1.0] x", "x", LOGSOURCE_KERNEL, 1,
		  -1, 0 },
		{ "/var/log/kern.log-12-[ 1.5] x", "x", LOGSOURCE_KERNEL, 1, -1, 0 },
		{ "77:[ 1.5] x", "x", LOGSOURCE_KERNEL, 1, -1, 0 },
		{ "> > [ 1.5] x", "x", LOGSOURCE_KERNEL, 1, -1, 0 },
		{ "2024-05-05T01:02:03.1Z stderr F x", "x", LOGSOURCE_OTHER, -1, 1714870923, 0 },
		{ "user: warning: [2026-01-12T20:27:31.913975631Z]: [talos] x", "[talos] x",
		  LOGSOURCE_OTHER, -1, 1768249651, 0 },
		{ "kernel: x", "x", LOGSOURCE_KERNEL, -1, -1, 0 },
		/* what only looks like one */
		{ "[  103]     0   103 x", "[  103]     0   103 x", LOGSOURCE_UNSAID, -1, -1, 0 },
		{ "[  1.5] Call Trace:", "Call Trace:", LOGSOURCE_KERNEL, 1, -1, 0 },
		{ "[99999999999999999999.5] x", "[99999999999999999999.5] x", LOGSOURCE_UNSAID, -1,
		  -1, 0 },
		{ "CPU: 1 PID: 2 Comm: x", "CPU: 1 PID: 2 Comm: x", LOGSOURCE_UNSAID, -1, -1, 0 },
		{ "", "", LOGSOURCE_UNSAID, -1, -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct logline l;

		logline_parse(str_from(cases[i].text), &l);
		if (!str_eq(l.msg, str_from(cases[i].msg)))
			fail_msg("%s: \"" STR_FMT "\"", cases[i].text, STR_ARG(l.msg));
		if (l.source != cases[i].source || l.caller != cases[i].caller)
			fail_msg("%s: source %d, caller %u", cases[i].text, (int)l.source,
				 l.caller);
		if ((l.uptime_ns == KERNLOG_NO_TIME ? -1 : l.uptime_ns / NS) != cases[i].uptime)
			fail_msg("%s: uptime %lld", cases[i].text, (long long)l.uptime_ns);
		if ((l.wall_ns == KERNLOG_NO_TIME ? -1 : l.wall_ns / NS) != cases[i].wall)
			fail_msg("%s: wall %lld", cases[i].text, (long long)l.wall_ns);
	}
}

/* Each line that can be the first of a report, wherever it stands in a vector. */
static void the_scan_sees_what_begins_a_report(void **state)
{
	static const char *const lines[] = {
		"a invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
		"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null)",
		"Out of memory: Killed process 5 (a) total-vm:4kB",
		"Memory cgroup out of memory: Kill process 5 (a) score 9 or sacrifice child",
		"Killed process 5 (a) total-vm:4kB",
		"Out of memory and no killable processes...",
		"Task in /a killed as a result of limit of /a",
		"memory: usage 16kB, limit 16kB, failcnt 1",
		"[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name",
		"[  489]     0   489     1459      370    49152        0             0 agetty",
		" oom_kill_process.cold+0xb/0x10",
		"sysrq: Manual OOM execution",
		"systemd-oomd[34]: oomd attempting to kill 63 with KILL",
		"x.service: A process of this unit has been killed by the OOM killer.",
		"x.service: Failed with result 'oom-kill'.",
		"sending SIGTERM to process 696 uid 1001",
		"Killing process 'bash' with signal 15, pid: 7",
		"[talos] Sending SIGKILL to cgroup {}",
		"The node was low on resource: memory.",
		"must evict pod(s) to reclaim memory",
		"pod is evicted successfully",
		"Linux version 6.1.0 (a@b)",
		"CPU: 1 PID: 2 Comm: a Not tainted 6.1.0 #1",
		"   \"dmesg\": [",
	};
	static const char *const others[] = {
		"[  7.123456]  ? do_syscall_64+0x6d/0x90",
		"zoom bloom of memory, killed my room",
		"audit: type=1400 (s) w o, limit kB",
		"]  ",
		"oo",
		"KilKilKil",
	};
	char text[256];

	(void)state;
	for (size_t at = 0; at < 70; at++) {
		memset(text, 'x', sizeof(text));
		for (size_t i = 0; i < COUNT(lines); i++) {
			size_t n = strlen(lines[i]), found;

			memcpy(text + at, lines[i], n);
			found = scan_word((struct str){ text, at + n });
			if (found < at || found >= at + n)
				fail_msg("at %zu: not seen: %s", at, lines[i]);
		}
		for (size_t i = 0; i < COUNT(others); i++) {
			size_t n = strlen(others[i]);

			memcpy(text + at, others[i], n);
			if (scan_word((struct str){ text, at + n }) != at + n)
				fail_msg("at %zu: seen: %s", at, others[i]);
		}
	}
	memset(text, '\n', sizeof(text));
	for (size_t n = 0; n <= sizeof(text); n++)
		assert_int_equal(scan_newlines((struct str){ text, n }), n);
}

static void hosts_are_told_apart(void **state)
{
	struct logline a, b, c;

	(void)state;
	logline_parse(STR("Nov  7 01:45:10 one kernel: x"), &a);
	logline_parse(STR("Nov  7 01:45:10 two kernel: x"), &b);
	logline_parse(STR("Nov  7 01:45:10 one systemd[1]: x"), &c);
	assert_true(a.host && a.host != b.host && a.host == c.host);
}

static void the_year_is_the_nearest(void **state)
{
	struct logtime t = { .month = 12, .day = 31, .hour = 23 };

	(void)state;
	logtime_set_year(&t, INT64_C(1704067200) * NS); /* 2024-01-01 */
	assert_int_equal(t.year, 2023);
	t.month = 1;
	logtime_set_year(&t, INT64_C(1703980800) * NS); /* 2023-12-31 */
	assert_int_equal(t.year, 2024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_in_every_spelling),
		cmocka_unit_test(killed_is_not_read_into_other_words),
		cmocka_unit_test(killed_cut_gives_only_whole_numbers),
		cmocka_unit_test(killed_twice_on_one_line),
		cmocka_unit_test(header_and_cpu_lines),
		cmocka_unit_test(constraint_lines),
		cmocka_unit_test(limits_and_usage),
		cmocka_unit_test(tables_of_all_layouts),
		cmocka_unit_test(rows_that_are_none),
		cmocka_unit_test(page_size_from_the_victims_row),
		cmocka_unit_test(prefixes_come_off),
		cmocka_unit_test(the_scan_sees_what_begins_a_report),
		cmocka_unit_test(hosts_are_told_apart),
		cmocka_unit_test(the_year_is_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
