/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/recording_objects.h"

#include "base/clock.h"

#define SHARE 20 /* of the time since the last one */
#define SMALL (UINT64_C(16) << 20)
#define NS_A_BYTE 1.0 /* of the heap, before the first was measured: a second a GB */

static uint64_t room(const struct recording *r)
{
	return known(r->capture_max) ? r->capture_max : objects_room();
}

static int64_t expected_cost(const struct recording *r, uint64_t live)
{
	/* From a small heap's cost a large one's does not follow. */
	if (r->objects_live < SMALL)
		return r->objects_cost + (int64_t)(NS_A_BYTE * (double)live);
	return (int64_t)((double)r->objects_cost * (double)live / (double)r->objects_live);
}

static bool is_due(const struct recording *r, const struct snapshot *raw)
{
	int64_t since = raw->t - (r->objects_at ? r->objects_at : r->begin);

	if (!r->capture_max || !raw->have_stats || (raw->why == SNAP_PERIODIC && r->objects_at) ||
	    raw->why == SNAP_KILL)
		return false;
	if (raw->why == SNAP_END) /* a look was asked for, and this is its last word */
		return true;
	return since > SHARE * expected_cost(r, raw->stats.heap_live);
}

static int finish(struct recording *r, const struct objects *o, const struct snapshot *raw,
		  struct case_snapshot *snap, struct arena *a, struct err *err)
{
	int e = 0;

	if (!r->globals)
		e = heap_globals(&r->s.rt, r->s.mem, r->exe_fd, &r->globals, err);
	return e < 0 ? e : objects_finish(&r->s, r->globals, o, raw, snap, a, err);
}

void recording_objects(struct recording *r, const struct snapshot *raw, struct case_snapshot *snap,
		       struct arena *a)
{
	struct objects o = { 0 };
	int64_t begin = clock_mono();
	struct err err;

	if (!is_due(r, raw))
		return;
	if (objects_copy(&r->s, HEAP_LIVE, room(r), &o, &err) == 0 &&
	    finish(r, &o, raw, snap, a, &err) == 0) {
		r->objects_at = raw->t;
		r->objects_error.code = 0;
	} else {
		r->objects_error = err;
	}
	r->objects_live = raw->stats.heap_live;
	r->objects_cost = clock_mono() - begin;
	objects_release(&o);
}

void recording_objects_at_kill(struct recording *r)
{
	if (!r->capture_max)
		return;
	r->objects_error.code = 0;
	if (objects_copy(&r->s, HEAP_DEAD, room(r), &r->objects, &r->objects_error) == 0)
		r->objects_error.code = 0;
}

void recording_objects_of_kill(struct recording *r, struct case_snapshot *snap)
{
	struct err err;

	if (!r->objects.copy)
		return;
	r->s.mem->deadline = 0;
	if (finish(r, &r->objects, &r->kill, snap, r->kill_arena, &err) < 0)
		r->objects_error = err;
	objects_release(&r->objects);
}
