/* SPDX-License-Identifier: Apache-2.0 */
#include "go_child.h"

#include "t.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_MS 20000

const char *const go_build_names[GO_BUILDS] = { "plain", "stripped", "pie", "cgo" };

static char dir[] = "/tmp/whyoom-go-XXXXXX";
static bool dir_made;

static void remove_dir(void)
{
	pid_t pid = fork();

	if (!pid) {
		execlp("rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static bool make_dir(void)
{
	if (!dir_made && mkdtemp(dir)) {
		dir_made = true;
		atexit(remove_dir);
	}
	return dir_made;
}

static void exec_go(const char *source, const char *version, enum go_build how, const char *out)
{
	const char *argv[12] = { "go", "build", "-mod=mod", "-o", out };
	size_t n = 5;
	char toolchain[48];

	if (chdir(source) < 0)
		_exit(126);
	if (*version) {
		snprintf(toolchain, sizeof(toolchain), "go%s", version);
		setenv("GOTOOLCHAIN", toolchain, 1);
	}
	setenv("CGO_ENABLED", how == GO_CGO ? "1" : "0", 1);
	if (how == GO_CGO) {
		argv[n++] = "-tags";
		argv[n++] = "withcgo";
	}
	if (how == GO_STRIPPED || how == GO_PIE)
		argv[n++] = "-ldflags=-s -w";
	if (how == GO_PIE)
		argv[n++] = "-buildmode=pie";
	argv[n++] = ".";
	union {
		const char **in;
		char **out;
	} args = { .in = argv };

	execvp("go", args.out);
	_exit(127);
}

bool go_program_build(const char *name, const char *version, enum go_build how, char *path,
		      size_t n)
{
	char source[512];
	int status;
	pid_t pid;

	if (!make_dir())
		return false;
	snprintf(source, sizeof(source), "%s/tests/unit/goruntime/testdata/%s",
		 getenv("WHYOOM_SOURCE") ? getenv("WHYOOM_SOURCE") : ".", name);
	snprintf(path, n, "%s/%s-%s-%s", dir, name, *version ? version : "path",
		 go_build_names[how]);
	pid = fork();
	if (!pid)
		exec_go(source, version, how, path);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

bool go_version_at(unsigned at, char version[32])
{
	const char *list = getenv("WHYOOM_GO_VERSIONS");
	struct str rest = str_from(list ? list : ""), word;

	version[0] = 0;
	if (!list || !*list)
		return at == 0;
	for (unsigned i = 0; i <= at; i++)
		if (!str_take_word(&rest, &word))
			return false;
	snprintf(version, 32, STR_FMT, STR_ARG(word));
	return true;
}

bool go_child_start(struct go_child *c, const char *path, const char *const env[])
{
	int to[2], from[2];
	char reply[64];
	pid_t parent = getpid();

	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		return false;
	c->pid = fork();
	if (!c->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(126);
		dup2(to[0], 0);
		dup2(from[1], 1);
		for (size_t i = 0; env && env[i]; i += 2)
			setenv(env[i], env[i + 1], 1);
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	c->in = to[1];
	c->out = from[0];
	return c->pid > 0 && go_child_ask(c, 0, reply, sizeof(reply));
}

void go_child_end(struct go_child *c)
{
	close(c->in);
	close(c->out);
	waitpid(c->pid, NULL, 0);
}

bool go_child_ask(struct go_child *c, char command, char *reply, size_t n)
{
	size_t got = 0;

	if (command && write(c->in, &command, 1) != 1)
		return false;
	while (got + 1 < n) {
		struct pollfd p = { .fd = c->out, .events = POLLIN };
		ssize_t k;

		if (poll(&p, 1, ANSWER_MS) != 1)
			return false;
		k = read(c->out, reply + got, n - 1 - got);
		if (k <= 0)
			return false;
		got += (size_t)k;
		reply[got] = 0;
		if (reply[got - 1] == '\n' && (got == 1 || reply[got - 2] == '\n'))
			return true;
	}
	return false;
}

uint64_t go_child_said(const char *reply, const char *name)
{
	struct str rest = str_from(reply), line, key;
	uint64_t value;

	while (str_take_line(&rest, &line))
		if (str_take_until(&line, '=', &key) && str_eq(key, str_from(name)) &&
		    str_take_u64(&line, &value))
			return value;
	fail_msg("the program does not say %s", name);
	return 0;
}
