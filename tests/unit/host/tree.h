/* SPDX-License-Identifier: Apache-2.0 */
/* tree: a machine made of files, as a test wants it. */
#ifndef TESTS_TREE_H
#define TESTS_TREE_H

struct tree {
	char path[64]; /* a folder of its own under $TMPDIR or /tmp */
	int fd;
};

void tree_make(struct tree *t);
void tree_remove(struct tree *t); /* and all below */

/* A file (its folders are made), a link, an empty folder; "proc/1/stat". */
void tree_put(const struct tree *t, const char *path, const char *text);
void tree_put_bytes(const struct tree *t, const char *path, const void *p, unsigned long n);
void tree_link(const struct tree *t, const char *path, const char *target);
void tree_dir(const struct tree *t, const char *path);

#endif /* TESTS_TREE_H */
