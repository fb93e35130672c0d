/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/unwind.h"

#include <errno.h>
#include <string.h>

#include "base/cur.h"

#define MEMO_SIZE 4096

#define FLAG_TOP_FRAME 1 /* abi.FuncFlagTopFrame */
#define FLAG_SP_WRITE 2	 /* abi.FuncFlagSPWrite */

enum pc_kind {
	PC_UNSEEN,
	PC_FOREIGN, /* in no Go function, or in one without a pcsp table */
	PC_NORMAL,
	PC_SP_WRITE, /* the function moves SP in ways the table does not tell */
	PC_TOP,	     /* nobody called it */
	PC_GOEXIT,
};

struct pc_facts {
	uint64_t pc;
	enum pc_kind kind;
	int32_t delta; /* from SP to the return address */
};

int unwinder_init(struct unwinder *u, const struct image *img, struct err *err)
{
	struct pc_facts *memo = calloc(MEMO_SIZE, sizeof(*memo));

	if (!memo)
		return err_set(err, -ENOMEM, "goroutines: out of memory");
	*u = (struct unwinder){ .img = img, .memo = memo };
	return 0;
}

void unwinder_release(struct unwinder *u)
{
	free(u->memo);
	u->memo = NULL;
}

/*
 * cgocallback writes SP too, but keeps a frame on both stacks that can be
 * unwound through (Go's unwinder makes the same exception).
 */
static enum pc_kind kind_of(const struct image_func *f)
{
	if (f->flag & FLAG_TOP_FRAME)
		return strcmp(f->name, "runtime.goexit") ? PC_TOP : PC_GOEXIT;
	if (f->flag & FLAG_SP_WRITE && strcmp(f->name, "runtime.cgocallback"))
		return PC_SP_WRITE;
	return PC_NORMAL;
}

static struct pc_facts look_up(const struct image *img, uint64_t pc)
{
	struct pc_facts facts = { .pc = pc, .kind = PC_FOREIGN };
	struct image_func f;

	if (!image_func_at(img, pc, &f))
		return facts;
	facts.kind = kind_of(&f);
	if (facts.kind == PC_TOP || facts.kind == PC_GOEXIT)
		return facts;
	if (!image_pcsp(img, pc, &facts.delta) || facts.delta < 0)
		facts.kind = PC_FOREIGN;
	return facts;
}

static const struct pc_facts *facts_of(struct unwinder *u, uint64_t pc)
{
	struct pc_facts *slot =
		&u->memo[(pc * UINT64_C(0x9e3779b97f4a7c15)) >> 52 & (MEMO_SIZE - 1)];

	if (slot->pc != pc || slot->kind == PC_UNSEEN)
		*slot = look_up(u->img, pc);
	return slot;
}

/* The word at @addr of the stack. False when @b does not hold it. */
static bool stack_word(const struct stack_bytes *b, uint64_t addr, uint64_t *ret)
{
	if (addr < b->from || b->n < 8 || addr - b->from > b->n - 8)
		return false;
	*ret = le64(b->p + (addr - b->from));
	return true;
}

static enum walk_state end_walk(struct stack_walk *w, bool cut)
{
	w->cut = cut;
	return WALK_DONE;
}

/* What entersyscall saved was true before the function wrote SP. */
static bool has_caller(const struct stack_walk *w, enum pc_kind kind)
{
	return kind == PC_NORMAL || (kind == PC_SP_WRITE && w->n == 0 && w->in_syscall);
}

/* Where the return address of the frame lies; 0: not within the stack. */
static uint64_t return_slot(const struct stack_walk *w, int32_t delta)
{
	uint64_t addr;

	if (__builtin_add_overflow(w->sp, (uint64_t)delta, &addr) || addr < w->lo ||
	    addr >= w->hi || w->hi - addr < 8)
		return 0;
	return addr;
}

/* A frame is added together with the step to its caller, so that a walk can be taken up again. */
enum walk_state stack_walk_on(struct unwinder *u, struct stack_walk *w, const struct stack_bytes *b)
{
	for (;;) {
		const struct pc_facts *f = facts_of(u, w->pc);
		bool more = has_caller(w, f->kind);
		uint64_t slot = more ? return_slot(w, f->delta) : 0, caller = 0;

		if (f->kind == PC_GOEXIT)
			return end_walk(w, false);
		if (f->kind == PC_FOREIGN || w->n == GOROUTINE_FRAMES_MAX)
			return end_walk(w, true);
		if (slot && !stack_word(b, slot, &caller)) {
			w->need = slot;
			return WALK_MORE;
		}
		w->pcs[w->n++] = w->pc;
		if (!slot)
			return end_walk(w, f->kind != PC_TOP);
		w->pc = caller;
		w->sp = slot + 8;
	}
}
