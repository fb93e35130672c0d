/* SPDX-License-Identifier: Apache-2.0 */
#include "host/psi.h"

#include <errno.h>

#include "host/file.h"

#define WHOLE_MAX 100000 /* of a percentage; it never passes 100 */

static const struct psi_line absent = { -1, -1, -1, HOST_UNKNOWN };

void psi_unknown(struct psi *p)
{
	p->some = absent;
	p->full = absent;
}

/* "avg10=1.25" */
static bool take_average(struct str *s, struct str name, double *ret)
{
	uint64_t whole, part;
	struct str word;
	size_t digits;
	double scale = 1;

	if (!str_take_word(s, &word) || !str_take_prefix(&word, name) ||
	    !str_take_u64(&word, &whole) || whole > WHOLE_MAX || !str_take_prefix(&word, STR(".")))
		return false;
	digits = word.n;
	if (!str_take_u64(&word, &part) || word.n || digits > 9)
		return false;
	while (digits--)
		scale *= 10;
	*ret = (double)whole + (double)part / scale;
	return true;
}

static bool take_line(struct str s, struct psi_line *ret)
{
	struct psi_line l;
	struct str word;

	if (!take_average(&s, STR("avg10="), &l.avg10) ||
	    !take_average(&s, STR("avg60="), &l.avg60) ||
	    !take_average(&s, STR("avg300="), &l.avg300) || !str_take_word(&s, &word) ||
	    !str_take_prefix(&word, STR("total=")) || !str_take_u64(&word, &l.total_us) || word.n)
		return false;
	*ret = l;
	return true;
}

int psi_parse(struct str text, struct psi *ret, struct err *err)
{
	struct str line, word;
	struct psi p;

	psi_unknown(&p);
	while (str_take_line(&text, &line)) {
		struct psi_line *to;

		if (!str_take_word(&line, &word))
			continue;
		to = str_eq(word, STR("some"))	 ? &p.some
		     : str_eq(word, STR("full")) ? &p.full
						 : NULL;
		if (to && !take_line(line, to))
			return err_set(err, -EBADMSG, "memory pressure: " STR_FMT, STR_ARG(word));
	}
	if (!host_known(p.some.total_us))
		return err_set(err, -EBADMSG, "memory pressure: no line \"some\"");
	*ret = p;
	return 0;
}

int psi_read(int rootfd, struct psi *ret, struct err *err)
{
	BUF(text, FILE_SMALL);
	int rc = file_read(rootfd, "proc/pressure/memory", &text, err);

	return rc < 0 ? rc : psi_parse(buf_view(&text), ret, err);
}
