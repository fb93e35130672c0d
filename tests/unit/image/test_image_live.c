/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real Go programs: functions, files, lines and inlined calls are what the
 * program's own runtime says they are. WHYOOM_GO_TOOLCHAINS="go1.19.13 …" tries
 * these releases too, which the go command fetches.
 */
#include "t.h"

#include <errno.h>
#include <stdlib.h>

#include "go_program.h"
#include "image/image.h"
#include "target/live.h"

#define FRAMES_MAX 64U

struct call {
	uint64_t pc;
	unsigned line;
	char function[512], file[512];
};

struct seen {
	struct image *img;
	size_t places, stacks, calls, inlined;
	struct call stack[FRAMES_MAX];
	size_t n;
};

/* "LINE FUNCTION\tFILE": a function's name may hold blanks. */
static void take_rest(struct str s, struct call *c)
{
	struct str function;
	uint64_t line = 0;

	assert_true(str_take_u64(&s, &line));
	s = str_skip(s, 1);
	assert_true(str_take_until(&s, '\t', &function));
	c->line = (unsigned)line;
	snprintf(c->function, sizeof(c->function), STR_FMT, STR_ARG(function));
	snprintf(c->file, sizeof(c->file), STR_FMT, STR_ARG(s));
}

static uint64_t take_address(struct str *s)
{
	uint64_t v = 0;

	assert_true(str_take_prefix(s, STR("0x")) && str_take_hex(s, &v));
	*s = str_skip(*s, 1);
	return v;
}

static void check_frame(const struct image_frame *got, const struct call *want)
{
	const char *file = strcmp(want->file, "?") == 0 ? "" : want->file;
	/* To the runtime offset 0 is no name, but the linker puts the first function's there. */
	const char *function = want->function[0] ? want->function : got->function;

	/* An image leaves "type:.eq.[8]T" as it is, to the runtime all brackets are type arguments.
	 */
	if (strncmp(want->function, "type:", 5) == 0 && strstr(want->function, "[...]"))
		function = strncmp(got->function, "type:", 5) == 0 ? got->function : function;
	if (strcmp(got->function, function) != 0 || strcmp(got->file, file) != 0 ||
	    got->line != want->line)
		fail_msg("%#lx: %s %s:%u, but the runtime says %s %s:%u", (unsigned long)want->pc,
			 got->function, got->file, got->line, want->function, want->file,
			 want->line);
}

static void check_place(struct seen *seen, struct str s)
{
	struct image_frame got;
	uint64_t entry = take_address(&s);
	struct call want = { .pc = take_address(&s) };

	take_rest(s, &want);
	image_frame_innermost(seen->img, want.pc, &got);
	check_frame(&got, &want);
	assert_int_equal(got.entry, entry);
	seen->places++;
	seen->inlined += got.inlined;
}

/*
 * The program gives logical frames. The first is innermost in a physical one;
 * as many follow as that has logical ones, and the next is a physical one's again.
 */
static void check_stack(struct seen *seen)
{
	struct image_frame got[FRAMES_MAX];
	uint8_t callee = 0;
	size_t i = 0;

	while (i < seen->n) {
		size_t n = image_frames_called(seen->img, seen->stack[i].pc - 1, &callee, got,
					       FRAMES_MAX);

		assert_in_range(n, 1, seen->n - i);
		for (size_t k = 0; k < n; k++)
			check_frame(&got[k], &seen->stack[i + k]);
		i += n;
	}
	seen->stacks += seen->n > 0;
	seen->calls += seen->n;
	seen->n = 0;
}

static void check_lines(struct seen *seen, FILE *out)
{
	char line[2048] = "";

	while (fgets(line, sizeof(line), out) && strcmp(line, "ready\n") != 0) {
		struct str s = { line, strcspn(line, "\n") };

		if (str_take_prefix(&s, STR("pc "))) {
			check_place(seen, s);
		} else if (str_take_prefix(&s, STR("call "))) {
			struct call *c = &seen->stack[seen->n];

			assert_true(++seen->n < FRAMES_MAX);
			c->pc = take_address(&s);
			take_rest(s, c);
		} else {
			check_stack(seen);
		}
	}
	check_stack(seen);
	assert_string_equal(line, "ready\n");
}

static void check_image(const struct image *img, const char *toolchain)
{
	if (toolchain)
		assert_string_equal(image_go_version(img), toolchain);
	assert_true(image_go_minor(img) >= 18);
	assert_string_equal(image_main_module(img), "example.org/frames");
	assert_string_equal(image_module_of(img, "example.org/frames/deep%2eer.Call"),
			    "example.org/frames");
	assert_true(image_build_id(img)[0]);
}

/* All that the program printed is read only after its death: an image needs its target no more. */
static void agrees(const char *toolchain, const char *const *flags,
		   void (*start)(struct go_program *p))
{
	_cleanup_(go_release) struct go_program p = { .pid = 0 };
	_cleanup_mem_ struct mem *m = NULL;
	struct seen seen = { .img = NULL };
	struct err err;
	int c;

	go_build(&p, "frames", toolchain, flags);
	start(&p);
	c = fgetc(p.out); /* it runs */
	assert_int_equal(ungetc(c, p.out), 'p');
	assert_ok(live_open(p.pid, NULL, &m, &err), &err);
	assert_ok(image_find(m, &seen.img, &err), &err);
	check_lines(&seen, p.out);
	go_kill(&p);
	check_image(seen.img, toolchain);
	assert_true(seen.places > 5000 && seen.stacks >= 12 && seen.inlined > 500);
	image_free(seen.img);
}

static const char *const full[] = { NULL };
static const char *const stripped[] = { "-ldflags=-s -w", NULL };
static const char *const pie[] = { "-buildmode=pie", "-ldflags=-s -w", NULL };

static void a_program_with_symbols(void **state)
{
	(void)state;
	if (!go_available())
		skip_test("no go command");
	agrees(NULL, full, go_start);
}

static void a_stripped_program(void **state)
{
	(void)state;
	if (!go_available())
		skip_test("no go command");
	agrees(NULL, stripped, go_start);
}

static void a_position_independent_program(void **state)
{
	(void)state;
	if (!go_available())
		skip_test("no go command");
	agrees(NULL, pie, go_start);
}

static void a_packed_program(void **state)
{
	(void)state;
	if (!go_available())
		skip_test("no go command");
	agrees(NULL, stripped, go_start_packed);
}

static void other_releases(void **state)
{
	const char *list = getenv("WHYOOM_GO_TOOLCHAINS");
	struct str s = str_from(list ? list : ""), word;
	char toolchain[64];

	(void)state;
	if (!go_available())
		skip_test("no go command");
	while (str_take_word(&s, &word)) {
		snprintf(toolchain, sizeof(toolchain), STR_FMT, STR_ARG(word));
		print_message("%s\n", toolchain);
		agrees(toolchain, full, go_start);
		agrees(toolchain, stripped, go_start);
		agrees(toolchain, pie, go_start);
		agrees(toolchain, stripped, go_start_packed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_with_symbols),
		cmocka_unit_test(a_stripped_program),
		cmocka_unit_test(a_position_independent_program),
		cmocka_unit_test(a_packed_program),
		cmocka_unit_test(other_releases),
	};

	/* The last only where it was asked for. */
	return _cmocka_run_group_tests("tests", tests,
				       COUNT(tests) - !getenv("WHYOOM_GO_TOOLCHAINS"), NULL, NULL);
}
