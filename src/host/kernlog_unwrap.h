/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernlog_unwrap: log lines that carry the kernel's message in an envelope.
 *
 * journalctl -o json, docker's json-file, dmesg --json (one record over
 * several lines), rsyslog's #012 for a newline, and the \x0a of kmsg records.
 */
#ifndef HOST_KERNLOG_UNWRAP_H
#define HOST_KERNLOG_UNWRAP_H

#include "base/buf.h"
#include "host/kernlog_prefix.h"

struct unwrap {
	struct buf text;  /* the decoded message; views of the last line point here */
	struct buf plain; /* the line without colours */
	bool dmesg_json;  /* inside dmesg --json: each line is a field */
	bool dmesg_user;  /* of this record: not the kernel's own facility */
	int64_t dmesg_time;
};

void unwrap_init(struct unwrap *u);
void unwrap_release(struct unwrap *u);

/*
 * @raw without its envelope. The message may hold newlines. False where the
 * line carries none. Views are valid until the next call.
 */
bool unwrap_line(struct unwrap *u, struct str raw, struct logline *ret) _must_use_;

#endif /* HOST_KERNLOG_UNWRAP_H */
