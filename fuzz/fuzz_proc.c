/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc says of a process and of the host. The first byte chooses the parser, the rest is
 * the text. Property: on failure the result is untouched; on success the numbers are those of
 * the text's own values, so that a second parse gives the same.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/fds.h"
#include "host/machine.h"
#include "host/proc_limits.h"
#include "host/proc_stat.h"
#include "host/proc_status.h"
#include "host/psi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union result {
	struct proc_stat stat;
	struct proc_status status;
	struct proc_rollup rollup;
	struct proc_statm statm;
	struct proc_limits limits;
	struct psi psi;
	struct meminfo meminfo;
};

static int parse(unsigned which, struct str text, union result *r, struct err *err)
{
	switch (which % 7) {
	case 0:
		return proc_stat_parse(text, &r->stat, err);
	case 1:
		return proc_status_parse(text, &r->status, err);
	case 2:
		return proc_rollup_parse(text, &r->rollup, err);
	case 3:
		return proc_statm_parse(text, &r->statm, err);
	case 4:
		return proc_limits_parse(text, &r->limits, err);
	case 5:
		return psi_parse(text, &r->psi, err);
	default:
		return meminfo_parse(text, &r->meminfo, err);
	}
}

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_psi(const struct psi *p)
{
	must(p->some.avg10 >= 0 && p->some.avg10 <= 100001);
	must(host_known(p->some.total_us));
	must(host_known(p->full.total_us) == (p->full.avg10 >= 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	union result a, b, untouched;
	struct err err = { 0 };
	struct str text;
	int rc;

	if (size == 0)
		return 0;
	text = (struct str){ (const char *)data + 1, size - 1 };
	memset(&untouched, 0x5a, sizeof(untouched));
	a = untouched;
	b = untouched;
	rc = parse(data[0], text, &a, &err);
	must(rc == 0 || rc == -EBADMSG);
	must(rc == 0 || memcmp(&a, &untouched, sizeof(a)) == 0);
	must(rc == 0 || (err.code == rc && strnlen(err.msg, sizeof(err.msg)) < sizeof(err.msg)));
	must(parse(data[0], text, &b, NULL) == rc && memcmp(&a, &b, sizeof(a)) == 0);
	must(fds_kind(text) < FD_KIND_COUNT);
	if (rc < 0)
		return 0;
	if (data[0] % 7 == 0)
		must(a.stat.pid >= 0 && memchr(a.stat.comm, 0, sizeof(a.stat.comm)));
	if (data[0] % 7 == 1)
		must(host_known(a.status.tgid));
	if (data[0] % 7 == 5)
		check_psi(&a.psi);
	return 0;
}
