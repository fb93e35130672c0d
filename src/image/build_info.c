/* SPDX-License-Identifier: Apache-2.0 */
#include "image/build_info.h"

#include <errno.h>
#include <inttypes.h>

#include "base/cur.h"

const char build_info_magic[14] = { '\xff', ' ', 'G', 'o', ' ', 'b', 'u',
				    'i',    'l', 'd', 'i', 'n', 'f', ':' };

#define POINTER_SIZE_AT 14
#define FLAGS_AT 15
#define FLAG_INLINE 2 /* strings stand behind the header, not pointers in it */
#define TEXT_MAX (1U << 20)

/* modinfo is framed by 16 bytes on each side (src/cmd/go/internal/modload/build.go). */
#define FRAME 16U

bool build_info_header(const uint8_t *p)
{
	static const uint8_t zeros[BUILD_INFO_HEADER - FLAGS_AT - 1];

	return memcmp(p, build_info_magic, sizeof(build_info_magic)) == 0 &&
	       p[POINTER_SIZE_AT] == 8 && p[FLAGS_AT] == FLAG_INLINE &&
	       memcmp(p + FLAGS_AT + 1, zeros, sizeof(zeros)) == 0;
}

void build_info_init(struct build_info *b)
{
	*b = (struct build_info){ .minor = -1, .patch = -1, .main_module = "" };
}

void build_info_release(struct build_info *b)
{
	free(b->text);
	free(b->modules);
	build_info_init(b);
}

/* ".8" of "go1.26.8"; a release candidate has no patch, a plain "go1.20" is patch 0. */
static int patch_of(struct str rest)
{
	uint64_t patch;

	if (str_take_prefix(&rest, STR(".")))
		return str_take_u64(&rest, &patch) && patch < 1000 ? (int)patch : -1;
	return rest.n == 0 || rest.p[0] == ' ' ? 0 : -1;
}

bool build_info_set_version(struct build_info *b, struct str words)
{
	struct str rest = words;
	bool devel = str_take_prefix(&rest, STR("devel "));
	uint64_t minor = 0;
	bool go = str_take_prefix(&rest, STR("go1.")) && str_take_u64(&rest, &minor);

	if (!(go || devel) || words.n >= sizeof(b->version) || minor > 1000)
		return false;
	for (size_t i = 0; i < words.n; i++)
		if (words.p[i] < ' ' || words.p[i] > '~')
			return false;
	memcpy(b->version, words.p, words.n);
	b->version[words.n] = '\0';
	b->minor = go ? (int)minor : -1;
	b->patch = go && !devel ? patch_of(rest) : -1;
	return true;
}

/* One string behind the header: its length, its bytes. @at moves behind it. */
static int read_string(struct mem *m, uint64_t *at, char *dst, size_t max, size_t *ret,
		       struct err *err)
{
	uint8_t head[10];
	struct mem_piece v = { *at, head, sizeof(head), false };
	struct cur c;
	uint64_t n;
	int r = mem_readv(m, &v, 1, err);

	if (r < 0)
		return r;
	c = cur_over(head, v.ok ? sizeof(head) : 0, m->name);
	n = cur_uvarint(&c);
	if (c.bad || n > max)
		return err_set(err, -EBADMSG, "%s: build info is malformed", m->name);
	r = n ? mem_read(m, *at + c.at, dst, n, err) : 0;
	if (r < 0)
		return r;
	*at += c.at + n;
	*ret = (size_t)n;
	return 0;
}

static struct str unframed(const char *p, size_t n)
{
	if (n <= 2 * FRAME || p[n - FRAME - 1] != '\n')
		return STR("");
	return (struct str){ p + FRAME, n - 2 * FRAME };
}

static int read_strings(struct mem *m, uint64_t at, struct build_info *b, struct err *err)
{
	_cleanup_(free_ptr) char *text = malloc(TEXT_MAX);
	size_t n = 0;
	int r;

	if (!text)
		return err_set(err, -ENOMEM, "%s: no memory for its build info", m->name);
	r = read_string(m, &at, text, sizeof(b->version) - 1, &n, err);
	if (r < 0)
		return r;
	if (!build_info_set_version(b, (struct str){ text, n }))
		return err_set(err, -EBADMSG, "%s: build info names no toolchain", m->name);
	r = read_string(m, &at, text, TEXT_MAX, &n, err);
	if (r < 0)
		return r == -EBADMSG || r == -EFAULT ? 0 : r; /* the version is good all the same */
	return build_info_parse(b, unframed(text, n), err);
}

int build_info_read(struct mem *m, uint64_t addr, struct build_info *ret, struct err *err)
{
	struct build_info b;
	uint8_t head[BUILD_INFO_HEADER];
	int r = mem_read(m, addr, head, sizeof(head), err);

	if (r < 0)
		return r;
	if (!build_info_header(head))
		return err_set(err, -EBADMSG, "%s: no build info of Go 1.18 or later", m->name);
	build_info_init(&b);
	r = read_strings(m, addr + BUILD_INFO_HEADER, &b, err);
	if (r < 0) {
		build_info_release(&b);
		return r;
	}
	*ret = b;
	return 0;
}
