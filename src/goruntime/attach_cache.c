/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/attach_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "goruntime/attach_file.h"
#include "image/exe_headers.h"

/* The largest image's tables (image/pclntab.h) and then some. */
#define FILE_MAX (UINT64_C(512) << 20)

static const struct mem_region *exe_region(const struct mem *m)
{
	for (size_t i = 0; i < m->n_regions; i++) {
		if (m->regions[i].exe && m->regions[i].file_offset == 0)
			return &m->regions[i];
	}
	return NULL;
}

/* 1, or 0 where the binary has no build id: then nothing is kept of it. */
static int identity_of(struct mem *m, int exefd, struct attach_identity *ret, struct err *err)
{
	const struct mem_region *first = exe_region(m);
	struct exe_headers h;
	struct stat st;
	int r;

	memset(ret, 0, sizeof(*ret)); /* compared as bytes */
	if (!first || exefd < 0 || fstat(exefd, &st) < 0)
		return 0;
	ret->size = (uint64_t)st.st_size;
	ret->mtime_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000U + (uint64_t)st.st_mtim.tv_nsec;
	r = exe_headers_read(m, first, &h, err);
	if (r >= 0)
		r = exe_build_id(m, &h, ret->build_id, sizeof(ret->build_id), err);
	return r < 0 ? r : ret->build_id[0] != '\0';
}

struct mapping {
	void *p;
	size_t n;
};

static void unmap(const struct mapping *m)
{
	if (m->p)
		munmap(m->p, m->n);
}

static bool map_file(const struct attach_identity *id, struct mapping *ret)
{
	_cleanup_(close_fd) int folder = attach_folder_open();
	char name[64];
	struct stat st;
	void *p;

	if (folder < 0)
		return false;
	attach_file_name(id, name, sizeof(name));
	_cleanup_(close_fd) int fd =
		openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) || st.st_size <= 0 || (uint64_t)st.st_size > FILE_MAX)
		return false;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		return false;
	*ret = (struct mapping){ p, (size_t)st.st_size };
	return true;
}

static void move_globals(struct go_globals *at, uint64_t by)
{
	uint64_t *v = (uint64_t *)at; /* nothing but addresses (runtime.h) */

	for (size_t i = 0; i < sizeof(*at) / sizeof(*v); i++)
		v[i] += v[i] ? by : 0;
}

/* 0 where what was kept does not hold; else as attach_cache_find(). */
static int not_kept(int r)
{
	return r == -ESTALE || r == -ENOTSUP || r == -EBADMSG || r == -EFAULT || r == -ENOMEM ? 0
											      : r;
}

int attach_cache_find(struct mem *m, int exefd, struct image **ret_img, struct goruntime *ret_rt,
		      struct err *err)
{
	_cleanup_(unmap) struct mapping map = { .p = NULL };
	struct frozen_part parts[FROZEN_PARTS];
	const struct attach_header *h;
	struct attach_identity id;
	struct go_globals at;
	struct image *img;
	uint64_t moved;
	int r = identity_of(m, exefd, &id, err);

	if (r <= 0 || !map_file(&id, &map) || !attach_file_holds(map.p, map.n, &id, parts))
		return r < 0 ? r : 0;
	h = map.p;
	moved = exe_region(m)->start - h->exe_start;
	at = h->at;
	move_globals(&at, moved);
	r = image_thaw(&h->image, parts, map.p, map.n, moved, m, &img, err);
	if (r < 0)
		return not_kept(r);
	r = goruntime_attach_known(m, img, h->layout, &at, ret_rt, err);
	map.p = NULL; /* the image's from now on */
	if (r < 0) {
		image_free(img);
		return not_kept(r);
	}
	*ret_img = img;
	return 1;
}

static bool write_at(int fd, uint64_t at, const void *p, size_t n)
{
	const uint8_t *from = p;

	while (n) {
		ssize_t had = pwrite(fd, from, n, (off_t)at);

		if (had < 0 && errno == EINTR)
			continue;
		if (had <= 0)
			return false;
		from += had;
		at += (uint64_t)had;
		n -= (size_t)had;
	}
	return true;
}

static bool write_all(int fd, const struct attach_header *h, const struct frozen_part *parts)
{
	if (!write_at(fd, 0, h, sizeof(*h)))
		return false;
	for (unsigned i = 0; i < FROZEN_PARTS; i++) {
		if (!write_at(fd, h->part_at[i], parts[i].p, parts[i].n))
			return false;
	}
	return true;
}

static void save(const struct attach_header *h, const struct frozen_part *parts)
{
	_cleanup_(close_fd) int folder = attach_folder_open();
	char name[64], temporary[96];
	bool done;

	if (folder < 0)
		return;
	attach_folder_trim(folder, h->part_at[FROZEN_PARTS - 1] + h->part_n[FROZEN_PARTS - 1]);
	attach_file_name(&h->of, name, sizeof(name));
	snprintf(temporary, sizeof(temporary), "%s.%d", name, (int)getpid());
	_cleanup_(close_fd) int fd = openat(
		folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return;
	done = write_all(fd, h, parts) && renameat(folder, temporary, folder, name) == 0;
	if (!done)
		unlinkat(folder, temporary, 0);
}

void attach_cache_keep(struct mem *m, int exefd, const struct image *img,
		       const struct goruntime *rt)
{
	struct attach_header *h = calloc(1, sizeof(*h));
	struct frozen_part parts[FROZEN_PARTS];

	if (!h)
		return;
	h->exe_start = image_exe_start(m, image_module(img)->pclntab);
	if (h->exe_start && identity_of(m, exefd, &h->of, NULL) == 1 &&
	    strcmp(h->of.build_id, image_build_id(img)) == 0) {
		image_freeze(img, &h->image, parts);
		h->at = rt->at;
		snprintf(h->layout, sizeof(h->layout), "%s", rt->lay->name);
		attach_header_finish(h, parts);
		save(h, parts);
	}
	free(h);
}
