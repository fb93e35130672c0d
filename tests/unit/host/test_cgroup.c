/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "host/cgroup_chain.h"
#include "host/cgroup_memory.h"
#include "host/cgroup_path.h"
#include "host/cgroup_scope.h"
#include "host/file.h"
#include "host/tree.h"

#define ID "3f8a0c5d9e1b2f4a6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
#define MB (UINT64_C(1) << 20)

static void the_controller_decides_the_version(void **state)
{
	static const struct {
		const char *text, *path;
		int version;
		bool deleted;
	} cases[] = {
		{ "5:devices:/\n4:memory:/docker/x\n0::/\n", "/docker/x", 1, false },
		{ "0::/\n4:memory:/docker/x\n", "/docker/x", 1, false },
		{ "0::/system.slice/api.service\n", "/system.slice/api.service", 2, false },
		{ "3:cpu,cpuacct,memory:/a:b\n", "/a:b", 1, false },
		{ "9:name=memory:/no\n0::/yes (deleted)\n", "/yes", 2, true },
	};
	struct cgroup_path p;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_ok(cgroup_path_parse(str_from(cases[i].text), STR("memory"), &p, &err),
			  &err);
		assert_int_equal(p.version, cases[i].version);
		assert_true(str_eq(p.path, str_from(cases[i].path)));
		assert_int_equal(p.deleted, cases[i].deleted);
	}
	assert_int_equal(cgroup_path_parse(STR("9:pids:/\n"), STR("memory"), &p, &err), -ENOENT);
	assert_int_equal(cgroup_path_parse(STR("4:memory\n"), STR("memory"), &p, &err), -EBADMSG);
	assert_int_equal(cgroup_path_parse(STR("4:memory:x\n"), STR("memory"), &p, &err), -EBADMSG);
}

static const char mounts[] =
	"22 27 0:21 / /proc rw,relatime - proc proc rw\n"
	"34 31 0:32 /docker/x /opt/bind\\040mount rw shared:1 master:2 - cgroup cgroup rw,memory\n"
	"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	"36 31 0:33 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
	"41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static void the_mount_that_shows_most(void **state)
{
	struct cgroup_path path = { .version = 1, .path = STR("/docker/x/sub") };
	struct cgroup_mount m;
	ARENA(a, 1 << 16);
	struct err err;

	(void)state;
	assert_ok(cgroup_mount_find(str_from(mounts), &path, STR("memory"), &a, &m, &err), &err);
	assert_true(str_eq(m.point, STR("/sys/fs/cgroup/memory")));
	assert_true(str_eq(m.rest, STR("/docker/x/sub")));
	assert_ok(cgroup_mount_find(str_from(mounts), &path, STR("cpuacct"), &a, &m, &err), &err);
	assert_true(str_eq(m.point, STR("/sys/fs/cgroup/cpu")));
	path.version = 2;
	assert_ok(cgroup_mount_find(str_from(mounts), &path, STR("memory"), &a, &m, &err), &err);
	assert_true(str_eq(m.point, STR("/sys/fs/cgroup/unified")));
}

static void a_bind_mount_takes_its_root_off(void **state)
{
	struct str only = STR("34 31 0:32 /docker/x /a\\040b\\134 rw - cgroup cgroup rw,memory\n");
	struct cgroup_path path = { .version = 1, .path = STR("/docker/x/sub") };
	struct cgroup_mount m;
	ARENA(a, 1 << 16);
	struct err err;

	(void)state;
	assert_ok(cgroup_mount_find(only, &path, STR("memory"), &a, &m, &err), &err);
	assert_true(str_eq(m.point, STR("/a b\\")));
	assert_true(str_eq(m.rest, STR("/sub")));
	path.path = STR("/docker/x");
	assert_ok(cgroup_mount_find(only, &path, STR("memory"), &a, &m, &err), &err);
	assert_int_equal(m.rest.n, 0);
	path.path = STR("/docker/xyz"); /* no folder boundary */
	assert_int_equal(cgroup_mount_find(only, &path, STR("memory"), &a, &m, &err), -ENOENT);
	assert_says(&err, "out of sight");
	path.version = 2;
	assert_int_equal(cgroup_mount_find(only, &path, STR("memory"), &a, &m, &err), -ENOENT);
	assert_says(&err, "no cgroup2 hierarchy");
}

static void names_tell_the_scope(void **state)
{
	static const struct {
		const char *path;
		enum cgroup_scope scope;
		const char *id;
	} cases[] = {
		{ "/", CGROUP_SCOPE_HOST, NULL },
		{ "/docker/" ID, CGROUP_SCOPE_CONTAINER, ID },
		{ "/docker", CGROUP_SCOPE_GROUP, NULL },
		{ "/system.slice/docker-" ID ".scope", CGROUP_SCOPE_CONTAINER, ID },
		{ "/machine.slice/libpod-" ID ".scope/container", CGROUP_SCOPE_GROUP, ID },
		{ "/machine.slice/libpod-conmon-" ID ".scope", CGROUP_SCOPE_GROUP, NULL },
		{ "/kubepods.slice/kubepods-burstable.slice/"
		  "kubepods-burstable-pod8d1f0b5e_1c2d_4e3f_9a8b_7c6d5e4f3a2b.slice/"
		  "cri-containerd-" ID ".scope",
		  CGROUP_SCOPE_CONTAINER, ID },
		{ "/kubepods.slice/kubepods-pod8d1f0b5e_1c2d_4e3f_9a8b_7c6d5e4f3a2b.slice",
		  CGROUP_SCOPE_POD, NULL },
		{ "/kubepods/besteffort/pod8d1f0b5e-1c2d-4e3f-9a8b-7c6d5e4f3a2b/" ID,
		  CGROUP_SCOPE_CONTAINER, ID },
		{ "/kubepods/besteffort/pod8d1f0b5e-1c2d-4e3f-9a8b-7c6d5e4f3a2b", CGROUP_SCOPE_POD,
		  NULL },
		{ "/kubepods/burstable", CGROUP_SCOPE_SLICE, NULL },
		{ "/system.slice/api.service", CGROUP_SCOPE_SERVICE, NULL },
		{ "/docker/" ID "/system.slice/api.service", CGROUP_SCOPE_SERVICE, ID },
		{ "/user.slice/user-0.slice/session-1.scope", CGROUP_SCOPE_GROUP, NULL },
		{ "/lxc.payload.web", CGROUP_SCOPE_CONTAINER, "web" },
		{ "/lxc/db/init.scope", CGROUP_SCOPE_GROUP, "db" },
		{ "/podium", CGROUP_SCOPE_GROUP, NULL },
		{ "/x/0" ID, CGROUP_SCOPE_GROUP, NULL }, /* 65 digits */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char id[CONTAINER_ID_ROOM] = "";

		assert_int_equal(cgroup_scope(str_from(cases[i].path)), cases[i].scope);
		assert_int_equal(cgroup_container(str_from(cases[i].path), id), !!cases[i].id);
		assert_string_equal(id, cases[i].id ? cases[i].id : "");
	}
}

static void both_versions_without_a_limit(void **state)
{
	uint64_t v;

	(void)state;
	assert_true(cgroup_limit_parse(STR("max\n"), &v) && v == HOST_NO_LIMIT);
	assert_true(cgroup_limit_parse(STR("9223372036854771712\n"), &v) && v == HOST_NO_LIMIT);
	assert_true(cgroup_limit_parse(STR("9223372036854710272\n"), &v) && v == HOST_NO_LIMIT);
	assert_true(cgroup_limit_parse(STR("9223372036854775807\n"), &v) && v == HOST_NO_LIMIT);
	assert_true(cgroup_limit_parse(STR("268435456\n"), &v) && v == 256 * MB);
	assert_true(cgroup_limit_parse(STR("0\n"), &v) && v == 0);
	assert_false(cgroup_limit_parse(STR("\n"), &v));
	assert_false(cgroup_limit_parse(STR("12k\n"), &v));
}

static void put_v1(const struct tree *t, const char *dir, const char *usage, const char *limit)
{
	static const char *const names[] = { "memory.usage_in_bytes", "memory.limit_in_bytes",
					     "memory.max_usage_in_bytes", "memory.failcnt",
					     "memory.kmem.usage_in_bytes" };
	const char *texts[] = { usage, limit, "111\n", "5\n", "4096\n" };
	char path[256];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		tree_put(t, path, texts[i]);
	}
}

static void put_v2(const struct tree *t, const char *dir, const char *usage, const char *limit,
		   const char *high)
{
	static const char *const names[] = { "memory.current", "memory.max", "memory.high" };
	const char *texts[] = { usage, limit, high };
	char path[256];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		tree_put(t, path, texts[i]);
	}
}

static void accounting_of_version_1(void **state)
{
	struct cgroup_memory m;
	struct err err;
	struct tree t;

	(void)state;
	tree_make(&t);
	put_v1(&t, "g", "8192\n", "9223372036854771712\n");
	tree_put(&t, "g/memory.oom_control", "oom_kill_disable 0\nunder_oom 1\noom_kill 3\n");
	tree_put(&t, "g/memory.stat",
		 "cache 1\nrss 2\nshmem 3\nhierarchical_memory_limit 1048576\n"
		 "total_cache 9000\ntotal_rss 7000\ntotal_shmem 1000\ntotal_swap 0\n");
	int fd = file_open_dir(t.fd, "g", &err);

	assert_ok(cgroup_memory_read(fd, 1, &m, &err), &err);
	assert_int_equal(m.usage, 8192);
	assert_true(m.limit == HOST_NO_LIMIT);
	assert_int_equal(m.hierarchical_limit, 1048576);
	assert_int_equal(m.anon, 7000);
	assert_int_equal(m.file, 8000);
	assert_int_equal(m.shmem, 1000);
	assert_int_equal(m.kernel, 4096);
	assert_int_equal(m.max_events, 5);
	assert_int_equal(m.oom_kills, 3);
	assert_int_equal(m.under_oom, 1);
	assert_int_equal(m.swap, 0);
	assert_false(host_known(m.sock)); /* no such file: unknown, not 0 */
	assert_false(host_known(m.high));
	assert_false(host_known(m.oom_events));
	assert_false(host_known(m.pressure.some.total_us));
	assert_int_equal(cgroup_memory_read(fd, 2, &m, &err), -ENOENT);
	close(fd);
	tree_remove(&t);
}

/* At its limit, killed in, and a count of 0: the kernel did not count there. */
static void a_counter_that_stands_still_is_unknown(void **state)
{
	static const struct {
		const char *failcnt, *memsw, *oom, *peak;
		uint64_t want;
	} cases[] = {
		{ "0\n", "0\n", "oom_kill 1\n", "1048576\n", HOST_UNKNOWN },
		{ "0\n", "0\n", "oom_kill 0\n", "1048576\n", HOST_UNKNOWN },
		{ "0\n", "0\n", "oom_kill 0\n", "524288\n", 0 },
		{ "2\n", "3\n", "oom_kill 1\n", "1048576\n", 5 },
	};
	struct cgroup_memory m;
	struct err err;
	struct tree t;

	(void)state;
	tree_make(&t);
	put_v1(&t, "g", "8192\n", "1048576\n");
	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = file_open_dir(t.fd, "g", &err);

		tree_put(&t, "g/memory.failcnt", cases[i].failcnt);
		tree_put(&t, "g/memory.memsw.failcnt", cases[i].memsw);
		tree_put(&t, "g/memory.oom_control", cases[i].oom);
		tree_put(&t, "g/memory.max_usage_in_bytes", cases[i].peak);
		assert_ok(cgroup_memory_read(fd, 1, &m, &err), &err);
		assert_true(m.max_events == cases[i].want);
		close(fd);
	}
	tree_remove(&t);
}

static void accounting_of_version_2(void **state)
{
	struct cgroup_memory m;
	struct err err;
	struct tree t;

	(void)state;
	tree_make(&t);
	put_v2(&t, "g", "268435456\n", "268435456\n", "max\n");
	tree_put(&t, "g/memory.events", "low 0\nhigh 0\nmax 52\noom 1\noom_kill 2\n");
	tree_put(&t, "g/memory.events.local", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 1\n");
	tree_put(&t, "g/memory.stat",
		 "anon 100212736\nfile 5000\nkernel_stack 100\npagetables 200\nshmem 1000\n"
		 "slab_reclaimable 1\nslab 300\nworkingset_refault_file 17\n");
	tree_put(&t, "g/memory.pressure",
		 "some avg10=85.25 avg60=1.00 avg300=0.50 total=123456\n"
		 "full avg10=0.07 avg60=0.00 avg300=0.00 total=99\n");
	int fd = file_open_dir(t.fd, "g", &err);

	assert_ok(cgroup_memory_read(fd, 2, &m, &err), &err);
	assert_int_equal(m.limit, 256 * MB);
	assert_true(m.high == HOST_NO_LIMIT);
	assert_int_equal(m.max_events, 52);
	assert_int_equal(m.oom_kills, 2);
	assert_int_equal(m.local_oom_kills, 1);
	assert_int_equal(m.local_max_events, 0);
	assert_false(host_known(m.oom_group_kills));
	assert_int_equal(m.file, 4000);
	assert_int_equal(m.kernel, 600); /* before 5.18: the parts' sum */
	assert_int_equal(m.refault_file, 17);
	assert_int_equal(m.pressure.full.total_us, 99);
	assert_true(m.pressure.some.avg10 > 85.2499 && m.pressure.some.avg10 < 85.2501);
	assert_false(host_known(m.peak));
	close(fd);
	tree_remove(&t);
}

static void put_machine(const struct tree *t, const char *group, const char *mountinfo)
{
	tree_put(t, "proc/self/cgroup", group);
	tree_put(t, "proc/5/cgroup", group);
	tree_put(t, "proc/self/mountinfo", mountinfo);
	tree_put(t, "proc/meminfo",
		 "MemTotal: 1048576 kB\nMemFree: 1 kB\nMemAvailable: 524288 kB\n");
}

#define V2 "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n"
#define POD "kubepods.slice/kubepods-pod8d1f0b5e_1c2d_4e3f_9a8b_7c6d5e4f3a2b.slice"

static void the_pods_limit_is_nearer_than_the_containers(void **state)
{
	const struct cgroup_level *l;
	struct cgroup_chain c;
	ARENA(a, 1 << 20);
	struct err err;
	struct tree t;

	(void)state;
	tree_make(&t);
	put_machine(&t, "0::/" POD "/cri-containerd-" ID ".scope\n", V2);
	tree_link(&t, "proc/self/ns/cgroup", "cgroup:[4026531835]");
	put_v2(&t, "sys/fs/cgroup/" POD "/cri-containerd-" ID ".scope", "104857600\n",
	       "268435456\n", "125829120\n");
	put_v2(&t, "sys/fs/cgroup/" POD, "251658240\n", "268435456\n", "max\n");
	put_v2(&t, "sys/fs/cgroup/kubepods.slice", "251658240\n", "max\n", "max\n");
	assert_ok(cgroup_chain_read(t.fd, 5, &a, &c, &err), &err);
	assert_int_equal(c.n, 5);
	assert_true(c.complete);
	assert_string_equal(c.container_id, ID);
	assert_int_equal(c.of[0].scope, CGROUP_SCOPE_CONTAINER);
	assert_int_equal(c.of[2].scope, CGROUP_SCOPE_SLICE);
	assert_int_equal(c.of[3].scope, CGROUP_SCOPE_HOST); /* the root: it counts nothing */
	assert_false(host_known(c.of[3].limit));
	l = cgroup_chain_nearest(&c);
	assert_non_null(l);
	assert_int_equal(l->scope, CGROUP_SCOPE_POD);
	assert_string_equal(l->source, "/sys/fs/cgroup/" POD "/memory.max");
	l = cgroup_chain_nearest_high(&c);
	assert_true(l == &c.of[0]);
	tree_remove(&t);
}

/* Docker in a container, a unit without accounting: the ancestor with the controller is charged. */
static void the_ancestor_with_the_controller_is_charged(void **state)
{
	struct cgroup_chain c;
	ARENA(a, 1 << 20);
	struct err err;
	struct tree t;

	(void)state;
	tree_make(&t);
	put_machine(&t, "0::/docker/" ID "/init/x\n", V2);
	tree_put(&t, "sys/fs/cgroup/docker/" ID "/init/x/cgroup.controllers", "\n");
	tree_put(&t, "sys/fs/cgroup/docker/" ID "/init/cgroup.controllers", "pids\n");
	tree_put(&t, "sys/fs/cgroup/docker/" ID "/cgroup.controllers", "cpu memory pids\n");
	put_v2(&t, "sys/fs/cgroup/docker/" ID, "8192\n", "16384\n", "max\n");
	assert_ok(cgroup_chain_read(t.fd, 5, &a, &c, &err), &err);
	assert_string_equal(c.place.path, "/docker/" ID "/init/x");
	assert_string_equal(c.place.charged_path, "/docker/" ID);
	assert_string_equal(c.place.charged_folder, "/sys/fs/cgroup/docker/" ID);
	assert_int_equal(c.of[0].limit, 16384);
	assert_int_equal(c.of[0].scope, CGROUP_SCOPE_CONTAINER);
	assert_string_equal(c.container_id, ID);
	tree_remove(&t);
}

static void the_host_may_be_nearest(void **state)
{
	const struct cgroup_level *l;
	struct cgroup_chain c;
	ARENA(a, 1 << 20);
	struct err err;
	struct tree t;

	(void)state;
	tree_make(&t);
	put_machine(&t, "0::/x\n", V2);
	put_v2(&t, "sys/fs/cgroup/x", "0\n", "107374182400\n", "max\n");
	assert_ok(cgroup_chain_read(t.fd, 5, &a, &c, &err), &err);
	l = cgroup_chain_nearest(&c);
	assert_string_equal(l->source, "/proc/meminfo");
	assert_int_equal(l->limit - l->usage, 512 * MB);
	assert_false(c.complete); /* which namespace this is could not be read */
	tree_remove(&t);
}

/* Docker without a cgroup namespace: the mount shows the container alone, a parent's limit hides.
 */
static void a_hidden_ancestor_is_told_by_version_1(void **state)
{
	struct cgroup_chain c;
	ARENA(a, 1 << 20);
	struct err err;
	struct tree t;

	(void)state;
	tree_make(&t);
	put_machine(&t, "4:memory:/pods/" ID "\n0::/\n",
		    "35 31 0:32 /pods/" ID " /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
	put_v1(&t, "sys/fs/cgroup/memory", "8192\n", "536870912\n");
	tree_put(&t, "sys/fs/cgroup/memory/memory.stat", "hierarchical_memory_limit 268435456\n");
	assert_ok(cgroup_chain_read(t.fd, 5, &a, &c, &err), &err);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.of[0].scope, CGROUP_SCOPE_CONTAINER);
	assert_string_equal(c.of[0].source, "/sys/fs/cgroup/memory/memory.limit_in_bytes");
	assert_false(c.complete);
	assert_int_equal(c.hidden_limit, 256 * MB);
	assert_string_equal(c.container_id, ID);
	tree_remove(&t);
}

static void without_hierarchy_a_parent_does_not_count(void **state)
{
	struct cgroup_chain c;
	ARENA(a, 1 << 20);
	struct err err;
	struct tree t;

	(void)state;
	tree_make(&t);
	put_machine(&t, "4:memory:/a/b\n",
		    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
	put_v1(&t, "sys/fs/cgroup/memory", "8192\n", "9223372036854771712\n");
	put_v1(&t, "sys/fs/cgroup/memory/a", "8192\n", "16384\n");
	put_v1(&t, "sys/fs/cgroup/memory/a/b", "8192\n", "536870912\n");
	tree_put(&t, "sys/fs/cgroup/memory/a/memory.use_hierarchy", "0\n");
	assert_ok(cgroup_chain_read(t.fd, 5, &a, &c, &err), &err);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.of[0].limit, 512 * MB);
	assert_int_equal(c.of[1].scope, CGROUP_SCOPE_HOST);
	tree_remove(&t);
}

static void without_the_controller_the_host_alone(void **state)
{
	struct cgroup_chain c;
	ARENA(a, 1 << 20);
	struct err err;
	struct tree t;

	(void)state;
	tree_make(&t);
	put_machine(&t, "4:pids:/\n", V2);
	assert_ok(cgroup_chain_read(t.fd, 5, &a, &c, &err), &err);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.place.version, 0);
	assert_says(&err, "no hierarchy");
	assert_int_equal(cgroup_chain_read(t.fd, 6, &a, &c, &err), -ESRCH);
	put_machine(&t, "0::/../../x\n", V2);
	assert_ok(cgroup_chain_read(t.fd, 5, &a, &c, &err), &err);
	assert_int_equal(c.n, 1);
	assert_says(&err, "outside of this cgroup namespace");
	tree_remove(&t);
}

static void the_living_group(void **state)
{
	_cleanup_(cgroup_watch_release) struct cgroup_watch w = { 0 };
	int fd, root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct cgroup_memory m, counters;
	struct cgroup_place place;
	struct cgroup_chain c;
	ARENA(a, 1 << 20);
	struct err err;
	uint64_t usage;

	(void)state;
	if (cgroup_locate(root, 0, STR("memory"), &a, &place, &err) < 0)
		skip_test(err.msg);
	fd = file_open_dir(root, place.charged_folder, &err);
	assert_ok(fd, &err);
	if (cgroup_watch_open(fd, place.version, &w, &err) < 0)
		skip_test(err.msg);
	close(fd);
	assert_ok(cgroup_watch_usage(&w, &usage, &err), &err);
	assert_true(usage > 0);
	assert_ok(cgroup_watch_read(&w, &m, &err), &err);
	assert_true(host_known(m.anon) && host_known(m.file) && host_known(m.limit));
	assert_ok(cgroup_watch_counters(&w, &counters, &err), &err);
	assert_true(counters.limit == m.limit && !host_known(counters.anon));
	assert_ok(cgroup_chain_read(root, 0, &a, &c, &err), &err);
	assert_true(c.n >= 2 && c.of[0].limit == m.limit);
	assert_non_null(cgroup_chain_nearest(&c));
	close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_controller_decides_the_version),
		cmocka_unit_test(the_mount_that_shows_most),
		cmocka_unit_test(a_bind_mount_takes_its_root_off),
		cmocka_unit_test(names_tell_the_scope),
		cmocka_unit_test(both_versions_without_a_limit),
		cmocka_unit_test(accounting_of_version_1),
		cmocka_unit_test(a_counter_that_stands_still_is_unknown),
		cmocka_unit_test(accounting_of_version_2),
		cmocka_unit_test(the_pods_limit_is_nearer_than_the_containers),
		cmocka_unit_test(the_ancestor_with_the_controller_is_charged),
		cmocka_unit_test(the_host_may_be_nearest),
		cmocka_unit_test(a_hidden_ancestor_is_told_by_version_1),
		cmocka_unit_test(without_hierarchy_a_parent_does_not_count),
		cmocka_unit_test(without_the_controller_the_host_alone),
		cmocka_unit_test(the_living_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
