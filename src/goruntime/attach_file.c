/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/attach_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libdeflate.h>
#include <string.h>
#include <sys/stat.h>

#define BUDGET (UINT64_C(256) << 20)
#define PREFIX "attach-"
#define PART_ALIGN UINT64_C(64)
#define FILES_MAX 256U

static bool folder_path(char *to, size_t room)
{
	const char *xdg = secure_getenv("XDG_CACHE_HOME"), *home = secure_getenv("HOME");
	int n;

	if (xdg && xdg[0] == '/')
		n = snprintf(to, room, "%s/whyoom", xdg);
	else if (geteuid() == 0)
		n = snprintf(to, room, "/var/cache/whyoom");
	else if (home && home[0] == '/')
		n = snprintf(to, room, "%s/.cache/whyoom", home);
	else
		return false;
	return n > 0 && (size_t)n < room;
}

int attach_folder_open(void)
{
	char path[4096];
	struct stat st;

	if (!folder_path(path, sizeof(path)))
		return -ENOENT;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	_cleanup_(close_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return -EPERM; /* somebody else could put files there */
	int r = fd;

	fd = -1;
	return r;
}

void attach_file_name(const struct attach_identity *id, char *to, size_t room)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	const uint8_t *p = (const uint8_t *)id;

	for (size_t i = 0; i < sizeof(*id); i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	snprintf(to, room, PREFIX "%016" PRIx64, h);
}

struct kept {
	char name[64];
	int64_t written;
	uint64_t size;
};

static size_t list(int folder, struct kept *v, uint64_t *total)
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(close_dir) DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *e;
	struct stat st;
	size_t n = 0;

	while (dir && n < FILES_MAX && (e = readdir(dir))) {
		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) != 0 ||
		    strlen(e->d_name) >= sizeof(v[0].name) ||
		    fstatat(folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		snprintf(v[n].name, sizeof(v[n].name), "%s", e->d_name);
		v[n].written = st.st_mtime;
		v[n].size = (uint64_t)st.st_size;
		*total += v[n++].size;
	}
	return n;
}

void attach_folder_trim(int folder, uint64_t more)
{
	struct kept *v = calloc(FILES_MAX, sizeof(*v));
	uint64_t total = more;
	size_t n = v ? list(folder, v, &total) : 0;

	while (n && (total > BUDGET || n >= FILES_MAX)) {
		size_t oldest = 0;

		for (size_t i = 1; i < n; i++)
			oldest = v[i].written < v[oldest].written ? i : oldest;
		unlinkat(folder, v[oldest].name, 0);
		total -= v[oldest].size;
		v[oldest] = v[--n];
	}
	free(v);
}

uint32_t attach_crc(const struct attach_header *h, const struct frozen_part *parts)
{
	struct attach_header copy = *h;
	uint32_t crc;

	copy.crc = 0;
	crc = libdeflate_crc32(0, &copy, sizeof(copy));
	for (unsigned i = 0; i < FROZEN_PARTS; i++)
		crc = libdeflate_crc32(crc, parts[i].p, parts[i].n);
	return crc;
}

void attach_header_finish(struct attach_header *h, const struct frozen_part *parts)
{
	uint64_t at = (sizeof(*h) + PART_ALIGN - 1) / PART_ALIGN * PART_ALIGN;

	memcpy(h->magic, ATTACH_MAGIC, sizeof(h->magic));
	h->format = ATTACH_FORMAT;
	h->bytes = sizeof(*h);
	h->machine_bits = 8 * sizeof(void *);
	snprintf(h->tool, sizeof(h->tool), "%s", WHYOOM_VERSION);
	for (unsigned i = 0; i < FROZEN_PARTS; i++) {
		h->part_at[i] = at;
		h->part_n[i] = parts[i].n;
		at += (parts[i].n + PART_ALIGN - 1) / PART_ALIGN * PART_ALIGN;
	}
	h->crc = attach_crc(h, parts);
}

static bool header_holds(const struct attach_header *h, const struct attach_identity *id)
{
	return memcmp(h->magic, ATTACH_MAGIC, sizeof(h->magic)) == 0 &&
	       h->format == ATTACH_FORMAT && h->bytes == sizeof(*h) &&
	       h->machine_bits == 8 * sizeof(void *) && memchr(h->tool, '\0', sizeof(h->tool)) &&
	       strcmp(h->tool, WHYOOM_VERSION) == 0 && memchr(h->layout, '\0', sizeof(h->layout)) &&
	       memcmp(&h->of, id, sizeof(*id)) == 0;
}

bool attach_file_holds(const void *map, size_t n, const struct attach_identity *id,
		       struct frozen_part parts[FROZEN_PARTS])
{
	const struct attach_header *h = map;

	if (n < sizeof(*h) || !header_holds(h, id))
		return false;
	for (unsigned i = 0; i < FROZEN_PARTS; i++) {
		if (h->part_at[i] > n || h->part_n[i] > n - h->part_at[i] ||
		    h->part_at[i] % PART_ALIGN)
			return false;
		parts[i] = (struct frozen_part){ (const uint8_t *)map + h->part_at[i],
						 (size_t)h->part_n[i] };
	}
	return attach_crc(h, parts) == h->crc;
}
