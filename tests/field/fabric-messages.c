// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Messages from one endpoint of libfabric to another, each from memory that is
 * mapped for it to memory that is mapped for it, at the addresses of those
 * before, which libfabric may have in its cache of registrations.  It hears of
 * memory that goes by hooks in the tables of imports, or by userfaultfd(2).
 *
 *   fabric-messages ADDRESS [unheard]
 *
 * unheard: by system calls that no hook sees; the control, in which bytes are wrong
 */
#include <rdma/fabric.h>
#include <rdma/fi_cm.h>
#include <rdma/fi_domain.h>
#include <rdma/fi_endpoint.h>
#include <rdma/fi_errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LEN (1ul << 20)
#define MESSAGES 5
#define WAIT_S 60

static struct fi_info *info;
static struct fid_fabric *fabric;
static struct fid_domain *domain;

struct end {
	struct fid_ep *ep;
	struct fid_cq *cq;
	struct fid_av *av;
};

#define CHECK(call)                                                       \
	do {                                                              \
		long check_r = (call);                                    \
                                                                          \
		if (check_r) {                                            \
			printf("%s: %s\n", #call, fi_strerror(-check_r)); \
			exit(3);                                          \
		}                                                         \
	} while (0)

static void open_fabric(const char *address)
{
	struct fi_info *hints = fi_allocinfo();

	hints->caps = FI_MSG;
	hints->ep_attr->type = FI_EP_RDM;
	hints->domain_attr->mr_mode =
		FI_MR_VIRT_ADDR | FI_MR_ALLOCATED | FI_MR_PROV_KEY;
	hints->fabric_attr->prov_name = strdup("verbs;ofi_rxm");
	CHECK(fi_getinfo(FI_VERSION(1, 9), address, NULL, FI_SOURCE, hints,
			 &info));
	CHECK(fi_fabric(info->fabric_attr, &fabric, NULL));
	CHECK(fi_domain(fabric, info, &domain, NULL));
	fi_freeinfo(hints);
}

static void open_end(struct end *end)
{
	struct fi_cq_attr cq_attr = { .format = FI_CQ_FORMAT_CONTEXT };
	struct fi_av_attr av_attr = { .type = FI_AV_TABLE };

	CHECK(fi_endpoint(domain, info, &end->ep, NULL));
	CHECK(fi_cq_open(domain, &cq_attr, &end->cq, NULL));
	CHECK(fi_av_open(domain, &av_attr, &end->av, NULL));
	CHECK(fi_ep_bind(end->ep, &end->av->fid, 0));
	CHECK(fi_ep_bind(end->ep, &end->cq->fid, FI_TRANSMIT | FI_RECV));
	CHECK(fi_enable(end->ep));
}

static fi_addr_t introduce(struct end *to, struct end *whom)
{
	char name[256];
	size_t len = sizeof(name);
	fi_addr_t addr;

	CHECK(fi_getname(&whom->ep->fid, name, &len));
	CHECK(fi_av_insert(to->av, name, 1, &addr, 0, NULL) != 1);
	return addr;
}

/* One completion more; both ends have to be driven. */
static int poll_end(struct end *end)
{
	struct fi_cq_err_entry error = { 0 };
	struct fi_cq_entry entry;
	ssize_t n = fi_cq_read(end->cq, &entry, 1);

	if (n == -FI_EAVAIL) {
		fi_cq_readerr(end->cq, &error, 0);
		printf("completion: %s\n", fi_strerror(error.err));
		exit(3);
	}
	return n == 1;
}

static void transfer(struct end *ends, fi_addr_t to, const char *from,
		     char *into)
{
	time_t deadline = time(NULL) + WAIT_S;
	int done[2] = { 0 };
	ssize_t r;

	CHECK(fi_recv(ends[1].ep, into, LEN, NULL, FI_ADDR_UNSPEC, NULL));
	do {
		r = fi_send(ends[0].ep, from, LEN, NULL, to, NULL);
		poll_end(&ends[1]);
		if (r == -FI_EAGAIN)
			poll_end(&ends[0]);
	} while (r == -FI_EAGAIN && time(NULL) < deadline);
	CHECK(r);
	while (!(done[0] && done[1]) && time(NULL) < deadline) {
		done[0] |= poll_end(&ends[0]);
		done[1] |= poll_end(&ends[1]);
	}
	CHECK(done[0] && done[1] ? 0 : -FI_ETIMEDOUT);
}

static char *map(int fill)
{
	char *memory = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memset(memory, fill, LEN);
}

static void unmap(char *memory, bool is_unheard)
{
	if (is_unheard)
		syscall(SYS_munmap, memory, LEN);
	else
		munmap(memory, LEN);
}

static size_t count_wrong(const char *memory, int fill)
{
	size_t i, wrong = 0;

	for (i = 0; i < LEN; i++)
		wrong += memory[i] != fill;
	return wrong;
}

int main(int argc, char **argv)
{
	struct end ends[2];
	char *from, *into;
	fi_addr_t to;
	int i;

	if (argc < 2 || (argc > 2 && strcmp(argv[2], "unheard")))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	open_fabric(argv[1]);
	open_end(&ends[0]);
	open_end(&ends[1]);
	to = introduce(&ends[0], &ends[1]);
	introduce(&ends[1], &ends[0]);
	for (i = 1; i <= MESSAGES; i++) {
		from = map(i);
		into = map(0);
		transfer(ends, to, from, into);
		printf("message %d: %zu of %lu bytes wrong\n", i,
		       count_wrong(into, i), LEN);
		unmap(into, argc > 2);
		unmap(from, argc > 2);
	}
	return 0;
}
