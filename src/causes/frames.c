/* SPDX-License-Identifier: Apache-2.0 */
#include "causes/frames.h"

#include <string.h>

#include "base/buf.h"

/* The import path of a function ends before the first dot behind its last slash (of type
 * arguments, "F[example.org/x.T]", none counts). */
static struct str import_path(const char *function)
{
	struct str s = str_from(function);
	size_t slash = 0;

	for (size_t i = 0; i < s.n && s.p[i] != '['; i++) {
		if (s.p[i] == '/')
			slash = i;
	}
	for (size_t i = slash; i < s.n; i++) {
		if (s.p[i] == '.')
			return (struct str){ .p = s.p, .n = i };
	}
	return s;
}

bool frame_is_std(const struct case_frame *f)
{
	struct str path, first;

	if (f->module)
		return strcmp(f->module, "std") == 0;
	if (!f->function)
		return false;
	path = import_path(f->function);
	if (str_eq(path, STR("main")))
		return false;
	/* Modules that can be fetched begin with a host name; the distribution's packages do not.
	 */
	first = path;
	for (size_t i = 0; i < path.n; i++) {
		if (path.p[i] == '/') {
			first.n = i;
			break;
		}
	}
	return str_find(first, STR(".")) < 0;
}

const struct case_frame *frame_of_program(const struct case_stack *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		if (!frame_is_std(s->frames[i]))
			return s->frames[i];
	}
	return s->n ? s->frames[0] : NULL;
}

bool stack_has(const struct case_stack *s, const char *function)
{
	for (uint32_t i = 0; function && i < s->n; i++) {
		if (s->frames[i]->function && strcmp(s->frames[i]->function, function) == 0)
			return true;
	}
	return false;
}

const char *function_short(const char *function)
{
	const char *short_name = function;

	if (!function)
		return "?";
	for (const char *p = function; *p && *p != '['; p++) {
		if (*p == '/')
			short_name = p + 1;
	}
	return short_name;
}

const char *file_short(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

const char *frame_place(const struct case_frame *f, struct arena *a)
{
	BUF(place, 4096);
	const char *kept;

	if (!f || !f->file || !f->line)
		return function_short(f ? f->function : NULL);
	buf_printf(&place, "%s:%u", file_short(f->file), f->line);
	kept = arena_str(a, buf_view(&place)).p;
	return kept ? kept : "?";
}

struct culprit *culprit_frame(struct finding *f, enum culprit_kind kind,
			      const struct case_frame *frame)
{
	struct culprit *c = finding_culprit(f, kind, frame->function);

	c->file = file_short(frame->file);
	c->line = frame->line;
	c->module = frame->module;
	return c;
}
