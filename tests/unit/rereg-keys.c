// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* ibv_rereg_mr() may give a memory region another key: none of a revoked one */
#include <errno.h>
#include <string.h>

#include "lib/keyed.h"
#include "verbs_wrap.h"

static int takes_key(struct ibv_mr *mr, int flags, void *addr, size_t length)
{
	mr->lkey = mr->rkey = 0x77;
	return 0;
}

static int rereg(struct ibv_mr *mr)
{
	errno = 0;
	return verbs_wrap_ops.rereg_mr(mr, IBV_REREG_MR_CHANGE_ACCESS, NULL,
				       NULL, 0, 0);
}

/* Memory of no file, while @key is retired; rereg() gives it 0x77. */
static struct ibv_mr *reg_for_rereg(uint32_t key)
{
	keyed_revoke(key, key);
	keyed.n_keys = 0;
	fake_provider.cmd_rereg_mr = takes_key;
	return keyed_reg_anonymous(IBV_ACCESS_LOCAL_WRITE);
}

/* On some devices it is a new memory region. */
KEYED_CASE(rereg_gets_a_retired_key__revoked)
{
	struct ibv_mr *mr = reg_for_rereg(0x77);

	record_clear();
	assert_int_equal(rereg(mr), IBV_REREG_MR_ERR_CMD);
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_record("rereg_mr, destroy 0");
	assert_int_equal(fake_kernel_mr_count(), 0);
	assert_int_equal(stack_stats().zombie_mrs, 1);
	assert_non_null(strstr(stack_log(), "so it is revoked, too"));
	/* As ibv_rereg_mr(3) says: it has to be deregistered. */
	stack_dereg_ok(mr);
}

KEYED_CASE(rereg_cannot_be_revoked__shouted)
{
	struct ibv_mr *mr = reg_for_rereg(0x77);

	fake_kernel_mr_stick(mr, 1, EBUSY);
	assert_int_equal(rereg(mr), IBV_REREG_MR_ERR_CMD);
	assert_non_null(strstr(stack_log(), "CAN WRITE TO ITS MEMORY"));
	stack_dereg_ok(mr);
}

KEYED_CASE(rereg_with_another_key__as_without_us)
{
	struct ibv_mr *mr = reg_for_rereg(0x78);

	assert_int_equal(rereg(mr), 0);
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(mr);
}
