// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What the kernel's memory management does to pages of files with a page cache
 * by itself (reclaim, swap, huge pages, memory errors) under a memory region of
 * a holder of a layout lease.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <unistd.h>

#include "kernel-cached.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_HWPOISON
#define MADV_HWPOISON 100
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif

#define HUGE_PAGE (2UL << 20)

/* Of a mapping with all pages in it, where a huge page could be */
static int advise(const char *path, int advice, size_t len)
{
	int fd = open(path, O_RDWR);
	uintptr_t room = (uintptr_t)mmap(NULL, 2 * HUGE_PAGE, PROT_NONE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *at = (void *)((room + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));

	at = mmap(at, len, PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);
	if (at == MAP_FAILED || fsync(fd))
		return errno;
	return madvise(at, len, advice) ? errno : 0;
}

static int page_out(const char *path)
{
	return advise(path, MADV_PAGEOUT, cached_len);
}

static int collapse(const char *path)
{
	return advise(path, MADV_COLLAPSE, cached_len);
}

static int soft_offline(const char *path)
{
	return advise(path, MADV_SOFT_OFFLINE, 4096);
}

static int poison(const char *path)
{
	return advise(path, MADV_HWPOISON, 4096);
}

/* Only the memory region keeps the pages: nobody has them mapped. */
static struct k_file unmapped_file(struct ibv_mr **ret_mr)
{
	struct k_file file = cached_file("memory");
	int err;

	if (ret_mr) {
		err = k_lease(file.fd, F_LAYOUT);
		if (err)
			k_bail(k_err(err));
		*ret_mr = cached_mr(&file);
	}
	munmap(file.map, file.len);
	return file;
}

static void close_file(struct k_file *file, struct ibv_mr **mr)
{
	k_dereg(mr);
	k_lease(file->fd, F_UNLCK);
	close(file->fd);
	unlink(file->path);
	while (k_break(NULL, 0))
		;
}

/* What it may do or not, the region has the pages of the file. */
static void keeps(const char *name, k_op_fn *fn)
{
	struct ibv_mr *mr;
	struct k_file file = unmapped_file(&mr);
	struct k_result r = k_run(fn, file.path);
	bool broken = k_break(NULL, 0);
	bool kept = cached_coherent(&file, mr, 0) &&
		    cached_coherent(&file, mr, cached_len - 4096);

	k_check(!broken && kept, "%s: %s, %s, the MR is %s", name,
		k_err(r.err), broken ? "BREAK" : "no break",
		kept ? "coherent" : "STALE");
	close_file(&file, &mr);
}

static int read_start(const char *path)
{
	char buf[4096];

	return pread(open(path, O_RDONLY), buf, sizeof(buf), 0) < 0 ? errno : 0;
}

/* Nothing can keep a broken page in its file: the holder is told afterwards. */
static void memory_error(void)
{
	struct ibv_mr *mr;
	struct k_file file = unmapped_file(&mr);
	struct k_result r = k_run(poison, file.path);
	bool broken = k_break(NULL, 10 * K_SOON);

	k_check(broken, "MADV_HWPOISON: %s, %s; reading the file: %s",
		k_err(r.err), broken ? "break" : "NO BREAK",
		k_err(k_run(read_start, file.path).err));
	close_file(&file, &mr);
}

static long swap_free(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "SwapFree: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

/* For what is on tmpfs, in a file elsewhere */
static void swap_on(char *path, size_t size)
{
	enum { LEN = 32 << 20 };
	static char header[4096];
	const char *dir = getenv("PINSAFE_TEST_PAGECACHE");
	uint32_t info[] = { 1, LEN / 4096 - 1 };
	int fd;

	snprintf(path, size, "%s/swap", dir ? dir : "/tmp");
	memcpy(header + 1024, info, sizeof(info));
	memcpy(header + 4086, "SWAPSPACE2", 10);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fallocate(fd, 0, 0, LEN) || pwrite(fd, header, 4096, 0) != 4096 ||
	    fsync(fd) || close(fd) || swapon(path, 0))
		k_bail("swapon");
}

/* The control: what they do to a file that nobody has pinned */
static void without_region(void)
{
	struct k_file file = unmapped_file(NULL);
	long before = swap_free(), kib;
	struct k_result r = k_run(page_out, file.path);

	kib = before - swap_free();
	k_check(!r.err && kib >= (long)cached_len / 1024 / 2,
		"control: MADV_PAGEOUT without an MR: %s, %ld KiB go to swap",
		k_err(r.err), kib);
	r = k_run(collapse, file.path);
	k_check(!r.err, "control: MADV_COLLAPSE without an MR: %s",
		k_err(r.err));
	close_file(&file, &(struct ibv_mr *){ NULL });
}

int main(int argc, char **argv)
{
	char swap[256] = "";

	k_begin_layout(argc, argv, 60);
	cached_begin();
	/* For one huge page */
	cached_len = HUGE_PAGE;
	if (cached_fs == CACHED_TMPFS) {
		swap_on(swap, sizeof(swap));
		without_region();
	}
	keeps("MADV_PAGEOUT", page_out);
	keeps("MADV_COLLAPSE", collapse);
	keeps("MADV_SOFT_OFFLINE", soft_offline);
	memory_error();
	if (*swap) {
		if (swapoff(swap))
			k_bail("swapoff");
		unlink(swap);
	}
	cached_end();
	return k_end();
}
