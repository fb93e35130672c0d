/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image: the Go code of an address space: functions, lines, inlining, references.
 *
 * Found by its structures (pclntab, then the module data that points at it),
 * never by symbols or section names, so a stripped or packed binary is as good
 * as any. The tables are copied once (they do not change), so symbolising needs
 * the target no more and works after its death.
 *
 * Sources: Go src/runtime/symtab.go, src/internal/abi/symtab.go,
 * src/cmd/link/internal/ld/pcln.go, Go 1.18 to 1.27.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "target/mem.h"

struct image; /* opaque; plain memory, no handle on the target */

/* A range of addresses in the target, [from, to). */
struct span64 {
	uint64_t from, to;
};

/* What moduledata says, as addresses in the target. */
struct image_module {
	uint64_t addr; /* of the moduledata itself */
	uint64_t pclntab;
	struct span64 text, noptrdata, data, bss, noptrbss, types;
	uint64_t gofunc, rodata;
	uint64_t gcdatamask, gcbssmask; /* addresses of the bitvectors' fields; 0 if unknown */
	uint64_t next;
};

/* The instruction set of the code. */
enum image_arch { ARCH_AMD64, ARCH_ARM64 };

enum image_segment { SEG_NONE, SEG_NOPTRDATA, SEG_DATA, SEG_BSS, SEG_NOPTRBSS, SEG_COUNT };

/* One function; names may repeat (ABI wrappers). Valid as long as the image. */
struct image_func {
	uint64_t entry, end;
	const char *name; /* as the runtime shows it: "main.(*quotes).fetch.func1", "main.F[...]" */
	uint32_t index;
	uint8_t flag, id;   /* abi.FuncFlag (1 TopFrame, 2 SPWrite), abi.FuncID as stored (numbers
			       vary by version) */
	int32_t start_line; /* 0 before Go 1.20 */
};

/* One logical frame: inlined calls are frames of their own. Strings live in the image. */
struct image_frame {
	const char *function; /* "?" where the pc is in no Go function */
	const char *file;     /* "" if unknown */
	uint32_t line;	      /* 0 if unknown */
	uint64_t entry;	      /* of the physical function, 0 if none */
	bool inlined;
};

/*
 * Finds the Go image in @m. -ENOENT "NAME: no Go runtime found": not a Go
 * program; -ENOTSUP with the reason (gccgo, TinyGo, garbled magic, 32 bit,
 * another architecture); others as mem_read(). Released with image_free().
 */
int image_find(struct mem *m, struct image **ret, struct err *err) _must_use_;
void image_free(struct image *img);
void image_freep(struct image **img);

const struct image_module *image_module(const struct image *img);
enum image_segment image_segment_of(const struct image *img, uint64_t addr);
enum image_arch image_arch(const struct image *img);
const char *image_goarch(const struct image *img); /* as GOARCH has it: "amd64" */
bool image_in_text(const struct image *img, uint64_t pc);

/* The toolchain's words: "go1.26.8", "go1.24.1 X:nogreenteagc"; "" if nowhere found. */
const char *image_go_version(const struct image *img);
/* go1.26.8: 26 and 8; -1 each if unknown. */
int image_go_minor(const struct image *img);
int image_go_patch(const struct image *img);
const char *image_main_module(const struct image *img); /* path of the main module, "" if unknown */
/* The module of a function by its package path: longest match of build info's list; std: "std"; ""
 * unknown. */
const char *image_module_of(const struct image *img, const char *function);
const char *image_module_version(const struct image *img, const char *module); /* "" if none */
const char *image_build_id(const struct image *img); /* GNU build id in hex or Go's; "" if none */

size_t image_n_funcs(const struct image *img);
/* The function that holds @pc; false if none does. */
bool image_func_at(const struct image *img, uint64_t pc, struct image_func *ret);
/* By exact name; of several the one with the largest body. */
bool image_func_named(const struct image *img, const char *name, struct image_func *ret);

/*
 * Stack pointer delta at @pc: the bytes between SP and the return address on amd64, and
 * between SP and the caller's SP on arm64. False: unknown.
 */
bool image_pcsp(const struct image *img, uint64_t pc, int32_t *ret);

/* File and line of @pc, innermost inlined call considered; frame of that one. */
void image_frame_innermost(const struct image *img, uint64_t pc, struct image_frame *ret);
/*
 * All logical frames of the physical frame at @pc, innermost first, wrappers
 * left out as the runtime leaves them out. For a return address pass pc - 1.
 * Returns how many were written, at most @max; 0 where the frame is nothing but
 * a wrapper, which then stands in out[0] all the same for who wants it.
 */
size_t image_frames(const struct image *img, uint64_t pc, struct image_frame *out, size_t max);
/*
 * As above on the way down a stack: @callee is the id of the last logical frame
 * before this one, 0 at first, and becomes that of the last one here. A wrapper
 * that called gopanic, sigpanic or panicwrap is shown.
 */
size_t image_frames_called(const struct image *img, uint64_t pc, uint8_t *callee,
			   struct image_frame *out, size_t max);

/* A reference of a function's code to data, in code order. */
struct image_ref {
	uint64_t insn, target;
	enum image_segment segment;
	bool lea; /* address taken, not loaded or stored */
};

/*
 * The references of the code of @f to the module's four segments, in code order
 * and with repetitions (amd64: RIP-relative operands, see image/amd64.h; arm64: what
 * is added to or accessed through the page of an ADRP, see image/arm64.h). Fills at
 * most @max, returns how many there are; -EBADMSG when an instruction could not be
 * decoded, -EFBIG when the code is longer than 4 MiB; others as mem_read().
 */
int image_refs(const struct image *img, struct mem *m, const struct image_func *f,
	       struct image_ref *out, size_t max, struct err *err) _must_use_;

#endif /* IMAGE_IMAGE_H */
