/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as case.json: refused with the result untouched, or a case that is written back the
 * same twice. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "case/case_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_case(const struct whycase *c, struct buf *out)
{
	if (case_json_write(c, out, NULL) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct whycase c = { .n_samples = 4711 }, again;
	ARENA(a, (size_t)8 << 20);
	BUF(x, (size_t)32 << 20);
	BUF(y, (size_t)32 << 20);
	struct err err;

	if (case_json_parse((struct str){ (const char *)data, size }, "x", &a, &c, &err) < 0) {
		if (c.n_samples != 4711 || !err.code)
			abort();
		return 0;
	}
	write_case(&c, &x);
	if (case_json_parse(buf_view(&x), "y", &a, &again, &err) < 0)
		return err.code == -EFBIG ? 0 : (abort(), 0);
	write_case(&again, &y);
	if (strcmp(x.p, y.p) != 0)
		abort();
	return 0;
}
