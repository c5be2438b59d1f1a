// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Memory that no file system can take away registers with the same result as
 * without pinsafe, works, and gets no guard.
 *
 *   no-harm DIR [--table]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#include "region.h"
#include "rerun.h"
#include "t.h"

#define LEN (1UL << 20)
#define HUGE_LEN (2UL << 20)
#define OUTPUT 8000

static const char *directory;
static char *on_stack;
static char bss[LEN], data[LEN] = {1};

static char *map(int fd, size_t len, int flags)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);
}

static char *map_named(const char *parent, const char *name, int flags)
{
	char path[FILES_PATH_MAX], *addr;
	int fd;

	if (!parent)
		return MAP_FAILED;
	files_path(path, parent, name);
	fd = files_create(path, LEN, 'n');
	addr = map(fd, LEN, flags);
	close(fd);
	unlink(path);
	return addr;
}

static char *map_memfd(size_t len, unsigned flags)
{
	int fd = memfd_create("no-harm", MFD_CLOEXEC | flags);
	char *addr;

	if (fd < 0 || ftruncate(fd, len))
		return MAP_FAILED;
	addr = map(fd, len, MAP_SHARED);
	close(fd);
	return addr;
}

static char *get_anonymous(void)
{
	return map(-1, LEN, MAP_PRIVATE | MAP_ANONYMOUS);
}

static char *get_shared_anonymous(void)
{
	return map(-1, LEN, MAP_SHARED | MAP_ANONYMOUS);
}

/* A pin for writing gets copies. */
static char *get_private_dax(void)
{
	char *addr = map_named(directory, "no-harm", MAP_PRIVATE);

	memset(addr, 'c', LEN);
	return addr;
}

static char *get_private_page_cache(void)
{
	return map_named(getenv("PINSAFE_TEST_PAGECACHE"), "no-harm",
			 MAP_PRIVATE);
}

static char *get_tmpfs(void)
{
	return map_named(getenv("PINSAFE_TEST_TMPFS"), "no-harm", MAP_SHARED);
}

static char *get_memfd(void)
{
	return map_memfd(LEN, 0);
}

static char *get_hugetlb(void)
{
	return map(-1, HUGE_LEN, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB);
}

static char *get_hugetlb_memfd(void)
{
	return map_memfd(HUGE_LEN, MFD_HUGETLB);
}

static char *get_sysv(void)
{
	int id = shmget(IPC_PRIVATE, LEN, IPC_CREAT | 0600);
	char *addr = shmat(id, NULL, 0);

	shmctl(id, IPC_RMID, NULL);
	return addr;
}

static char *get_devdax(void)
{
	const char *path = getenv("PINSAFE_TEST_DEVDAX");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	char *addr = map(fd, HUGE_LEN, MAP_SHARED);

	close(fd);
	return addr;
}

static char *get_heap(void)
{
	return malloc(LEN);
}

static char *get_bss(void)
{
	return bss;
}

static char *get_data(void)
{
	return data;
}

static char *get_stack(void)
{
	return on_stack;
}

static const struct kind {
	const char *name;
	char *(*get)(void);
} kinds[] = {
	{"anonymous", get_anonymous},
	{"shared anonymous", get_shared_anonymous},
	{"heap", get_heap},
	{".bss", get_bss},
	{".data", get_data},
	{"stack", get_stack},
	{"private DAX", get_private_dax},
	{"private page cache", get_private_page_cache},
	{"tmpfs", get_tmpfs},
	{"memfd", get_memfd},
	{"SysV", get_sysv},
	{"hugetlb", get_hugetlb},
	{"hugetlb memfd", get_hugetlb_memfd},
	{"device-DAX", get_devdax},
};

static const int accesses[] = {IBV_ACCESS_REMOTE_READ, VERBS_ACCESS,
			       VERBS_ACCESS | IBV_ACCESS_MW_BIND};

/* "ok" also means that a write of a peer arrives */
static const char *try(struct verbs *verbs, char *addr, int access)
{
	static uint64_t value = 0x6e6f6861726d0000;
	struct ibv_mr *mr;
	const char *result = "ok";
	int status;

	errno = 0;
	mr = ibv_reg_mr(verbs->pd, addr, LEN, access);
	if (!mr)
		return t_errname(errno);
	value++;
	if (access & IBV_ACCESS_REMOTE_WRITE) {
		status = verbs_write_once(verbs, &value, sizeof(value),
					  addr + LEN / 2, mr->rkey);
		if (status)
			result = ibv_wc_status_str(status);
		else if (memcmp(addr + LEN / 2, &value, sizeof(value)))
			result = "written elsewhere";
	}
	return ibv_dereg_mr(mr) ? "not deregistered" : result;
}

static void make_table(struct verbs *verbs, char *ret)
{
	size_t i, j;
	char *addr;
	int n = 0;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		addr = kinds[i].get();
		for (j = 0; j < sizeof(accesses) / sizeof(accesses[0]); j++)
			n += snprintf(ret + n, OUTPUT - n, "%s, 0x%x: %s\n",
				      kinds[i].name, accesses[j],
				      addr == MAP_FAILED
					      ? "no such memory"
					      : try(verbs, addr, accesses[j]));
	}
}

static int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void check_no_guard(void)
{
	struct pinsafe_stats stats = guard_stats();

	t_ok(guard_loaded(), "pinsafe is loaded");
	t_ok(!stats.registrations && !stats.refusals && !stats.leases,
	     "it has guarded and refused nothing");
	t_ok(count_threads() == 1, "it has started no thread");
	t_ok(!rerun_log_count(""), "it has logged nothing");
}

int main(int argc, char **argv)
{
	static const char sane[] = "anonymous, 0x4: ok\nanonymous, 0x7: ok\n";
	char here[OUTPUT], there[OUTPUT], stack[LEN];
	struct verbs verbs;

	if (argc < 2)
		t_bail("usage: DIR [--table]");
	directory = argv[1];
	on_stack = memset(stack, 0, sizeof(stack));
	setenv("PINSAFE_LOG", "warn", 1);
	rerun_with_log(argv);
	verbs_open(&verbs);
	make_table(&verbs, here);
	printf("%s", here);
	if (argc > 2)
		return 0;
	t_ok(!strncmp(here, sane, strlen(sane)),
	     "anonymous memory registers and works");
	if (guard_loaded()) {
		check_no_guard();
		rerun_output(argv, "PINSAFE", "off", "--table", there,
			     sizeof(there));
		t_ok(!strcmp(here, there), "the same without pinsafe");
		if (strcmp(here, there))
			printf("without pinsafe:\n%s", there);
	}
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
