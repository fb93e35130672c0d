/* SPDX-License-Identifier: Apache-2.0 */
#include "host/kernlog_prefix.h"

#include "host/kernlog.h"
#include "host/kernlog_take.h"

#define PEELS_MAX 12
#define FILE_NAME_MAX 256

/* Where the parse stands. @at_start: nothing but quoting was taken yet. */
struct peel {
	struct str s;
	struct logline *line;
	bool at_start, after_date;
};

static uint32_t hash(struct str s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return h ? h : 1;
}

static void set_date(struct logline *line, const struct logtime *t)
{
	line->date = *t;
	line->has_date = true;
	line->stamped = true;
	line->wall_ns = logtime_wall(t);
}

/* "> " of a mail or an issue. */
static bool peel_quote(struct peel *p)
{
	if (!p->at_start || !str_take_prefix(&p->s, STR(">")))
		return false;
	skip_if(&p->s, STR(" "));
	return true;
}

static bool peel_blanks(struct peel *p)
{
	size_t n = p->s.n;

	while (p->s.n && (p->s.p[0] == ' ' || p->s.p[0] == '\t'))
		p->s = str_skip(p->s, 1);
	return p->s.n != n;
}

/* "3,1234,5678901,-;" and with ",caller=T123" before the semicolon (Documentation/ABI dev-kmsg). */
static bool peel_kmsg(struct peel *p)
{
	struct str s = p->s, rest;
	uint64_t prio, seq, us, id;
	ptrdiff_t at;

	if (!p->at_start || !str_take_u64(&s, &prio) || !str_take_prefix(&s, STR(",")) ||
	    !str_take_u64(&s, &seq) || !str_take_prefix(&s, STR(",")) || !str_take_u64(&s, &us) ||
	    !str_take_prefix(&s, STR(",")) || us > INT64_MAX / 1000)
		return false;
	if (!str_take_until(&s, ';', &rest) || rest.n > 64)
		return false;
	at = str_find(rest, STR("caller=T"));
	if (at >= 0) {
		rest = str_skip(rest, (size_t)at + 8);
		if (str_take_u64(&rest, &id))
			p->line->caller = (uint32_t)id + 1;
	}
	/* the low three bits are the level, above them the facility: 0 is the kernel's own */
	p->line->source = prio >> 3 ? LOGSOURCE_OTHER : LOGSOURCE_KERNEL;
	p->line->uptime_ns = (int64_t)us * 1000;
	p->line->escaped = true;
	p->line->stamped = true;
	p->s = s;
	return true;
}

/* "<4>", "<30>1 " of RFC 5424. */
static bool peel_priority(struct peel *p)
{
	struct str s = p->s, app, rest;
	struct logtime t;
	uint64_t prio;

	if (!str_take_prefix(&s, STR("<")) || !str_take_u64(&s, &prio) || prio > 191 ||
	    !str_take_prefix(&s, STR(">")))
		return false;
	p->s = s;
	if (prio >> 3)
		p->line->source = LOGSOURCE_OTHER;
	if (!str_take_prefix(&s, STR("1 ")) || !logtime_take_iso(&s, &t))
		return true;
	set_date(p->line, &t);
	/* HOST APP PROCID MSGID STRUCTURED-DATA MSG */
	if (!str_take_word(&s, &rest) || !str_take_word(&s, &app))
		return true;
	p->line->host = hash(rest);
	p->line->ident = app;
	p->line->source = str_eq(app, STR("kernel")) ? LOGSOURCE_KERNEL : LOGSOURCE_OTHER;
	if (!str_take_word(&s, &rest) || !str_take_word(&s, &rest))
		return true;
	skip_if(&s, STR(" "));
	if (str_take_prefix(&s, STR("- ")) ||
	    (str_has_prefix(s, STR("[")) && str_take_until(&s, ']', &rest)))
		p->s = s;
	skip_if(&p->s, STR("\xef\xbb\xbf"));
	return true;
}

/* "[   12.345678] " and "[ T1234]" or "[C0]" behind it. */
static bool peel_printk(struct peel *p)
{
	struct str s = p->s, caller;
	uint64_t sec, frac = 0, id;
	size_t digits;

	if (!str_take_prefix(&s, STR("[")))
		return false;
	skip_blanks(&s);
	if (!str_take_u64(&s, &sec) || !str_take_prefix(&s, STR(".")))
		return false;
	digits = s.n;
	if (!str_take_u64(&s, &frac) || sec > 9000000000u)
		return false;
	digits -= s.n;
	if (digits > 9 || !str_take_prefix(&s, STR("]")))
		return false;
	for (; digits < 9; digits++)
		frac *= 10;
	p->line->uptime_ns = (int64_t)(sec * 1000000000u + frac);
	p->line->stamped = true;
	if (p->line->source == LOGSOURCE_UNSAID)
		p->line->source = LOGSOURCE_KERNEL;
	p->s = s;
	skip_if(&s, STR(" "));
	if (!str_take_prefix(&s, STR("[")))
		return true;
	skip_blanks(&s);
	caller = s;
	if ((str_take_prefix(&s, STR("T")) || str_take_prefix(&s, STR("C"))) &&
	    str_take_u64(&s, &id) && str_take_prefix(&s, STR("]"))) {
		p->line->caller = ((uint32_t)id + 1) | (caller.p[0] == 'C' ? 1u << 31 : 0);
		p->s = s;
	}
	return true;
}

/* dmesg -H: "[Mar19 10:02]", "[  +0.000003]". Neither tells the year or the uptime. */
static bool human(struct str in)
{
	struct str s = str_trim(in);
	struct logtime t;
	char room[16];

	if (str_take_prefix(&s, STR("+")))
		return s.n && s.p[0] >= '0' && s.p[0] <= '9';
	if (s.n != 11 || s.p[5] != ' ')
		return false;
	/* made into what a syslog date looks like */
	__builtin_memcpy(room, s.p, 3);
	room[3] = ' ';
	__builtin_memcpy(room + 4, s.p + 3, 8);
	__builtin_memcpy(room + 12, ":00", 3);
	s = (struct str){ room, 15 };
	return logtime_take_syslog(&s, &t);
}

/* dmesg -T and -H, Talos' "[2026-01-12T20:27:31.913975631Z]: ". */
static bool peel_brackets(struct peel *p)
{
	struct str s = p->s, in;
	struct logtime t;

	if (!str_take_prefix(&s, STR("[")) || !str_take_until(&s, ']', &in) || in.n > 64)
		return false;
	if (logtime_ctime(in, &t) || (logtime_take_iso(&in, &t) && in.n == 0))
		set_date(p->line, &t);
	else if (!human(in))
		return false;
	p->line->stamped = true;
	if (p->line->source == LOGSOURCE_UNSAID)
		p->line->source = LOGSOURCE_KERNEL;
	skip_if(&s, STR(":"));
	p->s = s;
	return true;
}

/* dmesg -x: "kern  :err   : "; Talos: "user: warning: ". */
static bool peel_level(struct peel *p)
{
	static const struct str facilities[] = {
		STR_INIT("kern"),   STR_INIT("user"), STR_INIT("daemon"),
		STR_INIT("syslog"), STR_INIT("auth"), STR_INIT("local0"),
	};
	static const struct str levels[] = {
		STR_INIT("emerg"), STR_INIT("alert"),  STR_INIT("crit"), STR_INIT("err"),
		STR_INIT("warn"),  STR_INIT("notice"), STR_INIT("info"), STR_INIT("debug"),
	};
	struct str s = p->s, facility, level;
	bool known = false, kern;

	if (s.n > 40)
		s.n = 40;
	if (!str_take_until(&s, ':', &facility) || !str_take_until(&s, ':', &level))
		return false;
	facility = str_trim(facility);
	level = str_trim(level);
	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++)
		known |= str_eq(facility, facilities[i]);
	if (!known)
		return false;
	known = false;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		known |= str_has_prefix(level, levels[i]) && level.n <= levels[i].n + 3;
	if (!known)
		return false;
	kern = str_eq(facility, STR("kern"));
	p->line->source = kern ? LOGSOURCE_KERNEL : LOGSOURCE_OTHER;
	p->s = str_skip(p->s, (size_t)(s.p - p->s.p));
	return true;
}

static bool weekday(struct str *s)
{
	static const char names[] = "MonTueWedThuFriSatSun";

	if (s->n < 4 || s->p[3] != ' ')
		return false;
	for (const char *w = names; *w; w += 3) {
		if (__builtin_memcmp(s->p, w, 3) == 0) {
			*s = str_skip(*s, 4);
			return true;
		}
	}
	return false;
}

/* Full or syslog date at the head of a line; a container runtime's "stdout F " behind it. */
static bool peel_date(struct peel *p)
{
	struct str s = p->s;
	struct logtime t;
	bool named = weekday(&s);
	int64_t wall;

	if (p->line->has_date)
		return false;
	if (logtime_take_iso(&s, &t)) {
		set_date(p->line, &t);
		/* journalctl -o short-full with a zone's name, which says nothing certain */
		if (named && !t.zone_known)
			skip_word(&s);
	} else if (!named && logtime_take_syslog(&s, &t)) {
		set_date(p->line, &t);
	} else if (p->at_start && logtime_take_unix(&s, &wall)) {
		p->line->wall_ns = wall;
		p->line->date = (struct logtime){ .zone_known = true };
		p->line->stamped = true;
	} else {
		return false;
	}
	if (s.n && s.p[0] != ' ' && s.p[0] != ':' && s.p[0] != '\t')
		return false;
	skip_if(&s, STR(":"));
	skip_blanks(&s);
	if (str_take_prefix(&s, STR("stdout ")) || str_take_prefix(&s, STR("stderr "))) {
		skip_if(&s, STR("F "));
		skip_if(&s, STR("P "));
		p->line->source = LOGSOURCE_OTHER;
	}
	p->s = s;
	p->after_date = true;
	return true;
}

/* "name[123]:", "name:", "kernel:": the name; false if @w is no such thing. */
static bool ident_of(struct str w, struct str *ret_name, bool *ret_pid)
{
	struct str name = w, pid;

	if (!str_has_suffix(w, STR(":")) || w.n < 2)
		return false;
	name.n--;
	*ret_pid = false;
	if (str_has_suffix(name, STR("]"))) {
		struct str s = { name.p, name.n - 1 };

		if (str_take_until(&s, '[', &pid) && pid.n) {
			name = pid;
			*ret_pid = true;
		}
	}
	*ret_name = name;
	return name.n > 0;
}

/*
 * "HOST IDENT[PID]: ". Without a date before it only where IDENT can be nothing
 * else (journalctl -o short-monotonic), for "Call Trace:" has the same shape.
 */
static bool peel_host(struct peel *p)
{
	struct str s = p->s, host, w, name;
	bool pid, kernel;

	if (!p->line->stamped || !str_take_word(&s, &host))
		return false;
	if (str_eq(host, STR("kernel:"))) {
		p->line->source = LOGSOURCE_KERNEL;
		p->s = s;
		return true;
	}
	if (!str_take_word(&s, &w))
		return false;
	/* busybox: "host kern.err kernel: " */
	if (str_has_prefix(w, STR("kern.")) || str_has_prefix(w, STR("user.")) ||
	    str_has_prefix(w, STR("daemon."))) {
		if (!str_take_word(&s, &w))
			return false;
	}
	if (!ident_of(w, &name, &pid))
		return false;
	kernel = str_eq(name, STR("kernel"));
	if (!kernel && !pid && !p->after_date)
		return false;
	p->line->host = hash(host);
	p->line->ident = name;
	p->line->source = kernel ? LOGSOURCE_KERNEL : LOGSOURCE_OTHER;
	p->after_date = false;
	p->s = s;
	return true;
}

static bool peel_kernel(struct peel *p)
{
	if (!p->at_start || !str_take_prefix(&p->s, STR("kernel: ")))
		return false;
	p->line->source = LOGSOURCE_KERNEL;
	return true;
}

static bool is_stamp(struct str s)
{
	struct logline line = { .uptime_ns = KERNLOG_NO_TIME };
	struct peel p = { .s = s, .line = &line, .at_start = true };

	return peel_kmsg(&p) || peel_printk(&p) || peel_brackets(&p) || peel_date(&p);
}

/* "kern.log:", "kern.log-" (context lines), "kern.log:123:", "123:" before a known stamp. */
static bool peel_file(struct peel *p)
{
	if (!p->at_start)
		return false;
	for (size_t i = 0; i < p->s.n && i < FILE_NAME_MAX; i++) {
		char c = p->s.p[i];

		if (c == ' ' || c == '\t')
			return false;
		if (i && (c == ':' || c == '-') && is_stamp(str_skip(p->s, i + 1))) {
			p->s = str_skip(p->s, i + 1);
			return true;
		}
	}
	return false;
}

void logline_parse(struct str text, struct logline *ret)
{
	static const struct {
		bool (*take)(struct peel *);
		bool quoting; /* what follows may still be the log's own first thing */
	} peelers[] = {
		{ peel_quote, true },	{ peel_kmsg, false },	  { peel_priority, false },
		{ peel_printk, false }, { peel_brackets, false }, { peel_date, false },
		{ peel_host, false },	{ peel_level, false },	  { peel_kernel, false },
		{ peel_file, true },	{ peel_blanks, true },
	};
	struct peel p = { .s = text, .line = ret, .at_start = true };
	bool more = true;

	*ret = (struct logline){
		.text = text,
		.wall_ns = KERNLOG_NO_TIME,
		.uptime_ns = KERNLOG_NO_TIME,
	};
	for (unsigned n = 0; more && p.s.n && n < PEELS_MAX; n++) {
		more = false;
		for (size_t i = 0; i < sizeof(peelers) / sizeof(peelers[0]) && !more; i++) {
			more = peelers[i].take(&p);
			if (more)
				p.at_start &= peelers[i].quoting;
		}
	}
	ret->msg = str_trim(p.s);
}
