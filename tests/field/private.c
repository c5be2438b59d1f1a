// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Model weights are mapped MAP_PRIVATE, as loaders do, and registered for remote
 * reads: one answer, with a sentence, whether or not a guarded memory region is
 * over the same file.  What the sentence says to do works.
 *
 * From reports on loaders of model weights (safetensors, sglang).
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN 65536

static struct verbs verbs;

static int try(void *addr)
{
	struct ibv_mr *mr;

	errno = 0;
	mr = ibv_reg_mr(verbs.pd, addr, FILE_LEN, IBV_ACCESS_REMOTE_READ);
	return mr ? ibv_dereg_mr(mr) : errno;
}

static void refused(void *addr, const char *what)
{
	int err;

	rerun_log_clear();
	err = try(addr);
	t_ok(err == EOPNOTSUPP, "%s: %s", what, t_errname(err));
	t_ok(rerun_log_count("a private mapping of a file with DAX") == 1,
	     "%s: the log says why", what);
}

int main(int argc, char **argv)
{
	struct region region;
	char *weights, *copy;

	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	region_create(&region, argv[1], "weights", FILE_LEN);
	weights = mmap(NULL, FILE_LEN, PROT_READ, MAP_PRIVATE, region.fd, 0);
	copy = mmap(NULL, FILE_LEN, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	verbs_open(&verbs);
	refused(weights, "alone");
	region_register(&region, &verbs);
	refused(weights, "beside a guarded memory region");
	region_deregister(&region);
	/* way out: map it MAP_SHARED */
	t_zero(try(region.addr), "mapped MAP_SHARED");
	memcpy(copy, weights, FILE_LEN);
	/* way out: , or read the file into other memory */
	t_zero(try(copy), "read into other memory");
	munmap(weights, FILE_LEN);
	munmap(copy, FILE_LEN);
	region_destroy(&region);
	return t_done();
}
