/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go_exp: e**x as Go's math.Exp computes it on amd64, to the last bit.
 *
 * libm's exp() is as good but not the same, and runtime/pprof truncates what it
 * scales by it: a value would differ by one now and then. Source: Go
 * src/math/exp_amd64.s (1.19 to 1.27), which like the machine's own Go takes
 * fused multiply-adds where the processor has them.
 */
#ifndef GORUNTIME_GO_EXP_H
#define GORUNTIME_GO_EXP_H

/* For x <= 0; below -708 the result is 0 (Go's is less than 1e-307). */
double go_exp(double x);

#endif /* GORUNTIME_GO_EXP_H */
