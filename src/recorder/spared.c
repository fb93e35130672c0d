/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/spared.h"

#include <fcntl.h>

#include "host/cgroup_chain.h"
#include "host/file.h"

#define CHAIN_ARENA ((size_t)1 << 20)

static bool dies_as_a_whole(int root, const char *folder)
{
	_cleanup_(close_fd) int fd = file_open_dir(root, folder, NULL);
	uint64_t on;

	return fd >= 0 && file_read_u64(fd, "memory.oom.group", &on, NULL) == 0 && on == 1;
}

static bool taken_along(int root)
{
	ARENA(a, CHAIN_ARENA);
	struct cgroup_chain chain = { 0 };

	if (cgroup_chain_read(root, 0, &a, &chain, NULL) < 0 || chain.place.version != 2)
		return false;
	for (unsigned i = 0; i < chain.n; i++) {
		if (chain.of[i].scope != CGROUP_SCOPE_HOST &&
		    dies_as_a_whole(root, chain.of[i].folder))
			return true;
	}
	return false;
}

int spared_ask(bool *ret_taken_along, struct err *err)
{
	_cleanup_(close_fd) int root = file_open_root(err);

	*ret_taken_along = false;
	if (root < 0)
		return root;
	*ret_taken_along = taken_along(root);
	return file_write(root, "proc/self/oom_score_adj", *ret_taken_along ? "-1000" : "-500",
			  err);
}
