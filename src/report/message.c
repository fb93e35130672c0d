/* SPDX-License-Identifier: Apache-2.0 */
#include "report/message.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct message {
	const char *key;
	const char *words[LANG_COUNT];
};

static const struct message messages[] = {
#define MSG(key, en) { key, { [LANG_EN] = en } },
#include "report/messages.def"
#undef MSG
};

#define N_MESSAGES (sizeof(messages) / sizeof(messages[0]))

const char *message_find(const char *key, enum lang lang)
{
	for (size_t i = 0; i < N_MESSAGES; i++) {
		if (strcmp(messages[i].key, key) == 0)
			return messages[i].words[lang];
	}
	return NULL;
}

void message_plain(const char *key, enum lang lang, struct buf *out)
{
	const char *words = message_find(key, lang);

	buf_cstr(out, words ? words : key);
}

void show_count(struct buf *out, int64_t v)
{
	uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	unsigned groups[8], n = 0;

	for (; left >= 1000; left /= 1000)
		groups[n++] = (unsigned)(left % 1000);
	buf_printf(out, "%s%" PRIu64, v < 0 ? "-" : "", left);
	while (n > 0)
		buf_printf(out, ",%03u", groups[--n]);
}

void show_bytes(struct buf *out, int64_t v)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double d = (double)v;
	size_t u = 0;

	/* 1023.95 would be shown as 1024.0 of the unit below. */
	while (fabs(d) >= (u ? 1023.95 : 1024) && u + 1 < sizeof(units) / sizeof(units[0])) {
		d /= 1024;
		u++;
	}
	buf_printf(out, u ? "%.1f %s" : "%.0f %s", d, units[u]);
}

void show_percent(struct buf *out, double v)
{
	double p = v * 100;

	if (!isfinite(p))
		buf_cstr(out, "?");
	else if (fabs(p) < 0.05)
		buf_cstr(out, "0 %");
	else if (fabs(p) < 0.95)
		buf_printf(out, "%.1f %%", p);
	else
		buf_printf(out, "%.0f %%", p);
}

void show_seconds(struct buf *out, double v)
{
	if (!isfinite(v))
		buf_cstr(out, "?");
	else if (fabs(v) < 0.9995)
		buf_printf(out, "%.0f ms", v * 1000);
	else if (fabs(v) < 9.95)
		buf_printf(out, "%.1f s", v);
	else if (fabs(v) < 120)
		buf_printf(out, "%.0f s", v);
	else if (fabs(v) < 7200)
		buf_printf(out, "%.0f min", v / 60);
	else if (fabs(v) < 172800)
		buf_printf(out, "%.0f h", v / 3600);
	else
		buf_printf(out, "%.0f days", v / 86400);
}

void show_foreign(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		/* U+0080 to U+009F are control characters too: C2 80 to C2 9F in UTF-8. */
		if (c == 0xc2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xa0) {
			buf_char(out, '?');
			i++;
		} else {
			buf_char(out, c < 0x20 || c == 0x7f ? '?' : s.p[i]);
		}
	}
}

static void show(struct buf *out, const struct arg *a)
{
	switch (a->kind) {
	case ARG_KIND_STR:
		show_foreign(out, str_from(a->str));
		break;
	case ARG_KIND_COUNT:
		show_count(out, a->i);
		break;
	case ARG_KIND_BYTES:
		show_bytes(out, a->i);
		break;
	case ARG_KIND_PERCENT:
		show_percent(out, a->d);
		break;
	case ARG_KIND_SECONDS:
		show_seconds(out, a->d);
		break;
	case ARG_KIND_RATE:
		show_bytes(out, (int64_t)llround(fmin(fmax(a->d, -9e18), 9e18)));
		buf_cstr(out, "/s");
		break;
	case ARG_KIND_INT:
		buf_printf(out, "%" PRId64, a->i);
		break;
	case ARG_KIND_END:
		break;
	}
}

static const struct arg *arg_named(struct text t, struct str name)
{
	for (const struct arg *a = t.args; a && a->kind != ARG_KIND_END; a++) {
		if (str_eq(name, str_from(a->name)))
			return a;
	}
	return NULL;
}

static void placeholder(struct text t, struct str name, enum lang lang, struct buf *out)
{
	bool key = str_take_prefix(&name, STR("@"));
	const struct arg *a = arg_named(t, name);

	if (!a)
		buf_printf(out, "{" STR_FMT "}", STR_ARG(name));
	else if (key && a->kind == ARG_KIND_STR && message_find(a->str, lang))
		message_plain(a->str, lang, out);
	else
		show(out, a);
}

void message_render(struct text t, enum lang lang, struct buf *out)
{
	const char *words = t.key ? message_find(t.key, lang) : "";
	struct str left = str_from(words ? words : t.key), before, name;

	while (str_take_until(&left, '{', &before)) {
		buf_str(out, before);
		if (str_take_until(&left, '}', &name))
			placeholder(t, name, lang, out);
	}
	buf_str(out, left);
}
