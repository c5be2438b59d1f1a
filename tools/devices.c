// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* RDMA devices, and whether pinsafe can get in front of them. */
#include <dlfcn.h>
#include <errno.h>
#include <infiniband/pinsafe.h>
#include <infiniband/verbs.h>
#include <string.h>
#include <sys/resource.h>

#include "reports.h"

#define ODP_WANTED (IBV_ODP_SUPPORT_WRITE | IBV_ODP_SUPPORT_READ)

/* "rxe" of .../librxe-rdmav34.so, whose code the context's operations are */
static void find_provider(struct ibv_context *context, char *name, size_t size)
{
	const char *base;
	Dl_info info;

	snprintf(name, size, "?");
	if (!dladdr((void *)context->ops.poll_cq, &info) || !info.dli_fname)
		return;
	base = strrchr(info.dli_fname, '/');
	base = base ? base + 1 : info.dli_fname;
	if (!strncmp(base, "lib", 3))
		base += 3;
	snprintf(name, size, "%.*s", (int)strcspn(base, "-."), base);
}

static void add_odp(const struct ibv_device_attr_ex *attr, json_object *device,
		    bool *ret_has_rc)
{
	json_object *odp = report_object(device, "odp");
	uint32_t rc = attr->odp_caps.per_transport_caps.rc_odp_caps;

	*ret_has_rc = (attr->odp_caps.general_caps & IBV_ODP_SUPPORT) &&
		      (rc & ODP_WANTED) == ODP_WANTED;
	report_bool(odp, "supported",
		    attr->odp_caps.general_caps & IBV_ODP_SUPPORT);
	report_bool(odp, "implicit",
		    attr->odp_caps.general_caps & IBV_ODP_SUPPORT_IMPLICIT);
	report_bool(odp, "rc_write", rc & IBV_ODP_SUPPORT_WRITE);
	report_bool(odp, "rc_read", rc & IBV_ODP_SUPPORT_READ);
	report_bool(odp, "rc_atomic", rc & IBV_ODP_SUPPORT_ATOMIC);
}

static void add_device(struct ibv_device *ibv_device, json_object *devices,
		       bool *has_odp)
{
	json_object *device = report_append(devices);
	struct ibv_device_attr_ex attr = {0};
	struct ibv_context *context;
	bool has_rc = false;
	char provider[32];
	int r;

	report_string(device, "name", ibv_get_device_name(ibv_device));
	errno = 0;
	context = ibv_open_device(ibv_device);
	if (!context) {
		report_errno(device, "error", errno ?: EIO);
		return;
	}
	find_provider(context, provider, sizeof(provider));
	report_string(device, "provider", provider);
	r = ibv_query_device_ex(context, NULL, &attr);
	report_errno(device, "error", r);
	if (!r) {
		report_uint(device, "max_mr_size", attr.orig_attr.max_mr_size);
		report_int(device, "max_mr", attr.orig_attr.max_mr);
		add_odp(&attr, device, &has_rc);
	}
	/* On-demand paging of rxe writes to the wrong place in a page. */
	if (has_rc && strcmp(provider, "rxe"))
		*has_odp = true;
	/* Last: from here on the operations are ours. */
	r = pinsafe_attach(context);
	report_bool(device, "hooked", !r);
	report_errno(device, "hook_error", r);
	ibv_close_device(context);
}

static void add_memlock(json_object *report)
{
	struct rlimit limit;

	report_add(report, "memlock_limit",
		   getrlimit(RLIMIT_MEMLOCK, &limit) ||
				   limit.rlim_cur == RLIM_INFINITY
			   ? NULL
			   : json_object_new_uint64(limit.rlim_cur));
}

int devices_report(const char *name, json_object *report,
		   struct abilities *abilities)
{
	json_object *devices = report_array(report, "devices");
	struct ibv_device **list;
	size_t i;

	add_memlock(report);
	/* NULL, too, without the kernel's side */
	list = ibv_get_device_list(NULL);
	for (i = 0; list && list[i]; i++)
		if (!name || !strcmp(ibv_get_device_name(list[i]), name))
			add_device(list[i], devices, &abilities->has_odp);
	if (list)
		ibv_free_device_list(list);
	return name && !json_object_array_length(devices) ? ENODEV : 0;
}
