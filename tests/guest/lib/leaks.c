// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "leaks.h"
#include "t.h"

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (!dir)
		t_bail("/proc/self/fd");
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static int count_lines(FILE *file, const char *text)
{
	char line[1024];
	int n = 0;

	while (fgets(line, sizeof(line), file))
		n += strstr(line, text) != NULL;
	return n;
}

static int count_regions(void)
{
	FILE *rdma = popen("LD_PRELOAD= rdma resource show mr", "re");
	int n;

	if (!rdma)
		t_bail("rdma resource show mr");
	n = count_lines(rdma, "mrn");
	if (pclose(rdma))
		t_bail("rdma resource show mr");
	return n;
}

static int count_leases(void)
{
	FILE *locks = fopen("/proc/locks", "re");
	int n;

	if (!locks)
		t_bail("/proc/locks");
	n = count_lines(locks, "LAYOUT");
	rewind(locks);
	n += count_lines(locks, " LEASE ");
	fclose(locks);
	return n;
}

struct leaks leaks_count(void)
{
	return (struct leaks){
		.descriptors = count_descriptors(),
		.regions = count_regions(),
		.leases = count_leases(),
	};
}

void leaks_check(const struct leaks *before, const char *what)
{
	struct leaks now = leaks_count();

	t_ok(now.descriptors == before->descriptors,
	     "%s: %d descriptors, as before", what, now.descriptors);
	t_ok(now.regions == before->regions, "%s: %d memory regions, as before",
	     what, now.regions);
	t_ok(now.leases == before->leases, "%s: %d leases, as before", what,
	     now.leases);
}

static bool regions_are_gone(void *before)
{
	return leaks_count().regions == ((struct leaks *)before)->regions;
}

bool leaks_wait_regions(const struct leaks *before, int ms)
{
	return t_wait(regions_are_gone, (void *)(uintptr_t)before, ms);
}
