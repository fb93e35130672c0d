/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/start_func.h"

#include <string.h>

#define RUNTIME "runtime."

static const struct {
	const char *name;
	enum start_kind kind;
} special[] = {
	{ "runtime.main", START_PROGRAM },
	{ "runtime.corostart", START_PROGRAM },
	{ "runtime.handleAsyncEvent", START_PROGRAM },
	{ "runtime.runfinq", START_FINALIZERS }, /* to 1.24 */
	{ "runtime.runFinalizers", START_FINALIZERS },
	{ "runtime.runCleanups", START_CLEANUPS },
};

void start_funcs_init(struct start_funcs *s, const struct image *img)
{
	*s = (struct start_funcs){ .img = img };
}

static bool is_runtime(const char *name)
{
	return !strncmp(name, RUNTIME, strlen(RUNTIME));
}

static enum start_kind kind_of(const struct image *img, uint64_t pc)
{
	struct image_func f;

	if (!image_func_at(img, pc, &f))
		return START_PROGRAM;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (!strcmp(f.name, special[i].name))
			return special[i].kind;
	}
	return is_runtime(f.name) ? START_RUNTIME : START_PROGRAM;
}

enum start_kind start_func_kind(struct start_funcs *s, uint64_t startpc)
{
	size_t i = (startpc * UINT64_C(0x9e3779b97f4a7c15)) >> 58;

	if (s->seen[i].kind == START_UNSEEN || s->seen[i].pc != startpc) {
		s->seen[i].pc = startpc;
		s->seen[i].kind = kind_of(s->img, startpc);
	}
	return s->seen[i].kind;
}

bool start_funcs_in_program(const struct start_funcs *s, const uint64_t *pcs, uint32_t n)
{
	struct image_func f;

	for (uint32_t i = 0; i < n; i++) {
		if (image_func_at(s->img, pcs[i], &f) && !is_runtime(f.name))
			return true;
	}
	return false;
}
