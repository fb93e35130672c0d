/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/verify.h"

#include <math.h>

#include "causes/frames.h"
#include "causes/need.h"

/* Its name; where it lies and its arguments (which may hold secrets) are left to the reader. */
static const char *program(const struct whycase *c)
{
	if (c->subject.exe)
		return file_short(c->subject.exe);
	return c->subject.comm ? c->subject.comm : "CMD";
}

struct text verify_run_with(const struct whycase *c, double limit, const char *memory_limit,
			    struct arena *a)
{
	uint64_t met = case_limit_bytes(c);
	const char *size = NULL;

	if (isfinite(limit))
		size = need_size_up(limit, a);
	else if (known(met) && met != CASE_NO_LIMIT)
		size = need_size_down((double)met, a);
	if (!size)
		return text_new(a, "verify.run.no-limit", ARG_STR("program", program(c)), ARG_END);
	if (memory_limit)
		return text_new(a, "verify.run.memory-limit", ARG_STR("size", size),
				ARG_STR("memory-limit", memory_limit),
				ARG_STR("program", program(c)), ARG_END);
	return text_new(a, "verify.run", ARG_STR("size", size), ARG_STR("program", program(c)),
			ARG_END);
}

struct text verify_run(const struct whycase *c, struct arena *a)
{
	return verify_run_with(c, NAN, NULL, a);
}
