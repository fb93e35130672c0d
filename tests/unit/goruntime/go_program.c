/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "go_program.h"
#include "target/live.h"

static void child(const struct go_program *p, const struct go_run *run, int out)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd), "exec %s %s/out %s", p->path, p->dir,
		 run->args ? run->args : "");
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nothing behind */
	dup2(out, STDOUT_FILENO);
	execl("/bin/sh", "sh", "-c", cmd, (char *)NULL);
	_exit(127);
}

static void wait_ready(int in)
{
	char line[16] = "";
	size_t n = 0;

	while (n < sizeof(line) - 1 && !strchr(line, '\n')) {
		ssize_t got = read(in, line + n, sizeof(line) - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		line[n] = '\0';
	}
	assert_string_equal(line, "ready\n");
}

bool go_program_start(struct go_program *p, const struct go_run *run)
{
	struct err err = { 0 };
	int ends[2];

	*p = (struct go_program){ .dir = "/tmp/whyoom-run-XXXXXX" };
	if (!go_program_build(run->name, run->version, run->how, p->path, sizeof(p->path))) {
		printf("# %s: go%s cannot build it here\n", run->name, run->version);
		return false;
	}
	assert_non_null(mkdtemp(p->dir));
	assert_int_equal(pipe(ends), 0);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0)
		child(p, run, ends[1]);
	close(ends[1]);
	wait_ready(ends[0]);
	close(ends[0]);
	assert_ok(live_open(p->pid, NULL, &p->m, &err), &err);
	assert_ok(image_find(p->m, &p->img, &err), &err);
	assert_ok(goruntime_attach(p->m, p->img, &p->rt, &err), &err);
	return true;
}

void go_program_stop(struct go_program *p)
{
	char cmd[128];

	mem_close(p->m);
	image_free(p->img);
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	snprintf(cmd, sizeof(cmd), "rm -rf %s", p->dir);
	assert_int_equal(system(cmd), 0);
}

static char *read_all(FILE *f)
{
	size_t n = 0, room = 1 << 16;
	char *text = malloc(room);

	while (f && text) {
		n += fread(text + n, 1, room - n - 1, f);
		if (n < room - 1)
			break;
		room *= 2;
		text = realloc(text, room);
	}
	assert_non_null(text);
	text[n] = '\0';
	return text;
}

char *go_program_file(const struct go_program *p, const char *name)
{
	char path[128], *text;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", p->dir, name);
	f = fopen(path, "r");
	assert_non_null(f);
	text = read_all(f);
	fclose(f);
	return text;
}

char *go_program_output(const struct go_program *p, const char *command)
{
	char cmd[512], *text;
	FILE *f;

	snprintf(cmd, sizeof(cmd), "cd %s && %s", p->dir, command);
	f = popen(cmd, "r");
	assert_non_null(f);
	text = read_all(f);
	assert_int_equal(pclose(f), 0);
	return text;
}

unsigned go_program_each(bool (*one)(const struct go_run *run), const struct go_run *like)
{
	struct go_run run = *like;
	char version[32];
	unsigned ran = 0;

	run.version = version;
	for (unsigned at = 0; go_version_at(at, version); at++)
		ran += one(&run);
	return ran;
}
