// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Of several files, the one that is named in the reason is the one it is about.
 */
#include <errno.h>

#include "lib/ruled.h"

static void three_files(enum mapping_kind kind)
{
	fake_mapping_set(3, kind);
	fake_mapping.parts[0].file.path = "/first";
	fake_mapping.parts[1].file.path = "/second";
	fake_mapping.parts[2].file.path = "/third";
}

static void assert_names_second(void)
{
	assert_logged("guard: /second ");
	assert_not_logged("/first");
	assert_not_logged("/third");
}

RULED_CASE(EAGAIN__whose_lease_was_not_to_be_had)
{
	three_files(MAPPING_FSDAX);
	fake_lease.take = ONCE_AT(2, EAGAIN);
	guarded_reg_fails(EAGAIN, "classify, take 1, take 2, put 1");
	assert_names_second();
	assert_logged("(retake_ms)");
}

RULED_CASE(EAGAIN__who_has_it_open)
{
	three_files(MAPPING_PAGE_CACHE);
	fake_lease.take = ONCE_AT(2, EAGAIN);
	fake_lease.cause.kind = CAUSE_OPEN_ELSEWHERE;
	guarded_reg_fails(EAGAIN,
			  "classify, take ordinary 1, take ordinary 2, put 1");
	assert_names_second();
	assert_logged("somebody has it open");
}

/* The last try counts: the first was about another file. */
RULED_CASE(EAGAIN__as_of_the_last_try)
{
	three_files(MAPPING_FSDAX);
	fake_lease.take = ONCE_AT(3, EAGAIN);
	fake_retake_left = 1;
	fake_mapping.changes_at = 3;
	guarded_reg_fails(EAGAIN,
			  "classify, take 1, take 2, take 3, put 2, put 1, "
			  "wait, classify, take 1, take 2, take 3, prefault 1, "
			  "prefault 2, prefault 3, adopt 7, reg_mr, classify, "
			  "dereg_mr, put 3, put 2, put 1");
	assert_not_logged("/third");
	assert_logged("guard: /first ");
}

#define UP_TO_REG_MR(take)                                                  \
	"classify, " take ", prefault 1, prefault 2, prefault 3, adopt 7, " \
	"reg_mr, held? 1, held? 2, held? 3, classify, put 3, put 2, put 1"

/* Of FS-DAX and tmpfs the kernel does pin pages. */
RULED_CASE(EFAULT__file_with_a_page_cache)
{
	three_files(MAPPING_FSDAX);
	fake_mapping.parts[1].kind = MAPPING_PAGE_CACHE;
	fake_provider.reg_mr = ALWAYS(EFAULT);
	guarded_reg_fails(EFAULT,
			  UP_TO_REG_MR("take 1, take ordinary 2, take 3"));
	assert_names_second();
	assert_logged("since 6.5 Linux pins no pages");
}

/* Linux 6.1 does pin them: then it is something else. */
RULED_CASE(EFAULT__not_on_older_kernels)
{
	three_files(MAPPING_PAGE_CACHE);
	ruled_release = "6.1.0-28-amd64";
	fake_provider.reg_mr = ALWAYS(EFAULT);
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_int_equal(errno, EFAULT);
	assert_not_logged("since 6.5");
	assert_logged("could not get at a page of it");
}

RULED_CASE(EFAULT__read_only_mapping_to_be_written)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_mapping.parts[0].writable = false;
	fake_mapping.bad_part.kind = CAUSE_READ_ONLY;
	fake_provider.reg_mr = ALWAYS(EFAULT);
	guarded_reg_fails(EFAULT, "classify, take ordinary 1, "
				  "prefault for reading 1, adopt 7, reg_mr, "
				  "held? 1, classify, put 1");
	assert_logged("is mapped read-only and the memory region is to be "
		      "written");
}

RULED_CASE(EFAULT__old_kernel_and_read_only_mapping)
{
	fake_mapping_set(1, MAPPING_PAGE_CACHE);
	fake_mapping.parts[0].writable = false;
	fake_provider.reg_mr = ALWAYS(EFAULT);
	errno = 0;
	assert_null(guarded_reg(0));
	assert_int_equal(errno, EFAULT);
	assert_logged("this kernel pins memory only as if");
}

RULED_CASE(lease__whose)
{
	three_files(MAPPING_FSDAX);
	fake_lease.take = ONCE_AT(2, EACCES);
	guarded_reg_fails(EACCES, "classify, take 1, take 2, put 1");
	assert_names_second();
}

RULED_CASE(prefault__whose)
{
	three_files(MAPPING_FSDAX);
	fake_prefault.prefault = ONCE_AT(2, EIO);
	guarded_reg_fails(EIO, "classify, take 1, take 2, take 3, "
			       "prefault 1, prefault 2, put 3, put 2, put 1");
	assert_names_second();
}

RULED_CASE(choice__whose)
{
	three_files(MAPPING_FSDAX);
	fake_mapping.parts[1].kind = MAPPING_UNKNOWN;
	guarded_reg_fails(EOPNOTSUPP, "classify");
	assert_names_second();
}
