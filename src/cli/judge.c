/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/judge.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "base/clock.h"
#include "case/case_file.h"
#include "recorder/export.h"

#define REPORT_MAX ((size_t)16 << 20)
#define VERDICT_ARENA ((size_t)64 << 20)
#define PROFILE_MAX ((size_t)256 << 20)
#define KERNEL_LOG_MAX ((size_t)16 << 20)

bool judge_colour(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

int judge(const struct whycase *c, const struct cli *cli, bool colour, struct judgement *ret,
	  struct err *err)
{
	_cleanup_(free_ptr) struct verdict *v = calloc(1, sizeof(*v));
	struct report_options opt = { .lang = cli->lang, .colour = colour };
	ARENA(a, VERDICT_ARENA);
	int r = v ? verdict_make(c, &a, v, err) : err_set(err, -ENOMEM, "no memory to judge");

	if (r < 0)
		return r;
	buf_init(&ret->text, REPORT_MAX);
	buf_init(&ret->json, REPORT_MAX);
	report_text(v, &opt, &ret->text);
	report_json(v, cli->lang, &ret->json);
	ret->exit_status = v->exit_status;
	return 0;
}

void judgement_release(struct judgement *j)
{
	buf_release(&j->text);
	buf_release(&j->json);
}

/* ./COMM-PID-TIME.whyoom; what a file name should not have becomes '_'. */
static void default_path(const struct whycase *c, struct buf *path)
{
	const char *comm = c->subject.comm ? c->subject.comm : "process";

	for (; *comm; comm++) {
		bool plain = (*comm >= 'a' && *comm <= 'z') || (*comm >= 'A' && *comm <= 'Z') ||
			     (*comm >= '0' && *comm <= '9') || strchr("._+-", *comm);

		buf_char(path, plain && !(*comm == '.' && path->n == 0) ? *comm : '_');
	}
	buf_printf(path, "-%d-", c->subject.pid);
	clock_compact(path, c->end.wall_ns != UNKNOWN_I64 ? c->end.wall_ns : clock_wall());
	buf_cstr(path, ".whyoom");
}

static void kernel_lines(const struct whycase *c, struct buf *out)
{
	for (size_t i = 0; c->end.kill && i < c->end.kill->n_lines; i++)
		buf_printf(out, "%s\n", c->end.kill->lines[i]);
}

int judge_save(const struct whycase *c, struct subject *subject, const struct snapshot *raw,
	       const char *path, struct buf *ret_path, struct err *err)
{
	struct export_options opt = { .latest = true, .wall_ns = clock_wall() };
	BUF(log, KERNEL_LOG_MAX);
	BUF(heap, PROFILE_MAX);
	BUF(goroutines, PROFILE_MAX);
	struct case_member members[3];
	size_t n = 0;

	kernel_lines(c, &log);
	if (log.n)
		members[n++] = (struct case_member){ "kernel.log", buf_view(&log) };
	if (raw && raw->have_profile && export_heap(subject, &raw->profile, &opt, &heap, NULL) == 0)
		members[n++] = (struct case_member){ "heap.pb.gz", buf_view(&heap) };
	if (raw && raw->have_goroutines &&
	    export_goroutines(subject, &raw->goroutines, &opt, &goroutines, NULL) == 0)
		members[n++] = (struct case_member){ "goroutines.pb.gz", buf_view(&goroutines) };
	if (path)
		buf_cstr(ret_path, path);
	else
		default_path(c, ret_path);
	if (ret_path->failed)
		return err_set(err, ret_path->failed, "the path of the case file is too long");
	return case_file_save(c, ret_path->p, members, n, err);
}
