/* SPDX-License-Identifier: Apache-2.0 */
/* Puts an image together from what the finder found. */
#include <errno.h>
#include <sys/mman.h>

#include "image/build_version.h"
#include "image/finder.h"
#include "image/image_struct.h"

/* Shown although they are called by wrappers: runtime.elideWrapperCalling. */
static const char *const panickers[] = { "runtime.gopanic", "runtime.sigpanic",
					 "runtime.panicwrap" };

/*
 * The numbers of function ids differ between releases, so each is taken from a
 * function that has it in all of them: the linker marks deferreturn as a
 * wrapper (src/internal/abi/symtab.go and, before 1.21, objabi/funcid.go).
 */
static void learn_ids(struct image *img)
{
	struct func_row f;

	if (image_row_named(img, "runtime.deferreturn", &f))
		img->wrapper_id = f.id;
	for (unsigned i = 0; i < sizeof(panickers) / sizeof(panickers[0]); i++)
		if (image_row_named(img, panickers[i], &f))
			img->panic_ids[i] = f.id;
}

static int read_build(struct image *img, struct mem *m, const struct finder *f, struct err *err)
{
	int r = exe_build_id(m, &f->headers, img->build_id, sizeof(img->build_id), err);

	for (unsigned i = 0; i < f->n_blocks && !img->build.version[0] && r >= 0; i++) {
		r = build_info_read(m, f->blocks[i], &img->build, err);
		img->build_block = r < 0 ? 0 : f->blocks[i];
		if (r == -EBADMSG || r == -EFAULT)
			r = 0;
	}
	if (r >= 0 && !img->build.version[0])
		r = build_version_search(img, m, &img->build, err);
	return r;
}

/* Where several shapes fit, the release decides, now that it is known. */
static int choose_again(struct image *img, struct mem *m, const struct finder_found *found,
			struct err *err)
{
	struct moduledata d;
	int r;

	if (img->build.minor < 0)
		return 0;
	r = moduledata_read(m, img->module.addr, found->table.addr, &found->table.header,
			    img->build.minor, &d, err);
	if (r >= 0)
		img->module = d.module;
	return r == -EBADMSG || r == -EFAULT ? 0 : r; /* it changes; what was read first held */
}

static int assemble(struct image *img, struct mem *m, const struct finder *f,
		    const struct finder_found *found, struct err *err)
{
	int r;

	snprintf(img->name, sizeof(img->name), "%s", m->name);
	img->module = found->moduledata.module;
	img->arch = found->table.tail == PCLNTAB_ARM64_TAIL ? ARCH_ARM64 : ARCH_AMD64;
	r = pclntab_load(m, &found->moduledata, &found->table.header,
			 img->arch == ARCH_ARM64 ? 4 : 1, &img->table, err);
	if (r >= 0)
		r = name_index_build(&img->table, &img->names, err);
	if (r < 0)
		return r;
	learn_ids(img);
	r = read_build(img, m, f, err);
	return r < 0 ? r : choose_again(img, m, found, err);
}

static int find(struct image *img, struct mem *m, struct finder *f, struct err *err)
{
	struct finder_found found;
	int r = finder_run(f, m, &found, err);

	return r < 0 ? r : assemble(img, m, f, &found, err);
}

int image_find(struct mem *m, struct image **ret, struct err *err)
{
	_cleanup_(finder_release) struct finder f = { .m = m };
	struct image *img = calloc(1, sizeof(*img));
	int r;

	if (!img)
		return err_set(err, -ENOMEM, "%s: no memory for its image", m->name);
	build_info_init(&img->build);
	r = find(img, m, &f, err);
	if (r < 0) {
		image_free(img);
		return r;
	}
	*ret = img;
	return 0;
}

void image_free(struct image *img)
{
	if (!img)
		return;
	if (img->map) {
		munmap(img->map, img->n_map);
	} else {
		pclntab_release(&img->table);
		name_index_release(&img->names);
	}
	build_info_release(&img->build);
	free(img);
}

void image_freep(struct image **img)
{
	image_free(*img);
}
