/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/program.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/hash.h"
#include "host/file.h"
#include "host/proc_stat.h"

#define AUXV_MAX 1024 /* the kernel's has at most 52 words */
#define NO_SEED 1     /* compared with itself only: nothing to be gained from a collision */

uint64_t program_of(int procfd)
{
	_cleanup_(close_fd) int fd = file_open(procfd, "auxv", NULL);
	char auxv[AUXV_MAX];
	ssize_t n = fd < 0 ? -1 : read(fd, auxv, sizeof(auxv));

	return n > 0 ? hash_bytes(NO_SEED, auxv, (size_t)n) | 1 : 0;
}

uint64_t program_of_pid(pid_t pid)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	_cleanup_(close_fd) int proc = root < 0 ? -1 : proc_open(root, pid, NULL);

	return proc < 0 ? 0 : program_of(proc);
}

void strangers_add(struct strangers *s, pid_t pid, uint64_t program)
{
	s->of[s->next] = (struct stranger){ .pid = pid, .program = program };
	s->next = (s->next + 1) % STRANGERS_MAX;
}

bool strangers_have(const struct strangers *s, pid_t pid, uint64_t program)
{
	for (unsigned i = 0; i < STRANGERS_MAX; i++) {
		if (s->of[i].pid == pid && s->of[i].program == program)
			return true;
	}
	return false;
}
