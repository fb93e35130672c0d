/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_time: the dates that stand before log lines.
 *
 * All functions eat from the front of the view and leave it alone when they
 * return false. Nothing here asks the machine for its clock, zone or locale.
 */
#ifndef HOST_KERNLOG_TIME_H
#define HOST_KERNLOG_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct logtime {
	int year; /* 0: the stamp has none */
	int month, day, hour, minute, second;
	int32_t ns;
	bool zone_known;
	int32_t zone; /* seconds east of UTC */
};

/* Nanoseconds since 1970; KERNLOG_NO_TIME without a year or out of range. Unknown zone: as UTC. */
int64_t logtime_wall(const struct logtime *t);

/* "2024-02-01T12:00:00.123456+01:00", also with a blank for T, a comma, +0100, Z, " +0000 UTC". */
bool logtime_take_iso(struct str *s, struct logtime *ret) _must_use_;

/* "Nov  6 10:22:07", "Nov 06 10:22:07.123456"; ends behind the seconds. */
bool logtime_take_syslog(struct str *s, struct logtime *ret) _must_use_;

/* "1700000000.123456" (journalctl -o short-unix). */
bool logtime_take_unix(struct str *s, int64_t *ret_wall) _must_use_;

/* The inside of dmesg -T's brackets: weekday, month, day, time, year, in any language. */
bool logtime_ctime(struct str s, struct logtime *ret) _must_use_;

/* @t with the year that puts it nearest to @near_wall. */
void logtime_set_year(struct logtime *t, int64_t near_wall);

#endif /* HOST_KERNLOG_TIME_H */
