/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signals: `run` is transparent to them.
 *
 * All are blocked and come over a descriptor. What a terminal sends goes to the
 * whole foreground group, CMD included, and is not sent twice; all others are
 * passed on. When CMD stops for the terminal's sake (Ctrl-Z, or a background
 * job that reads), we stop with it, or the shell would wait for a job that
 * never stops; sources: signal(7), termios(3), the kernel's is_current_pgrp_orphaned().
 */
#ifndef RECORDER_SIGNALS_H
#define RECORDER_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

#include "base/err.h"

/*
 * Blocks all that can be and gives the descriptor to read them from; @old is the
 * mask before. SIGPIPE too: a reader of our report that goes away must not keep
 * us from cleaning up.
 */
int signals_catch(sigset_t *old, int *ret_fd, struct err *err) _must_use_;

/* Is this one CMD's too, and not yet sent to it? */
bool signals_to_pass(const struct signalfd_siginfo *s);

/* CMD stopped with @status (waitpid form): is it the terminal's doing? */
bool signals_job_stop(int status);

/*
 * Stops this process as the terminal would; returns when it is continued. At once
 * where nobody could continue it (an orphaned process group: a service, a script
 * without job control).
 */
void signals_stop_here(void);

#endif /* RECORDER_SIGNALS_H */
