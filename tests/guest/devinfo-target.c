// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program with memory regions, for ibv_pinsafe_devinfo to look at.
 *
 *   devinfo-target [anonymous | write:FILE | read:FILE]...
 *
 * Each is one memory region, the first with a page, the next with one more and
 * so on, over FILE from its second page.  It prints "ADDRESS LENGTH LKEY RKEY"
 * or "refused ERRNO" for each, and "ready"; it ends when its standard input does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "t.h"
#include "verbs.h"

#define PAGE 4096UL

static void *map_file(const char *path, size_t length)
{
	void *addr;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, PAGE + length))
		t_bail("making %s", path);
	addr = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
	close(fd);
	return addr;
}

static void register_one(struct verbs *verbs, const char *what, size_t length)
{
	int access = VERBS_ACCESS;
	const char *path;
	struct ibv_mr *mr;
	void *addr;

	path = strchr(what, ':');
	if (path)
		addr = map_file(path + 1, length);
	else
		addr = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (addr == MAP_FAILED)
		t_bail("mapping %s", what);
	/* Blocks, for those who register without a prefault */
	memset(addr, 'D', length);
	if (!strncmp(what, "read:", 5))
		access = IBV_ACCESS_REMOTE_READ;
	mr = ibv_reg_mr(verbs->pd, addr, length, access);
	if (!mr) {
		printf("refused %s\n", t_errname(errno));
		return;
	}
	printf("%#lx %zu %#x %#x\n", (unsigned long)addr, length, mr->lkey,
	       mr->rkey);
}

int main(int argc, char **argv)
{
	struct verbs verbs;
	char byte;
	int i;

	verbs_open(&verbs);
	for (i = 1; i < argc; i++)
		register_one(&verbs, argv[i], i * PAGE);
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return 0;
}
