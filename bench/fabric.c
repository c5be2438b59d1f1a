// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * For comparison: what does the registration cache of libfabric cost, over the
 * verbs of a real device?
 *
 *   file N     from now on the memory is a populated file that is guarded, N bytes,
 *              and a memory region keeps its lease held; else it is anonymous
 *   hit N      N times what is registered already is found and let go
 *   miss N     N times another page is mapped, found not to be registered, let go,
 *              and unmapped, which the cache hears of
 *   direct N, direct_miss N   the same by ibv_reg_mr() and ibv_dereg_mr(),
 *              without a cache
 *   mmap N, raw_mmap N   N times mmap() and munmap(), which the cache hears of
 *
 * PINSAFE_TEST_ADDRESS is the address of the device.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rdma/fabric.h>
#include <rdma/fi_domain.h>

#include "lib/bench.h"

static struct fid_domain *domain;
static char *memory;
static size_t size = BENCH_PAGE;
/* Of the file, or -1 */
static int fd = -1;

static void check(int r, const char *what)
{
	if (r) {
		fprintf(stderr, "bench: %s: %s\n", what, fi_strerror(-r));
		exit(1);
	}
}

static void open_domain(void)
{
	struct fi_info *hints = fi_allocinfo(), *info;
	struct fid_fabric *fabric;

	hints->fabric_attr->prov_name = strdup("verbs");
	hints->ep_attr->type = FI_EP_MSG;
	hints->caps = FI_MSG | FI_RMA;
	hints->domain_attr->mr_mode = FI_MR_LOCAL | FI_MR_ALLOCATED |
				      FI_MR_PROV_KEY | FI_MR_VIRT_ADDR;
	check(fi_getinfo(FI_VERSION(1, 17), getenv("PINSAFE_TEST_ADDRESS"),
			 NULL, FI_SOURCE, hints, &info),
	      "fi_getinfo");
	check(fi_fabric(info->fabric_attr, &fabric, NULL), "fi_fabric");
	check(fi_domain(fabric, info, &domain, NULL), "fi_domain");
}

static struct fid_mr *get(void *addr)
{
	struct fid_mr *mr;

	check(fi_mr_reg(domain, addr, size, FI_SEND | FI_RECV | FI_REMOTE_WRITE,
			0, 0, 0, &mr, NULL),
	      "fi_mr_reg");
	return mr;
}

static void op_file(long n)
{
	struct bench_file file;

	bench_map(&file, n);
	bench_populate(&file);
	bench_bare_lease(&file);
	bench_reg(file.addr, BENCH_PAGE);
	fd = open(file.path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		BENCH_DIE("%s", file.path);
	unlink(file.path);
	memory = file.addr;
	size = n;
}

static void op_hit(long n)
{
	fi_close(&get(memory)->fid);
	bench_begin();
	while (n--)
		fi_close(&get(memory)->fid);
	bench_end();
}

static void *map(void)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *addr = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  flags | MAP_POPULATE, fd, 0);

	if (addr == MAP_FAILED)
		BENCH_DIE("mmap");
	return addr;
}

static void op_miss(long n)
{
	void *addr;

	while (n--) {
		addr = map();
		fi_close(&get(addr)->fid);
		munmap(addr, size);
	}
}

static void op_direct_miss(long n)
{
	void *addr;

	while (n--) {
		addr = map();
		bench_dereg(bench_reg(addr, size));
		munmap(addr, size);
	}
}

static void op_direct(long n)
{
	while (n--)
		bench_dereg(bench_reg(memory, size));
}

int main(void)
{
	static const struct bench_op ops[] = {
		{ "file", op_file },
		{ "hit", op_hit },
		{ "miss", op_miss },
		{ "direct", op_direct },
		{ "direct_miss", op_direct_miss },
		{ "mmap", bench_mmap },
		{ "raw_mmap", bench_raw_mmap },
		{ NULL, NULL },
	};

	bench_open();
	open_domain();
	memory = map();
	return bench_serve(ops);
}
