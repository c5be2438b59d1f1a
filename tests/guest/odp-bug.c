// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * On-demand paging of rxe puts the data of a transfer elsewhere if the
 * transfer does not begin at a page or is of more than one packet.  That is
 * why pinsafe never uses it by itself; when this test fails, the bug is gone
 * and pinsafe may.
 *
 * __rxe_odp_mr_copy() in drivers/infiniband/sw/rxe/rxe_odp.c maps a page and
 * copies from its start, whatever the address, and once more from its start
 * for what is on the next page.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "guard.h"
#include "t.h"
#include "verbs.h"

#define LEN 65536UL
#define PAGE 4096
#define BUFFER '.'

static const struct transfer {
	const char *what;
	size_t offset;
	size_t len;
	bool works; /* with on-demand paging */
} transfers[] = {
	{"one packet at the start of a page", PAGE, 512, true},
	{"a packet inside a page", PAGE + 100, 64, false},
	{"a packet across two pages", 2 * PAGE - 500, 1000, false},
	{"8 packets from the start of a page", PAGE, 8192, false},
};

/* No two pages or packets are alike */
static void fill(unsigned char *data, size_t len, unsigned char salt)
{
	size_t i;

	for (i = 0; i < len; i++)
		data[i] = salt + i * 7 + i / 251 + i / 1024 * 13;
}

static bool write_arrives(struct verbs *verbs, unsigned char *addr,
			  struct ibv_mr *mr, const struct transfer *transfer)
{
	unsigned char data[2 * PAGE];
	size_t i, end = transfer->offset + transfer->len;
	int status;

	fill(data, transfer->len, 1);
	memset(addr, BUFFER, LEN);
	status = verbs_write_once(verbs, data, transfer->len,
				  addr + transfer->offset, mr->rkey);
	t_ok(!status, "RDMA WRITE, %s: %s", transfer->what,
	     ibv_wc_status_str(status));
	for (i = 0; i < LEN; i++)
		if ((i < transfer->offset || i >= end) && addr[i] != BUFFER)
			return false;
	return !memcmp(addr + transfer->offset, data, transfer->len);
}

static bool read_is_right(struct verbs *verbs, unsigned char *addr,
			  struct ibv_mr *mr, const struct transfer *transfer)
{
	unsigned char data[2 * PAGE] = "";
	int status;

	fill(addr, LEN, 2);
	status = verbs_read_once(verbs, data, transfer->len,
				 addr + transfer->offset, mr->rkey);
	t_ok(!status, "RDMA READ, %s: %s", transfer->what,
	     ibv_wc_status_str(status));
	return !memcmp(addr + transfer->offset, data, transfer->len);
}

static void check(const struct transfer *transfer, const char *verb, bool odp,
		  bool right)
{
	bool expected = !odp || transfer->works;

	t_ok(right == expected, "%s, %s, %s: the data is %s%s", verb,
	     transfer->what, odp ? "on demand" : "pinned",
	     right ? "right" : "wrong",
	     right && !expected
		     ? ".  The bug of rxe is gone in this kernel: let pinsafe "
		       "use on-demand paging there, and this test check it"
		     : "");
}

static void transfer_all(struct verbs *verbs, unsigned char *addr, bool odp)
{
	struct ibv_mr *mr;
	size_t i;

	mr = ibv_reg_mr(verbs->pd, addr, LEN,
			VERBS_ACCESS | (odp ? IBV_ACCESS_ON_DEMAND : 0));
	if (!mr)
		t_bail("registering memory%s", odp ? " on demand" : "");
	for (i = 0; i < sizeof(transfers) / sizeof(transfers[0]); i++) {
		check(&transfers[i], "RDMA WRITE", odp,
		      write_arrives(verbs, addr, mr, &transfers[i]));
		check(&transfers[i], "RDMA READ", odp,
		      read_is_right(verbs, addr, mr, &transfers[i]));
	}
	t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
}

int main(void)
{
	struct ibv_device_attr_ex attr;
	struct verbs verbs;
	unsigned char *addr;

	if (guard_loaded())
		t_bail("a control runs without pinsafe");
	verbs_open(&verbs);
	if (ibv_query_device_ex(verbs.context, NULL, &attr))
		t_bail("ibv_query_device_ex");
	if (!(attr.odp_caps.general_caps & IBV_ODP_SUPPORT))
		t_skip("rxe has no on-demand paging on this kernel");
	addr = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (addr == MAP_FAILED)
		t_bail("mmap");
	transfer_all(&verbs, addr, false);
	transfer_all(&verbs, addr, true);
	munmap(addr, LEN);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
