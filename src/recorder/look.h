/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look: a live process watched for a while, without a stop and without a hold.
 */
#ifndef RECORDER_LOOK_H
#define RECORDER_LOOK_H

#include "case/case.h"
#include "recorder/recording.h"

struct look_options {
	pid_t pid;
	int64_t for_ns;
	const char *exe;      /* as --exe; NULL */
	uint64_t capture_max; /* as recording.capture_max */
	/* Called about each second with what is known; true: that is enough. May be NULL. */
	bool (*enough)(void *arg, const struct whycase *so_far);
	void (*progress)(void *arg, int64_t done_ns, int64_t of_ns); /* may be NULL */
	void *arg;
};

struct look { /* holds what the case points to */
	struct group_watch group;
	bool watching;
	struct recording recording;
};

/*
 * Watches until the time is over, it is enough, or the process ends. -ENOENT,
 * -ENOTSUP where it is no Go process that can be read: as subject_attach();
 * -ESRCH, -EPERM: as subject_open(). Release with look_release() after use.
 */
int look(const struct look_options *opt, struct look *l, struct arena *a, struct whycase *ret,
	 struct err *err) _must_use_;
void look_release(struct look *l);

#endif /* RECORDER_LOOK_H */
