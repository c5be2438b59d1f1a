// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * How much longer does it take to start a program?
 *
 *   spawn N     N times this program is started, and ends at once; the CPU time
 *               is that of the programs
 *   left N      how many threads and descriptors this program has, instead of a
 *               time
 */
#include <dirent.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/bench.h"

static char *self;

static uint64_t children_ns(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ull +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ull;
}

static void op_spawn(long n)
{
	uint64_t cpu_ns = children_ns(), wall_ns = bench_wall_ns();
	char *argv[] = { self, (char *)"end", NULL };
	int status;
	pid_t pid;

	while (n--)
		if (posix_spawn(&pid, self, NULL, NULL, argv, environ) ||
		    waitpid(pid, &status, 0) != pid || status)
			BENCH_DIE("%s", self);
	bench_answer(bench_wall_ns() - wall_ns, children_ns() - cpu_ns);
}

static long count(const char *path)
{
	DIR *dir = opendir(path);
	long n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void op_left(long n)
{
	bench_answer(count("/proc/self/task") - 1, count("/proc/self/fd") - 1);
}

int main(int argc, char **argv)
{
	static const struct bench_op ops[] = {
		{ "spawn", op_spawn },
		{ "left", op_left },
		{ NULL, NULL },
	};

	if (argc > 1)
		return 0;
	self = argv[0];
	return bench_serve(ops);
}
