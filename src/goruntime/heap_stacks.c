/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/heap_stacks.h"

#include <string.h>

/* Releases in which writeHeapProto() changed. */
#define MINOR_HIDES_INTERNAL_RUNTIME 24
#define MINOR_ALWAYS_LABELS 27

static bool begins(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/*
 * FuncForPC(pc) is asked with the return address itself, so the function may be
 * the one inlined right behind the call: as Go does, for the same answer.
 */
static bool is_allocator(const struct image *img, uint64_t pc)
{
	struct image_frame f;

	image_frame_innermost(img, pc, &f);
	if (!f.entry)
		return false;
	return begins(f.function, "runtime.") ||
	       (image_go_minor(img) >= MINOR_HIDES_INTERNAL_RUNTIME &&
		begins(f.function, "internal/runtime/"));
}

/* Of a stack that is all runtime nothing is hidden. */
static uint32_t first_shown(const struct image *img, const struct heap_bucket *b)
{
	for (uint32_t i = 0; i < b->n_pcs; i++) {
		if (!is_allocator(img, b->pcs[i]))
			return i;
	}
	return 0;
}

/* As runtime.Frames.Next(): the call before the return address, within the same function. */
static uint64_t call_of(const struct image *img, uint64_t pc)
{
	struct image_func f;

	if (image_func_at(img, pc, &f) && pc == f.entry)
		return pc;
	return pc - 1;
}

/* pcDeck.tryAdd() */
static bool joins(const struct image_frame *inner, const struct image_frame *f)
{
	return inner->inlined && inner->entry && inner->entry == f->entry &&
	       strcmp(inner->function, f->function) != 0;
}

/* runtime_expandFinalInlineFrame() leaves a lone wrapper where it is: out[0] has it then. */
static size_t frames_of(const struct image *img, uint64_t call, bool last, struct image_frame *out,
			size_t max)
{
	size_t n = 1;

	if (last)
		n = image_frames(img, call, out, max);
	else
		image_frame_innermost(img, call, out);
	return n ? n : 1;
}

size_t heap_stack(const struct image *img, const struct heap_bucket *b, struct heap_frame *out,
		  size_t max)
{
	struct image_frame frames[HEAP_STACK_MAX - 1024];
	size_t n = 0;

	for (uint32_t i = first_shown(img, b); i < b->n_pcs; i++) {
		uint64_t call = call_of(img, b->pcs[i]);
		size_t k = frames_of(img, call, i == b->n_pcs - 1, frames,
				     sizeof(frames) / sizeof(frames[0]));

		for (size_t j = 0; j < k && n < max; j++) {
			if (!strcmp(frames[j].function, "runtime.goexit"))
				continue;
			out[n] = (struct heap_frame){ .frame = frames[j], .address = call };
			out[n].joined = n && joins(&out[n - 1].frame, &frames[j]);
			n++;
		}
	}
	return n;
}

int64_t heap_sample(const struct image *img, const struct heap_bucket *b,
		    const struct heap_counts *c, int64_t rate, int64_t ret[4])
{
	heap_scale(c->alloc_objects, c->alloc_bytes, rate, &ret[0], &ret[1]);
	heap_scale(c->alloc_objects - c->free_objects, c->alloc_bytes - c->free_bytes, rate,
		   &ret[2], &ret[3]);
	if (image_go_minor(img) >= MINOR_ALWAYS_LABELS || c->alloc_objects > 0)
		return (int64_t)b->size;
	return 0;
}
