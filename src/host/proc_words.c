/* SPDX-License-Identifier: Apache-2.0 */
#include "host/proc_words.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "host/file.h"

#define CMDLINE_MAX ((size_t)4096)
#define ENVIRON_MAX ((size_t)4 << 20) /* the kernel allows a quarter of the stack's limit */

static int keep(struct arena *a, struct str s, const char **ret, struct err *err)
{
	char *copy = arena_alloc(a, s.n + 1, 1);

	if (!copy)
		return err_set(err, -ENOMEM, "no room for a text of %zu bytes", s.n);
	if (s.n)
		memcpy(copy, s.p, s.n);
	*ret = copy;
	return 0;
}

int proc_comm(int procfd, struct arena *a, const char **ret, struct err *err)
{
	BUF(text, FILE_SMALL);
	struct str s;
	int rc = file_read(procfd, "comm", &text, err);

	if (rc < 0)
		return rc;
	s = buf_view(&text);
	if (str_has_suffix(s, STR("\n")))
		s.n--;
	return keep(a, s, ret, err);
}

/* A long command line is cut, not refused. */
static int read_front(int procfd, const char *name, struct buf *out, struct err *err)
{
	int rc = file_read(procfd, name, out, err);

	return rc == -EFBIG ? 0 : rc;
}

int proc_cmdline(int procfd, struct arena *a, const char **ret, struct err *err)
{
	BUF(text, CMDLINE_MAX);
	int rc = read_front(procfd, "cmdline", &text, err);

	if (rc < 0)
		return rc;
	while (text.n && text.p[text.n - 1] == '\0')
		text.n--;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '\0')
			text.p[i] = ' ';
	return keep(a, buf_view(&text), ret, err);
}

int proc_exe(int procfd, struct arena *a, const char **ret, struct err *err)
{
	char path[PATH_MAX];
	int rc = file_link(procfd, "exe", path, sizeof(path), err);

	return rc < 0 ? rc : keep(a, str_from(path), ret, err);
}

int proc_environ(int procfd, const char *name, struct arena *a, const char **ret, struct err *err)
{
	BUF(text, ENVIRON_MAX);
	struct str all, one;
	int rc = read_front(procfd, "environ", &text, err);

	if (rc < 0)
		return rc;
	all = buf_view(&text);
	while (str_take_until(&all, '\0', &one))
		if (str_take_prefix(&one, str_from(name)) && str_take_prefix(&one, STR("=")))
			return keep(a, one, ret, err);
	return err_set(err, -ENOENT, "environ: no %s", name);
}

int proc_oom_score_adj(int procfd, int *ret, struct err *err)
{
	BUF(text, FILE_SMALL);
	struct str s;
	int64_t v;
	int rc = file_read(procfd, "oom_score_adj", &text, err);

	if (rc < 0)
		return rc;
	s = str_trim(buf_view(&text));
	if (!str_take_i64(&s, &v) || s.n || v < -1000 || v > 1000)
		return err_set(err, -EBADMSG, "oom_score_adj: not a score");
	*ret = (int)v;
	return 0;
}
