/* SPDX-License-Identifier: Apache-2.0 */
#include "host/proc_status.h"

#include <errno.h>
#include <unistd.h>

#include "host/file.h"
#include "host/keyed.h"

#define STATM_ROOM 160 /* seven numbers */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define S(member, key) KEYED(struct proc_status, member, key)
static const struct keyed_field status_fields[] = {
	S(tgid, "Tgid"),
	S(ppid, "PPid"),
	S(tracer, "TracerPid"),
	S(uid, "Uid"),
	S(vm_peak, "VmPeak"),
	S(vm_size, "VmSize"),
	S(vm_lck, "VmLck"),
	S(vm_hwm, "VmHWM"),
	S(vm_rss, "VmRSS"),
	S(rss_anon, "RssAnon"),
	S(rss_file, "RssFile"),
	S(rss_shmem, "RssShmem"),
	S(vm_data, "VmData"),
	S(vm_stk, "VmStk"),
	S(vm_exe, "VmExe"),
	S(vm_lib, "VmLib"),
	S(vm_pte, "VmPTE"),
	S(vm_swap, "VmSwap"),
	S(hugetlb, "HugetlbPages"),
	S(threads, "Threads"),
};
#undef S

#define R(member, key) KEYED(struct proc_rollup, member, key)
static const struct keyed_field rollup_fields[] = {
	R(rss, "Rss"),
	R(pss, "Pss"),
	R(pss_anon, "Pss_Anon"),
	R(pss_file, "Pss_File"),
	R(pss_shmem, "Pss_Shmem"),
	R(shared_clean, "Shared_Clean"),
	R(shared_dirty, "Shared_Dirty"),
	R(private_clean, "Private_Clean"),
	R(private_dirty, "Private_Dirty"),
	R(anonymous, "Anonymous"),
	R(lazy_free, "LazyFree"),
	R(anon_huge_pages, "AnonHugePages"),
	R(swap, "Swap"),
	R(locked, "Locked"),
};
#undef R

/* "NSpid:	4242	17": outermost first. */
static uint64_t innermost_pid(struct str text)
{
	struct str line, word;
	uint64_t pid = HOST_UNKNOWN, v;

	while (str_take_line(&text, &line)) {
		if (!str_take_prefix(&line, STR("NSpid:")))
			continue;
		while (str_take_word(&line, &word))
			if (str_take_u64(&word, &v) && word.n == 0)
				pid = v;
		return pid;
	}
	return pid;
}

int proc_status_parse(struct str text, struct proc_status *ret, struct err *err)
{
	struct proc_status s;
	int rc;

	keyed_unknown(&s, sizeof(s));
	rc = keyed_parse(text, "status", status_fields, COUNT(status_fields), &s, err);
	if (rc < 0)
		return rc;
	if (!host_known(s.tgid))
		return err_set(err, -EBADMSG, "status: not /proc/PID/status");
	s.ns_pid = innermost_pid(text);
	*ret = s;
	return 0;
}

int proc_rollup_parse(struct str text, struct proc_rollup *ret, struct err *err)
{
	struct proc_rollup r;
	int rc;

	keyed_unknown(&r, sizeof(r));
	rc = keyed_parse(text, "smaps_rollup", rollup_fields, COUNT(rollup_fields), &r, err);
	if (rc < 0)
		return rc;
	if (!host_known(r.rss))
		return err_set(err, -EBADMSG, "smaps_rollup: no Rss");
	*ret = r;
	return 0;
}

int proc_status_read(int procfd, struct proc_status *ret, struct err *err)
{
	BUF(text, FILE_SMALL);
	int rc = file_read(procfd, "status", &text, err);

	return rc < 0 ? rc : proc_status_parse(buf_view(&text), ret, err);
}

int proc_rollup_read(int procfd, struct proc_rollup *ret, struct err *err)
{
	BUF(text, FILE_SMALL);
	int rc = file_read(procfd, "smaps_rollup", &text, err);

	return rc < 0 ? rc : proc_rollup_parse(buf_view(&text), ret, err);
}

int proc_statm_parse(struct str text, struct proc_statm *ret, struct err *err)
{
	uint64_t v[3];

	for (size_t i = 0; i < COUNT(v); i++) {
		struct str word;

		if (!str_take_word(&text, &word) || !str_take_u64(&word, &v[i]) || word.n)
			return err_set(err, -EBADMSG, "statm: not /proc/PID/statm");
	}
	*ret = (struct proc_statm){ .size = v[0], .resident = v[1], .shared = v[2] };
	return 0;
}

int proc_statm_reread(int fd, struct proc_statm *ret, struct err *err)
{
	char text[STATM_ROOM];
	ssize_t n = pread(fd, text, sizeof(text), 0);

	if (n < 0)
		return err_sys(err, "statm");
	if (n == 0)
		return err_set(err, -ESRCH, "statm: the process is gone");
	return proc_statm_parse((struct str){ text, (size_t)n }, ret, err);
}
