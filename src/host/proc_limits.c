/* SPDX-License-Identifier: Apache-2.0 */
#include "host/proc_limits.h"

#include <errno.h>
#include <string.h>

#include "host/file.h"

static const struct str limit_name[PROC_LIMIT_COUNT] = {
	[PROC_LIMIT_AS] = STR_INIT("Max address space "),
	[PROC_LIMIT_DATA] = STR_INIT("Max data size "),
	[PROC_LIMIT_STACK] = STR_INIT("Max stack size "),
	[PROC_LIMIT_RSS] = STR_INIT("Max resident set "),
	[PROC_LIMIT_MEMLOCK] = STR_INIT("Max locked memory "),
	[PROC_LIMIT_CORE] = STR_INIT("Max core file size "),
	[PROC_LIMIT_NOFILE] = STR_INIT("Max open files "),
	[PROC_LIMIT_NPROC] = STR_INIT("Max processes "),
};

static bool take_limit(struct str *line, uint64_t *ret)
{
	struct str word;
	uint64_t v;

	if (!str_take_word(line, &word))
		return false;
	if (str_eq(word, STR("unlimited"))) {
		*ret = HOST_NO_LIMIT;
		return true;
	}
	if (!str_take_u64(&word, &v) || word.n)
		return false;
	*ret = v;
	return true;
}

int proc_limits_parse(struct str text, struct proc_limits *ret, struct err *err)
{
	struct proc_limits l;
	struct str line;
	unsigned found = 0;

	memset(&l, 0xff, sizeof(l)); /* HOST_UNKNOWN */
	while (str_take_line(&text, &line)) {
		for (size_t i = 0; i < PROC_LIMIT_COUNT; i++) {
			struct str rest = line;

			if (!str_take_prefix(&rest, limit_name[i]))
				continue;
			if (!take_limit(&rest, &l.of[i].soft) || !take_limit(&rest, &l.of[i].hard))
				return err_set(err, -EBADMSG, "limits: " STR_FMT,
					       STR_ARG(limit_name[i]));
			found++;
		}
	}
	if (!found)
		return err_set(err, -EBADMSG, "limits: not /proc/PID/limits");
	*ret = l;
	return 0;
}

int proc_limits_read(int procfd, struct proc_limits *ret, struct err *err)
{
	BUF(text, FILE_SMALL);
	int rc = file_read(procfd, "limits", &text, err);

	return rc < 0 ? rc : proc_limits_parse(buf_view(&text), ret, err);
}
