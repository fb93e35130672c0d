/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/history.h"

#include <errno.h>

int history_init(struct history *h)
{
	struct history new = {
		.samples = calloc(HISTORY_SAMPLES, sizeof(*new.samples)),
		.cycles = calloc(HISTORY_CYCLES, sizeof(*new.cycles)),
		.snapshots = calloc(HISTORY_SNAPSHOTS + 1, sizeof(*new.snapshots)),
	};

	*h = new;
	if (new.samples &&new.cycles &&new.snapshots)
		return 0;
	history_release(h);
	return -ENOMEM;
}

void history_release(struct history *h)
{
	for (size_t i = 0; h->snapshots && i <= HISTORY_SNAPSHOTS; i++)
		arena_release(&h->snapshots[i].arena);
	free(h->snapshots);
	free(h->samples);
	free(h->cycles);
	*h = (struct history){ 0 };
}

/* Every second element of the older half goes; returns how many are left. */
static size_t thin(void *elements, size_t size, size_t n)
{
	char *p = elements;
	size_t half = n / 2, kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (i < half && i % 2 == 1)
			continue;
		if (kept != i)
			memmove(p + kept * size, p + i * size, size);
		kept++;
	}
	return kept;
}

void history_sample(struct history *h, const struct case_sample *s)
{
	if (h->n_samples == HISTORY_SAMPLES) {
		h->n_samples = thin(h->samples, sizeof(*s), h->n_samples);
		h->samples_dropped += HISTORY_SAMPLES - h->n_samples;
	}
	h->samples[h->n_samples++] = *s;
}

void history_cycle(struct history *h, const struct case_cycle *c)
{
	if (h->n_cycles == HISTORY_CYCLES)
		h->n_cycles = thin(h->cycles, sizeof(*c), h->n_cycles);
	h->cycles[h->n_cycles++] = *c;
}

/* Between the first two and the newest: whose going leaves the smallest gap. */
static size_t least_missed(const struct history *h)
{
	size_t best = 2;
	int64_t smallest = INT64_MAX;

	for (size_t i = 2; i + 1 < h->n_snapshots; i++) {
		int64_t gap = h->snapshots[i + 1].snap.t - h->snapshots[i - 1].snap.t;

		if (gap < smallest) {
			smallest = gap;
			best = i;
		}
	}
	return best;
}

struct history_snapshot *history_place(struct history *h, size_t budget)
{
	struct history_snapshot *place = &h->snapshots[h->n_snapshots];

	arena_release(&place->arena);
	arena_init(&place->arena, budget);
	place->snap = (struct case_snapshot){ 0 };
	return place;
}

void history_keep(struct history *h)
{
	size_t out;
	struct history_snapshot gone;

	h->n_snapshots++;
	if (h->n_snapshots <= HISTORY_SNAPSHOTS)
		return;
	out = least_missed(h);
	gone = h->snapshots[out];
	memmove(&h->snapshots[out], &h->snapshots[out + 1],
		(h->n_snapshots - out - 1) * sizeof(gone));
	h->n_snapshots--;
	h->snapshots[h->n_snapshots] = gone;
}

void history_into(const struct history *h, struct whycase *c)
{
	c->samples = h->samples;
	c->n_samples = c->room_samples = h->n_samples;
	c->cycles = h->cycles;
	c->n_cycles = c->room_cycles = h->n_cycles;
	for (size_t i = 0; i < h->n_snapshots; i++) {
		struct case_snapshot *s = case_add_snapshot(c);

		if (s)
			*s = h->snapshots[i].snap;
	}
}
