/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logical frames: the calls that the compiler inlined, from the inline tree of
 * the function that holds them.
 *
 * As the runtime's inlineUnwinder (Go src/runtime/symtabinl.go): PCDATA
 * InlTreeIndex at a pc is the record of the innermost inlined call there, -1
 * outside of any; the record's parentPc is a pc of the caller, which has an
 * index of its own. Releases before 1.20 have other records, walked the same
 * way (their tracebackers do so too).
 */
#include "base/cur.h"
#include "image/image_struct.h"

/* Inlined calls within one another; the compiler stops far earlier. */
#define DEPTH_MAX 256U

struct inlined {
	uint32_t name_off, parent_pc;
	uint8_t id;
};

/* Walks the logical frames of one physical one. */
struct walk {
	const struct pclntab *t;
	const struct func_row *f;
	uint64_t pc; /* within the function, where file and line of the frame are said */
	uint32_t depth;
};

/* The inlined call at the walk's pc; false in the function's own code. */
static bool inlined_at(const struct walk *w, struct inlined *ret)
{
	const struct func_shape *s = w->t->shape;
	uint32_t tree, values;
	const uint8_t *p;
	int32_t index;
	uint64_t at;

	if (w->depth >= DEPTH_MAX ||
	    !pclntab_funcdata(w->t, w->f, s->funcdata_inline_tree, &tree) ||
	    !pclntab_pcdata(w->t, w->f, s->pcdata_inline_index, &values) ||
	    !pclntab_value(w->t, values, w->f->entry, w->pc, &index) || index < 0)
		return false;
	at = tree + (uint64_t)(uint32_t)index * s->inlined_size;
	if (at > w->t->n_inline_trees || s->inlined_size > w->t->n_inline_trees - at)
		return false;
	p = w->t->inline_trees + at;
	ret->id = p[shape_offset(s->inlined_at[INL_FUNC_ID])];
	ret->name_off = le32(p + shape_offset(s->inlined_at[INL_NAME_OFF]));
	ret->parent_pc = le32(p + shape_offset(s->inlined_at[INL_PARENT_PC]));
	return true;
}

/* The frame at the walk's place, and a step to its caller; false when that was the physical one. */
static bool take_frame(struct walk *w, struct image_frame *ret, uint8_t *ret_id)
{
	struct inlined in;
	bool inlined = inlined_at(w, &in);

	*ret = (struct image_frame){
		.function = pclntab_name(w->t, inlined ? in.name_off : w->f->name_off),
		.file = pclntab_file(w->t, w->f, w->pc),
		.line = pclntab_line(w->t, w->f, w->pc),
		.entry = w->f->entry,
		.inlined = inlined,
	};
	*ret_id = inlined ? in.id : w->f->id;
	if (inlined)
		w->pc = w->f->entry + in.parent_pc;
	w->depth++;
	return inlined;
}

static const struct image_frame no_frame = { .function = "?", .file = "" };

void image_frame_innermost(const struct image *img, uint64_t pc, struct image_frame *ret)
{
	struct func_row f;
	struct walk w = { .t = &img->table, .f = &f, .pc = pc };
	uint8_t id;

	*ret = no_frame;
	if (pclntab_find(&img->table, pc, &f))
		take_frame(&w, ret, &id);
}

/*
 * runtime.elideWrapperCalling (src/runtime/traceback.go): wrappers are the
 * compiler's own and are not shown, unless they are where it panicked.
 */
static bool elided(const struct image *img, uint8_t id, uint8_t callee)
{
	if (!id || id != img->wrapper_id)
		return false;
	for (unsigned i = 0; i < sizeof(img->panic_ids); i++)
		if (callee && callee == img->panic_ids[i])
			return false;
	return true;
}

size_t image_frames_called(const struct image *img, uint64_t pc, uint8_t *callee,
			   struct image_frame *out, size_t max)
{
	struct func_row f;
	struct walk w = { .t = &img->table, .f = &f, .pc = pc };
	bool more = pclntab_find(&img->table, pc, &f);
	struct image_frame frame;
	size_t n = 0;
	uint8_t id;

	if (max)
		out[0] = no_frame;
	if (!more) {
		*callee = 0;
		return max ? 1 : 0;
	}
	while (more && n < max) {
		more = take_frame(&w, &frame, &id);
		if (!elided(img, id, *callee))
			out[n++] = frame;
		else if (n == 0)
			out[0] = frame;
		*callee = id;
	}
	return n;
}

size_t image_frames(const struct image *img, uint64_t pc, struct image_frame *out, size_t max)
{
	uint8_t callee = 0;

	return image_frames_called(img, pc, &callee, out, max);
}
