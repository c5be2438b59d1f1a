// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A file is mapped whose path is longer than PATH_MAX: neither is other memory
 * refused for that, nor the file itself, as long as a descriptor leads to it.
 *
 * From reports of tools that read maps of programs in deep trees.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "region.h"
#include "t.h"

#define FILE_LEN 65536
#define DEPTH 20
#define RW (PROT_READ | PROT_WRITE)

static struct verbs verbs;

static int try(void *addr)
{
	struct ibv_mr *mr;

	errno = 0;
	mr = ibv_reg_mr(verbs.pd, addr, FILE_LEN, VERBS_ACCESS);
	return mr ? ibv_dereg_mr(mr) : errno;
}

static int create_deep(const char *dir)
{
	char name[251];
	int i, fd;

	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	if (chdir(dir))
		t_bail("chdir %s", dir);
	for (i = 0; i < DEPTH; i++)
		if ((mkdir(name, 0755) && errno != EEXIST) || chdir(name))
			t_bail("a deep tree: %s", t_errname(errno));
	fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || ftruncate(fd, FILE_LEN))
		t_bail("file: %s", t_errname(errno));
	return fd;
}

static void remove_deep(void)
{
	char name[251];
	int i;

	memset(name, 'd', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	unlink("file");
	for (i = 0; i < DEPTH; i++)
		if (chdir("..") || rmdir(name))
			t_note("rmdir: %s", t_errname(errno));
}

int main(int argc, char **argv)
{
	char *above, *deep;
	struct region other;
	int fd;

	if (argc != 2)
		t_bail("usage: DIR");
	/* New mappings come below those that there are. */
	above = mmap(NULL, FILE_LEN, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fd = create_deep(argv[1]);
	deep = files_map(fd, FILE_LEN);
	region_create(&other, argv[1], "other", FILE_LEN);
	verbs_open(&verbs);
	t_zero(try(above), "anonymous memory above it");
	t_zero(try(other.addr), "another file");
	t_zero(try(deep), "the file itself");
	munmap(deep, FILE_LEN);
	close(fd);
	remove_deep();
	region_destroy(&other);
	return t_done();
}
