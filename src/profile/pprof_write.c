/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/pprof_write.h"

#include <errno.h>
#include <libdeflate.h>
#include <string.h>

#include "profile/intern.h"
#include "profile/wire.h"

/* Of the profile before it is packed, and of one message. */
#define RAW_MAX ((size_t)512 << 20)
#define MESSAGE_MAX ((size_t)1 << 20)
/* As fast as Go's own (gzip.BestSpeed), a little smaller. */
#define GZIP_LEVEL 3

/* Field numbers of google/pprof proto/profile.proto. */
enum profile_field {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_MAPPING = 3,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRING_TABLE = 6,
	PROFILE_TIME_NANOS = 9,
	PROFILE_DURATION_NANOS = 10,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_SAMPLE_TYPE = 14,
};
enum value_type_field { VALUE_TYPE_TYPE = 1, VALUE_TYPE_UNIT = 2 };
enum sample_field { SAMPLE_LOCATION_ID = 1, SAMPLE_VALUE = 2, SAMPLE_LABEL = 3 };
enum label_field { LABEL_KEY = 1, LABEL_NUM = 3 };
enum mapping_field {
	MAPPING_ID = 1,
	MAPPING_START = 2,
	MAPPING_LIMIT = 3,
	MAPPING_OFFSET = 4,
	MAPPING_FILENAME = 5,
	MAPPING_BUILD_ID = 6,
	MAPPING_HAS_FUNCTIONS = 7,
	MAPPING_HAS_FILENAMES = 8,
	MAPPING_HAS_LINE_NUMBERS = 9,
	MAPPING_HAS_INLINE_FRAMES = 10,
};
enum location_field {
	LOCATION_ID = 1,
	LOCATION_MAPPING_ID = 2,
	LOCATION_ADDRESS = 3,
	LOCATION_LINE = 4
};
enum line_field { LINE_FUNCTION_ID = 1, LINE_LINE = 2 };
enum function_field {
	FUNCTION_ID = 1,
	FUNCTION_NAME = 2,
	FUNCTION_SYSTEM_NAME = 3,
	FUNCTION_FILENAME = 4
};

/* All locations belong to the one mapping. */
#define MAIN_MAPPING 1

/*
 * @raw is the profile so far: each message is appended as soon as it is known,
 * and the interned ones are found again in it.
 */
struct pprof_writer {
	struct buf raw, message, line;
	struct intern strings, functions, locations;
	unsigned n_types;
	bool mapped;
	int failed; /* first failure that is not in @raw */
};

static void keep_failure(struct pprof_writer *w, int r)
{
	if (r < 0 && !w->failed)
		w->failed = r;
}

static uint64_t string_id(struct pprof_writer *w, const char *text)
{
	struct str s = str_from(text ? text : "");
	uint64_t id = 0;

	if (intern_find(&w->strings, &w->raw, s, &id))
		return id;
	wire_bytes(&w->raw, PROFILE_STRING_TABLE, s);
	if (!w->raw.failed)
		keep_failure(w, intern_add(&w->strings, &w->raw, w->raw.n - s.n, s.n, &id));
	return id;
}

/* @body without its id: the same body has the same id; @id_field is 1 in every message. */
static uint64_t message_id(struct pprof_writer *w, struct intern *t, unsigned field,
			   const struct buf *body)
{
	uint64_t next = t->first + t->n, id = 0;
	BUF(head, 16);

	if (intern_find(t, &w->raw, buf_view(body), &id))
		return id;
	wire_u64(&head, LOCATION_ID, next);
	wire_varint(&w->raw, (uint64_t)field << 3 | 2);
	wire_varint(&w->raw, head.n + body->n);
	buf_str(&w->raw, buf_view(&head));
	buf_str(&w->raw, buf_view(body));
	keep_failure(w, head.failed);
	keep_failure(w, body->failed);
	if (!w->raw.failed)
		keep_failure(w, intern_add(t, &w->raw, w->raw.n - body->n, body->n, &id));
	return id;
}

/* The message built in @w->message becomes a field of the profile. */
static void put_message(struct pprof_writer *w, unsigned field)
{
	keep_failure(w, w->message.failed);
	wire_bytes(&w->raw, field, buf_view(&w->message));
}

static void put_value_type(struct pprof_writer *w, unsigned field, const struct pprof_type *t)
{
	uint64_t type = string_id(w, t->type), unit = string_id(w, t->unit);

	buf_clear(&w->message);
	wire_u64(&w->message, VALUE_TYPE_TYPE, type);
	wire_u64(&w->message, VALUE_TYPE_UNIT, unit);
	put_message(w, field);
}

struct pprof_writer *pprof_new(const struct pprof_type *types, unsigned n_types,
			       struct pprof_type period_type, int64_t period)
{
	struct pprof_writer *w;

	if (!n_types || n_types > PPROF_VALUES_MAX)
		return NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	buf_init(&w->raw, RAW_MAX);
	buf_init(&w->message, MESSAGE_MAX);
	buf_init(&w->line, MESSAGE_MAX);
	intern_init(&w->strings, 0);
	intern_init(&w->functions, 1);
	intern_init(&w->locations, 1);
	w->n_types = n_types;
	string_id(w, "");
	for (unsigned i = 0; i < n_types; i++)
		put_value_type(w, PROFILE_SAMPLE_TYPE, &types[i]);
	put_value_type(w, PROFILE_PERIOD_TYPE, &period_type);
	wire_i64(&w->raw, PROFILE_PERIOD, period);
	return w;
}

void pprof_free(struct pprof_writer *w)
{
	if (!w)
		return;
	buf_release(&w->raw);
	buf_release(&w->message);
	buf_release(&w->line);
	intern_release(&w->strings);
	intern_release(&w->functions);
	intern_release(&w->locations);
	free(w);
}

void pprof_freep(struct pprof_writer **w)
{
	pprof_free(*w);
}

void pprof_set_default(struct pprof_writer *w, const char *sample_type)
{
	uint64_t id = string_id(w, sample_type);

	wire_u64(&w->raw, PROFILE_DEFAULT_SAMPLE_TYPE, id);
}

void pprof_set_time(struct pprof_writer *w, int64_t wall_ns, int64_t duration_ns)
{
	wire_i64(&w->raw, PROFILE_TIME_NANOS, wall_ns);
	wire_i64(&w->raw, PROFILE_DURATION_NANOS, duration_ns);
}

/* has_*: everything is symbolised already; pprof need not look for the file. */
void pprof_set_mapping(struct pprof_writer *w, uint64_t from, uint64_t to, uint64_t offset,
		       const char *file, const char *build_id)
{
	uint64_t name = string_id(w, file), id = string_id(w, build_id);

	if (w->mapped)
		return;
	w->mapped = true;
	buf_clear(&w->message);
	wire_u64(&w->message, MAPPING_ID, MAIN_MAPPING);
	wire_u64(&w->message, MAPPING_START, from);
	wire_u64(&w->message, MAPPING_LIMIT, to);
	wire_u64(&w->message, MAPPING_OFFSET, offset);
	wire_u64(&w->message, MAPPING_FILENAME, name);
	wire_u64(&w->message, MAPPING_BUILD_ID, id);
	for (unsigned f = MAPPING_HAS_FUNCTIONS; f <= MAPPING_HAS_INLINE_FRAMES; f++)
		wire_u64(&w->message, f, 1);
	put_message(w, PROFILE_MAPPING);
}

void pprof_comment(struct pprof_writer *w, const char *comment)
{
	uint64_t id = string_id(w, comment);

	wire_u64(&w->raw, PROFILE_COMMENT, id);
}

static uint64_t function_id(struct pprof_writer *w, const struct pprof_frame *f)
{
	uint64_t name = string_id(w, f->function), file = string_id(w, f->file);

	buf_clear(&w->line);
	wire_u64(&w->line, FUNCTION_NAME, name);
	wire_u64(&w->line, FUNCTION_SYSTEM_NAME, name);
	wire_u64(&w->line, FUNCTION_FILENAME, file);
	return message_id(w, &w->functions, PROFILE_FUNCTION, &w->line);
}

uint64_t pprof_location(struct pprof_writer *w, uint64_t address, const struct pprof_frame *frames,
			size_t n)
{
	buf_clear(&w->message);
	wire_u64(&w->message, LOCATION_MAPPING_ID, MAIN_MAPPING);
	wire_u64(&w->message, LOCATION_ADDRESS, address);
	for (size_t i = 0; i < n; i++) {
		uint64_t id = function_id(w, &frames[i]);

		buf_clear(&w->line);
		wire_u64(&w->line, LINE_FUNCTION_ID, id);
		wire_i64(&w->line, LINE_LINE, frames[i].line);
		wire_bytes(&w->message, LOCATION_LINE, buf_view(&w->line));
	}
	return message_id(w, &w->locations, PROFILE_LOCATION, &w->message);
}

void pprof_sample(struct pprof_writer *w, const uint64_t *locations, size_t n,
		  const int64_t *values, int64_t bytes_label)
{
	uint64_t key = bytes_label ? string_id(w, "bytes") : 0, v[PPROF_VALUES_MAX];

	for (unsigned i = 0; i < w->n_types; i++)
		v[i] = (uint64_t)values[i];
	buf_clear(&w->message);
	wire_packed(&w->message, SAMPLE_LOCATION_ID, locations, n);
	wire_packed(&w->message, SAMPLE_VALUE, v, w->n_types);
	if (bytes_label) {
		buf_clear(&w->line);
		wire_u64(&w->line, LABEL_KEY, key);
		wire_i64(&w->line, LABEL_NUM, bytes_label);
		wire_bytes(&w->message, SAMPLE_LABEL, buf_view(&w->line));
	}
	put_message(w, PROFILE_SAMPLE);
}

static int gzip(struct str raw, struct buf *out)
{
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(GZIP_LEVEL);
	size_t bound, room = out->max - out->n, n = 0;
	void *to;

	if (!c)
		return -ENOMEM;
	bound = libdeflate_gzip_compress_bound(c, raw.n);
	if (bound < room)
		room = bound;
	to = buf_reserve(out, room);
	if (to)
		n = libdeflate_gzip_compress(c, raw.p, raw.n, to, room);
	if (n)
		buf_took(out, n);
	libdeflate_free_compressor(c);
	if (!to)
		return out->failed;
	return n ? 0 : -EFBIG;
}

int pprof_finish(struct pprof_writer *w, struct buf *out, struct err *err)
{
	int r;

	pprof_set_mapping(w, 0, 0, 0, "", "");
	r = w->failed ? w->failed : w->raw.failed;
	if (!r)
		r = gzip(buf_view(&w->raw), out);
	if (r == -ENOMEM)
		return err_set(err, r, "profile: out of memory");
	if (r < 0)
		return err_set(err, r, "profile: too large");
	return 0;
}
