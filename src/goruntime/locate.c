/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/locate.h"

#include <errno.h>
#include <string.h>

#define HOLDS 100 /* not at a known place: the function refers to it somewhere */
#define NO_MEMBER LAYOUT_N_FIELDS
#define ANY SEG_COUNT

struct recipe {
	enum go_global global;
	const char *function;
	enum image_segment segment; /* ANY: of all four, counted together */
	int nth;		    /* of the distinct targets there; -1: the last; or HOLDS */
	enum layout_field member;   /* what is found is the global's member */
};

/* Sorted so that the rows of one function lie together: its code is decoded once. */
static const struct recipe recipes[] = {
	{ GLOBAL_MHEAP, "runtime.(*mcache).allocLarge", SEG_BSS, 0, NO_MEMBER },
	{ GLOBAL_MEMSTATS, "runtime.(*mcache).allocLarge", SEG_NOPTRBSS, 0, L_MSTATS_HEAP_STATS },
	{ GLOBAL_MEMSTATS, "runtime.(*mheap).init", SEG_NOPTRBSS, 0, L_MSTATS_MSPAN_SYS },
	{ GLOBAL_MEMSTATS, "runtime.recordspan", SEG_NOPTRBSS, 0, L_MSTATS_OTHER_SYS },
	{ GLOBAL_MEMSTATS, "runtime.newBucket", SEG_NOPTRBSS, 0, L_MSTATS_BUCKHASH_SYS },
	{ GLOBAL_MEMSTATS, "runtime.progToPointerMask", SEG_NOPTRBSS, 0, L_MSTATS_BUCKHASH_SYS },
	{ GLOBAL_MHEAP, "runtime.freeStackSpans", SEG_BSS, 0, NO_MEMBER },
	{ GLOBAL_MHEAP, "runtime.stackpoolalloc", SEG_BSS, 0, NO_MEMBER },
	{ GLOBAL_MHEAP, "runtime.(*mcentral).grow", SEG_BSS, 0, NO_MEMBER },
	{ GLOBAL_MHEAP, "runtime.sweepone.func1", SEG_BSS, 0, NO_MEMBER },
	{ GLOBAL_ALLGS, "runtime.forEachG", SEG_BSS, 0, NO_MEMBER },
	{ GLOBAL_ALLGS, "runtime.allgadd", SEG_BSS, HOLDS, NO_MEMBER },
	{ GLOBAL_ALLGPTR, "runtime.allgadd", SEG_BSS, -1, NO_MEMBER },
	{ GLOBAL_ALLGLEN, "runtime.allgadd", SEG_NOPTRBSS, -1, NO_MEMBER },
	{ GLOBAL_ALLGPTR, "runtime.forEachGRace", SEG_BSS, 0, NO_MEMBER },
	{ GLOBAL_ALLGLEN, "runtime.forEachGRace", SEG_NOPTRBSS, 0, NO_MEMBER },
	{ GLOBAL_ALLP, "runtime.preemptall", SEG_BSS, 0, NO_MEMBER },
	{ GLOBAL_ALLP, "runtime.timeSleepUntil", SEG_BSS, 0, NO_MEMBER },
	{ GLOBAL_ALLP, "runtime.gcMarkTinyAllocs", SEG_BSS, 0, NO_MEMBER },
	{ GLOBAL_ALLP, "runtime.(*gcControllerState).startCycle", SEG_BSS, 0, NO_MEMBER },
	{ GLOBAL_GC_CONTROLLER, "runtime.gcinit", SEG_NOPTRBSS, 0, L_GCC_GC_PERCENT },
	{ GLOBAL_GC_CONTROLLER, "runtime.gcPaceSweeper", SEG_NOPTRBSS, 0, L_GCC_HEAP_LIVE },
	{ GLOBAL_GC_CONTROLLER, "runtime.gcResetMarkState", SEG_NOPTRBSS, 0, L_GCC_HEAP_LIVE },
	{ GLOBAL_GC_CONTROLLER, "runtime.pollFractionalWorkerExit", SEG_NOPTRBSS, 0,
	  L_GCC_MARK_START_TIME },
	{ GLOBAL_MBUCKETS, "runtime.mProf_FlushLocked", ANY, -1, NO_MEMBER },
	{ GLOBAL_MBUCKETS, "runtime.stkbucket", SEG_BSS, 1, NO_MEMBER },
	{ GLOBAL_MPROF_CYCLE, "runtime.mProf_Free", SEG_NOPTRBSS, 0, NO_MEMBER },
	{ GLOBAL_MPROF_CYCLE, "runtime.mProf_Flush", SEG_NOPTRBSS, 0, NO_MEMBER },
	{ GLOBAL_MPROF_CYCLE, "runtime.mProf_PostSweep", SEG_NOPTRBSS, 0, NO_MEMBER },
	{ GLOBAL_MEM_PROFILE_RATE, "runtime.allocmcache", ANY, -1, NO_MEMBER },
	{ GLOBAL_MEM_PROFILE_RATE, "runtime.profilealloc", ANY, -1, NO_MEMBER },
	{ GLOBAL_MEM_PROFILE_RATE, "runtime.nextSample", ANY, -1, NO_MEMBER },
	{ GLOBAL_MEM_PROFILE_RATE, "runtime.mallocgc", ANY, HOLDS, NO_MEMBER },
	{ GLOBAL_MEM_PROFILE_RATE, "runtime.mallocgcLarge", ANY, HOLDS, NO_MEMBER },
	{ GLOBAL_WORK, "runtime.trygetfull", SEG_BSS, 0, L_WORK_FULL },
	{ GLOBAL_WORK, "runtime.putfull", SEG_BSS, 0, L_WORK_FULL },
	{ GLOBAL_WORK, "runtime.putempty", SEG_BSS, 0, L_WORK_EMPTY },
	{ GLOBAL_WORK, "runtime.gcDrainN", SEG_BSS, 0, L_WORK_FULL },
	{ GLOBAL_GC_CPU_LIMITER, "runtime.gcDrainN", SEG_NOPTRBSS, 1, L_LIMITER_ENABLED },
	{ GLOBAL_GC_CPU_LIMITER, "runtime.(*mheap).allocSpan.func1", SEG_NOPTRBSS, 0,
	  L_LIMITER_ENABLED },
	{ GLOBAL_GC_CPU_LIMITER, "runtime.(*mheap).allocSpan", SEG_NOPTRBSS, 1, L_LIMITER_ENABLED },
	{ GLOBAL_SCHED, "runtime.wakeNetPoller", SEG_BSS, 0, L_SCHED_LASTPOLL },
	{ GLOBAL_SCHED, "runtime.templateThread", SEG_BSS, 0, L_SCHED_LOCK },
	{ GLOBAL_SCHED, "runtime.incidlelocked", SEG_BSS, 0, L_SCHED_LOCK },
	{ GLOBAL_SCHED, "runtime.stopm", SEG_BSS, 0, L_SCHED_LOCK },
	{ GLOBAL_GCPHASE, "runtime.freeSomeWbufs", SEG_NOPTRBSS, 0, NO_MEMBER },
	{ GLOBAL_GCPHASE, "runtime.(*gcWork).balance", SEG_NOPTRBSS, 0, NO_MEMBER },
	{ GLOBAL_GCPHASE, "runtime.stackpoolfree", SEG_NOPTRBSS, 1, NO_MEMBER },
	{ GLOBAL_GCPHASE, "runtime.gcMarkDone", SEG_NOPTRBSS, 0, NO_MEMBER },
	{ GLOBAL_RUNTIME_INIT_TIME, "runtime.main", SEG_NOPTRBSS, 1, NO_MEMBER },
	{ GLOBAL_RUNTIME_INIT_TIME, "runtime.doInit", SEG_NOPTRBSS, -1, NO_MEMBER },
	{ GLOBAL_RUNTIME_INIT_TIME, "runtime.doInit1", SEG_NOPTRBSS, -1, NO_MEMBER },
	{ GLOBAL_RUNTIME_INIT_TIME, "runtime.gcMarkTermination", SEG_NOPTRBSS, HOLDS, NO_MEMBER },
	{ GLOBAL_ALLM, "runtime.mcommoninit", SEG_BSS, -1, NO_MEMBER },
	{ GLOBAL_ALLM, "runtime.mexit", SEG_BSS, 2, NO_MEMBER },
	{ GLOBAL_ALLM, "runtime.schedtrace", SEG_BSS, -1, NO_MEMBER },
};

/* The same of Go 1.18, for the globals that lay or were used otherwise there. */
static const struct recipe recipes_of_18[] = {
	{ GLOBAL_MBUCKETS, "runtime.mProf_FlushLocked", ANY, -1, NO_MEMBER },
	{ GLOBAL_MPROF_CYCLE, "runtime.mProf_FlushLocked", SEG_NOPTRBSS, 0, NO_MEMBER },
	{ GLOBAL_MBUCKETS, "runtime.mProf_PostSweep", ANY, -1, NO_MEMBER },
	{ GLOBAL_MPROF_CYCLE, "runtime.mProf_PostSweep", SEG_NOPTRBSS, 1, NO_MEMBER },
	{ GLOBAL_MBUCKETS, "runtime.stkbucket", SEG_NOPTRBSS, HOLDS, NO_MEMBER },
	{ GLOBAL_MPROF_CYCLE, "runtime.mProf_Free", SEG_NOPTRBSS, 1, NO_MEMBER },
	{ GLOBAL_MPROF_CYCLE, "runtime.mProf_NextCycle", SEG_NOPTRBSS, 1, NO_MEMBER },
};

#define N_RECIPES (sizeof(recipes) / sizeof(recipes[0]))
#define N_RECIPES_OF_18 (sizeof(recipes_of_18) / sizeof(recipes_of_18[0]))
_Static_assert(N_RECIPES + 1 <= WITNESS_FUNCTIONS_MAX, "room for each function");

static const struct {
	const char *name;
	uint16_t at; /* in struct go_globals */
	bool required;
} globals[GLOBAL_COUNT] = {
#define GLOBAL(id, name, member, required) \
	[id] = { "runtime." name, offsetof(struct go_globals, member), required }
	GLOBAL(GLOBAL_MEMSTATS, "memstats", memstats, true),
	GLOBAL(GLOBAL_GC_CONTROLLER, "gcController", gc_controller, true),
	GLOBAL(GLOBAL_MHEAP, "mheap_", mheap, true),
	GLOBAL(GLOBAL_ALLGS, "allgs", allgs, true),
	GLOBAL(GLOBAL_ALLGLEN, "allglen", allglen, true),
	GLOBAL(GLOBAL_ALLGPTR, "allgptr", allgptr, true),
	GLOBAL(GLOBAL_ALLP, "allp", allp, true),
	GLOBAL(GLOBAL_GCPHASE, "gcphase", gcphase, true),
	GLOBAL(GLOBAL_MBUCKETS, "mbuckets", mbuckets, false),
	GLOBAL(GLOBAL_MPROF_CYCLE, "mProfCycle", mprof_cycle, false),
	GLOBAL(GLOBAL_MEM_PROFILE_RATE, "MemProfileRate", mem_profile_rate, false),
	GLOBAL(GLOBAL_SCHED, "sched", sched, false),
	GLOBAL(GLOBAL_WORK, "work", work, false),
	GLOBAL(GLOBAL_RUNTIME_INIT_TIME, "runtimeInitTime", runtime_init_time, false),
	GLOBAL(GLOBAL_GC_CPU_LIMITER, "gcCPULimiter", gc_cpu_limiter, false),
	GLOBAL(GLOBAL_ALLM, "allm", allm, false),
#undef GLOBAL
};

#define REFS_MAX 512

static void add_target(struct go_witness *w, const struct image_ref *ref)
{
	if (ref->segment == SEG_NONE || w->n >= WITNESS_TARGETS_MAX)
		return;
	for (unsigned i = 0; i < w->n; i++)
		if (w->target[i] == ref->target)
			return;
	w->target[w->n] = ref->target;
	w->segment[w->n++] = (uint8_t)ref->segment;
}

static int read_witness(struct mem *m, const struct image *img, struct go_witness *w,
			struct err *err)
{
	struct image_ref refs[REFS_MAX];
	struct image_func f;
	int n;

	if (!image_func_named(img, w->function, &f))
		return 0;
	n = image_refs(img, m, &f, refs, REFS_MAX, err);
	if (n == -EBADMSG || n == -EFAULT)
		return 0; /* not readable, no vote */
	for (int i = 0; i < n && i < REFS_MAX; i++)
		add_target(w, &refs[i]);
	return n < 0 ? n : 0;
}

static const struct go_witness *witness_of(const struct go_witnesses *w, const char *function)
{
	for (unsigned i = 0; i < w->n; i++)
		if (!strcmp(w->w[i].function, function))
			return &w->w[i];
	return NULL;
}

int go_witnesses_read(struct mem *m, const struct image *img, struct go_witnesses *ret,
		      struct err *err)
{
	*ret = (struct go_witnesses){ 0 };
	for (size_t i = 0; i < N_RECIPES + N_RECIPES_OF_18; i++) {
		const struct recipe *recipe =
			i < N_RECIPES ? &recipes[i] : &recipes_of_18[i - N_RECIPES];
		struct go_witness *w = &ret->w[ret->n];
		int r;

		if (witness_of(ret, recipe->function))
			continue;
		w->function = recipe->function;
		r = read_witness(m, img, w, err);
		if (r < 0)
			return r;
		ret->n++;
	}
	return 0;
}

/* The address that the recipe finds, the member's offset not taken off; 0: none. */
static uint64_t found_by(const struct recipe *r, const struct go_witness *w)
{
	uint64_t last = 0;
	int k = 0;

	for (unsigned i = 0; i < w->n; i++) {
		if (r->segment != ANY && w->segment[i] != (uint8_t)r->segment)
			continue;
		if (k++ == r->nth)
			return w->target[i];
		last = w->target[i];
	}
	return r->nth == -1 ? last : 0;
}

static bool refers_to(const struct recipe *r, const struct go_witness *w, uint64_t addr)
{
	for (unsigned i = 0; i < w->n; i++)
		if (w->target[i] == addr &&
		    (r->segment == ANY || w->segment[i] == (uint8_t)r->segment))
			return true;
	return false;
}

/* The global itself if the witness is right; 0: it says nothing. */
static uint64_t candidate_of(const struct recipe *r, const struct go_witnesses *ws,
			     const struct layout *lay)
{
	const struct go_witness *w = witness_of(ws, r->function);
	uint64_t found = w && r->nth != HOLDS ? found_by(r, w) : 0;
	uint32_t member = r->member == NO_MEMBER ? 0 : lay->at[r->member];

	return member == LAYOUT_ABSENT || found <= member ? 0 : found - member;
}

/* The recipes of @global by which @lay is tried: calls *@at up, NULL at the end. */
static const struct recipe *next_recipe(const struct layout *lay, enum go_global global, size_t *at)
{
	bool of_18 =
		lay->minor <= 18 && (global == GLOBAL_MBUCKETS || global == GLOBAL_MPROF_CYCLE);
	const struct recipe *table = of_18 ? recipes_of_18 : recipes;
	size_t n = of_18 ? N_RECIPES_OF_18 : N_RECIPES;

	while (*at < n) {
		const struct recipe *r = &table[(*at)++];

		if (r->global == global)
			return r;
	}
	return NULL;
}

struct tally {
	unsigned witnesses; /* that had anything to say */
	unsigned votes;	    /* for @addr */
	unsigned next;	    /* for the best other one */
	uint64_t addr;
};

static unsigned votes_for(const struct go_witnesses *ws, const struct layout *lay,
			  enum go_global global, uint64_t addr)
{
	const struct recipe *r;
	unsigned votes = 0;
	size_t at = 0;

	while ((r = next_recipe(lay, global, &at))) {
		const struct go_witness *w = witness_of(ws, r->function);

		if (r->nth == HOLDS ? w && refers_to(r, w, addr) : candidate_of(r, ws, lay) == addr)
			votes++;
	}
	return votes;
}

static struct tally tally_of(const struct go_witnesses *ws, const struct layout *lay,
			     enum go_global global)
{
	const struct recipe *r;
	struct tally t = { 0 };
	size_t at = 0;

	while ((r = next_recipe(lay, global, &at))) {
		const struct go_witness *w = witness_of(ws, r->function);
		uint64_t addr;
		unsigned votes;

		t.witnesses += w && w->n;
		addr = candidate_of(r, ws, lay);
		if (!addr || addr == t.addr)
			continue;
		votes = votes_for(ws, lay, global, addr);
		if (votes > t.votes) {
			t.next = t.votes;
			t.votes = votes;
			t.addr = addr;
		} else if (votes > t.next) {
			t.next = votes;
		}
	}
	return t;
}

int go_globals_locate(const struct go_witnesses *w, const struct layout *lay,
		      struct go_globals *ret, struct err *err)
{
	struct go_globals at = { 0 };

	for (unsigned g = 0; g < GLOBAL_COUNT; g++) {
		struct tally t = tally_of(w, lay, (enum go_global)g);
		bool agreed = t.votes > t.next && t.votes >= (t.witnesses > 1 ? 2u : 1u);

		if (agreed)
			memcpy((char *)&at + globals[g].at, &t.addr, sizeof(t.addr));
		else if (globals[g].required)
			return err_set(err, -ENOENT,
				       "%s is not found: %u of %u witnesses agree, %u on another",
				       globals[g].name, t.votes, t.witnesses, t.next);
	}
	*ret = at;
	return 0;
}
