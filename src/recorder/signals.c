/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/signals.h"

#include <sys/wait.h>
#include <unistd.h>

int signals_catch(sigset_t *old, int *ret_fd, struct err *err)
{
	static const int never[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP };
	sigset_t all;
	int fd;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		sigdelset(&all, never[i]);
	fd = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0 || sigprocmask(SIG_BLOCK, &all, old) < 0) {
		if (fd >= 0)
			close(fd);
		return err_sys(err, "signals");
	}
	*ret_fd = fd;
	return 0;
}

bool signals_to_pass(const struct signalfd_siginfo *s)
{
	static const int ours[] = { SIGCHLD, SIGPIPE };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if ((int)s->ssi_signo == ours[i])
			return false;
	}
	return s->ssi_code != SI_KERNEL;
}

bool signals_job_stop(int status)
{
	return WIFSTOPPED(status) && (WSTOPSIG(status) == SIGTSTP || WSTOPSIG(status) == SIGTTIN ||
				      WSTOPSIG(status) == SIGTTOU);
}

void signals_stop_here(void)
{
	sigset_t stop;

	/* SIGTSTP, not SIGSTOP: the kernel drops it where nobody would continue us. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	kill(getpid(), SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	sigprocmask(SIG_BLOCK, &stop, NULL);
}
