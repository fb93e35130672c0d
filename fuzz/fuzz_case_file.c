/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a case file: refused in one line with the result untouched, or a case in order. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "case/case_file.h"
#include "case/ledger.h"
#include "case/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct whycase *c, struct arena *a)
{
	struct pattern p;
	struct ledger l;

	pattern_of(c, &p);
	ledger_of(c, a, &l);
	for (size_t i = 1; i < c->n_samples; i++) {
		if (c->samples[i].t < c->samples[i - 1].t)
			abort();
	}
	if (p.kind == PATTERN_UNKNOWN && !p.why_unknown)
		abort();
	if (l.known && !ledger_find(&l, "charge"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct whycase c = { .n_samples = 4711 };
	ARENA(a, (size_t)8 << 20);
	struct err err = { 0 };
	char path[64];
	int fd = memfd_create("case", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (case_file_load(path, &a, &c, &err) == 0)
		judge(&c, &a);
	else if (c.n_samples != 4711 || !err.code || strchr(err.msg, '\n'))
		abort();
	close(fd);
	return 0;
}
