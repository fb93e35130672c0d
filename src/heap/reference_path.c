/* SPDX-License-Identifier: Apache-2.0 */
#include "heap/reference_path.h"

#include <stdio.h>
#include <string.h>

#define STEPS_MAX 4096 /* objects between the root and the end; lists are longer */
#define STEP_TEXT 96
#define TEXT_MAX 4096
#define UNKNOWN_STEP ".?"

struct step {
	uint32_t object, offset; /* the pointer lies at offset in the object */
};

/* From the end towards the root; returns how many; *root is where it came out. */
static size_t climb(const struct heap_graph *g, uint32_t object, struct step *v, uint32_t *root)
{
	uint32_t offset, above, at_root = HEAP_NONE;
	size_t n = 0;

	*root = HEAP_NONE;
	while (n < STEPS_MAX) {
		above = heap_parent(g, object, &at_root, &offset);
		if (above == HEAP_NONE) {
			*root = at_root;
			break;
		}
		v[n++] = (struct step){ above, offset };
		object = above;
	}
	return n;
}

static void append(char *to, size_t *n, const char *step, const char **last)
{
	size_t len = strlen(step);

	if (!len || (*last && !strcmp(*last, step)) || *n + len >= TEXT_MAX)
		return;
	memcpy(to + *n, step, len + 1);
	*last = to + *n;
	*n += len;
}

static void step_text(const struct heap_types *types, uint32_t type, uint64_t offset, char *out)
{
	if (!types || type == HEAP_NONE ||
	    heap_type_path(types, type, offset, out, STEP_TEXT) >= STEP_TEXT)
		snprintf(out, STEP_TEXT, UNKNOWN_STEP);
}

/* Loses its middle where it does not fit. */
static size_t shorten(const char *text, size_t n, char *out, size_t max)
{
	static const char dots[] = "…";
	size_t head, tail;

	if (!max)
		return 0;
	if (n < max || max < 16) {
		snprintf(out, max, "%s", text);
		return strlen(out);
	}
	head = (max - sizeof(dots)) / 2;
	tail = max - sizeof(dots) - head;
	/* Not in the middle of a character. */
	while (head && ((unsigned char)text[head] & 0xc0) == 0x80)
		head--;
	while (tail && ((unsigned char)text[n - tail] & 0xc0) == 0x80)
		tail--;
	snprintf(out, max, "%.*s%s%s", (int)head, text, dots, text + n - tail);
	return strlen(out);
}

size_t heap_path(const struct heap_graph *g, const struct heap_types *types,
		 const struct heap_holder *h, uint32_t object, char *out, size_t max)
{
	char text[TEXT_MAX] = "", one[STEP_TEXT];
	struct step steps[STEPS_MAX];
	const char *last = NULL;
	size_t n_text = 0, n;
	uint32_t root;

	n = climb(g, object, steps, &root);
	if (root < g->n_roots && h->kind == HEAP_ROOT_GLOBAL && h->global.type != HEAP_NONE &&
	    g->roots[root].addr >= h->global.addr) {
		step_text(types, h->global.type, g->roots[root].addr - h->global.addr, one);
		append(text, &n_text, one, &last);
	}
	for (size_t i = n; i-- > 0;) {
		uint32_t type = types ? heap_type_of(types, steps[i].object) : HEAP_NONE;

		step_text(types, type, steps[i].offset, one);
		append(text, &n_text, one, &last);
	}
	return shorten(text, n_text, out, max);
}
