/* SPDX-License-Identifier: Apache-2.0 */
#include "goruntime/go_exp.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LOG2E 1.4426950408889634073599246810018920
#define LN2_UPPER 0.69314718055966295651160180568695068359375
#define LN2_LOWER 0.28235290563031577122588448175013436025525412068e-12

static const double taylor[] = {
	2.4801587301587301587e-5,
	1.9841269841269841270e-4,
	1.3888888888888888889e-3,
	8.3333333333333333333e-3,
	4.1666666666666666667e-2,
	1.6666666666666666667e-1,
	0.5,
	1.0,
};

static bool machine_has_fma(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("avx") && __builtin_cpu_supports("fma");
#else
	return false;
#endif
}

static double fused(double x, double n)
{
	double sum = taylor[0];

	x = fma(-n, LN2_UPPER, x);
	x = fma(-n, LN2_LOWER, x);
	x *= 0.0625;
	for (size_t i = 1; i < sizeof(taylor) / sizeof(taylor[0]); i++)
		sum = fma(sum, x, taylor[i]);
	x *= sum;
	for (int i = 0; i < 3; i++)
		x *= x + 2.0;
	return fma(x + 2.0, x, 1.0);
}

static double plain(double x, double n)
{
	double sum = taylor[0];

	x -= n * LN2_UPPER;
	x -= n * LN2_LOWER;
	x *= 0.0625;
	for (size_t i = 1; i < sizeof(taylor) / sizeof(taylor[0]); i++)
		sum = sum * x + taylor[i];
	x *= sum;
	for (int i = 0; i < 4; i++)
		x *= x + 2.0;
	return x + 1.0;
}

double go_exp(double x)
{
	uint64_t power;
	double n, scale;

	if (!(x > -708.0))
		return 0.0;
	n = nearbyint(x * LOG2E);
	power = (uint64_t)((int64_t)n + 1023) << 52;
	memcpy(&scale, &power, sizeof(scale));
	return (machine_has_fma() ? fused(x, n) : plain(x, n)) * scale;
}
