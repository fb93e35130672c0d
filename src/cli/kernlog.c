/* SPDX-License-Identifier: Apache-2.0 */
/* kernlog: the kills in a kernel log, as text or whyoom.kernlog/1. */
#include <errno.h>
#include <fcntl.h>

#include "base/log.h"
#include "cli/kernlog_json.h"
#include "cli/kernlog_text.h"
#include "cli/output.h"
#include "host/kmsg.h"

#define OUTPUT_MAX ((size_t)256 << 20)

static int read_kernel(struct kernlog *k, struct err *err)
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

/* A file, "-" for stdin, or this kernel's own log. */
static int read_log(const struct cli *cli, struct kernlog *k, struct err *err)
{
	const char *name = cli->argc ? cli->argv[0] : NULL;
	_cleanup_(close_fd) int fd = -1;

	if (!name)
		return read_kernel(k, err);
	if (strcmp(name, "-") == 0)
		return kernlog_read(k, STDIN_FILENO, "stdin", err);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_sys(err, "%s", name);
		return -EIO; /* a file that cannot be read is whyoom's failure, not an empty log */
	}
	return kernlog_read(k, fd, name, err);
}

int verb_kernlog(const struct cli *cli)
{
	_cleanup_(kernlog_freep) struct kernlog *k = kernlog_new(KERNLOG_BUDGET);
	BUF(text, OUTPUT_MAX);
	BUF(json, OUTPUT_MAX);
	struct err err;

	if (cli->argc > 1) {
		log_warn("kernlog: one FILE, or none for this kernel's own log");
		return EXIT_USAGE;
	}
	if (!k) {
		log_warn("no memory to read the kernel log");
		return EXIT_FAILED;
	}
	if (read_log(cli, k, &err) < 0) {
		log_warn("%s", err.msg);
		return EXIT_FAILED;
	}
	if (kernlog_to_json(k, &json) < 0 || kernlog_to_text(k, cli->lang, &text) < 0) {
		log_warn("the kills do not fit into the output");
		return EXIT_FAILED;
	}
	return output_result(cli, &text, &json);
}
