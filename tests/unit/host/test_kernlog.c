/* SPDX-License-Identifier: Apache-2.0 */
/* Whole logs: which line is of which kill, what is one kill and what two, and the bounds. */
#include <stdlib.h>

#include "base/buf.h"
#include "host/kernlog.h"
#include "t.h"

#define KB(n) (UINT64_C(n) * 1024)
#define NS INT64_C(1000000000)

static struct kernlog *parse_in(const char *text, size_t n, size_t piece, size_t budget)
{
	struct kernlog *k = kernlog_new(budget);

	assert_non_null(k);
	for (size_t at = 0; at < n; at += piece)
		assert_int_equal(kernlog_feed(k, text + at, n - at < piece ? n - at : piece), 0);
	assert_int_equal(kernlog_finish(k), 0);
	return k;
}

static struct kernlog *parse(const char *text)
{
	return parse_in(text, strlen(text), strlen(text), KERNLOG_BUDGET);
}

#define LOG(name, text) _cleanup_(kernlog_freep) struct kernlog *name = parse(text)

#define HEADER(stamp, comm) \
	stamp comm " invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
#define CPU(stamp, comm, pid) \
	stamp "CPU: 1 UID: 0 PID: " pid " Comm: " comm " Not tainted 6.12.1 #1 Debian\n"
#define USAGE(stamp, kb) stamp "memory: usage " kb "kB, limit " kb "kB, failcnt 3\n"
#define STATS(stamp, path) stamp "Memory cgroup stats for " path ":\n"
#define TABLE(stamp)                                                                 \
	stamp "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem " \
	      "pgtables_bytes "                                                      \
	      "swapents oom_score_adj name\n"
#define ROW(stamp, pid, comm)                                                                   \
	stamp "[    " pid "]     0   " pid "     2500     2000     1900      100         0    " \
	      "45056        0             0 " comm "\n"
#define CONSTRAINT(stamp, group, comm, pid)                                                   \
	stamp "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0," \
	      "oom_memcg=" group ",task_memcg=" group ",task=" comm ",pid=" pid ",uid=0\n"
#define SIZES                                                                                    \
	"total-vm:10000kB, anon-rss:7600kB, file-rss:400kB, shmem-rss:0kB, UID:0 pgtables:44kB " \
	"oom_score_adj:0"
#define KILLED(stamp, comm, pid) \
	stamp "Memory cgroup out of memory: Killed process " pid " (" comm ") " SIZES "\n"

static void a_whole_report(void **state)
{
	LOG(k,
	    HEADER("[    1.000000] ", "a") CPU("[    1.000001] ", "a",
					       "101") USAGE("[    1.000002] ", "4096")
		    STATS("[    1.000003] ",
			  "/g") "[    1.000003] anon 4096000\n[    1.000003] shmem 8192\n"
				"[    1.000003] RIP: 0033:0x482712\n"
				"[    1.000003] R13: 0000000000000000 R14: 000000c0000061a0 R15: "
				"0\n" TABLE("[    1.000004] ") ROW("[    1.000005] ", "100", "a")
					ROW("[    1.000006] ", "102", "b")
						CONSTRAINT("[    1.000007] ", "/g", "a", "100")
							KILLED("[    1.000008] ", "a", "100"));
	const struct kernlog_kill *x = kernlog_kill(k, 0);

	(void)state;
	assert_int_equal(kernlog_kills(k), 1);
	assert_int_equal(kernlog_reports(k), 0);
	assert_true(x->killed && x->kind_stated && !x->quoted && x->kind == KERNLOG_MEMCG);
	assert_true(x->pid == 100 && x->trigger_pid == 101);
	assert_string_equal(x->comm, "a");
	assert_string_equal(x->kernel, "6.12.1");
	assert_string_equal(x->oom_memcg, "/g");
	assert_true(x->memcg.limit == KB(4096) && x->memcg.failcnt == 3);
	assert_true(x->memcg.anon == 4096000 && x->memcg.shmem == 8192);
	assert_true(x->memcg.file == KERNLOG_UNKNOWN);
	assert_true(x->regs.rip == 0x482712 && x->regs.r14 == 0xc0000061a0 && x->regs.rsp == 0);
	assert_true(x->uptime_ns == NS + 8000 && x->wall_ns == KERNLOG_NO_TIME);
	assert_int_equal(x->n_tasks, 2);
	assert_int_equal(x->page_size, 4096);
	assert_int_equal(kernlog_bytes(x, x->tasks[1].rss_pages), 2000 * 4096);
	assert_true(x->first_line == 1 && x->last_line == 13);
	assert_non_null(strstr(x->header_line, "[    1.000000] a invoked"));
	assert_non_null(strstr(x->constraint_line, "oom_memcg=/g"));
	assert_non_null(strstr(x->kill_line, "Killed process 100"));
}

/* After ten headers in five seconds the kernel prints the kill line alone. */
static void a_kill_without_its_header_gets_nobody_elses(void **state)
{
	LOG(k, HEADER("[    1.000000] ", "a") USAGE("[    1.000001] ", "4096") CONSTRAINT(
		       "[    1.000002] ", "/g", "a", "100") KILLED("[    1.000003] ", "a", "100")
		       KILLED("[    1.100000] ", "b", "200") KILLED("[    1.200000] ", "c", "300"));

	(void)state;
	assert_int_equal(kernlog_kills(k), 3);
	for (size_t i = 1; i < 3; i++) {
		const struct kernlog_kill *x = kernlog_kill(k, i);

		assert_true(x->kind == KERNLOG_MEMCG && !x->kind_stated);
		assert_true(x->memcg.limit == KERNLOG_UNKNOWN && !x->oom_memcg && !x->trigger_comm);
		assert_int_equal(x->first_line, 4 + i);
	}
}

/* The kill line of a report was lost; the next one that comes is another's. */
static void a_report_waits_for_its_own_victim(void **state)
{
	LOG(k, HEADER("[    1.000000] ", "a") USAGE("[    1.000001] ", "4096") CONSTRAINT(
		       "[    1.000002] ", "/g", "a", "100") KILLED("[    1.100000] ", "b", "200"));

	(void)state;
	assert_int_equal(kernlog_kills(k), 1);
	assert_null(kernlog_kill(k, 0)->oom_memcg);
	assert_int_equal(kernlog_reports(k), 1);
	assert_false(kernlog_report(k, 0)->killed);
	assert_int_equal(kernlog_report(k, 0)->pid, 100);
	assert_true(kernlog_report(k, 0)->memcg.limit == KB(4096));
}

static void oom_group_prints_its_first_victim_twice(void **state)
{
	LOG(k, HEADER("[    1.000000] ", "a") TABLE("[    1.000001] ") ROW(
		       "[    1.000002] ", "100", "a") ROW("[    1.000002] ", "102", "b")
		       CONSTRAINT("[    1.000003] ", "/g", "a", "100") KILLED(
			       "[    1.000004] ", "a",
			       "100") "[    1.000005] Tasks in /g are going to be killed due to "
				      "memory.oom.group set\n" KILLED("[    1.000006] ", "b", "102")
					      KILLED("[    1.010007] ", "a", "100")
	    /* of another group, its header left out */
	    KILLED("[    1.020000] ", "z", "900"));

	(void)state;
	assert_int_equal(kernlog_kills(k), 3);
	assert_true(kernlog_kill(k, 0)->pid == 100 && !kernlog_kill(k, 0)->member);
	assert_true(kernlog_kill(k, 1)->pid == 102 && kernlog_kill(k, 1)->member);
	assert_string_equal(kernlog_kill(k, 1)->oom_memcg, "/g");
	assert_true(kernlog_kill(k, 1)->tasks == kernlog_kill(k, 0)->tasks);
	assert_true(kernlog_kill(k, 2)->pid == 900 && !kernlog_kill(k, 2)->oom_memcg);
}

/* printk.caller (CONFIG_PRINTK_CALLER) names whose each line is. */
static void interleaved_reports_with_callers(void **state)
{
	LOG(k, HEADER("[    1.0][  T10] ", "a") HEADER("[    1.1][  T20] ", "b") USAGE(
		       "[    1.2][  T10] ", "1000") USAGE("[    1.2][  T20] ", "2000")
		       TABLE("[    1.3][  T20] ") TABLE("[    1.3][  T10] ") ROW(
			       "[    1.3][  T20] ", "200", "b") ROW("[    1.3][  T10] ", "100", "a")
			       CONSTRAINT("[    1.4][  T20] ", "/b", "b", "200")
				       CONSTRAINT("[    1.4][  T10] ", "/a", "a", "100")
					       KILLED("[    1.5][  T10] ", "a", "100")
						       KILLED("[    1.5][  T20] ", "b", "200"));

	(void)state;
	assert_int_equal(kernlog_kills(k), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct kernlog_kill *x = kernlog_kill(k, i);

		assert_int_equal(x->pid, i ? 200 : 100);
		assert_int_equal(x->trigger_pid, i ? 20 : 10);
		assert_string_equal(x->oom_memcg, i ? "/b" : "/a");
		assert_true(x->memcg.limit == KB(1000) * (i + 1));
		assert_int_equal(x->n_tasks, 1);
		assert_string_equal(x->tasks[0].comm, i ? "b" : "a");
	}
}

/* Without callers only what names its report is used: the rest stays unknown. */
static void interleaved_reports_do_not_mix(void **state)
{
	LOG(k,
	    HEADER("[    1.0] ", "a") HEADER("[    1.1] ", "b") CPU("[    1.1] ", "a", "10") CPU(
		    "[    1.1] ", "b", "20") USAGE("[    1.2] ", "1000") STATS("[    1.2] ", "/a")
		    USAGE("[    1.2] ", "2000") STATS("[    1.2] ", "/b") TABLE("[    1.3] ")
			    ROW("[    1.3] ", "200", "b") ROW("[    1.3] ", "100", "a")
				    CONSTRAINT("[    1.4] ", "/b", "b", "20")
					    CONSTRAINT("[    1.4] ", "/a", "a", "10")
						    KILLED("[    1.5] ", "a", "10")
							    KILLED("[    1.5] ", "b", "20"));

	(void)state;
	assert_int_equal(kernlog_kills(k), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct kernlog_kill *x = kernlog_kill(k, i);

		assert_int_equal(x->trigger_pid, i ? 20 : 10);
		assert_string_equal(x->trigger_comm, i ? "b" : "a");
		assert_string_equal(x->oom_memcg, i ? "/b" : "/a");
		/* the group's numbers stand by its name */
		assert_true(x->memcg.limit == KB(1000) * (i + 1));
		assert_int_equal(x->n_tasks, 0);
	}
}

static void numbers_that_may_be_of_either_are_of_neither(void **state)
{
	LOG(k, HEADER("[    1.0] ", "a") HEADER("[    1.1] ", "a") CPU("[    1.1] ", "a", "10")
		       CPU("[    1.1] ", "a", "20") USAGE("[    1.2] ", "1000")
			       USAGE("[    1.2] ", "2000") STATS("[    1.2] ", "/a") STATS(
				       "[    1.2] ", "/b") CONSTRAINT("[    1.4] ", "/a", "a", "10")
				       CONSTRAINT("[    1.4] ", "/b", "a", "20")
					       KILLED("[    1.5] ", "a", "10")
						       KILLED("[    1.5] ", "a", "20"));

	(void)state;
	assert_int_equal(kernlog_kills(k), 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(kernlog_kill(k, i)->trigger_pid, 0);
		assert_true(kernlog_kill(k, i)->memcg.limit == KERNLOG_UNKNOWN);
		assert_string_equal(kernlog_kill(k, i)->oom_memcg, i ? "/b" : "/a");
	}
}

/* A report that was cut does not keep the next one from its lines. */
static void a_cut_report_gives_way(void **state)
{
	LOG(k, HEADER("[    1.0] ", "a") CPU("[    1.1] ", "a", "10") HEADER("[    2.0] ", "b")
		       CPU("[    2.1] ", "b", "20") USAGE("[    2.2] ", "2000")
			       CONSTRAINT("[    2.4] ", "/b", "b", "20")
				       KILLED("[    2.5] ", "b", "20"));

	(void)state;
	assert_int_equal(kernlog_kills(k), 1);
	assert_true(kernlog_kill(k, 0)->memcg.limit == KB(2000));
	assert_int_equal(kernlog_reports(k), 1);
	assert_string_equal(kernlog_report(k, 0)->trigger_comm, "a");
	assert_int_equal(kernlog_report(k, 0)->trigger_pid, 10);
}

#define ON(host) "Nov  7 01:45:10 " host " kernel: "

static void hosts_in_one_log(void **state)
{
	LOG(k, HEADER(ON("one"), "a") HEADER(ON("two"), "a") USAGE(ON("one"), "1000")
		       USAGE(ON("two"), "2000") CONSTRAINT(ON("two"), "/g", "a", "100")
			       CONSTRAINT(ON("one"), "/g", "a", "100") KILLED(ON("one"), "a", "100")
				       KILLED(ON("two"), "a", "100"));

	(void)state;
	assert_int_equal(kernlog_kills(k), 2);
	assert_true(kernlog_kill(k, 0)->memcg.limit == KB(1000));
	assert_true(kernlog_kill(k, 1)->memcg.limit == KB(2000));
}

static void what_is_one_kill(void **state)
{
	static const struct {
		const char *why, *text;
		size_t kills;
	} cases[] = {
		{ "a watcher quotes it in the same journal",
		  KILLED("Nov  7 01:45:10 h kernel: [   5.000000] ", "a",
			 "100") "Nov  7 01:45:11 h npd[7]: New status: Message:Memory cgroup out "
				"of memory: Killed process "
				"100 (a) " SIZES "}]\n",
		  1 },
		{ "the quote came first",
		  "Nov  7 01:45:11 h npd[7]: Message:Memory cgroup out of memory: Killed process "
		  "100 (a) " SIZES
		  "\n" KILLED("Nov  7 01:45:10 h kernel: [   5.000000] ", "a", "100"),
		  1 },
		{ "an event that quotes it, hours later",
		  KILLED("Nov  7 01:45:10 h kernel: ", "a",
			 "100") "Nov  7 05:45:11 h kubelet[7]: event: Memory cgroup out of memory: "
				"Killed process 100 (a) " SIZES "\n",
		  1 },
		{ "the same file twice",
		  KILLED("[    5.000000] ", "a", "100") KILLED("[   95.000000] ", "b", "200")
			  KILLED("[    5.000000] ", "a", "100")
				  KILLED("[   95.000000] ", "b", "200"),
		  2 },
		{ "the same pid on another day",
		  KILLED("Nov  7 01:45:10 h kernel: ", "a", "100")
			  KILLED("Nov  8 01:45:10 h kernel: ", "a", "100"),
		  2 },
		{ "the same pid after a restart of the machine",
		  KILLED("[    5.000000] ", "a", "100") "[    0.000000] Linux version 6.1.0 "
							"(x@y)\n" KILLED("[    5.100000] ", "a",
									 "100"),
		  2 },
		{ "a restart seen by the clock alone",
		  KILLED("[   50.000000] ", "x", "99") KILLED("[   55.000000] ", "a", "100")
			  KILLED("[   40.100000] ", "a", "100"),
		  3 },
		{ "another name", KILLED("[    5.0] ", "a", "100") KILLED("[    5.1] ", "b", "100"),
		  2 },
		{ "no clock at all, the same sizes", KILLED("", "a", "100") KILLED("", "a", "100"),
		  1 },
		{ "the reaper's line is no kill",
		  "[ 1.0] oom_reaper: reaped process 100 (a), now anon-rss:0kB, file-rss:0kB, "
		  "shmem-rss:0kB\n",
		  0 },
		{ "words of others",
		  "ODEBUG: Out of memory. ODEBUG disabled\nfatal error: out of memory\n"
		  "runtime: out of memory: cannot allocate 1073741824-byte block\n",
		  0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		LOG(k, cases[i].text);

		if (kernlog_kills(k) != cases[i].kills)
			fail_msg("%s: %zu kills", cases[i].why, kernlog_kills(k));
		if (cases[i].kills && kernlog_kill(k, 0)->quoted)
			fail_msg("%s: the quote was kept", cases[i].why);
	}
}

/* Anybody may write into the journal, and root's programs into the kernel's own buffer. */
static void other_programs_words_are_quotes(void **state)
{
	LOG(k,
	    KILLED("Nov  7 01:45:10 h bash[12]: ", "a", "100")
		    KILLED("30,7,5000000,-;", "b", "200") "Nov  7 01:45:10 h bash[12]: x invoked "
							  "oom-killer: gfp_mask=0x0(), order=0\n");

	(void)state;
	assert_int_equal(kernlog_kills(k), 2);
	assert_true(kernlog_kill(k, 0)->quoted && kernlog_kill(k, 1)->quoted);
	assert_int_equal(kernlog_reports(k), 0);
}

static void kinds(void **state)
{
	static const struct {
		const char *text;
		enum kernlog_kind kind;
		bool stated;
	} cases[] = {
		{ "Out of memory: Killed process 5 (a) total-vm:4kB\n", KERNLOG_GLOBAL, false },
		{ "Killed process 5 (a) total-vm:4kB\n", KERNLOG_KIND_UNKNOWN, false },
		{ "oom-kill:constraint=CONSTRAINT_CPUSET,nodemask=(null),cpuset=c,mems_allowed=1,"
		  "global_oom,"
		  "task_memcg=/c,task=a,pid=5,uid=0\nOut of memory: Killed process 5 (a) "
		  "total-vm:4kB\n",
		  KERNLOG_CPUSET, true },
		{ "oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=1,cpuset=/"
		  ",mems_allowed=1,global_oom,"
		  "task_memcg=/c,task=a,pid=5,uid=0\nOut of memory: Killed process 5 (a) "
		  "total-vm:4kB\n",
		  KERNLOG_MEMPOLICY, true },
		{ "kworker/0:0 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=-1, "
		  "oom_score_adj=0\n"
		  "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/"
		  ",mems_allowed=1,global_oom,"
		  "task_memcg=/c,task=a,pid=5,uid=0\nOut of memory: Killed process 5 (a) "
		  "total-vm:4kB\n",
		  KERNLOG_SYSRQ, true },
		{ "sysrq: Manual OOM execution\nOut of memory: Killed process 5 (a) total-vm:4kB\n",
		  KERNLOG_SYSRQ, true },
		/* the two-line form: the words stand in the first */
		{ "Memory cgroup out of memory: Kill process 5 (a) score 9 or sacrifice child\n"
		  "Killed process 5 (a) total-vm:4kB\n",
		  KERNLOG_MEMCG, false },
		{ "a invoked oom-killer: gfp_mask=0xd0, order=0\n [<ffffffff>] "
		  "mem_cgroup_oom_synchronize+0x51c/0x560\n"
		  "Killed process 5 (a) total-vm:4kB\n",
		  KERNLOG_MEMCG, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		LOG(k, cases[i].text);

		if (kernlog_kills(k) != 1 || kernlog_kill(k, 0)->kind != cases[i].kind ||
		    kernlog_kill(k, 0)->kind_stated != cases[i].stated)
			fail_msg("case %zu: %zu kills, %s", i, kernlog_kills(k),
				 kernlog_kills(k) ? kernlog_kind_name(kernlog_kill(k, 0)->kind)
						  : "");
		assert_int_equal(kernlog_reports(k), 0);
	}
}

static void nobody_could_be_killed(void **state)
{
	LOG(k,
	    HEADER("[ 1.0] ", "a") USAGE(
		    "[ 1.1] ",
		    "32768") "[ 1.2] Out of memory and no killable processes...\n" HEADER("[ 1.3] ",
											  "a")
		    USAGE("[ 1.4] ",
			  "32768") "[ 1.5] Out of memory and no killable processes...\n");

	(void)state;
	assert_int_equal(kernlog_kills(k), 0);
	assert_int_equal(kernlog_reports(k), 2);
	assert_int_equal(kernlog_report(k, 1)->kind, KERNLOG_NO_KILLABLE);
	assert_true(kernlog_report(k, 1)->memcg.limit == KB(32768));
	assert_true(kernlog_report(k, 1)->first_line == 4 && kernlog_report(k, 1)->last_line == 6);
}

static void a_child_dies_for_its_parent(void **state)
{
	LOG(k,
	    "Out of memory: Kill process 410 (netdata) score 1002 or sacrifice child\n"
	    "Killed process 481 (apps.plugin) total-vm:21272kB, anon-rss:1464kB, file-rss:1kB\n");

	(void)state;
	assert_int_equal(kernlog_kills(k), 1);
	assert_int_equal(kernlog_kill(k, 0)->pid, 481);
	assert_int_equal(kernlog_reports(k), 0);
}

/* Long paths make printk break the constraint line. */
static void a_broken_constraint_line(void **state)
{
	LOG(k, "[ 1.0] "
	       "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_"
	       "memcg=/g\n"
	       "[ 1.0] ,task_memcg=/g/h,task=a,pid=100,uid=0\n" KILLED("[ 1.1] ", "a", "100"));

	(void)state;
	assert_int_equal(kernlog_kills(k), 1);
	assert_string_equal(kernlog_kill(k, 0)->oom_memcg, "/g");
	assert_string_equal(kernlog_kill(k, 0)->task_memcg, "/g/h");
}

/* loongarch: 16 KiB pages. The row says pages, the kill line kB. */
static void page_sizes(void **state)
{
	LOG(big,
	    TABLE("") "[  100]     0   100  6558445  2000  1900  100  0  16384  0  0 a\n"
		      "Out of memory: Killed process 100 (a) total-vm:104935120kB, anon-rss:1kB\n");
	LOG(none, "[  100]     0   100     2500     2000      19      0             0 a\n"
		  "[  101]     0   101     2500     2000      21      0             0 b\n");
	LOG(four, "[  100]     0   100     2500     2000   81920      0             0 a\n"
		  "[  101]     0   101     2500     2000   45056      0             0 b\n");
	LOG(unlimited, "x invoked oom-killer: gfp_mask=0x0(), order=0\n"
		       "memory: usage 16kB, limit 9007199254740976kB, failcnt 0\n");

	(void)state;
	assert_int_equal(kernlog_kill(big, 0)->page_size, 16384);
	assert_true(kernlog_report(none, 0)->page_size == KERNLOG_UNKNOWN);
	assert_true(kernlog_bytes(kernlog_report(none, 0), 1) == KERNLOG_UNKNOWN);
	assert_int_equal(kernlog_report(none, 0)->n_tasks, 2);
	assert_int_equal(kernlog_report(four, 0)->page_size, 4096);
	assert_int_equal(kernlog_report(unlimited, 0)->page_size, 16384);
	assert_true(kernlog_report(unlimited, 0)->memcg.limit == KERNLOG_NO_LIMIT);
}

static void one_row_is_no_report(void **state)
{
	LOG(k, "[  100]     0   100     2500     2000   81920      0             0 a\n");

	(void)state;
	assert_int_equal(kernlog_reports(k), 0);
}

static void times(void **state)
{
	/* containerd's own date beside the stamp gives the year and the zone: +02:00 */
	LOG(derived, KILLED("Oct 12 21:00:20 h kernel: [ 8523.347333] ", "a",
			    "100") "Oct 12 21:00:20 h containerd[2388]: "
				   "time=\"2023-10-12T19:00:20.879932879Z\" level=info\n");
	LOG(yearless, KILLED("Oct 12 21:00:20 h kernel: [ 8523.347333] ", "a", "100"));
	LOG(foreign, KILLED("Oct 12 21:00:20 h kernel: ", "a",
			    "100") "Oct 12 21:00:20 h app[1]: certificate valid until "
				   "2024-10-12T19:07:13Z\n");
	LOG(zone, KILLED("2024-02-01T12:00:00+0100 h kernel: ", "a", "100"));
	LOG(local, KILLED("[Di Aug 12 03:54:03 2025] ", "a", "100"));
	_cleanup_(kernlog_freep) struct kernlog *boot = kernlog_new(KERNLOG_BUDGET);
	const char *text = KILLED("[  100.500000] ", "a", "100");

	(void)state;
	assert_true(kernlog_kill(derived, 0)->wall_ns == INT64_C(1697137220) * NS);
	assert_true(kernlog_kill(derived, 0)->wall_derived && kernlog_kill(derived, 0)->zone_known);
	assert_true(kernlog_kill(yearless, 0)->wall_ns == KERNLOG_NO_TIME);
	assert_true(kernlog_kill(yearless, 0)->uptime_ns == INT64_C(8523347333000));
	assert_true(kernlog_kill(foreign, 0)->wall_ns == KERNLOG_NO_TIME);
	assert_true(kernlog_kill(zone, 0)->wall_ns == INT64_C(1706785200) * NS);
	assert_true(kernlog_kill(zone, 0)->zone_known && !kernlog_kill(zone, 0)->wall_derived);
	assert_true(kernlog_kill(local, 0)->wall_ns == INT64_C(1754970843) * NS);
	assert_false(kernlog_kill(local, 0)->zone_known);
	kernlog_set_boot_wall(boot, INT64_C(1700000000) * NS);
	assert_int_equal(kernlog_feed(boot, text, strlen(text)), 0);
	assert_int_equal(kernlog_finish(boot), 0);
	assert_true(kernlog_kill(boot, 0)->wall_ns == INT64_C(1700000100) * NS + NS / 2);
}

static void envelopes(void **state)
{
	LOG(journal,
	    "{\"__REALTIME_TIMESTAMP\":\"1700000000123456\",\"_TRANSPORT\":\"kernel\",\"X\":null,"
	    "\"SYSLOG_IDENTIFIER\":\"kernel\",\"_SOURCE_MONOTONIC_TIMESTAMP\":\"514682838\","
	    "\"MESSAGE\":\"Memory cgroup out of memory: Killed process 15617 (py\\\"thon3) " SIZES
	    "\"}\n");
	LOG(docker, "{\"log\":\"Out of memory: Killed process 7 (a) "
		    "total-vm:4kB\\n\",\"stream\":\"stdout\","
		    "\"time\":\"2024-02-01T12:00:00.5Z\"}\n");
	LOG(dmesg,
	    "{\n   \"dmesg\": [\n      {\n         \"pri\": 3,\n         \"time\":     3.919018,\n"
	    "         \"msg\": \"Out of memory: Killed process 7 (a) total-vm:4kB\"\n      },{\n"
	    "         \"pri\": 30,\n         \"time\":     4.0,\n"
	    "         \"msg\": \"Out of memory: Killed process 8 (b) total-vm:4kB\"\n      }\n   "
	    "]\n}\n");
	LOG(rsyslog, "Nov  7 01:45:10 h kernel: Out of memory: Killed process 7 (a) "
		     "total-vm:4kB#012Out of memory: "
		     "Killed process 8 (b) total-vm:4kB\n");
	LOG(kmsg,
	    "6,1,5000000,-;Out of memory: Killed process 7 (a\\x5cb) total-vm:4kB\n SUBSYSTEM=x\n");

	LOG(colour, "\x1b[32m[    5.000000] \x1b[0m\x1b[31mOut of memory: Killed process 7 (a) "
		    "total-vm:4kB\x1b[0m\r\n");

	(void)state;
	assert_true(kernlog_kill(colour, 0)->uptime_ns == 5 * NS &&
		    !kernlog_kill(colour, 0)->quoted);
	assert_string_equal(kernlog_kill(journal, 0)->comm, "py\"thon3");
	assert_true(kernlog_kill(journal, 0)->uptime_ns == INT64_C(514682838000));
	assert_true(kernlog_kill(journal, 0)->wall_ns == INT64_C(1700000000123456000));
	assert_true(kernlog_kill(docker, 0)->wall_ns == INT64_C(1706788800) * NS + NS / 2);
	assert_int_equal(kernlog_kills(dmesg), 2);
	assert_true(kernlog_kill(dmesg, 0)->uptime_ns == INT64_C(3919018000) &&
		    !kernlog_kill(dmesg, 0)->quoted);
	assert_true(kernlog_kill(dmesg, 1)->quoted);
	assert_int_equal(kernlog_kills(rsyslog), 2);
	assert_string_equal(kernlog_kill(kmsg, 0)->comm, "a\\b");
	assert_true(kernlog_kill(kmsg, 0)->uptime_ns == 5 * NS);
}

static void other_killers(void **state)
{
	static const struct {
		const char *text, *killer, *comm, *target;
		int pid;
	} cases[] = {
		{ "Sep 10 14:59:49 h systemd-oomd[34]: oomd attempting to kill 63 with KILL\n",
		  "systemd-oomd", NULL, NULL, 63 },
		{ "Sep 10 14:59:49 h systemd-oomd[34]: Killed /a.slice/b.service due to memory "
		  "used (1) / total (2) "
		  "and swap used\n",
		  "systemd-oomd", NULL, "/a.slice/b.service", 0 },
		{ "Sep 10 14:59:49 h systemd[1]: b.service: systemd-oomd killed 2 process(es) in "
		  "this unit.\n",
		  "systemd-oomd", NULL, "b.service", 0 },
		{ "Sep 10 14:59:49 h systemd[1]: b.service: A process of this unit has been killed "
		  "by the OOM killer.\n",
		  "kernel", NULL, "b.service", 0 },
		{ "Sep 10 14:59:49 h systemd[1]: b.service: Failed with result 'oom-kill'.\n",
		  "kernel", NULL, "b.service", 0 },
		{ "Sep 10 14:59:49 h earlyoom[9]: sending SIGTERM to process 696 uid 1001 "
		  "\"ipfs\": badness 757, VmRSS "
		  "637 MiB\n",
		  "earlyoom", "ipfs", NULL, 696 },
		{ "sending SIGKILL to process 14392 uid 1000 \"a b\": oom_score 1041\n", "earlyoom",
		  "a b", NULL, 14392 },
		{ "  Message:  The node was low on resource: memory. Threshold quantity: 750Mi\n",
		  "kubelet", NULL, NULL, 0 },
		{ "user: warning: [2026-01-12T20:27:31.913975631Z]: [talos] Sending SIGKILL to "
		  "cgroup {\"cgroup\": "
		  "\"/sys/fs/cgroup/x\"}\n",
		  "talos", NULL, "/sys/fs/cgroup/x", 0 },
	};
	LOG(calm,
	    "Sep 10 14:59:49 h systemd-oomd[34]: Memory pressure for /a.slice is 64.15% > 1.00%\n"
	    "Sep 10 14:59:49 h earlyoom[9]: low memory! at or below SIGTERM limits: mem 10.00%, "
	    "swap 15.00%\n"
	    "Sep 10 14:59:49 h kubelet[9]: pod x is evicted successfully\n");
	LOG(known, KILLED("Sep 10 14:59:49 h kernel: ", "a",
			  "100") "Sep 10 14:59:49 h systemd[1]: b.service: A process of this unit "
				 "has been killed by the OOM killer.\n");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		LOG(k, cases[i].text);
		const struct kernlog_other *o = kernlog_other(k, 0);

		if (kernlog_others(k) != 1 || kernlog_kills(k) != 0)
			fail_msg("%s: %zu", cases[i].text, kernlog_others(k));
		assert_string_equal(o->killer, cases[i].killer);
		assert_int_equal(o->pid, cases[i].pid);
		assert_int_equal(o->line, 1);
		assert_true(cases[i].comm ? o->comm && strcmp(o->comm, cases[i].comm) == 0
					  : !o->comm);
		assert_true(cases[i].target ? o->target && strcmp(o->target, cases[i].target) == 0
					    : !o->target);
	}
	assert_int_equal(kernlog_others(calm), 0);
	assert_int_equal(kernlog_others(known), 0);
}

static void how_a_log_is_cut_does_not_show(void **state)
{
	const char *text = "x\n" HEADER("[    1.0] ", "a")
		USAGE("[    1.1] ", "4096") "noise\n" CONSTRAINT("[    1.2] ", "/g", "a", "100")
			KILLED("[    1.3] ", "a", "100") "tail";

	(void)state;
	for (size_t piece = 1; piece < 90; piece++) {
		_cleanup_(kernlog_freep) struct kernlog *k =
			parse_in(text, strlen(text), piece, KERNLOG_BUDGET);

		assert_int_equal(kernlog_kills(k), 1);
		assert_true(kernlog_kill(k, 0)->first_line == 2 &&
			    kernlog_kill(k, 0)->last_line == 6);
		assert_true(kernlog_kill(k, 0)->memcg.limit == KB(4096));
		assert_true(kernlog_counts(k).lines == 7 &&
			    kernlog_counts(k).bytes == strlen(text));
	}
}

/* Behind a kill without a year lines are read for one, up to the same line however they come. */
static void the_year_is_looked_for_as_far(void **state)
{
	(void)state;
	for (unsigned noise = 195; noise < 205; noise++) {
		BUF(text, 1 << 20);
		int64_t wall;

		buf_cstr(&text, KILLED("Oct 12 21:00:20 h kernel: ", "a", "100"));
		for (unsigned i = 0; i < noise; i++)
			buf_cstr(&text, "Oct 12 21:00:20 h app[1]: x\n");
		buf_cstr(&text, "Oct 12 21:00:20 h app[1]: 2023-10-12T19:00:20Z\n");
		for (size_t piece = 1; piece < 3000; piece += 997) {
			_cleanup_(kernlog_freep) struct kernlog *k =
				parse_in(text.p, text.n, piece, KERNLOG_BUDGET);

			if (piece > 1)
				assert_true(kernlog_kill(k, 0)->wall_ns == wall);
			wall = kernlog_kill(k, 0)->wall_ns;
		}
	}
}

static void a_line_without_end(void **state)
{
	size_t n = 3 << 20;
	_cleanup_(free_ptr) char *long_line = malloc(n);
	const char *kill = "\n" KILLED("[ 1.0] ", "a", "100");
	_cleanup_(kernlog_freep) struct kernlog *k = kernlog_new(KERNLOG_BUDGET);

	(void)state;
	assert_non_null(long_line);
	memset(long_line, 'x', n);
	for (size_t at = 0; at < n; at += 100000)
		assert_int_equal(kernlog_feed(k, long_line + at, n - at < 100000 ? n - at : 100000),
				 0);
	assert_int_equal(kernlog_feed(k, kill, strlen(kill)), 0);
	assert_int_equal(kernlog_finish(k), 0);
	assert_int_equal(kernlog_kills(k), 1);
	assert_int_equal(kernlog_kill(k, 0)->last_line, 2);
	assert_int_equal(kernlog_counts(k).long_lines, 1);
}

static void the_newest_kills_are_kept(void **state)
{
	_cleanup_(kernlog_freep) struct kernlog *k = kernlog_new(KERNLOG_BUDGET);
	unsigned n = KERNLOG_KILLS_MAX + 100;
	BUF(text, 1 << 20);

	(void)state;
	for (unsigned i = 1; i <= n; i++)
		buf_printf(&text, "[%u.0] Out of memory: Killed process %u (a) total-vm:4kB\n", i,
			   i);
	assert_int_equal(kernlog_feed(k, text.p, text.n), 0);
	assert_int_equal(kernlog_finish(k), 0);
	assert_int_equal(kernlog_kills(k), KERNLOG_KILLS_MAX);
	assert_int_equal(kernlog_counts(k).kills_dropped, 100);
	assert_int_equal(kernlog_kill(k, 0)->pid, 101);
	assert_int_equal(kernlog_kill(k, KERNLOG_KILLS_MAX - 1)->pid, (int)n);
	assert_null(kernlog_kill(k, KERNLOG_KILLS_MAX));
	assert_null(kernlog_find(k, 100));
	assert_int_equal(kernlog_find(k, 101)->pid, 101);
}

static void tables_go_before_kills_do(void **state)
{
	_cleanup_(kernlog_freep) struct kernlog *k = kernlog_new(64 << 10);
	BUF(text, 4 << 20);
	const struct kernlog_kill *last;

	(void)state;
	for (unsigned i = 1; i <= 20; i++) {
		buf_cstr(&text, HEADER("", "a") TABLE(""));
		for (unsigned row = 0; row < 200; row++)
			buf_printf(&text, "[ %u]  0  %u  2500  2000  1900  100  0  45056  0  0 a\n",
				   i * 1000 + row, i * 1000 + row);
		buf_printf(&text, "Out of memory: Killed process %u (a) total-vm:10000kB\n",
			   i * 1000);
	}
	assert_int_equal(kernlog_feed(k, text.p, text.n), 0);
	assert_int_equal(kernlog_finish(k), 0);
	assert_int_equal(kernlog_kills(k), 20);
	assert_int_equal(kernlog_kill(k, 0)->n_tasks, 0);
	assert_int_equal(kernlog_kill(k, 0)->tasks_dropped, 200);
	last = kernlog_kill(k, 19);
	assert_true(last->n_tasks == 200 && last->tasks_dropped == 0 && last->page_size == 4096);
}

static void a_table_has_a_last_row(void **state)
{
	_cleanup_(kernlog_freep) struct kernlog *k = kernlog_new(KERNLOG_BUDGET);
	BUF(text, 16 << 20);

	(void)state;
	buf_cstr(&text, HEADER("", "a") TABLE(""));
	for (unsigned row = 1; row <= KERNLOG_TASKS_MAX + 5; row++)
		buf_printf(&text, "[ %u]  0  %u  2500  2000  1900  100  0  45056  0  0 a\n", row,
			   row);
	buf_cstr(&text, "Out of memory: Killed process 40000 (a) total-vm:10000kB\n");
	assert_int_equal(kernlog_feed(k, text.p, text.n), 0);
	assert_int_equal(kernlog_finish(k), 0);
	assert_int_equal(kernlog_kills(k), 1);
	assert_int_equal(kernlog_kill(k, 0)->n_tasks, KERNLOG_TASKS_MAX);
	assert_int_equal(kernlog_kill(k, 0)->tasks_dropped, 5);
	/* the victim may be among those that were not kept */
	assert_string_equal(kernlog_kill(k, 0)->trigger_comm, "a");
}

static void the_kernel_says_what_it_left_out(void **state)
{
	LOG(k, "[   58.8] oom_kill_process: 15 callbacks suppressed\n" HEADER("[   58.8] ", "a"));

	(void)state;
	assert_int_equal(kernlog_counts(k).suppressed, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_report),
		cmocka_unit_test(a_kill_without_its_header_gets_nobody_elses),
		cmocka_unit_test(a_report_waits_for_its_own_victim),
		cmocka_unit_test(oom_group_prints_its_first_victim_twice),
		cmocka_unit_test(interleaved_reports_with_callers),
		cmocka_unit_test(interleaved_reports_do_not_mix),
		cmocka_unit_test(numbers_that_may_be_of_either_are_of_neither),
		cmocka_unit_test(a_cut_report_gives_way),
		cmocka_unit_test(hosts_in_one_log),
		cmocka_unit_test(what_is_one_kill),
		cmocka_unit_test(other_programs_words_are_quotes),
		cmocka_unit_test(kinds),
		cmocka_unit_test(nobody_could_be_killed),
		cmocka_unit_test(a_child_dies_for_its_parent),
		cmocka_unit_test(a_broken_constraint_line),
		cmocka_unit_test(page_sizes),
		cmocka_unit_test(one_row_is_no_report),
		cmocka_unit_test(times),
		cmocka_unit_test(envelopes),
		cmocka_unit_test(other_killers),
		cmocka_unit_test(how_a_log_is_cut_does_not_show),
		cmocka_unit_test(the_year_is_looked_for_as_far),
		cmocka_unit_test(a_line_without_end),
		cmocka_unit_test(the_newest_kills_are_kept),
		cmocka_unit_test(tables_go_before_kills_do),
		cmocka_unit_test(a_table_has_a_last_row),
		cmocka_unit_test(the_kernel_says_what_it_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
