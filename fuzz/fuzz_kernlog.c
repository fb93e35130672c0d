/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a kernel log: no more kills than "Killed process" stands there,
 * line numbers inside the log, the same whether fed whole or in pieces, and
 * JSON that a JSON parser accepts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "host/kernlog.h"

/* Of jansson, whose header cannot stand beside base/json.h: both have a json_none(). */
struct json_t;
struct json_t *json_loadb(const char *buffer, size_t buflen, size_t flags, void *error);
void json_delete(struct json_t *json);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t occurrences(const uint8_t *data, size_t size, const char *what)
{
	size_t n = 0, left = size;

	for (const uint8_t *p = data; (p = memmem(p, left, what, strlen(what)));) {
		n++;
		p++;
		left = size - (size_t)(p - data);
	}
	return n;
}

/* Of JSON, kmsg, rsyslog and terminals: the words may be spelled with them. */
static bool has_escapes(const uint8_t *data, size_t size)
{
	return occurrences(data, size, "\\u") || occurrences(data, size, "\\x") ||
	       occurrences(data, size, "#0") || occurrences(data, size, "\x1b[");
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct kernlog *parse(const uint8_t *data, size_t size, size_t piece)
{
	struct kernlog *k = kernlog_new((size_t)1 << 20);

	must(k != NULL);
	for (size_t at = 0; at < size; at += piece)
		must(kernlog_feed(k, data + at, size - at < piece ? size - at : piece) == 0);
	must(kernlog_finish(k) == 0);
	return k;
}

static void check(const struct kernlog_kill *x, uint64_t lines)
{
	must(x->first_line >= 1 && x->first_line <= x->last_line && x->last_line <= lines);
	must(x->kind < KERNLOG_KIND_COUNT);
	must(x->n_tasks <= KERNLOG_TASKS_MAX);
	must(!x->killed || (x->pid > 0 && x->comm && x->kill_line));
	for (size_t i = 0; i < x->n_tasks; i++)
		must(memchr(x->tasks[i].comm, 0, KERNLOG_COMM) != NULL && x->tasks[i].pid > 0);
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_same(const struct kernlog_kill *a, const struct kernlog_kill *b)
{
	must(a && b && a->pid == b->pid && a->kind == b->kind && a->wall_ns == b->wall_ns &&
	     a->uptime_ns == b->uptime_ns && a->total_vm == b->total_vm &&
	     a->n_tasks == b->n_tasks && a->first_line == b->first_line &&
	     a->last_line == b->last_line && a->trigger_pid == b->trigger_pid);
	must(same(a->comm, b->comm) && same(a->oom_memcg, b->oom_memcg) &&
	     same(a->kernel, b->kernel) && same(a->kill_line, b->kill_line));
}

/* Names and paths come from the log: whatever they hold, the output is JSON. */
static void check_json(const struct kernlog *k)
{
	BUF(out, (size_t)16 << 20);
	struct json j = json_into(&out);
	struct json_t *root;

	json_open(&j, NULL, '[');
	for (size_t i = 0; i < kernlog_kills(k); i++) {
		json_cstr(&j, NULL, kernlog_kill(k, i)->comm);
		json_cstr(&j, NULL, kernlog_kill(k, i)->kill_line);
		json_cstr(&j, NULL, kernlog_kill(k, i)->oom_memcg);
	}
	for (size_t i = 0; i < kernlog_others(k); i++)
		json_cstr(&j, NULL, kernlog_other(k, i)->text);
	json_close(&j, ']');
	must(out.failed == 0);
	root = json_loadb(out.p, out.n, 0, NULL);
	must(root != NULL);
	json_delete(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernlog *whole = parse(data, size, size ? size : 1);
	struct kernlog *pieces = parse(data, size, 1 + size % 61);
	uint64_t lines = kernlog_counts(whole).lines;

	must(kernlog_kills(whole) <= occurrences(data, size, "Killed process") ||
	     has_escapes(data, size));
	must(lines == kernlog_counts(pieces).lines);
	must(kernlog_kills(whole) == kernlog_kills(pieces));
	must(kernlog_reports(whole) == kernlog_reports(pieces));
	must(kernlog_others(whole) == kernlog_others(pieces));
	for (size_t i = 0; i < kernlog_kills(whole); i++) {
		check(kernlog_kill(whole, i), lines);
		check_same(kernlog_kill(whole, i), kernlog_kill(pieces, i));
	}
	for (size_t i = 0; i < kernlog_reports(whole); i++) {
		check(kernlog_report(whole, i), lines);
		check_same(kernlog_report(whole, i), kernlog_report(pieces, i));
	}
	for (size_t i = 0; i < kernlog_others(whole); i++)
		must(kernlog_other(whole, i)->line >= 1 && kernlog_other(whole, i)->line <= lines);
	check_json(whole);
	kernlog_free(whole);
	kernlog_free(pieces);
	return 0;
}
