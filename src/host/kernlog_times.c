/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times that one line alone does not tell: a syslog stamp lacks year and zone,
 * a printk stamp counts from an unknown start.
 */
#include "host/kernlog_parser.h"

#define NS INT64_C(1000000000)
#define QUARTER (15 * 60 * NS)
#define ZONE_MAX (14 * 3600 * NS)
#define SLACK (2 * NS)

/*
 * @stamp and @full are of one line: the year follows, and the zone where they
 * are whole quarters of an hour apart. False if they are not of one moment.
 */
static bool agree(const struct logtime *stamp, const struct logtime *full, struct logtime *ret)
{
	struct logtime t = *stamp;
	int64_t at = logtime_wall(full), local, apart, zone;

	if (at == KERNLOG_NO_TIME)
		return false;
	logtime_set_year(&t, at);
	local = logtime_wall(&t);
	if (local == KERNLOG_NO_TIME)
		return false;
	apart = local - at;
	zone = full->zone_known ? (apart + (apart < 0 ? -1 : 1) * QUARTER / 2) / QUARTER * QUARTER
				: 0;
	if (apart - zone > SLACK || zone - apart > SLACK || zone > ZONE_MAX || zone < -ZONE_MAX)
		return false;
	t.zone_known = full->zone_known;
	t.zone = (int32_t)(zone / NS);
	*ret = t;
	return true;
}

void kernlog_hint(struct kernlog *k, const struct logline *line)
{
	struct str s = line->msg;

	if (k->hint.year && k->hint.zone_known)
		return;
	if (s.n > 1024)
		s.n = 1024;
	while (s.n) {
		ptrdiff_t at = str_find(s, STR("20"));
		struct logtime full, hint;
		struct str date;

		if (at < 0)
			return;
		s = str_skip(s, (size_t)at);
		date = s;
		s = str_skip(s, 2);
		if (!logtime_take_iso(&date, &full) || !agree(&line->date, &full, &hint) ||
		    (k->hint.year && !hint.zone_known))
			continue;
		k->hint = hint;
		k->hint_wall = logtime_wall(&hint);
		return;
	}
}

static void settle(const struct kernlog *k, struct stored *e)
{
	struct kernlog_kill *kill = &e->kill;

	if (kill->wall_ns != KERNLOG_NO_TIME)
		return;
	if (e->place.has_date && !e->place.date.year && k->hint.year) {
		struct logtime t = e->place.date;

		logtime_set_year(&t, k->hint_wall);
		t.zone_known = k->hint.zone_known;
		t.zone = k->hint.zone;
		kill->wall_ns = logtime_wall(&t);
		kill->zone_known = t.zone_known;
		kill->wall_derived = true;
	} else {
		report_derive_wall(&k->reports, kill);
	}
}

void kernlog_settle_times(struct kernlog *k)
{
	struct stored *e;

	for (size_t i = 0; (e = ring_at(&k->store.kills, i)); i++)
		settle(k, e);
	for (size_t i = 0; (e = ring_at(&k->store.reports, i)); i++)
		settle(k, e);
}
