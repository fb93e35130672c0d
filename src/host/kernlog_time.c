/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kernlog_time.h"

#include <string.h>

#include "host/kernlog.h"
#include "host/kernlog_take.h"

#define S_PER_DAY 86400
#define NS INT64_C(1000000000)

/* Howard Hinnant's days_from_civil: days since 1970-01-01. */
static int64_t days(int year, int month, int day)
{
	int64_t y = year - (month <= 2), era = y / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

int64_t logtime_wall(const struct logtime *t)
{
	int64_t s;

	if (t->year < 1970 || t->year > 2200 || t->month < 1)
		return KERNLOG_NO_TIME;
	s = days(t->year, t->month, t->day) * S_PER_DAY + t->hour * 3600 + t->minute * 60 +
	    t->second - (t->zone_known ? t->zone : 0);
	return s * NS + t->ns;
}

void logtime_set_year(struct logtime *t, int64_t near_wall)
{
	int guess = 1970 + (int)(near_wall / NS / 31556952);
	int64_t best = INT64_MAX;

	for (int y = guess - 1; y <= guess + 1; y++) {
		struct logtime try = *t;
		int64_t wall, off;

		try.year = y;
		wall = logtime_wall(&try);
		if (wall == KERNLOG_NO_TIME)
			continue;
		off = wall > near_wall ? wall - near_wall : near_wall - wall;
		if (off < best) {
			best = off;
			t->year = y;
		}
	}
}

/* Exactly @n digits. */
static bool digits(struct str *s, size_t n, int *ret)
{
	int v = 0;

	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	*s = str_skip(*s, n);
	*ret = v;
	return true;
}

static bool one_of(struct str *s, const char *chars)
{
	if (s->n == 0 || s->p[0] == '\0' || !strchr(chars, s->p[0]))
		return false;
	*s = str_skip(*s, 1);
	return true;
}

static bool clock_of(struct str *s, struct logtime *t)
{
	return digits(s, 2, &t->hour) && one_of(s, ":") && digits(s, 2, &t->minute) &&
	       one_of(s, ":") && digits(s, 2, &t->second) && t->hour < 24 && t->minute < 60 &&
	       t->second < 61;
}

static void fraction(struct str *s, struct logtime *t)
{
	struct str rest = *s;
	int32_t unit = 100000000;

	if (!one_of(&rest, ".,") || rest.n == 0 || rest.p[0] < '0' || rest.p[0] > '9')
		return;
	for (; rest.n && rest.p[0] >= '0' && rest.p[0] <= '9'; rest = str_skip(rest, 1)) {
		t->ns += unit * (rest.p[0] - '0');
		unit /= 10;
	}
	*s = rest;
}

/* "Z", "+01:00", "+0100", " +0000 UTC", " UTC". */
static void zone(struct str *s, struct logtime *t)
{
	struct str rest = *s;
	bool west;
	int h, m;

	if (str_take_prefix(&rest, STR("Z")) || str_take_prefix(&rest, STR(" UTC"))) {
		t->zone_known = true;
		*s = rest;
		return;
	}
	skip_if(&rest, STR(" "));
	if (!rest.n || (rest.p[0] != '+' && rest.p[0] != '-'))
		return;
	west = rest.p[0] == '-';
	rest = str_skip(rest, 1);
	if (!digits(&rest, 2, &h))
		return;
	(void)one_of(&rest, ":");
	if (!digits(&rest, 2, &m) || h > 15 || m > 59)
		return;
	skip_if(&rest, STR(" UTC"));
	t->zone = (h * 3600 + m * 60) * (west ? -1 : 1);
	t->zone_known = true;
	*s = rest;
}

bool logtime_take_iso(struct str *s, struct logtime *ret)
{
	struct logtime t = { 0 };
	struct str rest = *s;

	if (!digits(&rest, 4, &t.year) || !one_of(&rest, "-") || !digits(&rest, 2, &t.month) ||
	    !one_of(&rest, "-") || !digits(&rest, 2, &t.day) || !one_of(&rest, "T ") ||
	    !clock_of(&rest, &t))
		return false;
	if (t.year < 1970 || t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31)
		return false;
	fraction(&rest, &t);
	zone(&rest, &t);
	*s = rest;
	*ret = t;
	return true;
}

/* What dmesg and syslog write here; other languages by their first letters. */
static int month_of(struct str w)
{
	static const struct {
		struct str name;
		int month;
	} names[] = {
		{ STR_INIT("Jan"), 1 },	       { STR_INIT("Feb"), 2 },	{ STR_INIT("Mar"), 3 },
		{ STR_INIT("Apr"), 4 },	       { STR_INIT("May"), 5 },	{ STR_INIT("Jun"), 6 },
		{ STR_INIT("Jul"), 7 },	       { STR_INIT("Aug"), 8 },	{ STR_INIT("Sep"), 9 },
		{ STR_INIT("Oct"), 10 },       { STR_INIT("Nov"), 11 }, { STR_INIT("Dec"), 12 },
		{ STR_INIT("M\xc3\xa4r"), 3 }, { STR_INIT("Mrz"), 3 },	{ STR_INIT("Mai"), 5 },
		{ STR_INIT("Okt"), 10 },       { STR_INIT("Dez"), 12 },
	};
	struct str rest = w;
	uint64_t n;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_has_prefix(w, names[i].name))
			return names[i].month;
	}
	/* "4月" */
	if (str_take_u64(&rest, &n) && str_has_prefix(rest, STR("\xe6\x9c\x88")) && n >= 1 &&
	    n <= 12)
		return (int)n;
	return 0;
}

bool logtime_take_syslog(struct str *s, struct logtime *ret)
{
	struct logtime t = { 0 };
	struct str rest = *s;
	uint64_t day;

	if (rest.n < 15)
		return false;
	t.month = month_of((struct str){ rest.p, 3 });
	rest = str_skip(rest, 3);
	if (!t.month || !one_of(&rest, " "))
		return false;
	(void)one_of(&rest, " ");
	if (!str_take_u64(&rest, &day) || day < 1 || day > 31 || !one_of(&rest, " ") ||
	    !clock_of(&rest, &t))
		return false;
	t.day = (int)day;
	fraction(&rest, &t);
	*s = rest;
	*ret = t;
	return true;
}

bool logtime_take_unix(struct str *s, int64_t *ret_wall)
{
	struct str rest = *s;
	struct logtime t = { 0 };
	uint64_t sec;

	if (!str_take_u64(&rest, &sec) || sec < 100000000 || sec > 7258118400 || rest.n < 7 ||
	    rest.p[0] != '.')
		return false;
	fraction(&rest, &t);
	if (!str_has_prefix(rest, STR(" ")))
		return false;
	*ret_wall = (int64_t)sec * NS + t.ns;
	*s = rest;
	return true;
}

/* From behind: year, time, day, month. The weekday has no use and any spelling. */
bool logtime_ctime(struct str s, struct logtime *ret)
{
	struct str words[8], w, clock;
	struct logtime t = { 0 };
	uint64_t year, day;
	size_t n = 0;

	while (n < 8 && str_take_word(&s, &w))
		words[n++] = w;
	if (n < 4 || n == 8)
		return false;
	clock = words[n - 2];
	if (!str_take_u64(&words[n - 1], &year) || words[n - 1].n || year < 1970 || year > 2200 ||
	    !clock_of(&clock, &t) || !str_take_u64(&words[n - 3], &day) || day < 1 || day > 31)
		return false;
	t.year = (int)year;
	t.day = (int)day;
	t.month = month_of(words[n - 4]);
	fraction(&clock, &t);
	*ret = t;
	return true;
}
