/* SPDX-License-Identifier: Apache-2.0 */
/* The module list of the build info: lines of words between tabs. */
#include <errno.h>

#include "image/build_info.h"

#define MODULES_MAX 65536U

/* The next tab-separated word of a line, NUL-terminated in place. */
static char *take_word(char **line)
{
	char *word = *line, *tab = strchr(word, '\t');

	if (tab)
		*tab++ = '\0';
	else
		tab = word + strlen(word);
	*line = tab;
	return word;
}

static bool take_module(struct build_info *b, const char *path, const char *version)
{
	if (b->n_modules == MODULES_MAX || !*path)
		return false;
	b->modules[b->n_modules++] = (struct build_module){ path, version, strlen(path) };
	return true;
}

/*
 * "mod\tPATH\tVERSION\tSUM" is the main module, "dep\t…" another one, and
 * "=>\tPATH\tVERSION\tSUM" says what really was built in place of the line
 * before: its packages keep the old path, but the version is the new one's.
 */
static void take_line(struct build_info *b, char *line, bool *after_module)
{
	const char *kind = take_word(&line), *path = take_word(&line), *version = take_word(&line);

	if (strcmp(kind, "=>") == 0 && *after_module && *version)
		b->modules[b->n_modules - 1].version = version;
	*after_module = (strcmp(kind, "mod") == 0 || strcmp(kind, "dep") == 0) &&
			take_module(b, path, version);
	if (*after_module && strcmp(kind, "mod") == 0)
		b->main_module = path;
}

static size_t count_lines(struct str text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

int build_info_parse(struct build_info *b, struct str text, struct err *err)
{
	size_t n = count_lines(text);
	bool after_module = false;
	char *line, *end;

	if (!text.n)
		return 0;
	b->text = malloc(text.n + 1);
	b->modules = calloc(n < MODULES_MAX ? n : MODULES_MAX, sizeof(*b->modules));
	if (!b->text || !b->modules)
		return err_set(err, -ENOMEM, "no memory for the module list");
	memcpy(b->text, text.p, text.n);
	b->text[text.n] = '\0';
	for (line = b->text; line < b->text + text.n; line = end + 1) {
		end = memchr(line, '\n', (size_t)(b->text + text.n - line));
		if (!end)
			end = b->text + text.n;
		*end = '\0';
		take_line(b, line, &after_module);
	}
	return 0;
}

const struct build_module *build_info_module(const struct build_info *b, struct str package)
{
	const struct build_module *best = NULL;

	for (size_t i = 0; i < b->n_modules; i++) {
		const struct build_module *mod = &b->modules[i];

		if (mod->n_path > package.n || memcmp(mod->path, package.p, mod->n_path) != 0 ||
		    (mod->n_path < package.n && package.p[mod->n_path] != '/'))
			continue;
		if (!best || mod->n_path > best->n_path)
			best = mod;
	}
	return best;
}
