// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Whose deregistration must not reach the kernel, and how often */
#include <errno.h>
#include <stdlib.h>

#include "lib/tracked.h"

static struct ibv_mr *const mr = &tracked_mrs[0];

TRACKED_CASE(unknown__never)
{
	assert_false(track_swallow_dereg(mr));
}

TRACKED_CASE(alive__never)
{
	struct guarded_mr *gmr = tracked_add(mr, 1), *found;

	assert_false(track_swallow_dereg(mr));
	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_ptr_equal(found, gmr);
	assert_false(track_swallow_dereg(mr));
}

TRACKED_CASE(being_revoked__never)
{
	struct guarded_mr *gmr = tracked_add(mr, 1);

	assert_ptr_equal(track_claim_lease(gmr->leases[0], 1), gmr);
	assert_false(track_swallow_dereg(mr));
}

TRACKED_CASE(zombie__once)
{
	struct guarded_mr *gmr = tracked_zombie(mr, 1), *found;

	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_ptr_equal(found, gmr);
	assert_true(track_swallow_dereg(mr));
	assert_false(track_swallow_dereg(mr));
}

/* The provider gave up after the kernel's part, and the program tries again. */
TRACKED_CASE(zombie__again_after_a_failure)
{
	struct guarded_mr *gmr = tracked_zombie(mr, 1), *found;

	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_true(track_swallow_dereg(mr));
	track_keep(gmr);
	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_true(track_swallow_dereg(mr));
	assert_false(track_swallow_dereg(mr));
}

/*
 * The provider has freed the struct of a zombie, and the address is that of a
 * new MR whose kernel side exists, before track_remove() of the old.
 */
TRACKED_CASE(address_used_again__not_the_new_one)
{
	struct guarded_mr *old = tracked_zombie(mr, 1), *new, *found;

	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_ptr_equal(found, old);
	assert_true(track_swallow_dereg(mr));
	new = tracked_add(mr, 1);
	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_ptr_equal(found, new);
	assert_false(track_swallow_dereg(mr));
	assert_int_equal(track_remove(old), 0);
	assert_int_equal(track_remove(new), 1);
	track_free(old);
	track_free(new);
}

/*
 * The kernel's side is gone and the provider frees the struct: from here on the
 * address may be that of an MR which is none of ours.
 */
TRACKED_CASE(freed__found_no_more)
{
	struct guarded_mr *gmr = tracked_add(mr, 1), *found;

	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_true(track_has(mr));
	track_freeing(mr);
	assert_false(track_has(mr));
	assert_int_equal(track_begin_dereg(mr, &found), ENOENT);
	/* The provider gave up, and the program has it again. */
	track_keep(gmr);
	assert_true(track_has(mr));
}

/* Not before the program deregisters it: others pass here, too. */
TRACKED_CASE(not_being_deregistered__stays)
{
	(void)tracked_add(mr, 1);
	track_freeing(mr);
	assert_true(track_has(mr));
}

TRACKED_CASE(address_used_again__each_zombie_once)
{
	struct guarded_mr *old = tracked_zombie(mr, 1), *found;

	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_true(track_swallow_dereg(mr));
	(void)tracked_zombie(mr, 2);
	assert_int_equal(track_begin_dereg(mr, &found), 0);
	assert_true(track_swallow_dereg(mr));
	assert_false(track_swallow_dereg(mr));
	assert_int_equal(track_remove(old), 0);
	track_free(old);
}
