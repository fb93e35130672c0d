/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include "t.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void serve(int in, int out, void (*prepare)(void), void (*command)(char))
{
	char c = 'r';

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (prepare)
		prepare();
	while (write(out, &c, 1) == 1 && read(in, &c, 1) == 1) {
		if (command)
			command(c);
	}
	_exit(0);
}

static void wait_for(const struct child *c)
{
	char done;

	assert_int_equal(read(c->from, &done, 1), 1);
}

void child_start(struct child *c, void (*prepare)(void), void (*command)(char))
{
	int in[2], out[2];
	struct err err;

	assert_true(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	fflush(NULL);
	*c = (struct child){ .pid = fork(), .to = in[1], .from = out[0] };
	if (c->pid == 0)
		serve(in[0], out[1], prepare, command);
	close(in[0]);
	close(out[1]);
	wait_for(c);
	assert_ok(live_open(c->pid, NULL, &c->m, &err), &err);
}

void child_tell(const struct child *c, char command)
{
	assert_int_equal(write(c->to, &command, 1), 1);
	wait_for(c);
}

void child_tell_last(const struct child *c, char command)
{
	char done;

	assert_int_equal(write(c->to, &command, 1), 1);
	assert_int_equal(read(c->from, &done, 1), 0);
}

void child_kill(struct child *c)
{
	kill(c->pid, SIGKILL);
	assert_int_equal(waitpid(c->pid, NULL, 0), c->pid);
	c->pid = 0;
}

void child_end(struct child *c)
{
	if (c->pid)
		child_kill(c);
	mem_close(c->m);
	close(c->to);
	close(c->from);
}

long child_kb(const struct child *c, const char *file, const char *key)
{
	char path[64], line[256];
	long kb = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)c->pid, file);
	f = fopen(path, "r");
	assert_non_null(f);
	while (kb < 0 && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, strlen(key)) == 0)
			kb = strtol(line + strlen(key), NULL, 10);
	}
	fclose(f);
	assert_true(kb >= 0);
	return kb;
}
