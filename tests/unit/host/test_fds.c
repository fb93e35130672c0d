/* SPDX-License-Identifier: Apache-2.0 */
#include "t.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/fds.h"
#include "host/file.h"
#include "host/tree.h"

static void kinds_by_the_links_target(void **state)
{
	static const struct {
		const char *link;
		enum fd_kind kind;
	} cases[] = {
		{ "socket:[812]", FD_SOCKET },
		{ "pipe:[1]", FD_PIPE },
		{ "anon_inode:[eventpoll]", FD_EVENTPOLL },
		{ "anon_inode:[eventfd]", FD_EVENTFD },
		{ "anon_inode:[eventfd:7]", FD_EVENTFD },
		{ "anon_inode:inotify", FD_INOTIFY },
		{ "anon_inode:bpf-map", FD_BPF },
		{ "anon_inode:[new_kind]", FD_OTHER },
		{ "/memfd:x (deleted)", FD_MEMFD },
		{ "/dev/null", FD_DEVICE },
		{ "/var/log/api.log", FD_FILE },
		{ "/var/log/api.log.1 (deleted)", FD_DELETED },
		{ "", FD_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(fds_kind(str_from(cases[i].link)), cases[i].kind);
	for (int k = 0; k < FD_KIND_COUNT; k++)
		assert_non_null(fds_kind_name((enum fd_kind)k));
}

static void our_own(void **state)
{
	int more[4], procfd = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fds before, after;
	uint64_t n = 0;
	struct err err;
	int fdfd;

	(void)state;
	assert_ok(fds_read(procfd, &before, &err), &err);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, more), 0);
	more[2] = epoll_create1(0);
	more[3] = eventfd(0, 0);
	assert_ok(fds_read(procfd, &after, &err), &err);
	assert_int_equal(after.of_kind[FD_SOCKET], before.of_kind[FD_SOCKET] + 2);
	assert_int_equal(after.of_kind[FD_EVENTPOLL], before.of_kind[FD_EVENTPOLL] + 1);
	assert_int_equal(after.of_kind[FD_EVENTFD], before.of_kind[FD_EVENTFD] + 1);
	fdfd = fds_open(procfd, &err);
	assert_ok(fdfd, &err);
	assert_ok(fds_count(fdfd, &n, &err), &err);
	/* The descriptor of fds_read()'s own listing is in its sum, @fdfd is in this one, and
	 * before 6.2 that of this one's listing. */
	assert_in_range(n, after.n, after.n + 1);
	close(fdfd);
	close(procfd);
	for (size_t i = 0; i < COUNT(more); i++)
		close(more[i]);
}

static void of_a_recorded_machine(void **state)
{
	struct fds f;
	struct err err;
	struct tree t;
	uint64_t n;
	int fdfd;

	(void)state;
	tree_make(&t);
	tree_link(&t, "fd/0", "/dev/null");
	tree_link(&t, "fd/1", "pipe:[7]");
	tree_link(&t, "fd/2", "pipe:[8]");
	tree_put(&t, "fd/3", "no link: closed meanwhile");
	assert_ok(fds_read(t.fd, &f, &err), &err);
	assert_int_equal(f.n, 4);
	assert_int_equal(f.unlooked, 1);
	assert_int_equal(f.of_kind[FD_PIPE], 2);
	fdfd = fds_open(t.fd, &err);
	assert_ok(fds_count(fdfd, &n, &err), &err);
	assert_int_equal(n, 4); /* not the folder's size */
	close(fdfd);
	assert_int_equal(fds_read(open("/nowhere", O_RDONLY), &f, &err), -EBADF);
	tree_remove(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_by_the_links_target),
		cmocka_unit_test(our_own),
		cmocka_unit_test(of_a_recorded_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
