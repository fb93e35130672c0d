/* SPDX-License-Identifier: Apache-2.0 */
/* To which module a function belongs, from its name and the build info. */
#include "image/image_struct.h"

#define PACKAGE_MAX 512U

/* First elements of the standard library's paths, Go 1.18 to 1.27, for when no list is there. */
static const char *const std_roots[] = {
	"archive", "arena",   "bufio",	  "builtin", "bytes",	"cmp",	    "compress", "container",
	"context", "crypto",  "database", "debug",   "embed",	"encoding", "errors",	"expvar",
	"flag",	   "fmt",     "go",	  "hash",    "html",	"image",    "index",	"internal",
	"io",	   "iter",    "log",	  "maps",    "math",	"mime",	    "net",	"os",
	"path",	   "plugin",  "reflect",  "regexp",  "runtime", "simd",	    "slices",	"sort",
	"strconv", "strings", "structs",  "sync",    "syscall", "testing",  "text",	"time",
	"unicode", "unique",  "unsafe",	  "uuid",    "vendor",	"weak",
};

/* Made by the compiler for a type: "type:.eq.net/http.conn", "type:.eq.[...]net/http.conn". */
static struct str without_prefix(struct str name)
{
	static const struct str prefixes[] = { STR_INIT("type:.eq."), STR_INIT("type:.hash."),
					       STR_INIT("type..eq."), STR_INIT("type..hash.") };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (str_take_prefix(&name, prefixes[i]) && str_take_prefix(&name, STR("[...]")))
			break;
	return name;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* objabi.PathToPrefix undone: the linker writes some bytes of paths as %2e. */
static size_t unescape(struct str s, char *dst, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && n < size; i++) {
		int hi = s.p[i] == '%' && i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
		int lo = hi >= 0 ? hex_digit(s.p[i + 2]) : -1;

		dst[n++] = lo >= 0 ? (char)(hi * 16 + lo) : s.p[i];
		i += lo >= 0 ? 2 : 0;
	}
	return n;
}

/* "example.org/api/store%2ev2.(*T[go.shape.int]).get" without what follows the package's path. */
static struct str package_part(struct str name)
{
	size_t slash = 0, i;

	for (i = 0; i < name.n && name.p[i] != '['; i++)
		if (name.p[i] == '/')
			slash = i;
	for (i = slash; i < name.n && name.p[i] != '.' && name.p[i] != '['; i++)
		;
	return (struct str){ name.p, i < name.n ? i : 0 };
}

static struct str first_element(struct str package)
{
	struct str first = package;

	if (str_take_until(&package, '/', &first))
		return first;
	return first;
}

static bool has_dot(struct str s)
{
	return s.n && memchr(s.p, '.', s.n);
}

static bool is_std(const struct image *img, struct str package)
{
	struct str first = first_element(package);

	for (size_t i = 0; i < sizeof(std_roots) / sizeof(std_roots[0]); i++)
		if (str_eq(first, str_from(std_roots[i])))
			return true;
	/* Where every module is listed, what is in none of them came with the toolchain. */
	return img->build.n_modules && first.n && !has_dot(first);
}

const char *image_module_of(const struct image *img, const char *function)
{
	struct str package = package_part(without_prefix(str_from(function)));
	const struct build_module *mod;
	char path[PACKAGE_MAX];

	package = (struct str){ path, unescape(package, path, sizeof(path)) };
	if (str_eq(package, STR("main")))
		return img->build.main_module;
	mod = build_info_module(&img->build, package);
	if (mod)
		return mod->path;
	return is_std(img, package) ? "std" : "";
}

const char *image_module_version(const struct image *img, const char *module)
{
	const struct build_module *mod = build_info_module(&img->build, str_from(module));

	return mod && strcmp(mod->path, module) == 0 ? mod->version : "";
}

const char *image_main_module(const struct image *img)
{
	return img->build.main_module;
}

const char *image_go_version(const struct image *img)
{
	return img->build.version;
}

int image_go_minor(const struct image *img)
{
	return img->build.minor;
}

int image_go_patch(const struct image *img)
{
	return img->build.patch;
}

const char *image_build_id(const struct image *img)
{
	return img->build_id;
}
