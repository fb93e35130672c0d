/* SPDX-License-Identifier: Apache-2.0 */
/* run: a command under the recorder; the report to stderr, the case to a file. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/judge.h"
#include "cli/output.h"
#include "recorder/run.h"

#define PATH_MAX_BYTES ((size_t)8192)

static void note(void *arg, const char *text)
{
	(void)arg;
	log_warn("%s", text);
}

/* To stderr as a whole: CMD's own output is not cut into. */
static void show(const struct judgement *j)
{
	fflush(stderr);
	if (j->text.n && write(STDERR_FILENO, j->text.p, j->text.n) < 0)
		log_warn("stderr: %s", strerror(errno));
}

struct run_of {
	struct cli cli;
	unsigned n_killed;
};

/*
 * The file that was asked for is the first killed one's; a later one's has its PID
 * in the name: out.whyoom, out-4242.whyoom. A normal end's gives way to a kill's.
 */
static const char *own_file(const char *asked, unsigned n_killed, int pid, struct buf *room)
{
	const char *slash, *dot;

	if (!asked || n_killed < 2)
		return asked;
	slash = strrchr(asked, '/');
	dot = strrchr(asked, '.');
	if (!dot || dot == asked || (slash && dot <= slash + 1))
		dot = asked + strlen(asked);
	buf_printf(room, "%.*s-%d%s", (int)(dot - asked), asked, pid, dot);
	return room->failed ? asked : room->p;
}

static void save(const struct run_of *run, const struct run_report *r, const struct judgement *j)
{
	BUF(case_room, PATH_MAX_BYTES);
	BUF(json_room, PATH_MAX_BYTES);
	BUF(path, PATH_MAX_BYTES);
	int pid = r->c->subject.pid;
	const char *file = own_file(run->cli.case_file, run->n_killed, pid, &case_room);
	const char *json = own_file(run->cli.json_file, run->n_killed, pid, &json_room);
	struct err err;

	if (r->killed || file) {
		if (judge_save(r->c, r->subject, r->raw, file, &path, &err) < 0)
			log_warn("the case was not saved: %s", err.msg);
		else
			log_warn("the evidence is in %s", path.p);
	}
	if (json)
		output_file(json, &j->json);
}

static void report(void *arg, const struct run_report *r)
{
	struct run_of *run = arg;
	struct judgement j = { 0 };
	struct err err;

	if (judge(r->c, &run->cli, judge_colour(STDERR_FILENO), &j, &err) < 0) {
		log_warn("no verdict: %s", err.msg);
		return;
	}
	if (r->killed) {
		run->n_killed++;
		show(&j);
	}
	save(run, r, &j);
	judgement_release(&j);
}

/* As a shell reports it: what CMD returned, or 128 and its signal. */
static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int verb_run(const struct cli *cli)
{
	struct run_of mine = { .cli = *cli };
	struct run_options opt = {
		.argv = cli->argv,
		.memory_max = cli->memory_max,
		.capture_max = cli->have_capture ? cli->capture_max : UNKNOWN_U64,
		.cpu_max = cli->cpu_max,
		.nofile = cli->nofile,
		.want_normal_end = cli->case_file || cli->json_file,
		.report = report,
		.note = note,
		.arg = &mine,
	};
	struct err err;
	int status, r;

	if (cli->json && !cli->json_file) {
		log_warn("--json needs a file here (--json=FILE): stdout is CMD's");
		return EXIT_RUN_FAILED;
	}
	if (cli->argc == 0) {
		log_warn("run: which command?");
		return EXIT_RUN_FAILED;
	}
	r = run(&opt, &status, &err);
	if (r == 0)
		return status_of(status);
	log_warn("%s", err.msg);
	if (r == -ENOENT)
		return EXIT_RUN_NOT_FOUND;
	return r == -EACCES || r == -ENOEXEC ? EXIT_RUN_NOT_EXECUTABLE : EXIT_RUN_FAILED;
}
