/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <stdarg.h>

#define ARGS_MAX 12

struct text text_new(struct arena *a, const char *key, ...)
{
	struct arg *args = arena_alloc(a, (ARGS_MAX + 1) * sizeof(*args), alignof(struct arg));
	unsigned n = 0;
	va_list ap;

	if (!args)
		return (struct text){ 0 };
	va_start(ap, key);
	for (; n < ARGS_MAX; n++) {
		struct arg arg = va_arg(ap, struct arg);

		if (arg.kind == ARG_KIND_END)
			break;
		if (arg.kind == ARG_KIND_STR)
			arg.str = arena_str(a, str_from(arg.str ? arg.str : "?")).p;
		args[n] = arg;
		if (arg.kind == ARG_KIND_STR && !arg.str)
			args[n].str = "?";
	}
	va_end(ap);
	args[n] = ARG_END;
	return (struct text){ .key = key, .args = args };
}
