/* SPDX-License-Identifier: Apache-2.0 */
/* diagnose: a verdict on a live process, a case file, a kernel log, or this host's last kill. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "case/case_file.h"
#include "cli/judge.h"
#include "cli/log_case.h"
#include "cli/output.h"
#include "host/kmsg.h"
#include "recorder/look.h"
#include "recorder/look_core.h"
#include "target/core.h"

#define CASE_ARENA ((size_t)2 << 30)
#define HEAD_BYTES 512
#define SURE 0.9 /* a live look ends early at that confidence */

static int show(const struct cli *cli, const struct whycase *c)
{
	struct judgement j = { 0 };
	struct err err;
	int r, status;

	if (judge(c, cli, judge_colour(STDOUT_FILENO), &j, &err) < 0)
		return output_error(&err);
	status = j.exit_status;
	r = output_result(cli, &j.text, &j.json);
	judgement_release(&j);
	return r == EXIT_OK ? status : r;
}

static bool parse_rfc3339(const char *text, int64_t *ret)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!rest || (*rest && strcmp(rest, "Z") != 0))
		return false;
	*ret = (int64_t)timegm(&tm) * NS_PER_S;
	return true;
}

static int choice_of(const struct cli *cli, struct log_choice *ret)
{
	*ret = (struct log_choice){ .pid = cli->pid, .wall_ns = UNKNOWN_I64 };
	if (!cli->time || parse_rfc3339(cli->time, &ret->wall_ns))
		return EXIT_OK;
	log_warn("--time: '%s' is not a time like 2026-11-22T10:15:00Z", cli->time);
	return EXIT_USAGE;
}

static int judge_log(const struct cli *cli, const struct kernlog *k)
{
	ARENA(a, CASE_ARENA);
	struct log_choice choice;
	struct whycase c;
	struct err err;
	int r = choice_of(cli, &choice);

	if (r != EXIT_OK)
		return r;
	if (log_case(k, &choice, &a, &c, &err) < 0)
		return output_error(&err);
	return show(cli, &c);
}

static int diagnose_log(const struct cli *cli, int fd, const char *name)
{
	_cleanup_(kernlog_freep) struct kernlog *k = kernlog_new(KERNLOG_BUDGET);
	struct err err;

	if (!k) {
		err_set(&err, -ENOMEM, "%s: no memory to read it", name);
		return output_error(&err);
	}
	if (kernlog_read(k, fd, name, &err) < 0)
		return output_error(&err);
	return judge_log(cli, k);
}

static int diagnose_case(const struct cli *cli, const char *path)
{
	ARENA(a, CASE_ARENA);
	struct whycase c;
	struct err err;

	if (case_file_load(path, &a, &c, &err) < 0) {
		log_warn("%s", err.msg);
		return EXIT_FAILED; /* a file that cannot be read */
	}
	return show(cli, &c);
}

static int diagnose_core(const struct cli *cli, const char *path)
{
	_cleanup_(subject_release) struct subject s = { .procfd = -1 };
	_cleanup_(free_ptr) struct snapshot *raw = calloc(1, sizeof(*raw));
	ARENA(a, CASE_ARENA);
	BUF(saved, (size_t)8192);
	struct whycase c;
	struct err err;
	int r;

	if (!raw) {
		err_set(&err, -ENOMEM, "%s: no memory to look at it", path);
		return output_error(&err);
	}
	if (look_core(path, cli->exe, &s, raw, &a, &c, &err) < 0)
		return output_error(&err);
	r = show(cli, &c);
	if (cli->case_file && judge_save(&c, &s, raw, cli->case_file, &saved, &err) < 0) {
		log_warn("the case was not saved: %s", err.msg);
		r = EXIT_FAILED;
	}
	return r;
}

/* By content, not by name. */
static int diagnose_file(const struct cli *cli, const char *path)
{
	_cleanup_(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[HEAD_BYTES];
	ssize_t n;

	if (fd < 0) {
		log_warn("%s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	n = pread(fd, head, sizeof(head), 0);
	if (n < 0 && errno == EISDIR) {
		log_warn("%s: a folder is no evidence", path);
		return EXIT_FAILED;
	}
	if (n > 0 && case_file_is((struct str){ head, (size_t)n }))
		return diagnose_case(cli, path);
	if (n > 0 && core_is((struct str){ head, (size_t)n }))
		return diagnose_core(cli, path);
	return diagnose_log(cli, fd, path);
}

static bool sure(void *arg, const struct whycase *so_far)
{
	_cleanup_(free_ptr) struct verdict *v = calloc(1, sizeof(*v));
	ARENA(a, (size_t)64 << 20);

	(void)arg;
	return v && verdict_make(so_far, &a, v, NULL) == 0 && v->n_yes &&
	       v->yes[0]->confidence >= SURE;
}

static void progress(void *arg, int64_t done, int64_t of)
{
	(void)arg;
	log_progress("watching: %.0f of %.0f s", (double)done / 1e9, (double)of / 1e9);
}

static int diagnose_live(const struct cli *cli, pid_t pid)
{
	struct look_options opt = { .pid = pid,
				    .capture_max =
					    cli->have_capture ? cli->capture_max : UNKNOWN_U64,
				    .for_ns = cli->for_ns,
				    .exe = cli->exe,
				    .enough = sure,
				    .progress = progress };
	_cleanup_(free_ptr) struct look *l = calloc(1, sizeof(*l));
	ARENA(a, CASE_ARENA);
	BUF(path, (size_t)8192);
	struct whycase c;
	struct err err;
	int r;

	if (!l) {
		err_set(&err, -ENOMEM, "no memory to look at PID %d", pid);
		return output_error(&err);
	}
	r = look(&opt, l, &a, &c, &err);
	log_progress_end();
	if (r < 0)
		return output_error(&err);
	r = show(cli, &c);
	if (cli->case_file && judge_save(&c, NULL, NULL, cli->case_file, &path, &err) < 0) {
		log_warn("the case was not saved: %s", err.msg);
		r = EXIT_FAILED;
	}
	look_release(l);
	return r;
}

static int read_kmsg(struct kernlog *k, struct err *err)
{
	struct kmsg log;
	int r = kmsg_open(&log, NULL, KMSG_OLDEST, err);

	if (r < 0)
		return r;
	kernlog_set_boot_wall(k, kmsg_boot_wall());
	r = kmsg_drain(&log, k, err);
	kmsg_close(&log);
	if (r >= 0 && kernlog_finish(k) < 0)
		return err_set(err, -ENOMEM, "no memory for the kernel log");
	return r;
}

/* What this host still knows: the kernel's ring buffer. */
static int diagnose_host(const struct cli *cli)
{
	_cleanup_(kernlog_freep) struct kernlog *k = kernlog_new(KERNLOG_BUDGET);
	struct err err;

	if (!k) {
		err_set(&err, -ENOMEM, "no memory to read the kernel log");
		return output_error(&err);
	}
	if (read_kmsg(k, &err) < 0)
		return output_error(&err);
	if (kernlog_kills(k) == 0) {
		log_warn("this kernel's log has no kill (since boot, or since it was last "
			 "overwritten)");
		log_warn("for the next one: whyoom run --memory-max SIZE -- CMD; whyoom doctor");
		return EXIT_UNKNOWN;
	}
	return judge_log(cli, k);
}

int verb_diagnose(const struct cli *cli)
{
	struct stat st;
	struct str s;
	uint64_t pid;

	if (cli->argc == 0)
		return diagnose_host(cli);
	if (cli->argc > 1) {
		log_warn("one PID or one file; several pieces of evidence cannot be joined yet");
		return EXIT_USAGE;
	}
	s = str_from(cli->argv[0]);
	if (str_take_u64(&s, &pid) && s.n == 0) {
		if (pid > 0 && pid <= INT32_MAX)
			return diagnose_live(cli, (pid_t)pid);
		log_warn("'%s' is not a PID", cli->argv[0]);
		return EXIT_USAGE;
	}
	if (stat(cli->argv[0], &st) == 0)
		return diagnose_file(cli, cli->argv[0]);
	log_warn("%s: %s", cli->argv[0], strerror(errno));
	return EXIT_FAILED;
}
