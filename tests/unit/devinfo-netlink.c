// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Messages of RDMA netlink: memory regions, and what the kernel leaves out. */
#include <errno.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <rdma/rdma_netlink.h>
#include <string.h>

#include "lib/test.h"
#include "rdma_netlink.h"

static struct nl_msg *message;
static struct nlattr *table, *entry;
static struct rdma_mrs mrs;

static int setup(void **state)
{
	memset(&mrs, 0, sizeof(mrs));
	message = nlmsg_alloc_simple(0, 0);
	return !message;
}

static int teardown(void **state)
{
	rdma_mrs_put(&mrs);
	nlmsg_free(message);
	return 0;
}

#define NETLINK_CASE(fn) CASE_WITH(fn, setup, teardown)

static void put_u32(int type, uint32_t value)
{
	assert_int_equal(nla_put_u32(message, type, value), 0);
}

static void begin(const char *device)
{
	if (device)
		assert_int_equal(nla_put_string(message,
						RDMA_NLDEV_ATTR_DEV_NAME,
						device),
				 0);
	table = nla_nest_start(message, RDMA_NLDEV_ATTR_RES_MR);
	entry = nla_nest_start(message, RDMA_NLDEV_ATTR_RES_MR_ENTRY);
}

static void put_length_and_number(void)
{
	assert_int_equal(
		nla_put_u64(message, RDMA_NLDEV_ATTR_RES_MRLEN, 1ULL << 40), 0);
	put_u32(RDMA_NLDEV_ATTR_RES_MRN, 7);
}

static int parse(void)
{
	nla_nest_end(message, entry);
	nla_nest_end(message, table);
	return rdma_netlink_parse_mrs(nlmsg_hdr(message), &mrs);
}

NETLINK_CASE(entry__all_attributes)
{
	begin("rxe0");
	put_length_and_number();
	put_u32(RDMA_NLDEV_ATTR_RES_PDN, 3);
	put_u32(RDMA_NLDEV_ATTR_RES_LKEY, 0x11);
	put_u32(RDMA_NLDEV_ATTR_RES_RKEY, 0x12);
	put_u32(RDMA_NLDEV_ATTR_RES_PID, 99);
	assert_int_equal(parse(), 0);
	assert_int_equal(mrs.n, 1);
	assert_string_equal(mrs.mrs[0].device, "rxe0");
	assert_int_equal(mrs.mrs[0].length, 1ULL << 40);
	assert_int_equal(mrs.mrs[0].mrn, 7);
	assert_int_equal(mrs.mrs[0].pdn, 3);
	assert_true(mrs.mrs[0].has_keys);
	assert_int_equal(mrs.mrs[0].lkey, 0x11);
	assert_int_equal(mrs.mrs[0].rkey, 0x12);
	assert_int_equal(mrs.mrs[0].tid, 99);
}

/* An ordinary user looks at a memory region whose thread has ended. */
NETLINK_CASE(entry__least_attributes)
{
	begin("rxe0");
	put_length_and_number();
	assert_int_equal(parse(), 0);
	assert_int_equal(mrs.n, 1);
	assert_false(mrs.mrs[0].has_keys);
	assert_int_equal(mrs.mrs[0].tid, 0);
}

NETLINK_CASE(entry__of_the_kernel_is_left_out)
{
	begin("rxe0");
	put_length_and_number();
	assert_int_equal(nla_put_string(message, RDMA_NLDEV_ATTR_RES_KERN_NAME,
					"ib_core"),
			 0);
	assert_int_equal(parse(), 0);
	assert_int_equal(mrs.n, 0);
}

NETLINK_CASE(message__no_table)
{
	assert_int_equal(
		nla_put_string(message, RDMA_NLDEV_ATTR_DEV_NAME, "rxe0"), 0);
	assert_int_equal(rdma_netlink_parse_mrs(nlmsg_hdr(message), &mrs), 0);
	assert_int_equal(mrs.n, 0);
}

NETLINK_CASE(message__no_device_EINVAL)
{
	begin(NULL);
	put_length_and_number();
	assert_int_equal(parse(), EINVAL);
	assert_int_equal(mrs.n, 0);
}

NETLINK_CASE(message__long_device_name_EINVAL)
{
	char name[100];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	begin(name);
	put_length_and_number();
	assert_int_equal(parse(), EINVAL);
}

NETLINK_CASE(entry__no_length_EINVAL)
{
	begin("rxe0");
	put_u32(RDMA_NLDEV_ATTR_RES_MRN, 7);
	assert_int_equal(parse(), EINVAL);
	assert_int_equal(mrs.n, 0);
}

NETLINK_CASE(entry__short_length_EINVAL)
{
	begin("rxe0");
	put_u32(RDMA_NLDEV_ATTR_RES_MRLEN, 4096);
	put_u32(RDMA_NLDEV_ATTR_RES_MRN, 7);
	assert_int_equal(parse(), EINVAL);
	assert_int_equal(mrs.n, 0);
}
