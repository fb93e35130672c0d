/* SPDX-License-Identifier: Apache-2.0 */
#include "go_program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "packed.h"
#include "t.h"

#define ARGS_MAX 16

static int run(char *const argv[], const char *dir, bool quiet)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		int null = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;

		if (null >= 0) {
			dup2(null, 1);
			dup2(null, 2);
		}
		if (!dir || chdir(dir) == 0)
			execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool go_available(void)
{
	char go[] = "go", version[] = "version";
	char *const argv[] = { go, version, NULL };

	return run(argv, NULL, true) == 0;
}

void go_build(struct go_program *p, const char *source, const char *toolchain,
	      const char *const *flags)
{
	char go[] = "go", build[] = "build", o[] = "-o", dir[512];
	char *argv[ARGS_MAX] = { go, build, o, p->exe };
	const char *root = getenv("WHYOOM_SOURCE");
	size_t n = 4;

	memset(p, 0, sizeof(*p));
	snprintf(p->dir, sizeof(p->dir), "/tmp/whyoom-image-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	snprintf(p->exe, sizeof(p->exe), "%s/program", p->dir);
	snprintf(dir, sizeof(dir), "%s/tests/unit/image/testdata/%s", root ? root : ".", source);
	for (; *flags; flags++) {
		assert_true(n < ARGS_MAX - 1);
		argv[n] = strdup(*flags);
		assert_non_null(argv[n++]);
	}
	setenv("CGO_ENABLED", "0", 1);
	setenv("GO111MODULE", "on", 1);
	setenv("GOFLAGS", "-mod=mod", 1);
	setenv("GOWORK", "off", 1);
	if (toolchain)
		setenv("GOTOOLCHAIN", toolchain, 1);
	if (run(argv, dir, false) != 0)
		fail_msg("%s does not build in %s", source, dir);
	for (size_t i = 4; i < n; i++)
		free(argv[i]);
}

static void start(struct go_program *p, void (*become)(const char *exe))
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0) {
		dup2(fds[1], 1);
		become(p->exe);
		_exit(127);
	}
	close(fds[1]);
	p->out = fdopen(fds[0], "r");
	assert_non_null(p->out);
}

static void exec_it(const char *exe)
{
	execl(exe, exe, (char *)NULL);
}

void go_start(struct go_program *p)
{
	start(p, exec_it);
}

void go_start_packed(struct go_program *p)
{
	start(p, packed_become);
}

void go_kill(struct go_program *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	p->pid = 0;
}

void go_release(struct go_program *p)
{
	go_kill(p);
	if (p->out)
		fclose(p->out);
	if (p->exe[0])
		unlink(p->exe);
	if (p->dir[0])
		rmdir(p->dir);
	memset(p, 0, sizeof(*p));
}
