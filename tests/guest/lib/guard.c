// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "guard.h"
#include "t.h"

/* "1: LAYOUT ACTIVE    READ 512 103:00:13 0 EOF" */
struct guard_leases guard_leases(int fd)
{
	struct guard_leases leases = {0, 0, 0};
	char line[256], kind[16], state[16], inode[64], ours[64];
	struct stat st;
	FILE *locks;

	if (fstat(fd, &st))
		t_bail("fstat");
	snprintf(ours, sizeof(ours), "%02x:%02x:%lu", major(st.st_dev),
		 minor(st.st_dev), (unsigned long)st.st_ino);
	locks = fopen("/proc/locks", "re");
	if (!locks)
		t_bail("/proc/locks");
	while (fgets(line, sizeof(line), locks)) {
		if (sscanf(line, "%*s %15s %15s %*s %*s %63s", kind, state,
			   inode) != 3)
			continue;
		if (strcmp(inode, ours))
			continue;
		if (!strcmp(kind, "LAYOUT"))
			leases.held++;
		else if (!strcmp(kind, "LEASE"))
			leases.ordinary++;
		else
			continue;
		if (!strcmp(state, "BREAKING"))
			leases.breaking++;
	}
	fclose(locks);
	return leases;
}

struct guard_own guard_own_leases(void)
{
	struct guard_own own = {0, 0};
	char line[256], kind[16];
	FILE *locks;
	int pid;

	locks = fopen("/proc/locks", "re");
	if (!locks)
		t_bail("/proc/locks");
	while (fgets(line, sizeof(line), locks)) {
		if (sscanf(line, "%*s %15s %*s %*s %d", kind, &pid) != 2 ||
		    pid != getpid())
			continue;
		own.layout += !strcmp(kind, "LAYOUT");
		own.classic += !strcmp(kind, "LEASE");
	}
	fclose(locks);
	return own;
}

static bool owns_no_lease(void *arg)
{
	struct guard_own own = guard_own_leases();

	return !own.layout && !own.classic;
}

bool guard_wait_none_own(int ms)
{
	return t_wait(owns_no_lease, NULL, ms);
}

static bool is_breaking(void *arg)
{
	return guard_leases(*(int *)arg).breaking > 0;
}

bool guard_wait_breaking(int fd, int ms)
{
	return t_wait(is_breaking, &fd, ms);
}

static bool has_no_lease(void *arg)
{
	struct guard_leases leases = guard_leases(*(int *)arg);

	return !leases.held && !leases.ordinary;
}

bool guard_wait_no_lease(int fd, int ms)
{
	return t_wait(has_no_lease, &fd, ms);
}

static bool module_says(const char *name, const char *text)
{
	char path[96], line[256] = "";
	FILE *file;

	snprintf(path, sizeof(path),
		 "/sys/module/layout_lease/parameters/%s", name);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return strstr(line, text);
}

bool guard_has_page_caches(void)
{
	return module_says("file_systems", "tmpfs");
}

bool guard_keeps_writes(void)
{
	return module_says("page_cache_write", "yes");
}

static int (*find_get_stats(void))(struct pinsafe_stats *, size_t)
{
	return (int (*)(struct pinsafe_stats *, size_t))dlsym(
		RTLD_DEFAULT, "pinsafe_get_stats");
}

bool guard_loaded(void)
{
	return find_get_stats() != NULL;
}

bool guard_is_control(int argc, char **argv)
{
	bool is_control = argc == 3 && !strcmp(argv[2], "--expect-loss");

	if (argc != 2 && !is_control)
		t_bail("usage: DIR [--expect-loss]");
	if (is_control == guard_loaded())
		t_bail("the control runs without pinsafe, the test with it");
	return is_control;
}

struct pinsafe_stats guard_stats(void)
{
	int (*get_stats)(struct pinsafe_stats *, size_t) = find_get_stats();
	struct pinsafe_stats stats = {0};

	if (get_stats && get_stats(&stats, sizeof(stats)))
		t_bail("pinsafe_get_stats");
	return stats;
}

static bool is_revoked(void *arg)
{
	struct pinsafe_stats stats = guard_stats();

	return stats.revoked_mrs >= *(uint64_t *)arg && !stats.leases;
}

bool guard_wait_revoked(uint64_t revoked_mrs, int ms)
{
	return t_wait(is_revoked, &revoked_mrs, ms);
}

static bool has_nothing(void *arg)
{
	struct pinsafe_stats stats = guard_stats();

	return !stats.guarded_mrs && !stats.zombie_mrs && !stats.leases;
}

bool guard_wait_nothing(int ms)
{
	return t_wait(has_nothing, NULL, ms);
}

void guard_set_sysctl(const char *name, int value)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/fs/%s", name);
	f = fopen(path, "we");
	if (!f || fprintf(f, "%d\n", value) < 0 || fclose(f))
		t_bail("fs.%s=%d", name, value);
}

int guard_break_time_ms(void)
{
	FILE *f = fopen("/proc/sys/fs/lease-break-time", "re");
	int seconds;

	if (!f || fscanf(f, "%d", &seconds) != 1)
		t_bail("fs.lease-break-time");
	fclose(f);
	return seconds * 1000;
}
