/* SPDX-License-Identifier: Apache-2.0 */
#include "host/tree.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t.h"

void tree_make(struct tree *t)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(t->path, sizeof(t->path), "%s/whyoom-test-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(t->path));
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(t->fd >= 0);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void tree_remove(struct tree *t)
{
	close(t->fd);
	nftw(t->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_parents(const struct tree *t, const char *path)
{
	char part[256];

	for (const char *s = strchr(path, '/'); s; s = strchr(s + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(s - path), path);
		mkdirat(t->fd, part, 0755);
	}
}

void tree_put_bytes(const struct tree *t, const char *path, const void *p, unsigned long n)
{
	int fd;

	make_parents(t, path);
	fd = openat(t->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_true(write(fd, p, n) == (ssize_t)n);
	close(fd);
}

void tree_put(const struct tree *t, const char *path, const char *text)
{
	tree_put_bytes(t, path, text, strlen(text));
}

void tree_link(const struct tree *t, const char *path, const char *target)
{
	make_parents(t, path);
	assert_int_equal(symlinkat(target, t->fd, path), 0);
}

void tree_dir(const struct tree *t, const char *path)
{
	make_parents(t, path);
	assert_int_equal(mkdirat(t->fd, path, 0755), 0);
}
