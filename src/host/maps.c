/* SPDX-License-Identifier: Apache-2.0 */
#include "host/maps.h"

#include <errno.h>

#include "host/file.h"

static bool take_range(struct str *line, struct mapping *m)
{
	return str_take_hex(line, &m->start) && str_take_prefix(line, STR("-")) &&
	       str_take_hex(line, &m->end) && m->start < m->end;
}

/* "rwxp": each letter or a dash; the last is p (private) or s (shared). */
static bool take_prot(struct str *line, struct mapping *m)
{
	static const struct {
		char letter;
		unsigned bit;
	} bits[] = { { 'r', MAPS_R }, { 'w', MAPS_W }, { 'x', MAPS_X } };
	struct str word;

	if (!str_take_word(line, &word) || word.n != 4)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (word.p[i] == bits[i].letter)
			m->prot |= bits[i].bit;
		else if (word.p[i] != '-')
			return false;
	}
	m->shared = word.p[3] == 's';
	return m->shared || word.p[3] == 'p';
}

static bool take_dev(struct str *line, struct mapping *m)
{
	uint64_t major, minor;

	if (!str_take_prefix(line, STR(" ")) || !str_take_hex(line, &major) ||
	    !str_take_prefix(line, STR(":")) || !str_take_hex(line, &minor) || major > UINT32_MAX ||
	    minor > UINT32_MAX)
		return false;
	m->dev_major = (uint32_t)major;
	m->dev_minor = (uint32_t)minor;
	return true;
}

static bool take_mapping(struct str line, struct mapping *ret)
{
	struct mapping m = { 0 };

	if (!take_range(&line, &m) || !take_prot(&line, &m) || !str_take_prefix(&line, STR(" ")) ||
	    !str_take_hex(&line, &m.offset) || !take_dev(&line, &m) ||
	    !str_take_prefix(&line, STR(" ")) || !str_take_u64(&line, &m.inode))
		return false;
	if (line.n && line.p[0] != ' ')
		return false;
	/* Padded with blanks in front; blanks behind would be the file's own. */
	while (line.n && line.p[0] == ' ')
		line = str_skip(line, 1);
	m.name = line;
	*ret = m;
	return true;
}

static size_t count_lines(struct str text)
{
	struct str line;
	size_t n = 0;

	while (str_take_line(&text, &line))
		n++;
	return n;
}

/* The segments of one file follow each other: their name is kept once. */
static bool keep_name(struct arena *a, struct mapping *v, size_t i)
{
	if (v[i].name.n == 0)
		v[i].name = STR("");
	else if (i && str_eq(v[i].name, v[i - 1].name))
		v[i].name = v[i - 1].name;
	else
		v[i].name = arena_str(a, v[i].name);
	return v[i].name.p != NULL;
}

/* What of @m lies behind the one before; false: nothing. */
static bool cut_to_new(struct mapping *m, const struct mapping *before)
{
	if (m->end <= before->end)
		return false;
	if (m->start < before->end) {
		m->offset += m->inode ? before->end - m->start : 0;
		m->start = before->end;
	}
	return true;
}

int maps_parse(struct str text, struct arena *a, struct maps *ret, struct err *err)
{
	size_t room = count_lines(text), n = 0, number = 0;
	struct mapping *v = arena_new_array(a, struct mapping, room);
	uint64_t last = 0;
	struct str line;

	if (!v)
		return err_set(err, -ENOMEM, "no room for %zu mappings", room);
	while (str_take_line(&text, &line)) {
		number++;
		if (!take_mapping(line, &v[n]))
			return err_set(err, -EBADMSG, "line %zu: not a mapping", number);
		if (v[n].start < last)
			return err_set(err, -EBADMSG, "line %zu: goes backwards", number);
		last = v[n].start;
		if (n && !cut_to_new(&v[n], &v[n - 1]))
			continue;
		if (!keep_name(a, v, n))
			return err_set(err, -ENOMEM, "no room for the names of %zu mappings", room);
		n++;
	}
	*ret = (struct maps){ .v = v, .n = n };
	return 0;
}

#define TRIES 8

/*
 * The kernel does not hold the mappings still over the whole text: one that grows
 * while it is passed is listed twice. Such a text is read again.
 */
int maps_read(int dirfd, struct arena *a, struct maps *ret, struct err *err)
{
	int r = -EBADMSG;

	for (int try = 0; try < TRIES && r == -EBADMSG; try++) {
		BUF(text, MAPS_TEXT_MAX);

		r = file_read(dirfd, "maps", &text, err);
		if (r < 0)
			return r;
		r = maps_parse(buf_view(&text), a, ret, err);
	}
	return r < 0 ? err_wrap(err, r, "maps") : 0;
}
