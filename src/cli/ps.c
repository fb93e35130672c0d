/* SPDX-License-Identifier: Apache-2.0 */
/* ps: every Go process of this host, with its memory, as text or whyoom.ps/1. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "base/json.h"
#include "base/log.h"
#include "cli/output.h"
#include "goruntime/goroutines.h"
#include "host/file.h"
#include "host/proc_list.h"
#include "host/proc_status.h"
#include "recorder/group_watch.h"
#include "recorder/subject.h"

#define OUTPUT_MAX ((size_t)64 << 20)
#define GOROUTINES_MAX ((size_t)4 << 20)
#define GOROUTINES_ARENA ((size_t)1 << 30)

struct row {
	const struct proc_stat *p;
	const char *go_version, *limit_source;
	struct gostats stats;
	uint64_t rss, goroutines, limit, headroom; /* UNKNOWN_U64, CASE_NO_LIMIT */
};

static void fill_limit(struct row *row, struct arena *a)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	const struct cgroup_level *nearest;
	struct cgroup_chain chain;

	row->limit = row->headroom = UNKNOWN_U64;
	if (root < 0 || cgroup_chain_read(root, row->p->pid, a, &chain, NULL) < 0)
		return;
	nearest = cgroup_chain_nearest(&chain);
	if (!nearest)
		return;
	row->limit = nearest->limit;
	row->headroom = host_less(nearest->limit, nearest->usage);
	row->limit_source = nearest->source;
}

/* 0 for a Go process that could be read; @ret_why tells of one that is Go and could not. */
static int read_row(const struct proc_stat *p, bool cache, struct arena *a, struct row *ret,
		    struct err *err)
{
	_cleanup_(subject_release) struct subject s = { .procfd = -1 };
	ARENA(scratch, GOROUTINES_ARENA);
	struct row row = { .p = p, .rss = UNKNOWN_U64, .goroutines = UNKNOWN_U64 };
	struct proc_status status;
	struct goroutines gs;
	int r = subject_open(&s, p->pid, NULL, err);

	if (r == 0)
		r = cache ? subject_attach_cached(&s, err) : subject_attach(&s, err);
	if (r == 0)
		r = gostats_read(&s.rt, s.mem, &row.stats, err);
	if (r < 0)
		return r;
	if (goroutines_read(&s.rt, s.mem, GOROUTINES_MAX, &scratch, &gs, NULL) == 0)
		row.goroutines = gs.total;
	if (proc_status_read(s.procfd, &status, NULL) == 0)
		row.rss = status.vm_rss;
	row.go_version = arena_str(a, str_from(image_go_version(s.img))).p;
	fill_limit(&row, a);
	*ret = row;
	return 0;
}

static void json_known(struct json *j, const char *key, uint64_t v)
{
	if (v == UNKNOWN_U64 || v == CASE_NO_LIMIT)
		json_none(j, key);
	else
		json_u64(j, key, v);
}

static void json_row(struct json *j, const struct row *r)
{
	json_open(j, NULL, '{');
	json_i64(j, "pid", r->p->pid);
	json_cstr(j, "comm", r->p->comm);
	json_cstr(j, "go_version", r->go_version);
	json_known(j, "rss_bytes", r->rss);
	json_u64(j, "heap_live_bytes", r->stats.heap_marked);
	json_u64(j, "heap_goal_bytes", r->stats.heap_goal);
	json_i64(j, "gogc", r->stats.gogc);
	json_known(j, "memory_limit_bytes",
		   r->stats.memory_limit == GO_NO_LIMIT ? UNKNOWN_U64
							: (uint64_t)r->stats.memory_limit);
	json_known(j, "goroutines", r->goroutines);
	json_known(j, "limit_bytes", r->limit);
	json_cstr(j, "limit_source", r->limit_source);
	json_known(j, "headroom_bytes", r->headroom);
	json_close(j, '}');
}

/* Six columns at most: 12.3M, 1.2G. */
static const char *brief(uint64_t v, char to[16])
{
	static const char units[] = "BKMGTPE";
	double d = (double)v;
	unsigned u = 0;

	if (v == UNKNOWN_U64 || v == CASE_NO_LIMIT) {
		snprintf(to, 16, "%s", v == UNKNOWN_U64 ? "?" : "-");
		return to;
	}
	while (d >= 1000 && units[u + 1]) {
		d /= 1024;
		u++;
	}
	snprintf(to, 16, d < 10 && u ? "%.1f%c" : "%.0f%c", d, units[u]);
	return to;
}

static void text_row(struct buf *out, const struct row *r)
{
	char size[6][16], gogc[16], count[24];
	uint64_t limit = r->stats.memory_limit == GO_NO_LIMIT ? CASE_NO_LIMIT
							      : (uint64_t)r->stats.memory_limit;

	snprintf(gogc, sizeof(gogc), r->stats.gogc < 0 ? "off" : "%d", r->stats.gogc);
	snprintf(count, sizeof(count), r->goroutines == UNKNOWN_U64 ? "?" : "%" PRIu64,
		 r->goroutines);
	buf_printf(out, "%7d %-13.13s %-9.9s %6s %6s %6s %4s %6s %7s %6s\n", r->p->pid, r->p->comm,
		   r->go_version, brief(r->rss, size[0]), brief(r->stats.heap_marked, size[1]),
		   brief(r->stats.heap_goal, size[2]), gogc, brief(limit, size[3]), count,
		   brief(r->headroom, size[5]));
}

static bool is_go_but(const struct err *err)
{
	return err->code == -ENOTSUP || err->code == -EPERM || err->code == -EACCES;
}

int verb_ps(const struct cli *cli)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	BUF(text, OUTPUT_MAX);
	BUF(json, OUTPUT_MAX);
	ARENA(a, (size_t)64 << 20);
	struct json j = json_into(&json);
	struct proc_list all;
	unsigned found = 0, refused = 0;
	struct err err, first = { 0 };

	if (root < 0 || proc_list_read(root, &a, &all, &err) < 0)
		return output_error(&err);
	json_open(&j, NULL, '{');
	json_cstr(&j, "schema", "whyoom.ps/1");
	json_open(&j, "processes", '[');
	buf_printf(&text, "%7s %-13s %-9s %6s %6s %6s %4s %6s %7s %6s\n", "PID", "COMM", "GO",
		   "RSS", "LIVE", "NEXTGC", "GOGC", "GOMEML", "GOROUT", "ROOM");
	for (size_t i = 0; i < all.n; i++) {
		struct row row;

		log_progress("looking at process %zu of %zu", i + 1, all.n);
		if (read_row(&all.of[i], !cli->no_cache, &a, &row, &err) == 0) {
			json_row(&j, &row);
			text_row(&text, &row);
			found++;
		} else if (is_go_but(&err) && refused++ == 0) {
			first = err;
		}
	}
	log_progress_end();
	json_close(&j, ']');
	json_close(&j, '}');
	if (!found) {
		buf_clear(&text);
		buf_cstr(&text, "no Go process that can be read\n");
	}
	if (refused)
		buf_printf(&text, "%u not read, the first: %s\n", refused, first.msg);
	return output_result(cli, &text, &json);
}
