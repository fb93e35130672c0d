/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kernlog_unwrap.h"

#include <jansson.h>
#include <string.h>

#include "host/kernlog.h"

#define MESSAGE_MAX ((size_t)256 << 10)

void unwrap_init(struct unwrap *u)
{
	*u = (struct unwrap){ .dmesg_time = KERNLOG_NO_TIME };
	buf_init(&u->text, MESSAGE_MAX);
	buf_init(&u->plain, MESSAGE_MAX);
}

void unwrap_release(struct unwrap *u)
{
	buf_release(&u->text);
	buf_release(&u->plain);
}

static void drop_json(json_t **j)
{
	json_decref(*j);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* "\x0a" (kernel/printk/printk.c: msg_add_ext_text) or "#012" at the front of @s. */
static bool escape(struct str s, bool kmsg, char *ret)
{
	if (s.n < 4)
		return false;
	if (kmsg && s.p[0] == '\\' && s.p[1] == 'x' && hex_digit(s.p[2]) >= 0 &&
	    hex_digit(s.p[3]) >= 0) {
		*ret = (char)(hex_digit(s.p[2]) << 4 | hex_digit(s.p[3]));
		return true;
	}
	if (s.p[0] == '#' && s.p[1] == '0' && s.p[2] >= '0' && s.p[2] <= '3' && s.p[3] >= '0' &&
	    s.p[3] <= '7') {
		*ret = (char)((s.p[2] - '0') << 3 | (s.p[3] - '0'));
		return true;
	}
	return false;
}

static void unescape(struct unwrap *u, struct logline *line)
{
	struct str s = line->msg;

	if (!s.n ||
	    (str_find(s, STR("#0")) < 0 && !(line->escaped && str_find(s, STR("\\x")) >= 0)))
		return;
	buf_clear(&u->text);
	while (s.n) {
		char c;

		if (escape(s, line->escaped, &c)) {
			buf_char(&u->text, c);
			s = str_skip(s, 4);
		} else {
			buf_char(&u->text, s.p[0]);
			s = str_skip(s, 1);
		}
	}
	if (!u->text.failed)
		line->msg = str_trim(buf_view(&u->text));
}

/* A string, or an array of bytes as journald writes what is not UTF-8. */
static bool message_of(struct unwrap *u, const json_t *j)
{
	buf_clear(&u->text);
	if (json_is_string(j)) {
		buf_add(&u->text, json_string_value(j), json_string_length(j));
	} else if (json_is_array(j)) {
		size_t n = json_array_size(j);

		for (size_t i = 0; i < n; i++)
			buf_char(&u->text, (char)json_integer_value(json_array_get(j, i)));
	} else {
		return false;
	}
	return u->text.n > 0 && !u->text.failed;
}

static bool microseconds(const json_t *o, const char *key, int64_t *ret)
{
	const json_t *j = json_object_get(o, key);
	struct str s;
	uint64_t us;

	if (!json_is_string(j))
		return false;
	s = (struct str){ json_string_value(j), json_string_length(j) };
	if (!str_take_u64(&s, &us) || s.n || us > INT64_MAX / 1000)
		return false;
	*ret = (int64_t)us * 1000;
	return true;
}

/* What journald and docker say beside the message; the message's own stamps come first. */
static void fields_of(const json_t *o, struct logline *line)
{
	const json_t *ident = json_object_get(o, "SYSLOG_IDENTIFIER");
	const json_t *transport = json_object_get(o, "_TRANSPORT");
	const json_t *time = json_object_get(o, "time");
	const json_t *host = json_object_get(o, "_HOSTNAME");
	struct str s;

	if (line->wall_ns == KERNLOG_NO_TIME &&
	    (microseconds(o, "_SOURCE_REALTIME_TIMESTAMP", &line->wall_ns) ||
	     microseconds(o, "__REALTIME_TIMESTAMP", &line->wall_ns)))
		line->date.zone_known = true;
	if (line->uptime_ns == KERNLOG_NO_TIME &&
	    !microseconds(o, "_SOURCE_MONOTONIC_TIMESTAMP", &line->uptime_ns))
		(void)microseconds(o, "__MONOTONIC_TIMESTAMP", &line->uptime_ns);
	if (line->wall_ns == KERNLOG_NO_TIME && json_is_string(time)) {
		s = (struct str){ json_string_value(time), json_string_length(time) };
		if (logtime_take_iso(&s, &line->date)) {
			line->has_date = true;
			line->wall_ns = logtime_wall(&line->date);
		}
	}
	if (json_is_string(host)) {
		line->host = 2166136261u;
		for (const char *p = json_string_value(host); *p; p++)
			line->host = (line->host ^ (unsigned char)*p) * 16777619u;
	}
	if (json_is_string(transport) && strcmp(json_string_value(transport), "kernel") == 0)
		line->source = LOGSOURCE_KERNEL;
	else if (json_is_string(ident) || json_is_string(transport))
		line->source =
			json_is_string(ident) && strcmp(json_string_value(ident), "kernel") == 0
				? LOGSOURCE_KERNEL
				: LOGSOURCE_OTHER;
}

static const char *const message_keys[] = { "MESSAGE", "msg", "message", "log" };

/* One JSON object a line. */
static bool object_line(struct unwrap *u, struct str raw, struct logline *ret)
{
	_cleanup_(drop_json) json_t *o = NULL;
	const json_t *j = NULL, *ident;

	o = json_loadb(raw.p, raw.n, JSON_DISABLE_EOF_CHECK, NULL);
	if (!json_is_object(o))
		return false;
	for (size_t i = 0; !j && i < sizeof(message_keys) / sizeof(message_keys[0]); i++)
		j = json_object_get(o, message_keys[i]);
	if (!message_of(u, j))
		return false;
	logline_parse(str_trim(buf_view(&u->text)), ret);
	fields_of(o, ret);
	ident = json_object_get(o, "SYSLOG_IDENTIFIER");
	if (json_is_string(ident)) {
		/* behind the message, so that the view lives as long */
		size_t at = u->text.n, msg_at = (size_t)(ret->msg.p - u->text.p),
		       text_at = (size_t)(ret->text.p - u->text.p);

		buf_add(&u->text, json_string_value(ident), json_string_length(ident));
		ret->msg.p = u->text.p + msg_at;
		ret->text.p = u->text.p + text_at;
		if (!u->text.failed)
			ret->ident = (struct str){ u->text.p + at, u->text.n - at };
	}
	return true;
}

/* "12.345678" */
static int64_t seconds(struct str s)
{
	uint64_t sec, frac = 0;
	size_t n;

	if (!str_take_u64(&s, &sec) || sec > 9000000000u)
		return KERNLOG_NO_TIME;
	if (!str_take_prefix(&s, STR(".")))
		return (int64_t)sec * 1000000000;
	n = s.n;
	if (!str_take_u64(&s, &frac) || n - s.n > 9)
		return KERNLOG_NO_TIME;
	for (n -= s.n; n < 9; n++)
		frac *= 10;
	return (int64_t)(sec * 1000000000u + frac);
}

/* A field of dmesg --json: only the message gives a line. */
static bool dmesg_field(struct unwrap *u, struct str s, struct logline *ret)
{
	_cleanup_(drop_json) json_t *j = NULL;
	uint64_t pri;

	if (str_has_prefix(s, STR("]"))) {
		u->dmesg_json = false;
	} else if (str_has_prefix(s, STR("{")) || str_has_prefix(s, STR("}"))) {
		u->dmesg_time = KERNLOG_NO_TIME;
		u->dmesg_user = false;
	} else if (str_take_prefix(&s, STR("\"time\":"))) {
		u->dmesg_time = seconds(str_trim(s));
	} else if (str_take_prefix(&s, STR("\"pri\":"))) {
		s = str_trim(s);
		u->dmesg_user = str_take_u64(&s, &pri) && pri >> 3;
	} else if (str_take_prefix(&s, STR("\"fac\":"))) {
		u->dmesg_user = str_find(s, STR("\"kern\"")) < 0;
	} else if (str_take_prefix(&s, STR("\"msg\":"))) {
		j = json_loadb(s.p, s.n, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, NULL);
		if (!message_of(u, j))
			return false;
		logline_parse(str_trim(buf_view(&u->text)), ret);
		if (ret->uptime_ns == KERNLOG_NO_TIME)
			ret->uptime_ns = u->dmesg_time;
		ret->source = u->dmesg_user ? LOGSOURCE_OTHER : LOGSOURCE_KERNEL;
		return true;
	}
	return false;
}

/* dmesg --color: "\x1b[32m[    1.5] \x1b[0m…" (ECMA-48 CSI: parameters, then a letter). */
static struct str without_colours(struct unwrap *u, struct str s)
{
	buf_clear(&u->plain);
	while (s.n) {
		size_t n = 2;

		if (str_has_prefix(s, STR("\x1b["))) {
			while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x40)
				n++;
			s = str_skip(s, n + 1);
			continue;
		}
		buf_char(&u->plain, s.p[0]);
		s = str_skip(s, 1);
	}
	return buf_view(&u->plain);
}

bool unwrap_line(struct unwrap *u, struct str raw, struct logline *ret)
{
	struct str s;

	if (raw.n && memchr(raw.p, '\x1b', raw.n))
		raw = without_colours(u, raw);
	if (str_has_suffix(raw, STR("\r")))
		raw.n--;
	s = str_trim(raw);

	if (u->dmesg_json)
		return dmesg_field(u, s, ret);
	if (str_has_prefix(s, STR("\"dmesg\":"))) {
		u->dmesg_json = true;
		return false;
	}
	if (s.n > 2 && s.p[0] == '{' && object_line(u, s, ret))
		return true;
	logline_parse(raw, ret);
	unescape(u, ret);
	return ret->msg.n > 0;
}
