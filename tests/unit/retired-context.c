// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Keys that were revoked stay retired until their own context is closed. */
#include "lib/test.h"
#include "retired.h"

static struct ibv_context contexts[2];

static struct ibv_mr mr_of(size_t context, uint32_t key)
{
	return (struct ibv_mr){ .context = &contexts[context],
				.lkey = key,
				.rkey = key };
}

static void retire(size_t context, uint32_t key)
{
	struct ibv_mr mr = mr_of(context, key);

	assert_int_equal(retired_reserve(1), 0);
	retired_add(1, &mr);
}

static bool is_retired(size_t context, uint32_t key)
{
	struct ibv_mr mr = mr_of(context, key);

	return retired_has_key_of(&mr);
}

static int teardown(void **state)
{
	retired_forget(&contexts[0]);
	retired_forget(&contexts[1]);
	return 0;
}

#define RETIRED_CASE(fn) CASE_WITH(fn, NULL, teardown)

RETIRED_CASE(retired__on_its_context)
{
	retire(0, 0x11);
	assert_true(is_retired(0, 0x11));
	assert_false(is_retired(0, 0x12));
	assert_false(is_retired(1, 0x11));
}

RETIRED_CASE(context_closed__others_remember)
{
	retire(0, 0x11);
	retire(1, 0x11);
	retire(1, 0x22);
	retired_forget(&contexts[0]);
	assert_false(is_retired(0, 0x11));
	assert_true(is_retired(1, 0x11));
	assert_true(is_retired(1, 0x22));
}
