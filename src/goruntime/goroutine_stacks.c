/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/goroutine_stacks.h"

#include <string.h>

#define RUNTIME "runtime."

/*
 * The frame below one of these was not calling: it was stopped where it was, so
 * its pc is the instruction itself (isInjectedCall).
 */
static bool is_injected(const char *function)
{
	static const char *const names[] = { "runtime.sigpanic", "runtime.asyncPreempt",
					     "runtime.debugCallV2" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(function, names[i]))
			return true;
	}
	return false;
}

/* unwinder.symPC(); *injected is of the frame above, and becomes that of this one. */
static uint64_t call_of(const struct image *img, uint64_t pc, bool *injected)
{
	struct image_func f;
	bool trapped = *injected;

	*injected = false;
	if (!image_func_at(img, pc, &f))
		return pc - 1;
	*injected = is_injected(f.name);
	return trapped || pc == f.entry ? pc : pc - 1;
}

size_t goroutine_stack(const struct image *img, const struct goroutine_group *g,
		       struct goroutine_frame *out, size_t max)
{
	struct image_frame frames[128];
	size_t n = 0, k;
	uint8_t callee = 0;
	bool injected = false;

	for (uint32_t i = 0; i < g->n_pcs; i++) {
		uint64_t call = call_of(img, g->pcs[i], &injected);

		k = image_frames_called(img, call, &callee, frames,
					sizeof(frames) / sizeof(frames[0]));
		for (size_t j = 0; j < k && n < max; j++)
			out[n++] = (struct goroutine_frame){ .frame = frames[j],
							     .address = call,
							     .joined = j > 0 };
	}
	return n;
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* "runtime.Gosched", "runtime.(*Func).Entry", not "runtime.gopark". */
static bool is_exported(const char *name)
{
	const char *last = strrchr(name, '.');

	if (name[0] == '(' && name[1] == '*')
		return last && is_upper(name[2]) && is_upper(last[1]);
	return is_upper(name[0]) && (!last || is_upper(last[1]));
}

static bool is_shown(const char *function, bool first)
{
	if (!strcmp(function, "runtime.gopanic"))
		return !first;
	if (!strcmp(function, "runtime.runFinalizers") || !strcmp(function, "runtime.runCleanups"))
		return true;
	if (!strncmp(function, RUNTIME, strlen(RUNTIME)))
		return is_exported(function + strlen(RUNTIME));
	return strchr(function, '.') || !strcmp(function, "?");
}

size_t goroutine_stack_shown(struct goroutine_frame *frames, size_t n)
{
	size_t shown = 0, kept = 0;

	for (size_t i = 0; i < n; i++)
		shown += is_shown(frames[i].frame.function, shown == 0);
	if (!shown)
		return n;
	for (size_t i = 0; i < n; i++) {
		if (is_shown(frames[i].frame.function, kept == 0))
			frames[kept++] = frames[i];
	}
	return kept;
}

/* The function is the physical one, the line that of the innermost call, as Go prints them. */
bool goroutine_creator(const struct image *img, const struct goroutine_group *g,
		       struct image_frame *ret)
{
	struct image_func f;

	if (!g->gopc || !image_func_at(img, g->gopc, &f))
		return false;
	image_frame_innermost(img, g->gopc > f.entry ? g->gopc - 1 : g->gopc, ret);
	ret->function = f.name;
	ret->inlined = false;
	return true;
}
