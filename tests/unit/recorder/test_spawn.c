/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "recorder/spawn.h"

static char folder[] = "/tmp/whyoom-spawn-XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static struct err refused; /* of the last try */

static int try(const struct spawn_options *opt, char *const *argv, pid_t *pid, struct err *err)
{
	struct spawn_options o = *opt;
	sigset_t none;

	sigemptyset(&none);
	o.argv = argv;
	if (!o.mask)
		o.mask = &none;
	return spawn(&o, pid, &refused, err);
}

static int status_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Runs a line of shell, which finds @arg as $1. */
static int sh(const struct spawn_options *opt, const char *line, const char *arg)
{
	char shell[] = "sh", c[] = "-c", *script = strdup(line), *one = strdup(arg);
	char *argv[] = { shell, c, script, shell, one, NULL };
	struct err err;
	pid_t pid;

	assert_ok(try(opt, argv, &pid, &err), &err);
	free(script);
	free(one);
	return status_of(pid);
}

static const struct spawn_options plain = { 0 };

static void it_gets_its_words_as_they_are(void **state)
{
	(void)state;
	assert_int_equal(sh(&plain, "test \"$1\" = 'a  \"b\" $c *'", "a  \"b\" $c *"), 0);
	assert_int_equal(sh(&plain, "test \"$#\" = 1 && test -z \"$1\"", ""), 0);
	assert_int_equal(sh(&plain, "exit $1", "37"), 37);
}

static void it_gets_our_environment(void **state)
{
	(void)state;
	setenv("WHYOOM_TEST_WORD", "said", 1);
	assert_int_equal(sh(&plain, "test \"$WHYOOM_TEST_WORD\" = said", ""), 0);
	unsetenv("WHYOOM_TEST_WORD");
}

static void its_open_files_are_limited_and_ours_are_not(void **state)
{
	struct spawn_options opt = { .nofile = 77 };
	struct rlimit before, after;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &before);
	assert_int_equal(sh(&opt, "test $(ulimit -n) = 77 && test $(ulimit -Hn) = 77", ""), 0);
	getrlimit(RLIMIT_NOFILE, &after);
	assert_memory_equal(&before, &after, sizeof(before));
}

static void its_signal_mask_is_the_one_to_restore(void **state)
{
	struct spawn_options opt = plain;
	sigset_t all, old, none;
	char want[32];

	(void)state;
	sigfillset(&all);
	sigemptyset(&none);
	sigaddset(&none, SIGUSR2);
	opt.mask = &none;
	snprintf(want, sizeof(want), "%016x", 1u << (SIGUSR2 - 1));
	sigprocmask(SIG_BLOCK, &all, &old);
	assert_int_equal(sh(&opt, "test $(sed -n 's/^SigBlk:.//p' /proc/$$/status) = \"$1\"", want),
			 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Nothing of ours is open in it but the three. */
static void it_inherits_no_descriptor(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(sh(&plain, "! test -e /proc/$$/fd/$1", "3"), 0);
	close(fd);
}

static int failure(const char *name, struct err *err)
{
	char *argv[] = { strdup(name), NULL };
	pid_t pid = 4711;
	int r = try(&plain, argv, &pid, err), status;

	free(argv[0]);
	assert_int_equal(pid, 4711);
	assert_true(waitpid(-1, &status, WNOHANG) < 0 && errno == ECHILD); /* reaped */
	return r;
}

static void what_is_not_there_is_not_found(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(failure("whyoom-no-such-command", &err), -ENOENT);
	assert_says(&err, "whyoom-no-such-command");
	assert_int_equal(failure(in_folder("absent"), &err), -ENOENT);
	assert_int_equal(failure("", &err), -ENOENT);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void what_may_not_run_is_not_executable(void **state)
{
	struct err err;

	(void)state;
	write_file("text", "#!/bin/sh\n", 0600);
	write_file("bad", "#!/nonexistent/shell\n", 0700);
	assert_int_equal(failure(in_folder("text"), &err), -EACCES);
	assert_says(&err, "text: cannot be run");
	assert_int_equal(failure(folder, &err), -EACCES);
	assert_int_equal(failure(in_folder("bad"), &err), -ENOENT);
}

static void a_limit_that_is_refused_is_said_and_left_out(void **state)
{
	struct spawn_options opt = { .nofile = UINT64_C(1) << 40 }; /* above fs.nr_open */

	(void)state;
	assert_int_equal(sh(&opt, "test $(ulimit -n) -lt 1099511627776", ""), 0);
	assert_int_equal(refused.code, -EPERM);
	assert_says(&refused, "limit of open files");
	assert_int_equal(sh(&plain, "exit 0", ""), 0);
	assert_int_equal(refused.code, 0);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = { "text", "bad" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		unlink(in_folder(names[i]));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_gets_its_words_as_they_are),
		cmocka_unit_test(it_gets_our_environment),
		cmocka_unit_test(its_open_files_are_limited_and_ours_are_not),
		cmocka_unit_test(its_signal_mask_is_the_one_to_restore),
		cmocka_unit_test(it_inherits_no_descriptor),
		cmocka_unit_test(what_is_not_there_is_not_found),
		cmocka_unit_test(what_may_not_run_is_not_executable),
		cmocka_unit_test(a_limit_that_is_refused_is_said_and_left_out),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
