/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/machine.h"
#include "host/proc_limits.h"
#include "host/proc_stat.h"
#include "host/psi.h"
#include "host/tree.h"

static void limits_soft_and_hard(void **state)
{
	struct proc_limits l;
	struct err err;

	(void)state;
	assert_ok(proc_limits_parse(
			  STR("Limit                     Soft Limit    Hard Limit    Units     \n"
			      "Max address space         unlimited     unlimited     bytes     \n"
			      "Max open files            1024          524288        files     \n"
			      "Max file locks            unlimited     unlimited     locks     \n"),
			  &l, &err),
		  &err);
	assert_int_equal(l.of[PROC_LIMIT_NOFILE].hard, 524288);
	assert_true(l.of[PROC_LIMIT_AS].soft == HOST_NO_LIMIT);
	assert_false(host_known(l.of[PROC_LIMIT_STACK].soft));
	assert_int_equal(proc_limits_parse(STR("Max open files   lots\n"), &l, &err), -EBADMSG);
	assert_int_equal(proc_limits_parse(STR(""), &l, &err), -EBADMSG);
}

static void our_own_limits(void **state)
{
	int fd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct proc_limits l;
	struct rlimit r;
	struct err err;

	(void)state;
	assert_ok(proc_limits_read(fd, &l, &err), &err);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
	assert_int_equal(l.of[PROC_LIMIT_NOFILE].soft, r.rlim_cur);
	assert_int_equal(l.of[PROC_LIMIT_NOFILE].hard, r.rlim_max);
	close(fd);
}

static void pressure_lines(void **state)
{
	struct psi p;
	struct err err;

	(void)state;
	assert_ok(psi_parse(STR("some avg10=0.07 avg60=12.50 avg300=100.00 total=7\n"), &p, &err),
		  &err);
	assert_true(p.some.avg60 > 12.4999 && p.some.avg60 < 12.5001);
	assert_true(p.some.avg10 > 0.0699 && p.some.avg10 < 0.0701);
	assert_false(host_known(p.full.total_us)); /* cpu pressure before 5.13 has no such line */
	assert_int_equal(psi_parse(STR("some avg10=0.07 avg60=x\n"), &p, &err), -EBADMSG);
	assert_int_equal(psi_parse(STR(""), &p, &err), -EBADMSG);
}

static void this_machine(void **state)
{
	int fd, root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct machine m;
	struct proc_stat s;
	struct err err;
	int64_t started, now = clock_wall();

	(void)state;
	assert_ok(machine_read(root, &m, &err), &err);
	assert_int_equal(m.page_size, sysconf(_SC_PAGESIZE));
	assert_int_equal(m.ticks_per_s, sysconf(_SC_CLK_TCK));
	assert_int_equal(m.n_cpus, sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(m.kernel[0] >= '3' && m.kernel[0] <= '9');
	assert_true(m.mem.available <= m.mem.total);
	fd = proc_open(root, getpid(), &err);
	assert_ok(proc_stat_read(fd, &s, &err), &err);
	started = machine_start_wall_ns(&m, s.start_ticks);
	assert_true(started <= now + 2 * NS_PER_S && now - started < 600 * NS_PER_S);
	close(fd);
	close(root);
}

static void a_machine_that_says_little(void **state)
{
	struct machine m = { .n_cpus = 9 };
	struct err err;
	struct tree t;

	(void)state;
	tree_make(&t);
	assert_int_equal(machine_read(t.fd, &m, &err), -ENOENT);
	assert_int_equal(m.n_cpus, 9);
	tree_put(&t, "proc/stat", "cpu  1 2\ncpu0 1\ncpu3 1\nbtime 1795529000\n");
	assert_ok(machine_read(t.fd, &m, &err), &err);
	assert_int_equal(m.n_cpus, 2);
	assert_int_equal(m.boot_time_s, 1795529000);
	assert_false(host_known(m.page_size));
	assert_false(host_known(m.mem.total));
	assert_true(machine_start_wall_ns(&m, 100) == INT64_MIN);
	tree_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_soft_and_hard),
		cmocka_unit_test(our_own_limits),
		cmocka_unit_test(pressure_lines),
		cmocka_unit_test(this_machine),
		cmocka_unit_test(a_machine_that_says_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
