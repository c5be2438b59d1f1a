// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Requests to the kernel's side of an RDMA device (rdma_user_ioctl_cmds.h).
 * libibverbs makes the same ones, but on the descriptor that the program has
 * under a number, and through whoever stands in front of ioctl(2).
 */
#include <errno.h>
#include <string.h>

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/rdma_user_ioctl.h>
#include <rdma/rdma_user_ioctl_cmds.h>

#include "base/sys.h"
#include "machine/uverbs.h"

#define MAX_ATTRS 4

/* The attributes are behind the header, which ends in an array without a size. */
union request {
	struct ib_uverbs_ioctl_hdr header;
	char room[sizeof(struct ib_uverbs_ioctl_hdr) +
		  MAX_ATTRS * sizeof(struct ib_uverbs_attr)];
};

static void init(union request *request, uint32_t driver_id, uint16_t method)
{
	memset(request, 0, sizeof(*request));
	request->header.object_id = UVERBS_OBJECT_MR;
	request->header.method_id = method;
	request->header.driver_id = driver_id;
}

static struct ib_uverbs_attr *add(union request *request, uint16_t id)
{
	struct ib_uverbs_attr *attr =
		&request->header.attrs[request->header.num_attrs++];

	attr->attr_id = id;
	attr->flags = UVERBS_ATTR_F_MANDATORY;
	return attr;
}

static void add_out(union request *request, uint16_t id, void *value,
		    size_t size)
{
	struct ib_uverbs_attr *attr = add(request, id);

	attr->len = size;
	attr->data = (uintptr_t)value;
}

static int run(int fd, union request *request)
{
	request->header.length = sizeof(request->header) +
				 request->header.num_attrs *
					 sizeof(request->header.attrs[0]);
	return sys_ioctl(fd, RDMA_VERBS_IOCTL, request) ? errno : 0;
}

int uverbs_query_mr(int fd, uint32_t driver_id, uint32_t handle,
		    struct uverbs_mr *ret_mr)
{
	union request request;
	struct uverbs_mr mr;
	uint64_t length;
	int r;

	init(&request, driver_id, UVERBS_METHOD_QUERY_MR);
	add(&request, UVERBS_ATTR_QUERY_MR_HANDLE)->data = handle;
	add_out(&request, UVERBS_ATTR_QUERY_MR_RESP_LKEY, &mr.lkey,
		sizeof(mr.lkey));
	add_out(&request, UVERBS_ATTR_QUERY_MR_RESP_RKEY, &mr.rkey,
		sizeof(mr.rkey));
	/* The kernel insists on telling it. */
	add_out(&request, UVERBS_ATTR_QUERY_MR_RESP_LENGTH, &length,
		sizeof(length));
	r = run(fd, &request);
	if (!r)
		*ret_mr = mr;
	return r;
}

int uverbs_destroy_mr(int fd, uint32_t driver_id, uint32_t handle)
{
	union request request;

	init(&request, driver_id, UVERBS_METHOD_MR_DESTROY);
	add(&request, UVERBS_ATTR_DESTROY_MR_HANDLE)->data = handle;
	return run(fd, &request);
}
