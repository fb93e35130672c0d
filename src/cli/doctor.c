/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: what this host permits, and what is lost where it does not. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/output.h"
#include "goruntime/runtime.h"
#include "host/cgroup_chain.h"
#include "host/cgroup_make.h"
#include "host/file.h"
#include "host/kmsg.h"
#include "host/pagemap.h"
#include "host/proc_stat.h"
#include "host/psi.h"
#include "recorder/spared.h"
#include "target/live.h"

#define NOBODY 65534
#define OUTPUT_MAX ((size_t)1 << 20)

struct check {
	const char *name;
	bool (*ok)(char *why, size_t room); /* @why: the detail, either way */
	const char *lost;		    /* where it is not ok */
};

static bool say(bool ok, char *why, size_t room, const char *text)
{
	snprintf(why, room, "%s", text);
	return ok;
}

static bool memory_of(pid_t pid, char *why, size_t room)
{
	struct live_options opt = { 0 };
	struct mem *m = NULL;
	struct err err;
	int r = live_open(pid, &opt, &m, &err);

	mem_close(m);
	return say(r == 0, why, room, r == 0 ? "processes of other users can be read" : err.msg);
}

/* Root asks for a child that became somebody else, others for the init process. */
static bool memory_of_others(char *why, size_t room)
{
	int ready[2];
	pid_t pid;
	bool ok;

	if (geteuid() != 0 || pipe(ready) < 0)
		return memory_of(1, why, room);
	pid = fork();
	if (pid == 0) {
		if (setuid(NOBODY) < 0 || write(ready[1], "", 1) < 0)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	ok = pid > 0 && read(ready[0], why, 1) == 1;
	close(ready[0]);
	ok = ok ? memory_of(pid, why, room) : say(false, why, room, "no child of another user");
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return ok;
}

/* A child of our own is seized: what a container or yama may forbid. */
static bool seize(char *why, size_t room)
{
	pid_t pid = fork();
	bool ok;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	ok = pid > 0 && ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACEEXIT) == 0;
	say(ok, why, room, ok ? "PTRACE_SEIZE works" : strerror(errno));
	if (pid > 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, __WALL) == pid)
			ptrace(PTRACE_CONT, pid, NULL, NULL);
	}
	return ok;
}

static bool reaper_waits(char *why, size_t room)
{
	struct utsname u;
	struct str release;
	uint64_t major = 0, minor = 0;

	if (uname(&u) < 0)
		return say(false, why, room, "the kernel's release is unknown");
	release = str_from(u.release);
	if (str_take_u64(&release, &major) && str_take_prefix(&release, STR(".")) &&
	    !str_take_u64(&release, &minor))
		minor = 0;
	return say(major > 5 || (major == 5 && minor >= 18), why, room, u.release);
}

static bool pagemap(char *why, size_t room)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	_cleanup_(close_fd) int self = root < 0 ? -1 : proc_open(root, getpid(), NULL);
	_cleanup_(close_fd) int fd = -1;
	uint64_t word;
	struct err err;

	if (self < 0)
		return say(false, why, room, "/proc is not mounted");
	fd = pagemap_open(self, &err);
	if (fd < 0)
		return say(false, why, room, err.msg);
	return say(pagemap_read(fd, (uint64_t)(uintptr_t)&word, 4096, &word, 1, NULL) == 1 &&
			   word & PAGEMAP_PRESENT,
		   why, room, "/proc/PID/pagemap tells which pages are present");
}

static bool kernel_log(char *why, size_t room)
{
	struct kmsg log;
	struct err err;

	if (kmsg_open(&log, NULL, KMSG_NOW, &err) < 0)
		return say(false, why, room, err.msg);
	kmsg_close(&log);
	return say(true, why, room, "/dev/kmsg can be read");
}

static bool memory_group(char *why, size_t room)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	struct cgroup_chain chain = { 0 };
	ARENA(a, (size_t)1 << 20);
	struct err err = { 0 };
	bool ok = root >= 0 && cgroup_chain_read(root, 0, &a, &chain, &err) == 0 &&
		  chain.place.version;

	if (!ok)
		return say(false, why, room, err.msg);
	snprintf(why, room, "version %d, own group %s", chain.place.version, chain.place.path);
	return true;
}

static bool make_group(char *why, size_t room)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	struct cgroup_want want = { .memory_max = (uint64_t)1 << 30, .cpu_milli = HOST_UNKNOWN };
	struct cgroup_made made;
	bool ok;

	if (root < 0)
		return say(false, why, room, "/ cannot be opened");
	ok = cgroup_make(root, &want, &made) == 0;
	say(ok, why, room,
	    !ok			 ? made.memory_why.msg
	    : made.swap_why.code ? made.swap_why.msg
				 : "a group with a limit can be made");
	if (cgroup_made_remove(&made, NS_PER_S, NULL) < 0)
		return say(false, why, room, "the group that was made cannot be removed");
	return ok;
}

static bool pressure(char *why, size_t room)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	struct psi p;
	struct err err = { 0 };
	bool ok = root >= 0 && psi_read(root, &p, &err) == 0;

	return say(ok, why, room, ok ? "/proc/pressure/memory can be read" : err.msg);
}

static bool lock_memory(char *why, size_t room)
{
	char page[4096] = "";
	bool ok = mlock(page, sizeof(page)) == 0;

	say(ok, why, room, ok ? "the recorder's memory can be locked" : strerror(errno));
	munlock(page, sizeof(page));
	return ok;
}

static bool spared(char *why, size_t room)
{
	bool along;
	struct err err;
	bool ok = spared_ask(&along, &err) == 0;

	if (ok)
		return say(ok, why, room, "the OOM killer passes over the recorder");
	snprintf(why, room, "%s%s", along ? "memory.oom.group is set here; " : "", err.msg);
	return false;
}

/* clang-format off */
static const struct check checks[] = {
	{ "memory of other processes", memory_of_others, "only your own processes can be looked at: run as root or with CAP_SYS_PTRACE" },
	{ "resident pages",            pagemap,          "nothing can be read from a process without risk of growing it" },
	{ "hold at the kill",          seize,            "a killed process cannot be read: the verdict rests on what was sampled before" },
	{ "time to read it (>= 5.18)", reaper_waits,     "the OOM reaper comes at once: the read at the kill may find pages gone" },
	{ "kernel log",                kernel_log,       "the kernel's own lines of a kill are missing: needs root or CAP_SYSLOG" },
	{ "memory controller",         memory_group,     "which limit counts, and what it counts, is unknown" },
	{ "run --memory-max",          make_group,       "`run` watches without a limit of its own" },
	{ "pressure (PSI)",            pressure,         "stalls before a kill are not seen: boot with psi=1 on kernels that have it" },
	{ "outlives the kill",         spared,           "where CMD's limit is whyoom's too, the kernel may choose whyoom: needs CAP_SYS_RESOURCE" },
	{ "locked memory",             lock_memory,      "the recorder itself may be paged out when memory is short" },
};
/* clang-format on */

int verb_doctor(const struct cli *cli)
{
	BUF(text, OUTPUT_MAX);
	BUF(json, OUTPUT_MAX);
	struct json j = json_into(&json);

	json_open(&j, NULL, '{');
	json_cstr(&j, "schema", "whyoom.doctor/1");
	json_i64(&j, "go_oldest_minor", goruntime_oldest_minor());
	json_i64(&j, "go_newest_minor", goruntime_newest_minor());
	json_open(&j, "checks", '[');
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		char why[300] = "";
		bool ok = checks[i].ok(why, sizeof(why));

		buf_printf(&text, "%-4s %-26s %s\n", ok ? "ok" : "NO", checks[i].name, why);
		if (!ok)
			buf_printf(&text, "     lost: %s\n", checks[i].lost);
		json_open(&j, NULL, '{');
		json_cstr(&j, "name", checks[i].name);
		json_bool(&j, "ok", ok);
		json_cstr(&j, "detail", why);
		json_cstr(&j, "lost", ok ? NULL : checks[i].lost);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	buf_printf(&text, "\nGo runtimes known: 1.%d to 1.%d, amd64 and arm64\n",
		   goruntime_oldest_minor(), goruntime_newest_minor());
	return output_result(cli, &text, &json);
}
