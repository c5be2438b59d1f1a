// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A range that goes beyond the end of a file is refused with EFAULT and a
 * sentence, a last page that does so in part is not, and a range that is no
 * range gives the errno that it gives without pinsafe.
 *
 *   register-range DIR [--errnos]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "leaks.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define PAGE 4096UL
#define FILE_LEN (1UL << 20)
#define OUTPUT 1000

static int try(struct verbs *verbs, void *addr, size_t length)
{
	struct ibv_mr *mr;

	errno = 0;
	mr = ibv_reg_mr(verbs->pd, addr, length, VERBS_ACCESS);
	if (!mr)
		return errno ?: -1;
	return ibv_dereg_mr(mr);
}

/* A page, a page that is not mapped, and a page */
static char *map_with_gap(int fd)
{
	char *addr =
		mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
		     fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	if (addr == MAP_FAILED || munmap(addr + PAGE, PAGE))
		t_bail("mapping memory with a gap");
	return addr;
}

static void get_errnos(struct verbs *verbs, const struct region *file,
		       char *ret)
{
	char *anonymous = malloc(FILE_LEN);
	char *gap = map_with_gap(-1);
	int n = 0;

#define TRY(addr, length)                                                \
	(n += snprintf(ret + n, OUTPUT - n, #addr ", " #length ": %s\n", \
		       t_errname(try(verbs, addr, length))))
	TRY(NULL, 0);
	TRY(NULL, PAGE);
	TRY(NULL, SIZE_MAX);
	TRY((void *)-PAGE, 2 * PAGE);
	TRY(anonymous, 0);
	TRY(anonymous, FILE_LEN);
	TRY(anonymous, SIZE_MAX);
	TRY(anonymous, SIZE_MAX - (uintptr_t)anonymous);
	TRY(file->addr, 0);
	TRY(file->addr, SIZE_MAX);
	TRY(file->addr, SIZE_MAX - (uintptr_t)file->addr + 1);
	TRY(gap, 3 * PAGE);
	TRY(gap + PAGE, PAGE);
#undef TRY
	munmap(gap, 3 * PAGE);
	free(anonymous);
}

static void compare_errnos(char **argv, const char *here)
{
	char there[OUTPUT];

	rerun_output(argv, "PINSAFE", "off", "--errnos", there, sizeof(there));
	t_ok(!strcmp(here, there), "the same errnos as without pinsafe");
	if (strcmp(here, there))
		t_note("with pinsafe:\n%swithout:\n%s", here, there);
}

static void beyond_end(struct verbs *verbs, struct region *file)
{
	char *addr = files_map(file->fd, 2 * FILE_LEN);
	struct leaks leaks = leaks_count();
	int err;

	err = try(verbs, addr, 2 * FILE_LEN);
	t_ok(err == EFAULT, "half of the range beyond the end: %s",
	     t_errname(err));
	err = try(verbs, addr + FILE_LEN, PAGE);
	t_ok(err == EFAULT, "a page beyond the end: %s", t_errname(err));
	t_ok(rerun_log_count("beyond the end of the file") == 2,
	     "the log has the reason twice");
	leaks_check(&leaks, "beyond the end");
	munmap(addr, 2 * FILE_LEN);
}

static void partly_beyond_end(struct verbs *verbs, struct region *file)
{
	char *addr = files_map(file->fd, FILE_LEN + PAGE);
	struct ibv_mr *mr;
	char byte = 0;
	int status;

	if (ftruncate(file->fd, FILE_LEN + 100))
		t_bail("extending the file");
	mr = ibv_reg_mr(verbs->pd, addr, FILE_LEN + PAGE, VERBS_ACCESS);
	t_zero(mr ? 0 : errno, "the last page partly beyond the end");
	if (!mr)
		return;
	status =
		verbs_write_once(verbs, "X", 1, addr + FILE_LEN + 99, mr->rkey);
	t_ok(!status, "RDMA WRITE of the last byte: %s",
	     ibv_wc_status_str(status));
	t_ok(pread(file->fd, &byte, 1, FILE_LEN + 99) == 1 && byte == 'X',
	     "the file has it");
	t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
	munmap(addr, FILE_LEN + PAGE);
}

/* Half of it is a file, so the range is looked at, and is no range */
static void gap_in_file(struct verbs *verbs, struct region *file)
{
	char *addr = map_with_gap(file->fd);
	struct leaks leaks = leaks_count();
	int err;

	err = try(verbs, addr, 3 * PAGE);
	t_ok(err == EFAULT, "a range with a gap between pages of a file: %s",
	     t_errname(err));
	leaks_check(&leaks, "range with a gap");
	munmap(addr, 3 * PAGE);
}

int main(int argc, char **argv)
{
	struct region file;
	struct verbs verbs;
	char errnos[OUTPUT];

	if (argc < 2)
		t_bail("usage: DIR [--errnos]");
	rerun_with_log(argv);
	region_create(&file, argv[1], argc > 2 ? "range-off" : "range",
		      FILE_LEN);
	verbs_open(&verbs);
	get_errnos(&verbs, &file, errnos);
	if (argc > 2) {
		printf("%s", errnos);
		return 0;
	}
	/* way out: , or set PINSAFE=off to go without protection */
	compare_errnos(argv, errnos);
	/* The first guarded one, for what the library makes once and keeps */
	t_zero(try(&verbs, file.addr, FILE_LEN), "the whole file");
	beyond_end(&verbs, &file);
	gap_in_file(&verbs, &file);
	partly_beyond_end(&verbs, &file);
	region_destroy(&file);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
