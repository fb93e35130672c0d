/* SPDX-License-Identifier: Apache-2.0 */
#include "recorder/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/str.h"

#define EXEC_LOOKS 3 /* a thread that runs does not tell its system call */
#define EXEC_PAUSE_NS NS_PER_MS

static DIR *open_threads(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return opendir(path);
}

/* The thread that the runtime started first after the leader; 0 while there is none. */
static pid_t second_thread(pid_t pid)
{
	_cleanup_(close_dir) DIR *d = open_threads(pid);
	struct dirent *e;
	pid_t best = 0;

	while (d && (e = readdir(d))) {
		struct str name = str_from(e->d_name);
		uint64_t tid;

		if (!str_take_u64(&name, &tid) || tid > INT32_MAX || (pid_t)tid == pid)
			continue;
		if (!best || (pid_t)tid < best)
			best = (pid_t)tid;
	}
	return best;
}

int hold_arm(struct hold *h, pid_t pid, struct err *err)
{
	pid_t tid = second_thread(pid);

	if (!tid)
		return err_set(err, kill(pid, 0) < 0 && errno == ESRCH ? -ESRCH : -EAGAIN,
			       "PID %d: no second thread to hold", pid);
	if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)(PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC)) < 0)
		return err_sys(err, "PID %d: cannot seize thread %d", pid, tid);
	*h = (struct hold){ .pid = pid, .tid = tid };
	return 0;
}

static bool is_stop_signal(int sig)
{
	return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

enum { NO_CALL = -1, NOT_TOLD = -2 };

/* The system call that a thread stands in: "59 0xc000012345 …", "running", "-1 …". */
static long call_of(int taskfd, const char *tid)
{
	char path[64], text[64];
	_cleanup_(close_fd) int fd = -1;
	struct str s;
	uint64_t number;
	ssize_t n;

	snprintf(path, sizeof(path), "%.20s/syscall", tid);
	fd = openat(taskfd, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (n <= 0)
		return NO_CALL; /* gone */
	s = (struct str){ text, (size_t)n };
	if (str_take_u64(&s, &number))
		return (long)number;
	return str_has_prefix(s, STR("running")) ? NOT_TOLD : NO_CALL;
}

static bool is_exec(long call)
{
	return call == SYS_execve || call == SYS_execveat;
}

/* The call of a thread that runs exec(); else NOT_TOLD where there is one that runs. */
static long look_for_exec(DIR *threads)
{
	long found = NO_CALL;
	struct dirent *e;

	rewinddir(threads);
	while (!is_exec(found) && (e = readdir(threads))) {
		long call = e->d_name[0] == '.' ? NO_CALL : call_of(dirfd(threads), e->d_name);

		found = call == NOT_TOLD || is_exec(call) ? call : found;
	}
	return found;
}

/*
 * A thread that replaces the program ends all others as exit_group(0) would, and
 * waits for them inside its system call.
 */
static bool is_replaced(DIR *threads)
{
	const struct timespec pause = { .tv_nsec = EXEC_PAUSE_NS };
	long found = look_for_exec(threads);

	for (int i = 0; found == NOT_TOLD && i < EXEC_LOOKS; i++) {
		nanosleep(&pause, NULL);
		found = look_for_exec(threads);
	}
	return is_exec(found);
}

/*
 * Does the process die, or just this thread, or just the program? A thread that
 * ends itself stands in exit(), which is not exit_group(); one that is ended by
 * others does not, whatever those others are at by now.
 */
static bool process_dies(const struct hold *h)
{
	_cleanup_(close_dir) DIR *threads = open_threads(h->pid);
	char tid[16];

	if (WIFSIGNALED(h->exit_code) || !threads)
		return true;
	snprintf(tid, sizeof(tid), "%d", h->tid);
	if (call_of(dirfd(threads), tid) == SYS_exit)
		return false;
	return h->exit_code != 0 || !is_replaced(threads);
}

static enum hold_event at_exit_stop(struct hold *h)
{
	unsigned long code = 0;

	ptrace(PTRACE_GETEVENTMSG, h->tid, NULL, &code);
	h->at_exit = true;
	h->exit_code = (int)code;
	if (process_dies(h))
		return HOLD_DYING;
	hold_let_go(h);
	return HOLD_THREAD_GONE;
}

enum hold_event hold_handle(struct hold *h, int status)
{
	int event = status >> 16, sig;

	if (!WIFSTOPPED(status)) { /* gone without an exit stop: only a racing SIGKILL does that */
		*h = (struct hold){ .pid = h->pid };
		return HOLD_THREAD_GONE;
	}
	sig = WSTOPSIG(status);
	if (event == PTRACE_EVENT_EXIT)
		return at_exit_stop(h);
	if (event == PTRACE_EVENT_STOP && is_stop_signal(sig))
		ptrace(PTRACE_LISTEN, h->tid, NULL, NULL);
	else
		ptrace(PTRACE_CONT, h->tid, NULL, (void *)(intptr_t)(event ? 0 : sig));
	return HOLD_NOTHING;
}

bool hold_handle_stray(struct hold *h, pid_t pid, int status)
{
	int sig = WIFSTOPPED(status) && status >> 16 == 0 ? WSTOPSIG(status) : 0;

	if (!WIFSTOPPED(status) || ptrace(PTRACE_DETACH, pid, NULL, (void *)(intptr_t)sig) < 0)
		return false; /* a child that nobody traces stops for job control only */
	if (h)
		*h = (struct hold){ .pid = pid };
	return true;
}

void hold_let_go(struct hold *h)
{
	int status;

	if (!h->tid)
		return;
	ptrace(PTRACE_CONT, h->tid, NULL, NULL);
	while (waitpid(h->tid, &status, __WALL) == h->tid && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, h->tid, NULL, NULL);
	*h = (struct hold){ .pid = h->pid };
}

void hold_disarm(struct hold *h)
{
	int status;

	if (!h->tid)
		return;
	if (h->at_exit) {
		hold_let_go(h);
		return;
	}
	if (ptrace(PTRACE_INTERRUPT, h->tid, NULL, NULL) == 0 &&
	    waitpid(h->tid, &status, __WALL) == h->tid && WIFSTOPPED(status))
		ptrace(PTRACE_DETACH, h->tid, NULL,
		       (void *)(intptr_t)(status >> 16 ? 0 : WSTOPSIG(status)));
	*h = (struct hold){ .pid = h->pid };
}
