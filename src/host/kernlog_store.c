/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kernlog_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS INT64_C(1000000000)
#define SAME_KILL_NS (120 * NS) /* a pid is not used again that soon for the same name */
#define SAME_KILL_S 120
#define CHAIN_MAX 256 /* kills looked at for a second telling */

void store_init(struct store *s, size_t budget)
{
	*s = (struct store){ .budget = budget };
}

struct table *table_new(const struct kernlog_task *tasks, size_t n)
{
	struct table *t;

	if (n == 0 || n > KERNLOG_TASKS_MAX)
		return NULL;
	t = malloc(sizeof(*t) + n * sizeof(*tasks));
	if (!t)
		return NULL;
	t->refs = 1;
	t->stored = 0;
	t->n = n;
	memcpy(t->tasks, tasks, n * sizeof(*tasks));
	return t;
}

void table_drop(struct table *t)
{
	if (t && --t->refs == 0)
		free(t);
}

static size_t table_bytes(const struct table *t)
{
	return sizeof(*t) + t->n * sizeof(t->tasks[0]);
}

/* The last holder's table leaves the budget with it. */
static void strip(struct store *s, struct stored *e)
{
	if (!e->table)
		return;
	if (--e->table->stored == 0)
		s->bytes -= table_bytes(e->table);
	e->kill.tasks_dropped += e->kill.n_tasks;
	e->kill.tasks = NULL;
	e->kill.n_tasks = 0;
	table_drop(e->table);
	e->table = NULL;
}

static struct stored **place_of(const struct ring *r, uint64_t number)
{
	return &r->at[number % KERNLOG_KILLS_MAX];
}

static bool drop_oldest(struct store *s, struct ring *r, uint64_t *count)
{
	struct stored *e;

	if (r->begin == r->end)
		return false;
	e = *place_of(r, r->begin);
	strip(s, e);
	s->bytes -= e->bytes;
	free(e);
	*place_of(r, r->begin++) = NULL;
	++*count;
	return true;
}

void store_release(struct store *s)
{
	while (drop_oldest(s, &s->kills, &s->kills_dropped))
		;
	while (drop_oldest(s, &s->reports, &s->reports_dropped))
		;
	free(s->kills.at);
	free(s->reports.at);
	free(s->buckets);
	*s = (struct store){ 0 };
}

/* Make room: tables of old reports, tables of old kills, reports, kills; never the newest kill. */
static void keep_budget(struct store *s)
{
	for (uint64_t n = s->reports.begin; s->bytes > s->budget && n < s->reports.end; n++)
		strip(s, *place_of(&s->reports, n));
	if (s->stripped < s->kills.begin)
		s->stripped = s->kills.begin;
	while (s->bytes > s->budget && s->stripped + 1 < s->kills.end)
		strip(s, *place_of(&s->kills, s->stripped++));
	while (s->bytes > s->budget && drop_oldest(s, &s->reports, &s->reports_dropped))
		;
	while (s->bytes > s->budget && s->kills.end - s->kills.begin > 1)
		drop_oldest(s, &s->kills, &s->kills_dropped);
}

/* The strings of a kill, for copying. */
#define STRINGS 10
static void strings_of(struct kernlog_kill *k, const char **at[STRINGS])
{
	const char **all[STRINGS] = {
		&k->comm,      &k->trigger_comm, &k->kernel,	  &k->gfp,
		&k->oom_memcg, &k->task_memcg,	 &k->header_line, &k->constraint_line,
		&k->kill_line, &k->stats_memcg,
	};

	memcpy(at, all, sizeof(all));
}

/* One block: the struct and its strings behind it. */
static struct stored *copy_of(const struct kernlog_kill *kill)
{
	const char **at[STRINGS];
	struct kernlog_kill src = *kill;
	size_t bytes = sizeof(struct stored);
	struct stored *e;
	char *p;

	strings_of(&src, at);
	for (size_t i = 0; i < STRINGS; i++)
		bytes += *at[i] ? strlen(*at[i]) + 1 : 0;
	e = malloc(bytes);
	if (!e)
		return NULL;
	*e = (struct stored){ .kill = src, .bytes = bytes };
	p = (char *)(e + 1);
	strings_of(&e->kill, at);
	for (size_t i = 0; i < STRINGS; i++) {
		size_t n = *at[i] ? strlen(*at[i]) + 1 : 0;

		if (!n)
			continue;
		memcpy(p, *at[i], n);
		*at[i] = p;
		p += n;
	}
	return e;
}

/* Against the budget; a table once for all that share it. */
static void count(struct store *s, struct stored *e)
{
	s->bytes += e->bytes;
	if (!e->table)
		return;
	e->table->refs++;
	if (e->table->stored++ == 0)
		s->bytes += table_bytes(e->table);
}

static int append(struct store *s, struct ring *r, struct stored *e, uint64_t *dropped)
{
	if (!r->at) {
		r->at = calloc(KERNLOG_KILLS_MAX, sizeof(struct stored *));
		if (!r->at)
			return -ENOMEM;
	}
	if (r->end - r->begin == KERNLOG_KILLS_MAX)
		drop_oldest(s, r, dropped);
	*place_of(r, r->end++) = e;
	count(s, e);
	return 0;
}

static struct stored *new_entry(const struct kernlog_kill *kill, struct table *table,
				const struct store_place *place)
{
	struct stored *e = copy_of(kill);

	if (!e)
		return NULL;
	e->table = table;
	e->place = *place;
	if (table) {
		e->kill.tasks = table->tasks;
		e->kill.n_tasks = table->n;
	}
	return e;
}

static bool near(int64_t a, int64_t b, int64_t by)
{
	int64_t d;

	if (__builtin_sub_overflow(a, b, &d))
		return false;
	return d <= by && d >= -by;
}

static bool same_name(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Seconds into a year of 366 days, as both stamps print them. */
static int64_t in_year(const struct logtime *t)
{
	return ((t->month * 31 + t->day) * 24 + t->hour) * 3600 + t->minute * 60 + t->second;
}

/* How far apart in time: 1 near, -1 far, 0 no clock that both were stamped by. */
static int compare_time(const struct stored *e, const struct kernlog_kill *kill,
			const struct store_place *place)
{
	if (e->kill.wall_ns != KERNLOG_NO_TIME && kill->wall_ns != KERNLOG_NO_TIME &&
	    e->kill.zone_known == kill->zone_known)
		return near(e->kill.wall_ns, kill->wall_ns, SAME_KILL_NS) ? 1 : -1;
	if (e->place.has_date && place->has_date) {
		int64_t d = in_year(&e->place.date) - in_year(&place->date);

		return near(d, 0, SAME_KILL_S) ? 1 : -1;
	}
	if (e->kill.uptime_ns != KERNLOG_NO_TIME && kill->uptime_ns != KERNLOG_NO_TIME)
		return e->place.boot == place->boot &&
				       near(e->kill.uptime_ns, kill->uptime_ns, SAME_KILL_NS)
			       ? 1
			       : -1;
	return 0;
}

static bool same_kill(struct stored *e, const struct kernlog_kill *kill,
		      const struct store_place *place)
{
	int apart;

	if (e->kill.pid != kill->pid || !same_name(e->kill.comm, kill->comm))
		return false;
	if (e->place.host && place->host && e->place.host != place->host)
		return false;
	if (e->kill.uptime_ns != KERNLOG_NO_TIME && e->kill.uptime_ns == kill->uptime_ns) {
		/* a second copy of the log: what follows is compared with this time of it */
		e->place.boot = place->boot;
		return true;
	}
	apart = compare_time(e, kill, place);
	if (apart > 0)
		return true;
	/* a watcher may repeat its words long after, and has a stamp of its own */
	if (apart < 0 && !e->kill.quoted && !kill->quoted)
		return false;
	return e->kill.total_vm == kill->total_vm && e->kill.anon_rss == kill->anon_rss;
}

static uint64_t *bucket(const struct store *s, int pid)
{
	return &s->buckets[((uint32_t)pid * 2654435761u) % STORE_BUCKETS];
}

static struct stored *by_number(const struct store *s, uint64_t number_plus_1)
{
	if (number_plus_1 == 0 || number_plus_1 - 1 < s->kills.begin)
		return NULL;
	return *place_of(&s->kills, number_plus_1 - 1);
}

struct stored *store_newest(const struct store *s, int pid)
{
	struct stored *e = s->buckets ? by_number(s, *bucket(s, pid)) : NULL;

	while (e && e->kill.pid != pid)
		e = by_number(s, e->older);
	return e;
}

/*
 * The kernel's own line, or one with more to say, takes the place of a quote
 * that came first; where it stands in the order stays.
 */
static int replace(struct store *s, struct stored *old, const struct kernlog_kill *kill,
		   struct table *table, const struct store_place *place)
{
	struct stored **at = NULL, *e;

	for (uint64_t n = s->kills.end; n > s->kills.begin && !at; n--) {
		if (*place_of(&s->kills, n - 1) == old)
			at = place_of(&s->kills, n - 1);
	}
	e = at ? new_entry(kill, table, place) : NULL;
	if (!e)
		return -ENOMEM;
	e->older = old->older;
	count(s, e);
	strip(s, old);
	s->bytes -= old->bytes;
	free(old);
	*at = e;
	keep_budget(s);
	return 0;
}

int store_kill(struct store *s, const struct kernlog_kill *kill, struct table *table,
	       const struct store_place *place)
{
	struct stored *e;
	unsigned steps = 0;
	int r;

	if (!s->buckets) {
		s->buckets = calloc(STORE_BUCKETS, sizeof(uint64_t));
		if (!s->buckets)
			return -ENOMEM;
	}
	for (e = by_number(s, *bucket(s, kill->pid)); e && steps++ < CHAIN_MAX;
	     e = by_number(s, e->older)) {
		if (!same_kill(e, kill, place))
			continue;
		if (e->kill.quoted && !kill->quoted)
			return replace(s, e, kill, table, place);
		return 0;
	}
	e = new_entry(kill, table, place);
	if (!e)
		return -ENOMEM;
	e->older = *bucket(s, kill->pid);
	r = append(s, &s->kills, e, &s->kills_dropped);
	if (r < 0) {
		free(e);
		return r;
	}
	*bucket(s, kill->pid) = s->kills.end;
	keep_budget(s);
	return 1;
}

static bool same_report(const struct stored *e, const struct kernlog_kill *report)
{
	return e->kill.uptime_ns != KERNLOG_NO_TIME && e->kill.uptime_ns == report->uptime_ns &&
	       same_name(e->kill.trigger_comm, report->trigger_comm) &&
	       e->kill.trigger_pid == report->trigger_pid;
}

int store_report(struct store *s, const struct kernlog_kill *report, struct table *table,
		 const struct store_place *place)
{
	struct stored *e;
	int r;

	for (uint64_t n = s->reports.end; n > s->reports.begin && s->reports.end - n < 64; n--) {
		if (same_report(*place_of(&s->reports, n - 1), report))
			return 0;
	}
	e = new_entry(report, table, place);
	if (!e)
		return -ENOMEM;
	r = append(s, &s->reports, e, &s->reports_dropped);
	if (r < 0) {
		free(e);
		return r;
	}
	keep_budget(s);
	return 1;
}

struct stored *ring_at(const struct ring *r, size_t i)
{
	return i < r->end - r->begin ? *place_of(r, r->begin + i) : NULL;
}
