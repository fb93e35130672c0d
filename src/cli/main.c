/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <locale.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/cmd.h"
#include "cli/quantity.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ON(verb) (1u << (verb))

enum verb_id {
	PS,
	RUN,
	DIAGNOSE,
	STATS,
	HEAP,
	ALLOCS,
	GOROUTINES,
	SPANS,
	OBJECTS,
	KERNLOG,
	CAUSES,
	DOCTOR
};

/* clang-format off */
static const struct verb verbs[] = {
	[PS]         = { "ps",         "",                "list the Go processes of this host with their memory",      verb_ps },
	[RUN]        = { "run",        "[--] CMD [ARG…]", "run CMD under the recorder; say why if it is killed",       verb_run },
	[DIAGNOSE]   = { "diagnose",   "[PID | FILE…]",   "judge a live process, a core or case file, a kernel log",   verb_diagnose },
	[STATS]      = { "stats",      "PID | CORE",      "the runtime's memory statistics (runtime.MemStats)",        verb_stats },
	[HEAP]       = { "heap",       "PID | CORE",      "the heap profile by allocation site, live bytes",           verb_heap },
	[ALLOCS]     = { "allocs",     "PID | CORE",      "the heap profile by allocation site, all bytes ever",       verb_allocs },
	[GOROUTINES] = { "goroutines", "PID | CORE",      "goroutines grouped by stack, with states and ages",         verb_goroutines },
	[SPANS]      = { "spans",      "PID | CORE",      "how full the heap's spans are, and its large objects",      verb_spans },
	[OBJECTS]    = { "objects",    "PID | CORE",      "who holds the heap: retained bytes by variable and goroutine", verb_objects },
	[KERNLOG]    = { "kernlog",    "[=FILE]",          "the kills in a kernel log (default: this kernel's own)",    verb_kernlog },
	[CAUSES]     = { "causes",     "[ID]",            "the causes whyoom knows, or one of them in full",           verb_causes },
	[DOCTOR]     = { "doctor",     "",                "what this host permits, and what is lost where it does not", verb_doctor },
};

#define SNAPSHOT_VERBS (ON(STATS) | ON(HEAP) | ON(ALLOCS) | ON(GOROUTINES) | ON(SPANS) | ON(OBJECTS))
#define ALL UINT32_MAX

enum option_id {
	OPT_JSON = 256, OPT_LANG, OPT_MEMORY, OPT_CPU, OPT_NOFILE, OPT_CASE, OPT_FOR, OPT_PID, OPT_TIME,
	OPT_LATEST, OPT_EXE, OPT_STOP, OPT_NO_CACHE, OPT_CAPTURE
};

static const struct opt {
	int id; /* the letter, where it has one */
	const char *name, *arg; /* arg in brackets: optional, as --name=ARG only */
	uint32_t verbs;
	const char *help;
} options[] = {
	{ OPT_JSON,   "json",       "[=FILE]",   ALL & ~ON(RUN),      "print JSON, or write it to FILE besides the text" },
	{ OPT_JSON,   "json",       "[=FILE]",   ON(RUN),             "write the verdict as JSON to FILE (--json=FILE)" },
	{ 'o',        "output",     "FILE",     SNAPSHOT_VERBS,      "write to FILE; x.pb.gz: pprof, where there is one" },
	{ OPT_LATEST, "latest",     NULL,       ON(HEAP) | ON(ALLOCS), "with what was allocated since the last GC cycle" },
	{ OPT_STOP,   "stop",       NULL,       ON(OBJECTS),         "stop the process while its heap is copied: exact" },
	{ OPT_EXE,    "exe",        "FILE",     SNAPSHOT_VERBS | ON(DIAGNOSE), "the binary, where the target names another" },
	{ OPT_NO_CACHE, "no-cache",  NULL,       SNAPSHOT_VERBS | ON(PS), "neither use nor keep what was found out of the binary" },
	{ OPT_MEMORY, "memory-max", "SIZE",     ON(RUN),             "memory limit of CMD, swap too: 256M, 1.5G" },
	{ OPT_CAPTURE, "capture-max", "SIZE",   ON(RUN) | ON(DIAGNOSE), "memory for copies of a heap (1G); 0: no object graphs" },
	{ OPT_CPU,    "cpu-max",    "CORES",    ON(RUN),             "CPU limit of CMD: 0.5, 2" },
	{ OPT_NOFILE, "nofile",     "N",        ON(RUN),             "limit of open files of CMD" },
	{ OPT_CASE,   "case",       "FILE",     ON(RUN) | ON(DIAGNOSE), "keep the evidence in FILE (*.whyoom)" },
	{ OPT_FOR,    "for",        "DURATION", ON(DIAGNOSE),        "watch a live process that long (30s)" },
	{ OPT_PID,    "pid",        "N",        ON(DIAGNOSE),        "of several kills judge the one of PID N" },
	{ OPT_TIME,   "time",       "T",        ON(DIAGNOSE),        "of several kills the one nearest to T (RFC 3339)" },
	{ OPT_LANG,   "lang",       "en",       ALL,                 "language of the report" },
	{ 'h',        "help",       NULL,       ALL,                 "show this help" },
};
/* clang-format on */

static void help_options(FILE *out, uint32_t mask)
{
	for (size_t i = 0; i < COUNT(options); i++) {
		const struct opt *o = &options[i];
		char left[40], letter[8] = "    ";

		if (!(o->verbs & mask))
			continue;
		if (o->id < 256)
			snprintf(letter, sizeof(letter), "-%c, ", o->id);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name,
			 !o->arg || o->arg[0] == '[' ? "" : "=", o->arg ? o->arg : "");
		fprintf(out, "  %-24s %s\n", left, o->help);
	}
}

static int help(FILE *out, const struct verb *v)
{
	if (v) {
		fprintf(out, "usage: whyoom %s [OPTION…] %s\n%s.\n\n", v->name, v->args, v->help);
		help_options(out, ON((unsigned)(v - verbs)));
	} else {
		fprintf(out, "usage: whyoom VERB [OPTION…] [ARG…]\n"
			     "Says why a Go server was killed for memory.\n\n");
		for (size_t i = 0; i < COUNT(verbs); i++)
			fprintf(out, "  %-11s %s\n", verbs[i].name, verbs[i].help);
		fprintf(out,
			"\n`whyoom VERB --help' shows a verb's options; without a verb: ps.\n");
	}
	return out == stdout ? EXIT_OK : EXIT_USAGE;
}

static bool take_pid(const char *text, pid_t *ret)
{
	struct str s = str_from(text);
	uint64_t n;

	if (!str_take_u64(&s, &n) || s.n || n == 0 || n > INT32_MAX)
		return false;
	*ret = (pid_t)n;
	return true;
}

static bool take_count(const char *text, uint64_t *ret)
{
	struct str s = str_from(text);

	return str_take_u64(&s, ret) && s.n == 0 && *ret > 0;
}

static bool set_option(struct cli *cli, int id, const char *arg)
{
	switch (id) {
	case OPT_JSON:
		cli->json = true;
		cli->json_file = arg;
		return true;
	case 'o':
		cli->output = arg;
		return true;
	case OPT_STOP:
		cli->stop = true;
		return true;
	case OPT_LATEST:
		cli->latest = true;
		return true;
	case OPT_NO_CACHE:
		cli->no_cache = true;
		return true;
	case OPT_EXE:
		cli->exe = arg;
		return true;
	case OPT_CAPTURE:
		cli->have_capture = true;
		return str_eq(str_from(arg), STR("0")) ||
		       quantity_size(str_from(arg), &cli->capture_max);
	case OPT_MEMORY:
		return quantity_size(str_from(arg), &cli->memory_max);
	case OPT_CPU:
		return quantity_number(str_from(arg), &cli->cpu_max);
	case OPT_NOFILE:
		return take_count(arg, &cli->nofile);
	case OPT_CASE:
		cli->case_file = arg;
		return true;
	case OPT_FOR:
		return quantity_duration(str_from(arg), &cli->for_ns);
	case OPT_PID:
		return take_pid(arg, &cli->pid);
	case OPT_TIME:
		cli->time = arg;
		return true;
	case OPT_LANG:
		cli->lang = LANG_EN;
		return strcmp(arg, "en") == 0;
	default:
		return false;
	}
}

static int argument_kind(const struct opt *o)
{
	if (!o->arg)
		return no_argument;
	return o->arg[0] == '[' ? optional_argument : required_argument;
}

static const char *option_name(int id)
{
	for (size_t i = 0; i < COUNT(options); i++) {
		if (options[i].id == id)
			return options[i].name;
	}
	return "?";
}

/* Parses argv for one verb; -1 to go on, else the exit status. */
static int parse(struct cli *cli, const struct verb *v, int argc, char **argv)
{
	struct option longs[COUNT(options) + 1] = { 0 };
	char shorts[2 * COUNT(options) + 2] =
		"+"; /* options end at the first argument: CMD has its own */
	size_t nl = 0, ns = v == &verbs[RUN] ? 1 : 0;
	int c;

	for (size_t i = 0; i < COUNT(options); i++) {
		const struct opt *o = &options[i];

		if (!(o->verbs & ON((unsigned)(v - verbs))))
			continue;
		longs[nl++] = (struct option){ o->name, argument_kind(o), NULL, o->id };
		if (o->id >= 256)
			continue;
		shorts[ns++] = (char)o->id;
		if (o->arg)
			shorts[ns++] = ':';
	}
	shorts[ns] = '\0';
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (c == 'h')
			return help(stdout, v);
		if (c == '?')
			return EXIT_USAGE;
		if (!set_option(cli, c, optarg)) {
			log_warn("--%s: '%s' is not what it takes", option_name(c),
				 optarg ? optarg : "");
			return EXIT_USAGE;
		}
	}
	cli->argc = argc - optind;
	cli->argv = argv + optind;
	return -1;
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (strcmp(name, verbs[i].name) == 0)
			return &verbs[i];
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct cli cli = { .for_ns = 30 * NS_PER_S };
	const struct verb *v = &verbs[PS];
	int r;

	setlocale(LC_CTYPE, "");
	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return help(stdout, NULL);
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("whyoom %s\n", WHYOOM_VERSION);
		return EXIT_OK;
	}
	if (argc > 1 && argv[1][0] != '-') {
		v = find_verb(argv[1]);
		if (!v) {
			log_warn("no verb '%s'; `whyoom --help' lists them", argv[1]);
			return EXIT_USAGE;
		}
		argc--;
		argv++;
	}
	r = parse(&cli, v, argc, argv);
	if (r == EXIT_USAGE && v == &verbs[RUN]) /* 2 could be CMD's own */
		r = EXIT_RUN_FAILED;
	return r >= 0 ? r : v->run(&cli);
}
