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

static void fail(int fd, int code, enum step where)
{
	struct failure f = { .code = code, .where = where };

	if (write(fd, &f, sizeof(f)) < 0)
		_exit(126);
	_exit(127);
}

static void child(const struct spawn_options *opt, int fd)
{
	struct rlimit nofile = { opt->nofile, opt->nofile };
	int r = opt->group ? cgroup_made_enter(opt->group, 0, NULL) : 0;

	if (r < 0)
		fail(fd, -r, AT_GROUP);
	if (opt->nofile && setrlimit(RLIMIT_NOFILE, &nofile) < 0)
		fail(fd, errno, AT_LIMIT);
	sigprocmask(SIG_SETMASK, opt->mask, NULL);
	execvp(opt->argv[0], opt->argv);
	fail(fd, errno, AT_EXEC);
}

int spawn(const struct spawn_options *opt, pid_t *ret, struct err *err)
{
	static const char *const what[] = { "cannot join its group",
					    "cannot set its limit of open files", "cannot be run" };
	struct failure f;
	int pipefd[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	pid = fork();
	if (pid < 0) {
		close(pipefd[0]);
		close(pipefd[1]);
		return err_sys(err, "fork");
	}
	if (pid == 0)
		child(opt, pipefd[1]);
	close(pipefd[1]);
	do {
		n = read(pipefd[0], &f, sizeof(f));
	} while (n < 0 && errno == EINTR);
	close(pipefd[0]);
	if (n == (ssize_t)sizeof(f)) {
		waitpid(pid, NULL, 0);
		return err_set(err, -f.code, "%s: %s: %s", opt->argv[0],
			       what[f.where <= AT_EXEC ? f.where : AT_EXEC], strerror(f.code));
	}
	*ret = pid;
	return 0;
}
