/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/group_processes.h"

#include <errno.h>
#include <fcntl.h>

#include "host/cgroup_procs.h"
#include "host/file.h"
#include "host/proc_status.h"
#include "host/proc_words.h"

#define PIDS_ARENA ((size_t)4 << 20)

struct look {
	const struct group_processes *before;
	struct group_processes *now;
	int root;
};

static const struct group_process *seen_before(const struct group_processes *before, int pid)
{
	for (size_t i = 0; i < before->n; i++) {
		if (before->v[i].p.pid == pid)
			return &before->v[i];
	}
	return NULL;
}

/* Room for one more: past the maximum the smallest gives way to a larger one. */
static struct group_process *place_for(struct group_processes *g, uint64_t rss_anon)
{
	size_t smallest = 0;

	if (g->n < GROUP_PROCESSES_MAX)
		return &g->v[g->n++];
	g->cut = true;
	for (size_t i = 1; i < g->n; i++) {
		if (g->v[i].p.rss_anon < g->v[smallest].p.rss_anon)
			smallest = i;
	}
	return g->v[smallest].p.rss_anon < rss_anon ? &g->v[smallest] : NULL;
}

/* A leader that is a zombie says nothing of its memory: what was seen last stands. */
static void keep_dying(struct look *l, const struct group_process *old)
{
	struct group_process *place = old ? place_for(l->now, old->p.rss_anon) : NULL;

	if (place)
		*place = *old;
}

static void add_process(struct look *l, pid_t pid)
{
	_cleanup_(close_fd) int procfd = proc_open(l->root, pid, NULL);
	const struct group_process *old = seen_before(l->before, pid);
	struct proc_status status;
	struct group_process *place;
	struct proc_stat stat;
	int adj = 0;

	if (procfd < 0 || proc_stat_read(procfd, &stat, NULL) < 0 ||
	    proc_status_read(procfd, &status, NULL) < 0)
		return;
	if (!known(status.rss_anon)) {
		keep_dying(l, old);
		return;
	}
	if (proc_oom_score_adj(procfd, &adj, NULL) < 0)
		adj = 0;
	place = place_for(l->now, status.rss_anon);
	if (!place)
		return;
	memcpy(place->comm, stat.comm, sizeof(place->comm));
	place->p = (struct case_process){
		.pid = pid,
		.comm = place->comm,
		.rss_anon = status.rss_anon,
		.rss_file = status.rss_file,
		.rss_shmem = status.rss_shmem,
		.first_rss_anon = old ? old->p.first_rss_anon : status.rss_anon,
		.oom_score_adj = adj,
	};
}

uint64_t group_processes_others(const struct group_processes *g, int target)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < g->n; i++) {
		if (g->v[i].p.pid != target)
			sum += g->v[i].p.rss_anon;
	}
	return sum;
}

void group_processes_look(struct group_processes *g, int groupfd)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	_cleanup_(free_ptr) struct group_processes *now = calloc(1, sizeof(*now));
	struct look l = { .before = g, .now = now, .root = root };
	ARENA(a, PIDS_ARENA);
	struct cgroup_procs members;

	if (!now || root < 0 || cgroup_procs_read(groupfd, &a, &members, NULL) < 0)
		return;
	for (size_t i = 0; i < members.n; i++)
		add_process(&l, members.of[i]);
	if (now->n == 0)
		return; /* the group is empty: what was seen last stands */
	*g = *now;
	for (size_t i = 0; i < g->n; i++)
		g->v[i].p.comm = g->v[i].comm;
}

int group_processes_into(const struct group_processes *g, struct whycase *c)
{
	struct case_process *copy;

	if (g->n == 0)
		return 0;
	copy = arena_new_array(c->arena, struct case_process, g->n);
	for (size_t i = 0; copy && i < g->n; i++) {
		copy[i] = g->v[i].p;
		copy[i].target = copy[i].pid == c->subject.pid;
		copy[i].comm = arena_str(c->arena, str_from(g->v[i].comm)).p;
		if (!copy[i].comm)
			return -ENOMEM;
	}
	if (!copy)
		return -ENOMEM;
	c->processes = copy;
	c->n_processes = g->n;
	return 0;
}
