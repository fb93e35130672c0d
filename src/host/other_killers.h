/* SPDX-License-Identifier: Apache-2.0 */
/*
 * other_killers: what daemons say that kill for memory themselves.
 *
 * systemd-oomd, earlyoom, the kubelet's eviction manager, Talos' OOM
 * controller; and systemd's word that the kernel killed something in a unit,
 * which counts where the kernel's own line is missing. The Go runtime's
 * "fatal error: out of memory" is no killer's line and is not here.
 */
#ifndef HOST_OTHER_KILLERS_H
#define HOST_OTHER_KILLERS_H

#include "host/kernlog.h"
#include "host/kernlog_prefix.h"

#define OTHERS_MAX 4096 /* the newest are kept */

struct others {
	struct kernlog_other **at; /* OTHERS_MAX places, NULL before the first */
	uint64_t begin, end;
	bool evicting; /* the kubelet said that it evicts for memory */
	int failed;    /* -ENOMEM */
};

void others_init(struct others *o);
void others_release(struct others *o);

/* Keep @line if it tells of a kill. */
void others_line(struct others *o, const struct logline *line);

/* The log is read: drop words about kills that are known first-hand. */
void others_settle(struct others *o, bool kernel_kills_known);

size_t others_count(const struct others *o);
const struct kernlog_other *other_killers_at(const struct others *o,
					     size_t i); /* NULL past the end */

#endif /* HOST_OTHER_KILLERS_H */
