/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* What went wrong between fork and exec, over a pipe that exec closes. */
enum step { AT_GROUP, AT_LIMIT, AT_EXEC };

struct failure {
	int code;
	enum step where;
};

static void tell(int fd, int code, enum step where)
{
	struct failure f = { .code = code, .where = where };

	if (write(fd, &f, sizeof(f)) < 0)
		_exit(126);
}

static void child(const struct spawn_options *opt, int fd)
{
	struct rlimit nofile = { opt->nofile, opt->nofile };
	int r = opt->group ? cgroup_made_enter(opt->group, 0, NULL) : 0;

	if (r < 0)
		tell(fd, -r, AT_GROUP);
	if (opt->nofile && setrlimit(RLIMIT_NOFILE, &nofile) < 0)
		tell(fd, errno, AT_LIMIT);
	sigprocmask(SIG_SETMASK, opt->mask, NULL);
	execvp(opt->argv[0], opt->argv);
	tell(fd, errno, AT_EXEC);
	_exit(127);
}

static bool hear(int fd, struct failure *ret)
{
	ssize_t n;

	do {
		n = read(fd, ret, sizeof(*ret));
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*ret);
}

/* Until exec closed the pipe, or the child gave up. */
static int outcome(int fd, const char *name, struct err *refused, struct err *err)
{
	struct failure f;

	while (hear(fd, &f)) {
		if (f.where == AT_EXEC)
			return err_set(err, -f.code, "%s: cannot be run: %s", name,
				       strerror(f.code));
		err_set(refused, -f.code, "runs without %s: %s",
			f.where == AT_GROUP ? "its group and limits" : "that limit of open files",
			strerror(f.code));
	}
	return 0;
}

int spawn(const struct spawn_options *opt, pid_t *ret, struct err *refused, struct err *err)
{
	int pipefd[2], e;
	pid_t pid;

	*refused = (struct err){ 0 };
	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	pid = fork();
	if (pid < 0) {
		e = err_sys(err, "fork");
		close(pipefd[0]);
		close(pipefd[1]);
		return e;
	}
	if (pid == 0)
		child(opt, pipefd[1]);
	close(pipefd[1]);
	e = outcome(pipefd[0], opt->argv[0], refused, err);
	close(pipefd[0]);
	if (e < 0)
		waitpid(pid, NULL, 0);
	else
		*ret = pid;
	return e;
}
