// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Learning the layout of a libibverbs: the one of this machine, others as they
 * were released, and those that are like none and must be refused.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/fake_set_ops.h"
#include "hook/layout.h"
#include "lib/child.h"
#include "lib/test.h"

/* rdma-core 36 to 58, and 65 */
static const struct fake_set_ops release_44 = {
	.context_size = 648,
	.priv_ops = 24,
	.n_ops = 76,
	.reg_mr = 68,
	.rereg_mr = 70,
	.dereg_mr = 28,
	.free_dm = 40,
	.get_srq_num = 41,
	.modify_cq = 45,
	.req_notify_cq = 69,
};
static const struct fake_set_ops release_65 = {
	.context_size = 696,
	.priv_ops = 24,
	.n_ops = 93,
	.reg_mr = 82,
	.rereg_mr = 85,
	.dereg_mr = 32,
	.free_dm = 47,
	.get_srq_num = 48,
	.modify_cq = 52,
	.req_notify_cq = 84,
};

struct question {
	struct real_private real;
	size_t context_size;
	size_t second_size; /* what to ask for next, or 0 */
};

struct answer {
	bool is_known, second_is_known;
	struct ops_layout layout;
};

/* In a child, as there is one libibverbs in a process */
static void ask(void *arg, void *ret_result)
{
	const struct question *question = arg;
	const struct ops_layout *layout;
	struct answer *answer = ret_result;

	layout = layout_get(&question->real, question->context_size);
	answer->is_known = layout;
	if (layout)
		answer->layout = *layout;
	if (question->second_size)
		answer->second_is_known =
			layout_get(&question->real, question->second_size);
}

static struct answer probe(const struct fake_set_ops *fake)
{
	struct question question = {
		.real = { .verbs_set_ops = fake_set_ops },
		.context_size = fake->context_size,
	};
	struct answer answer;

	fake_set_ops_layout = *fake;
	assert_int_equal(child_run(ask, &question, &answer, sizeof(answer)), 0);
	return answer;
}

static void known(const struct fake_set_ops *fake)
{
	struct answer answer = probe(fake);

	assert_true(answer.is_known);
	assert_int_equal(answer.layout.context_size, fake->context_size);
	assert_int_equal(answer.layout.priv_ops, fake->priv_ops);
	assert_int_equal(answer.layout.n_ops, fake->n_ops);
	assert_int_equal(answer.layout.reg_mr, fake->reg_mr);
	assert_int_equal(answer.layout.rereg_mr, fake->rereg_mr);
	assert_int_equal(answer.layout.dereg_mr, fake->dereg_mr);
	assert_int_equal(answer.layout.free_context, fake->free_dm - 1);
}

static void refused(const struct fake_set_ops *fake)
{
	assert_false(probe(fake).is_known);
}

CASE(rdma_core_44__known)
{
	known(&release_44);
	assert_int_equal(probe(&release_44).layout.reg_mr_ex, 0);
	assert_int_equal(probe(&release_44).layout.import_mr, 43);
}

CASE(rdma_core_65__known)
{
	known(&release_65);
	assert_int_equal(probe(&release_65).layout.reg_mr_ex, 83);
	assert_int_equal(probe(&release_65).layout.import_mr, 50);
}

CASE(two_more_between_reg_and_rereg__neither_is_reg_mr_ex)
{
	struct fake_set_ops fake = release_65;

	fake.req_notify_cq = 85;
	fake.rereg_mr = 86;
	known(&fake);
	assert_int_equal(probe(&fake).layout.reg_mr_ex, 0);
}

CASE(one_more_before_modify_cq__import_mr_left_alone)
{
	struct fake_set_ops fake = release_65;

	fake.modify_cq = 53;
	known(&fake);
	assert_int_equal(probe(&fake).layout.import_mr, 0);
}

CASE(neighbours_not_to_be_seen__left_alone)
{
	struct fake_set_ops fake = release_65;

	fake.req_notify_cq = NOWHERE;
	fake.get_srq_num = NOWHERE;
	known(&fake);
	assert_int_equal(probe(&fake).layout.reg_mr_ex, 0);
	assert_int_equal(probe(&fake).layout.import_mr, 0);
}

CASE(table_elsewhere_in_private_part__known)
{
	struct fake_set_ops fake = release_65;

	fake.priv_ops = 56;
	known(&fake);
}

CASE(too_short__refused)
{
	struct fake_set_ops fake = release_44;

	fake.n_ops = 75;
	refused(&fake);
}

CASE(too_long__refused)
{
	struct fake_set_ops fake = release_44;

	fake.n_ops = 512;
	refused(&fake);
}

CASE(empty__refused)
{
	struct fake_set_ops fake = release_44;

	fake.n_ops = 0;
	refused(&fake);
}

CASE(table_too_far_in_private_part__refused)
{
	struct fake_set_ops fake = release_44;

	fake.priv_ops = 520;
	refused(&fake);
}

CASE(public_field_not_set__refused)
{
	struct fake_set_ops fake = release_44;

	fake.reg_mr = NOWHERE;
	refused(&fake);
	fake = release_44;
	fake.rereg_mr = NOWHERE;
	refused(&fake);
	fake = release_44;
	fake.dereg_mr = NOWHERE;
	refused(&fake);
	fake = release_44;
	fake.free_dm = NOWHERE;
	refused(&fake);
}

static void swap(unsigned int *a, unsigned int *b)
{
	unsigned int saved = *a;

	*a = *b;
	*b = saved;
}

CASE(not_sorted__refused)
{
	struct fake_set_ops fake = release_44;

	swap(&fake.reg_mr, &fake.rereg_mr);
	refused(&fake);
	fake = release_44;
	swap(&fake.dereg_mr, &fake.free_dm);
	refused(&fake);
	fake = release_44;
	swap(&fake.free_dm, &fake.reg_mr);
	refused(&fake);
	fake = release_44;
	swap(&fake.dereg_mr, &fake.rereg_mr);
	refused(&fake);
}

CASE(public_field_beyond_the_table__refused)
{
	struct fake_set_ops fake = release_44;

	fake.rereg_mr = 76;
	refused(&fake);
}

CASE(impossible_size__refused)
{
	struct fake_set_ops fake = release_44;

	fake.context_size = sizeof(struct ibv_context);
	refused(&fake);
	fake.context_size = 4096;
	refused(&fake);
	fake.context_size = 0;
	refused(&fake);
}

/* A context of another size is not of this libibverbs. */
CASE(second_size__refused)
{
	struct question question = {
		.real = { .verbs_set_ops = fake_set_ops },
		.context_size = 648,
		.second_size = 696,
	};
	struct answer answer;

	fake_set_ops_layout = release_44;
	assert_int_equal(child_run(ask, &question, &answer, sizeof(answer)), 0);
	assert_true(answer.is_known);
	assert_false(answer.second_is_known);
}

CASE(this_machine__known)
{
	struct question question = { .context_size =
					     sizeof(struct verbs_context) };
	void *handle = dlopen("libibverbs.so.1", RTLD_NOW);
	struct answer answer;

	assert_non_null(handle);
	*(void **)&question.real.verbs_set_ops = dlsym(handle, "verbs_set_ops");
	assert_non_null(question.real.verbs_set_ops);
	assert_int_equal(child_run(ask, &question, &answer, sizeof(answer)), 0);
	assert_true(answer.is_known);
	/* IBVERBS_PRIVATE_34 with 76 operations: rdma-core 36 to 56 */
	if (!dlvsym(handle, "verbs_set_ops", "IBVERBS_PRIVATE_34"))
		SKIP_CASE("libibverbs is newer than the numbers known here");
	assert_int_equal(answer.layout.priv_ops, release_44.priv_ops);
	assert_int_equal(answer.layout.n_ops, release_44.n_ops);
	assert_int_equal(answer.layout.reg_mr, release_44.reg_mr);
	assert_int_equal(answer.layout.rereg_mr, release_44.rereg_mr);
	assert_int_equal(answer.layout.dereg_mr, release_44.dereg_mr);
	assert_int_equal(answer.layout.free_context, release_44.free_dm - 1);
	assert_int_equal(answer.layout.import_mr, release_44.get_srq_num + 2);
	assert_int_equal(answer.layout.reg_mr_ex, 0);
}
