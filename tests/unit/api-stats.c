// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The counters, for programs built against older and newer headers */
#include <errno.h>
#include <string.h>

#include <infiniband/pinsafe.h>

#include "base/stats.h"
#include "lib/test.h"

CASE(NULL__EINVAL)
{
	assert_int_equal(pinsafe_get_stats(NULL, sizeof(stats)), EINVAL);
}

CASE(smaller_than_comp_mask__EINVAL)
{
	struct pinsafe_stats got, untouched;
	size_t size;

	memset(&got, 0x5a, sizeof(got));
	untouched = got;
	for (size = 0; size < sizeof(got.comp_mask); size++)
		assert_int_equal(pinsafe_get_stats(&got, size), EINVAL);
	assert_memory_equal(&got, &untouched, sizeof(got));
}

CASE(whole__all_counters)
{
	struct pinsafe_stats got;

	stats_add(guarded_mrs, 1);
	stats_add(breaks, 3);
	stats_set(last_revoke_ns, 1ull << 40);
	assert_int_equal(pinsafe_get_stats(&got, sizeof(got)), 0);
	assert_memory_equal(&got, &stats, sizeof(got));
	assert_int_equal(got.comp_mask, 0);
	assert_int_equal(got.breaks, 3);
}

CASE(older_program__only_what_it_knows)
{
	struct pinsafe_stats got;
	size_t size = offsetof(struct pinsafe_stats, breaks);

	memset(&got, 0x5a, sizeof(got));
	assert_int_equal(pinsafe_get_stats(&got, size), 0);
	assert_memory_equal(&got, &stats, size);
	assert_int_equal(got.breaks, 0x5a5a5a5a5a5a5a5a);
}

CASE(newer_program__rest_is_0)
{
	struct {
		struct pinsafe_stats known;
		uint64_t more[2];
		uint64_t beyond;
	} got;

	memset(&got, 0x5a, sizeof(got));
	assert_int_equal(
		pinsafe_get_stats(&got.known, offsetof(typeof(got), beyond)),
		0);
	assert_memory_equal(&got.known, &stats, sizeof(stats));
	assert_int_equal(got.more[0], 0);
	assert_int_equal(got.more[1], 0);
	assert_int_equal(got.beyond, 0x5a5a5a5a5a5a5a5a);
}

CASE(version__as_built)
{
	assert_string_equal(pinsafe_version(), PINSAFE_VERSION);
}
