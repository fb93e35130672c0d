/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_prefix: what stands before the kernel's own words on a log line.
 *
 * A table of peelers, each of which knows one thing (a grep file name, a mail
 * quote, "<4>", a kmsg record's head, printk's stamp and caller, dmesg -T, -H
 * and -x, syslog, RFC 5424, journalctl's formats, a container runtime's
 * stream) and takes it off. They are tried in turn until none applies, because
 * these things nest: journald's date before rsyslog's ident before printk's
 * stamp behind a grep file name.
 */
#ifndef HOST_KERNLOG_PREFIX_H
#define HOST_KERNLOG_PREFIX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "host/kernlog_time.h"

enum logsource {
	LOGSOURCE_UNSAID, /* a bare message */
	LOGSOURCE_KERNEL,
	LOGSOURCE_OTHER, /* another program's line */
};

struct logline {
	struct str text;  /* the whole line, for quoting */
	struct str msg;	  /* behind all prefixes, no blanks at its ends */
	struct str ident; /* the program, where one is named */
	enum logsource source;
	bool cut;     /* the log's last line, without a newline: its last field may be cut */
	bool escaped; /* a kmsg record: "\x0a" stands for a byte */
	bool stamped; /* some time or sequence stood before it */
	bool has_date;
	struct logtime date; /* as printed; year 0 where it has none */
	int64_t wall_ns;     /* KERNLOG_NO_TIME unless the date is full */
	int64_t uptime_ns;   /* KERNLOG_NO_TIME */
	uint32_t host;	     /* hash of the host's name, 0 none */
	uint32_t caller;     /* PRINTK_CALLER: thread or (top bit set) CPU + 1; 0 none */
	uint64_t number;     /* of the line, from 1 */
};

/* Fill @ret from @text; its cut and number are the caller's. */
void logline_parse(struct str text, struct logline *ret);

#endif /* HOST_KERNLOG_PREFIX_H */
