// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <math.h>
#include <time.h>

#include "growth.h"
#include "test.h"

#define ROUNDS 4

double growth_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static double least(size_t size, double (*run)(size_t size))
{
	double best = run(size), ns;
	int i;

	for (i = 1; i < ROUNDS; i++) {
		ns = run(size);
		if (ns < best)
			best = ns;
	}
	return best;
}

/* Least squares, of the logarithms */
double growth_exponent(const char *what, const size_t sizes[GROWTH_SIZES],
		       double (*run)(size_t size))
{
	double x, y, sx = 0, sy = 0, sxx = 0, sxy = 0, slope;
	int i;

	for (i = 0; i < GROWTH_SIZES; i++) {
		y = least(sizes[i], run);
		print_message("%s: %zu: %.0f ns\n", what, sizes[i], y);
		x = log(sizes[i]);
		y = log(y);
		sx += x;
		sy += y;
		sxx += x * x;
		sxy += x * y;
	}
	slope = (GROWTH_SIZES * sxy - sx * sy) / (GROWTH_SIZES * sxx - sx * sx);
	print_message("%s: exponent %.2f\n", what, slope);
	return slope;
}
