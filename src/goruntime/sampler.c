/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/sampler.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "goruntime/counters.h"
#include "goruntime/heap_goal.h"

_Static_assert(COUNTERS_SAMPLE_PIECES <= GOSAMPLE_PIECES, "room for each");

int gosampler_init(struct gosampler *s, const struct goruntime *rt, struct err *err)
{
	struct go_counters_raw *raw = calloc(1, sizeof(*raw));
	int r;

	if (!raw)
		return err_set(err, -ENOMEM, "no memory for a sampler");
	r = go_counters_prepare(rt, true, raw, err);
	if (r < 0) {
		free(raw);
		return r;
	}
	*s = (struct gosampler){ .rt = rt, .raw = raw, .n_pieces = raw->n_pieces };
	memcpy(s->pieces, raw->pieces, raw->n_pieces * sizeof(raw->pieces[0]));
	return 0;
}

void gosampler_release(struct gosampler *s)
{
	free(s->raw);
	*s = (struct gosampler){ 0 };
}

void gosampler_decode(const struct gosampler *s, struct gosample *ret)
{
	struct go_counters c;

	go_counters_decode(s->rt, s->raw, &c);
	*ret = (struct gosample){
		.heap_live = c.heap_live,
		.heap_marked = c.num_gc ? c.heap_marked : 0,
		.heap_goal = go_heap_goal(s->rt->lay, &c),
		.heap_inuse = c.heap_in_use,
		.heap_free = c.heap_free,
		.heap_released = c.heap_released,
		.stack_inuse = c.in_stacks,
		.mapped_ready = c.mapped_ready,
		.sys_other = go_counters_metadata(&c),
		.total_alloc = c.total_alloc,
		.total_free = c.total_free,
		.allglen = c.allglen,
		.num_gc = c.num_gc,
		.gcphase = c.gcphase,
		.gogc = c.gogc,
		.memory_limit = c.memory_limit,
		.last_gc_mono = (int64_t)c.last_gc_nanotime,
	};
}
