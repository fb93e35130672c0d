/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

static int64_t now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

int64_t clock_mono(void)
{
	return now(CLOCK_MONOTONIC);
}

int64_t clock_boot(void)
{
	return now(CLOCK_BOOTTIME);
}

int64_t clock_wall(void)
{
	return now(CLOCK_REALTIME);
}

int64_t clock_cpu(void)
{
	return now(CLOCK_THREAD_CPUTIME_ID);
}

static struct tm utc(int64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / NS_PER_S);
	struct tm tm = { 0 };

	gmtime_r(&s, &tm);
	return tm;
}

void clock_rfc3339(struct buf *out, int64_t wall_ns)
{
	struct tm tm = utc(wall_ns);
	char text[40];

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_cstr(out, text);
}

void clock_compact(struct buf *out, int64_t wall_ns)
{
	struct tm tm = utc(wall_ns);
	char text[40];

	strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm);
	buf_cstr(out, text);
}
