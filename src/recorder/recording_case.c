/* SPDX-License-Identifier: Apache-2.0 */
/* The evidence of a recording, put into a case: who, where, what was seen. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "host/cgroup_scope.h"
#include "host/file.h"
#include "host/machine.h"
#include "recorder/recording.h"

#include "recorder/recording_objects.h"

static const char *keep(struct arena *a, const char *s)
{
	return s && *s ? arena_str(a, str_from(s)).p : NULL;
}

/*
 * Does the program, not only the standard library's resolver, call C? cgo makes
 * a Go function PACKAGE._Cfunc_NAME (_C2func_ where errno is wanted) for each C
 * function called.
 */
static bool calls_c(const struct image *img)
{
	const struct image_module *m = image_module(img);
	uint64_t pc = m->text.from;
	struct image_func f;

	for (size_t i = image_n_funcs(img); i > 0 && image_func_at(img, pc, &f); i--) {
		if ((strstr(f.name, "._Cfunc_") || strstr(f.name, "._C2func_")) &&
		    strcmp(image_module_of(img, f.name), "std") != 0)
			return true;
		if (f.end <= pc)
			break;
		pc = f.end;
	}
	return false;
}

static void fill_subject(struct recording *r, struct arena *a, struct whycase *c)
{
	struct case_subject *s = &c->subject;
	const struct image *img = r->s.img;
	char id[CONTAINER_ID_ROOM];

	s->pid = r->s.pid;
	s->comm = keep(a, r->comm);
	s->exe = keep(a, r->exe);
	s->cmdline = keep(a, r->cmdline);
	s->started_wall_ns = r->started_wall;
	if (r->group) {
		s->cgroup = keep(a, r->group->chain.place.path);
		if (s->cgroup && cgroup_container(str_from(s->cgroup), id))
			s->container_id = keep(a, id);
	}
	if (!img)
		return;
	s->is_go = TRI_YES;
	s->go_version = keep(a, image_go_version(img));
	s->module = keep(a, image_main_module(img));
	s->build_id = keep(a, image_build_id(img));
	s->has_cgo = calls_c(img) ? TRI_YES : TRI_NO;
}

static void fill_host(struct recording *r, struct arena *a, struct whycase *c)
{
	_cleanup_(close_fd) int root = file_open_root(NULL);
	struct machine m;

	c->host.cgroup_version = r->group ? r->group->chain.place.version : 0;
	if (root < 0 || machine_read(root, &m, NULL) < 0)
		return;
	c->host.kernel = keep(a, m.kernel);
	c->host.mem_total = m.mem.total;
	c->host.mem_available = m.mem.available;
	c->host.page_size = m.page_size;
	c->host.n_cpus = m.n_cpus;
}

/* The snapshot read at the kill becomes the last one of the case. */
static int fill_kill(struct recording *r, struct whycase *c, struct err *err)
{
	struct case_snapshot snap, *place;
	struct case_charge *charge;
	int e;

	if (!r->captured)
		return 0;
	e = snapshot_finish(&r->s, &r->kill, r->kill_arena, &snap, err);
	if (e < 0)
		return e;
	recording_objects_of_kill(r, &snap);
	charge = r->group ? arena_new(r->kill_arena, struct case_charge) : NULL;
	if (charge) {
		*charge = r->kill_charge;
		snap.charge = charge;
	}
	place = case_add_snapshot(c);
	if (!place)
		return err_set(err, -ENOMEM, "no memory for the snapshot of the kill");
	*place = snap;
	return 0;
}

/* The dying one's own size, as its last snapshot has it: /proc says nothing of a zombie's. */
static void fill_target_size(struct whycase *c)
{
	const struct case_snapshot *last =
		c->n_snapshots ? &c->snapshots[c->n_snapshots - 1] : NULL;

	for (size_t i = 0; last && last->resident && i < c->n_processes; i++) {
		if (c->processes[i].target && known(last->resident->rss_anon))
			c->processes[i].rss_anon = last->resident->rss_anon;
	}
}

static void fill_missing(const struct recording *r, struct whycase *c)
{
	const struct snapshot *last = r->captured ? &r->kill : &r->last;

	if (!r->attached)
		case_add_missing(c, "Go runtime", r->attach_error.msg);
	else if (r->kill_arena && !r->captured && r->gone)
		case_add_missing(c, "memory at the kill",
				 r->hold.tid || r->have_exit ? "it could not be read in time"
							     : r->hold_error.msg);
	if (!r->group)
		case_add_missing(c, "memory group", "no memory controller is visible");
	if (r->objects_error.code)
		case_add_missing(c, "object graph", r->objects_error.msg);
	for (unsigned i = 0; i < last->n_missing; i++)
		case_add_missing(c, last->missing[i].what, last->missing[i].why);
}

int recording_case(struct recording *r, struct arena *a, struct whycase *ret, struct err *err)
{
	int e;

	case_init(ret, a);
	fill_subject(r, a, ret);
	fill_host(r, a, ret);
	history_into(&r->history, ret);
	e = fill_kill(r, ret, err);
	if (e < 0)
		return e;
	fill_missing(r, ret);
	if (r->group && group_watch_into(r->group, ret) < 0)
		return err_set(err, -ENOMEM, "no memory for the group's processes");
	fill_target_size(ret);
	ret->run.begin = r->begin;
	ret->run.end = clock_mono();
	ret->run.begin_wall_ns = r->begin_wall;
	ret->run.samples_lost = r->samples_lost;
	ret->run.cpu_ns = (uint64_t)r->cpu_ns;
	ret->run.tool_version = WHYOOM_VERSION;
	return 0;
}
