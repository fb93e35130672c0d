/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psi: pressure stall information, of the host or of a group.
 *
 *	some avg10=0.00 avg60=0.00 avg300=0.00 total=0
 *	full avg10=0.00 avg60=0.00 avg300=0.00 total=0
 *
 * some: at least one task waited for memory; full: all of them did. Source:
 * Documentation/accounting/psi.rst. Needs 4.20 and psi not disabled at boot.
 */
#ifndef HOST_PSI_H
#define HOST_PSI_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "host/unknown.h"

struct psi_line {
	double avg10, avg60, avg300; /* percent of the time; below 0: not there */
	uint64_t total_us;	     /* microseconds since boot, or HOST_UNKNOWN */
};

struct psi {
	struct psi_line some, full;
};

void psi_unknown(struct psi *p);
int psi_parse(struct str text, struct psi *ret, struct err *err) _must_use_;

/* proc/pressure/memory below the machine's root. -ENOENT this kernel has none; -EOPNOTSUPP
 * disabled. */
int psi_read(int rootfd, struct psi *ret, struct err *err) _must_use_;

#endif /* HOST_PSI_H */
