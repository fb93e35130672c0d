/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

static int write_all(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		s = str_skip(s, (size_t)n);
	}
	return 0;
}

static int too_large(const struct buf *b)
{
	log_warn("the output does not fit (%zu bytes at most)", b->max);
	return EXIT_FAILED;
}

int output_stdout(const struct buf *b)
{
	if (b->failed)
		return too_large(b);
	if (write_all(STDOUT_FILENO, buf_view(b)) == 0)
		return EXIT_OK;
	if (errno != EPIPE)
		log_warn("stdout: %s", strerror(errno));
	return EXIT_FAILED;
}

int output_file(const char *path, const struct buf *b)
{
	BUF(temporary, 8192);
	int fd, r;

	if (b->failed)
		return too_large(b);
	buf_printf(&temporary, "%s.XXXXXX", path);
	fd = temporary.failed ? -1 : mkostemp(temporary.p, O_CLOEXEC);
	if (fd < 0) {
		log_warn("%s: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	r = write_all(fd, buf_view(b));
	if (r == 0)
		r = fchmod(fd, 0644);
	if (close(fd) < 0 || r < 0 || rename(temporary.p, path) < 0) {
		log_warn("%s: %s", path, strerror(errno));
		unlink(temporary.p);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

int output_result(const struct cli *cli, const struct buf *text, const struct buf *json)
{
	const struct buf *shown = cli->json && !cli->json_file ? json : text;
	int r = EXIT_OK;

	if (cli->json_file)
		r = output_file(cli->json_file, json);
	if (r != EXIT_OK)
		return r;
	return cli->output ? output_file(cli->output, shown) : output_stdout(shown);
}

/* Nothing to read there is 3, whyoom's own trouble is 4 (design: exit status). */
int output_error(const struct err *err)
{
	log_warn("%s", err->msg);
	switch (-err->code) {
	case ESRCH:
	case ENOENT:
	case ENOTSUP:
	case ENODATA:
	case EBADMSG:
	case EAGAIN:
		return EXIT_UNKNOWN;
	default:
		return EXIT_FAILED;
	}
}

const char *output_size(uint64_t bytes, char *to)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double v = (double)bytes;
	unsigned u = 0;

	while (v >= 1024 && u + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1024;
		u++;
	}
	snprintf(to, 24, u ? "%.1f %s" : "%.0f %s", v, units[u]);
	return to;
}
