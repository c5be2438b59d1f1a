// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Memory regions by RDMA netlink (include/uapi/rdma/rdma_netlink.h), as
 * rdma(8) lists them with "rdma resource show mr".
 *
 * An ordinary user sees those of everybody, too, but not their keys
 * (drivers/infiniband/core/nldev.c:fill_res_mr_entry).
 */
#include <errno.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <rdma/rdma_netlink.h>
#include <stdlib.h>
#include <string.h>

#include "rdma_netlink.h"

#define COMMAND(op) RDMA_NL_GET_TYPE(RDMA_NL_NLDEV, RDMA_NLDEV_CMD_##op)

/*
 * What a dump adds, and to what.  Devices and protection domains are kept as
 * memory regions with fewer numbers.
 */
struct dump {
	int table; /* of its entries in a message about one device; 0: none */
	int (*add)(struct nlattr **attrs, const char *device,
		   struct rdma_mrs *to); /* 0 or an errno value */
	struct rdma_mrs *to;
	int error; /* the first one */
};

/* By hand, as the kernel's attributes may be of any length it likes */
static bool get_number(struct nlattr *attr, void *ret_value, size_t size)
{
	if (!attr || nla_len(attr) != size)
		return false;
	memcpy(ret_value, nla_data(attr), size);
	return true;
}

#define GET(attrs, name, value) \
	get_number(attrs[RDMA_NLDEV_ATTR_##name], &(value), sizeof(value))

static bool get_name(struct nlattr *attr, char *name, size_t size)
{
	if (!attr || nla_len(attr) < 1 || nla_len(attr) > size)
		return false;
	nla_strlcpy(name, attr, size);
	return true;
}

static int parse(struct nlmsghdr *message, const struct dump *dump)
{
	struct nlattr *attrs[RDMA_NLDEV_ATTR_MAX], *table, *entry;
	char device[sizeof(dump->to->mrs->device)];
	int rest, r = 0;

	if (nlmsg_parse(message, 0, attrs, RDMA_NLDEV_ATTR_MAX - 1, NULL) < 0 ||
	    !get_name(attrs[RDMA_NLDEV_ATTR_DEV_NAME], device, sizeof(device)))
		return EINVAL;
	if (!dump->table)
		return dump->add(attrs, device, dump->to);
	table = attrs[dump->table];
	if (!table)
		return 0;
	nla_for_each_nested(entry, table, rest)
	{
		r = nla_parse_nested(attrs, RDMA_NLDEV_ATTR_MAX - 1, entry,
				     NULL) < 0
			    ? EINVAL
			    : dump->add(attrs, device, dump->to);
		if (r)
			break;
	}
	return r;
}

static int append(struct rdma_mrs *mrs, const struct rdma_mr *mr,
		  const char *device)
{
	struct rdma_mr *more;

	more = reallocarray(mrs->mrs, mrs->n + 1, sizeof(*more));
	if (!more)
		return ENOMEM;
	mrs->mrs = more;
	more += mrs->n++;
	*more = *mr;
	strcpy(more->device, device);
	return 0;
}

static int add_mr(struct nlattr **attrs, const char *device,
		  struct rdma_mrs *mrs)
{
	struct rdma_mr mr = {0};

	if (attrs[RDMA_NLDEV_ATTR_RES_KERN_NAME])
		return 0;
	if (!GET(attrs, RES_MRLEN, mr.length) || !GET(attrs, RES_MRN, mr.mrn))
		return EINVAL;
	GET(attrs, RES_PDN, mr.pdn);
	mr.has_keys = GET(attrs, RES_LKEY, mr.lkey) &&
		      GET(attrs, RES_RKEY, mr.rkey);
	GET(attrs, RES_PID, mr.tid);
	return append(mrs, &mr, device);
}

static int add_pd(struct nlattr **attrs, const char *device,
		  struct rdma_mrs *pds)
{
	struct rdma_mr pd = {0};

	if (!GET(attrs, RES_PDN, pd.pdn) || !GET(attrs, RES_PID, pd.tid))
		return 0;
	return append(pds, &pd, device);
}

/* Its index is the number. */
static int add_device(struct nlattr **attrs, const char *name,
		      struct rdma_mrs *devices)
{
	struct rdma_mr device = {0};

	if (!GET(attrs, DEV_INDEX, device.mrn))
		return EINVAL;
	return append(devices, &device, name);
}

int rdma_netlink_parse_mrs(struct nlmsghdr *message, struct rdma_mrs *mrs)
{
	return parse(message,
		     &(struct dump){RDMA_NLDEV_ATTR_RES_MR, add_mr, mrs, 0});
}

static int on_message(struct nl_msg *message, void *arg)
{
	struct dump *dump = arg;

	dump->error = parse(nlmsg_hdr(message), dump);
	return dump->error ? -NLE_FAILURE : NL_OK;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct dump *dump = arg;

	dump->error = -error->error;
	return NL_STOP;
}

/* Ask for a dump, of device @index if the command is about one, and parse it. */
static int run_dump(struct nl_sock *sock, int command, uint32_t index,
		    struct dump *dump)
{
	struct {
		struct nlattr header;
		uint32_t index;
	} attr = {{sizeof(attr), RDMA_NLDEV_ATTR_DEV_INDEX}, index};
	size_t size = command == COMMAND(GET) ? 0 : sizeof(attr);

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, dump);
	nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, on_error, dump);
	if (nl_send_simple(sock, command, NLM_F_DUMP, &attr, size) < 0 ||
	    nl_recvmsgs_default(sock) < 0)
		return dump->error ?: EIO;
	return dump->error;
}

/* The thread of the protection domain stands in for one that has ended. */
static void find_owners(struct rdma_mrs *mrs, const struct rdma_mrs *pds)
{
	const struct rdma_mr *pd;
	struct rdma_mr *mr;

	for (mr = mrs->mrs; mr < mrs->mrs + mrs->n; mr++)
		for (pd = pds->mrs; pd < pds->mrs + pds->n && !mr->tid; pd++)
			if (pd->pdn == mr->pdn &&
			    !strcmp(pd->device, mr->device))
				mr->tid = pd->tid;
}

static int dump_all(struct nl_sock *sock, struct rdma_mrs *mrs)
{
	struct rdma_mrs devices = {0}, pds = {0};
	struct dump dump_devices = {0, add_device, &devices, 0};
	size_t i;
	int r;

	r = run_dump(sock, COMMAND(GET), 0, &dump_devices);
	for (i = 0; !r && i < devices.n; i++) {
		struct dump dump_mrs = {RDMA_NLDEV_ATTR_RES_MR, add_mr, mrs, 0};
		struct dump dump_pds = {RDMA_NLDEV_ATTR_RES_PD, add_pd, &pds, 0};
		uint32_t index = devices.mrs[i].mrn;

		r = run_dump(sock, COMMAND(RES_MR_GET), index, &dump_mrs);
		if (!r)
			r = run_dump(sock, COMMAND(RES_PD_GET), index,
				     &dump_pds);
		/* The device is gone. */
		if (r == EINVAL && (dump_mrs.error || dump_pds.error))
			r = 0;
	}
	if (!r)
		find_owners(mrs, &pds);
	rdma_mrs_put(&pds);
	rdma_mrs_put(&devices);
	return r;
}

int rdma_netlink_mrs(struct rdma_mrs *ret_mrs)
{
	struct rdma_mrs mrs = {0};
	struct nl_sock *sock;
	int r;

	sock = nl_socket_alloc();
	if (!sock)
		return ENOMEM;
	errno = 0;
	if (nl_connect(sock, NETLINK_RDMA) < 0) {
		r = errno ? errno : EPROTONOSUPPORT;
		goto free_socket;
	}
	r = dump_all(sock, &mrs);
	if (r)
		rdma_mrs_put(&mrs);
	else
		*ret_mrs = mrs;
free_socket:
	nl_socket_free(sock);
	return r;
}

void rdma_mrs_put(struct rdma_mrs *mrs)
{
	free(mrs->mrs);
	memset(mrs, 0, sizeof(*mrs));
}
