/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/wait_reasons.h"

#include <stddef.h>

struct words {
	enum layout_field number;
	const char *text;
};

static const struct words reasons[] = {
	{ L_WAIT_GC_ASSIST_MARKING, "GC assist marking" },
	{ L_WAIT_IO_WAIT, "IO wait" },
	{ L_WAIT_CHAN_RECEIVE_NIL_CHAN, "chan receive (nil chan)" },
	{ L_WAIT_CHAN_SEND_NIL_CHAN, "chan send (nil chan)" },
	{ L_WAIT_DUMPING_HEAP, "dumping heap" },
	{ L_WAIT_GARBAGE_COLLECTION, "garbage collection" },
	{ L_WAIT_GARBAGE_COLLECTION_SCAN, "garbage collection scan" },
	{ L_WAIT_PANIC_WAIT, "panicwait" },
	{ L_WAIT_SELECT, "select" },
	{ L_WAIT_SELECT_NO_CASES, "select (no cases)" },
	{ L_WAIT_GC_ASSIST_WAIT, "GC assist wait" },
	{ L_WAIT_GC_SWEEP_WAIT, "GC sweep wait" },
	{ L_WAIT_GC_SCAVENGE_WAIT, "GC scavenge wait" },
	{ L_WAIT_CHAN_RECEIVE, "chan receive" },
	{ L_WAIT_CHAN_SEND, "chan send" },
	{ L_WAIT_FINALIZER_WAIT, "finalizer wait" },
	{ L_WAIT_FORCE_GC_IDLE, "force gc (idle)" },
	{ L_WAIT_UPDATE_GOMAXPROCS_IDLE, "GOMAXPROCS updater (idle)" },
	{ L_WAIT_SEMACQUIRE, "semacquire" },
	{ L_WAIT_SLEEP, "sleep" },
	{ L_WAIT_SYNC_COND_WAIT, "sync.Cond.Wait" },
	{ L_WAIT_SYNC_MUTEX_LOCK, "sync.Mutex.Lock" },
	{ L_WAIT_SYNC_RWMUTEX_R_LOCK, "sync.RWMutex.RLock" },
	{ L_WAIT_SYNC_RWMUTEX_LOCK, "sync.RWMutex.Lock" },
	{ L_WAIT_SYNC_WAIT_GROUP_WAIT, "sync.WaitGroup.Wait" },
	{ L_WAIT_TIMER_GOROUTINE_IDLE, "timer goroutine (idle)" },
	{ L_WAIT_TRACE_READER_BLOCKED, "trace reader (blocked)" },
	{ L_WAIT_WAIT_FOR_GC_CYCLE, "wait for GC cycle" },
	{ L_WAIT_GC_WORKER_IDLE, "GC worker (idle)" },
	{ L_WAIT_GC_WORKER_ACTIVE, "GC worker (active)" },
	{ L_WAIT_PREEMPTED, "preempted" },
	{ L_WAIT_DEBUG_CALL, "debug call" },
	{ L_WAIT_GC_MARK_TERMINATION, "GC mark termination" },
	{ L_WAIT_STOPPING_THE_WORLD, "stopping the world" },
	{ L_WAIT_FLUSH_PROC_CACHES, "flushing proc caches" },
	{ L_WAIT_TRACE_GOROUTINE_STATUS, "trace goroutine status" },
	{ L_WAIT_TRACE_PROC_STATUS, "trace proc status" },
	{ L_WAIT_PAGE_TRACE_FLUSH, "page trace flush" },
	{ L_WAIT_COROUTINE, "coroutine" },
	{ L_WAIT_GC_WEAK_TO_STRONG_WAIT, "GC weak to strong wait" },
	{ L_WAIT_SYNCTEST_RUN, "synctest.Run" },
	{ L_WAIT_SYNCTEST_WAIT, "synctest.Wait" },
	{ L_WAIT_SYNCTEST_CHAN_RECEIVE, "chan receive (durable)" },
	{ L_WAIT_SYNCTEST_CHAN_SEND, "chan send (durable)" },
	{ L_WAIT_SYNCTEST_SELECT, "select (durable)" },
	{ L_WAIT_SYNCTEST_WAIT_GROUP_WAIT, "sync.WaitGroup.Wait (durable)" },
	{ L_WAIT_CLEANUP_WAIT, "cleanup wait" },
};

/* The first release with testing/synctest had other words for three of them. */
static const struct words reasons_of_24[] = {
	{ L_WAIT_SYNCTEST_CHAN_RECEIVE, "chan receive (synctest)" },
	{ L_WAIT_SYNCTEST_CHAN_SEND, "chan send (synctest)" },
	{ L_WAIT_SYNCTEST_SELECT, "select (synctest)" },
};

static const char *find(const struct layout *lay, unsigned reason, const struct words *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (lay->at[w[i].number] == reason)
			return w[i].text;
	}
	return NULL;
}

const char *wait_reason_words(const struct layout *lay, unsigned reason)
{
	const char *text = NULL;

	if (!reason)
		return "";
	if (lay->minor == 24)
		text = find(lay, reason, reasons_of_24,
			    sizeof(reasons_of_24) / sizeof(reasons_of_24[0]));
	if (!text)
		text = find(lay, reason, reasons, sizeof(reasons) / sizeof(reasons[0]));
	return text ? text : "unknown wait reason";
}
