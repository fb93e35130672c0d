/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim: a Go process as a handful of numbers, watched by a recorder.
 *
 * Live memory, native memory and the allocation rate are functions of time; the
 * collector runs when the heap meets its goal; the kernel kills at the limit.
 * What comes out is a case with samples and cycles as the recorder writes them.
 */
#ifndef TESTS_CASE_SIM_H
#define TESTS_CASE_SIM_H

#include "case/case.h"

#define MB 1048576.0

struct sim {
	/* bytes at @t seconds; NULL: 0 */
	double (*live)(double t), (*native)(double t), (*alloc)(double t), (*others)(double t),
		(*cache)(double t);
	double seconds;		   /* watched that long, if not killed before */
	double limit;		   /* bytes; 0 none */
	double gogc;		   /* 100; < 0 off */
	double gogc_at, gogc_then; /* debug.SetGCPercent(gogc_then) at that second; 0: never */
	double memory_limit;	   /* 0 off */
	double noise;		   /* of live, standard deviation as a share */
	double noise_lag;	   /* correlation of the noise from one cycle to the next */
	double period;		   /* of samples; 0: 1 s */
	double late;		   /* the record begins that long after the process */
	bool no_runtime;	   /* the Go numbers could not be read */
	bool no_charge;		   /* only the process was seen, no group */
	uint64_t seed;
};

/* Fills @c; returns when it was killed in seconds, or a negative number: it lives. */
double sim_run(const struct sim *s, struct whycase *c, struct arena *a);

/* Deterministic noise. */
double sim_uniform(uint64_t *seed); /* 0..1 */
double sim_normal(uint64_t *seed);

#endif /* TESTS_CASE_SIM_H */
