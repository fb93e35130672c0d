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
	bool injected; /* the signal handler made it look as if its caller had called */
	int32_t delta; /* from SP to the return address; on arm64 to the caller's SP */
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

/* Go's isInjectedCall, by name: the numbers of function ids change. */
static bool is_injected(const char *function)
{
	static const char *const names[] = { "runtime.sigpanic", "runtime.asyncPreempt",
					     "runtime.debugCallV2" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(function, names[i]))
			return true;
	return false;
}

static struct pc_facts look_up(const struct image *img, uint64_t pc)
{
	struct pc_facts facts = { .pc = pc, .kind = PC_FOREIGN };
	struct image_func f;

	if (!image_func_at(img, pc, &f))
		return facts;
	facts.kind = kind_of(&f);
	facts.injected = is_injected(f.name);
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

static bool within(const struct stack_walk *w, uint64_t addr)
{
	return addr >= w->lo && addr < w->hi && w->hi - addr >= 8;
}

struct caller {
	uint64_t pc, sp, lr;
};

enum found { FOUND, NOT_IN_STACK, NOT_READ };

/* The word at @addr of the stack that is walked. */
static enum found word_at(struct stack_walk *w, const struct stack_bytes *b, uint64_t addr,
			  uint64_t *ret)
{
	if (!within(w, addr))
		return NOT_IN_STACK;
	if (stack_word(b, addr, ret))
		return FOUND;
	w->need = addr;
	return NOT_READ;
}

/* The call pushed the return address, right above the frame. */
static enum found caller_amd64(struct unwinder *u, struct stack_walk *w, const struct pc_facts *f,
			       const struct stack_bytes *b, struct caller *ret)
{
	uint64_t slot;

	(void)u;
	if (__builtin_add_overflow(w->sp, (uint64_t)f->delta, &slot))
		return NOT_IN_STACK;
	*ret = (struct caller){ .sp = slot + 8 };
	return word_at(w, b, slot, &ret->pc);
}

/*
 * The call left the return address in the link register, and the function saved
 * it at the bottom of its frame, unless it was stopped before that or has no
 * frame: then the register was saved, by who stopped it. A signal handler that
 * injects a call saves it in 16 bytes of its own.
 */
static enum found caller_arm64(struct unwinder *u, struct stack_walk *w, const struct pc_facts *f,
			       const struct stack_bytes *b, struct caller *ret)
{
	bool in_register = w->lr && !(w->n == 0 && f->delta > 0);
	const struct pc_facts *interrupted;
	enum found found = FOUND;
	uint64_t lr;

	if (__builtin_add_overflow(w->sp, (uint64_t)f->delta, &ret->sp) || ret->sp > w->hi)
		return NOT_IN_STACK;
	ret->lr = 0;
	ret->pc = w->lr;
	if (!in_register)
		found = word_at(w, b, w->sp, &ret->pc);
	if (found != FOUND || !f->injected)
		return found;
	found = word_at(w, b, ret->sp, &lr);
	if (found != FOUND)
		return found;
	ret->sp += 16;
	interrupted = facts_of(u, ret->pc);
	if (interrupted->kind == PC_FOREIGN)
		ret->pc = lr;
	else if (interrupted->delta == 0)
		ret->lr = lr;
	return FOUND;
}

static enum found caller_of(struct unwinder *u, struct stack_walk *w, const struct pc_facts *f,
			    const struct stack_bytes *b, struct caller *ret)
{
	if (!has_caller(w, f->kind))
		return NOT_IN_STACK;
	return image_arch(u->img) == ARCH_ARM64 ? caller_arm64(u, w, f, b, ret)
						: caller_amd64(u, w, f, b, ret);
}

/* A frame is added together with the step to its caller, so that a walk can be taken up again. */
enum walk_state stack_walk_on(struct unwinder *u, struct stack_walk *w, const struct stack_bytes *b)
{
	for (;;) {
		const struct pc_facts facts = *facts_of(u, w->pc); /* the memo is written below */
		struct caller caller;
		enum found found;

		if (facts.kind == PC_GOEXIT)
			return end_walk(w, false);
		if (facts.kind == PC_FOREIGN || w->n == GOROUTINE_FRAMES_MAX)
			return end_walk(w, true);
		found = caller_of(u, w, &facts, b, &caller);
		if (found == NOT_READ)
			return WALK_MORE;
		w->pcs[w->n++] = w->pc;
		if (found == NOT_IN_STACK)
			return end_walk(w, facts.kind != PC_TOP);
		w->pc = caller.pc;
		w->sp = caller.sp;
		w->lr = caller.lr;
	}
}
