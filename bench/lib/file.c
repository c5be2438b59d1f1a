// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Files of a benchmark, their leases on the bare side, and their breaks */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef F_LAYOUT
#define F_LAYOUT 16
#endif

void bench_map(struct bench_file *file, size_t size)
{
	const char *dir = getenv("BENCH_DIR");
	static unsigned long number;
	static uintptr_t next = BENCH_FILES;
	struct stat st;
	int fd;

	snprintf(file->path, sizeof(file->path), "%s/bench-%d-%lu",
		 dir ? dir : "/tmp", getpid(), number++);
	fd = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, size) || fstat(fd, &st))
		BENCH_DIE("%s", file->path);
	file->size = size;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->addr = mmap((void *)next, size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
	/* With a page between them, else two could be one mapping. */
	next += (size + 2 * BENCH_PAGE - 1) & ~(BENCH_PAGE - 1);
	if (file->addr == MAP_FAILED)
		BENCH_DIE("mmap of %s", file->path);
	close(fd);
}

void bench_unmap(struct bench_file *file)
{
	munmap(file->addr, file->size);
	unlink(file->path);
}

void bench_populate(const struct bench_file *file)
{
	if (madvise(file->addr, file->size, MADV_POPULATE_WRITE))
		BENCH_DIE("MADV_POPULATE_WRITE of %s", file->path);
}

void bench_bare_lease(const struct bench_file *file)
{
	int fd;

	if (!getenv("BENCH_BARE"))
		return;
	fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fcntl(fd, F_SETLEASE, F_LAYOUT))
		BENCH_DIE("lease of %s", file->path);
}

/* A child that was there before, as fork(2) would take its own time */
static struct {
	int commands, answers;
} truncater;

struct command {
	char path[200];
	size_t size;
};

static void serve_truncations(int commands, int answers)
{
	struct command command;
	uint64_t ns;

	while (read(commands, &command, sizeof(command)) == sizeof(command)) {
		ns = bench_wall_ns();
		if (truncate(command.path, 0))
			ns = 0;
		else
			ns = bench_wall_ns() - ns;
		if (truncate(command.path, command.size) ||
		    write(answers, &ns, sizeof(ns)) != sizeof(ns))
			_exit(1);
	}
	_exit(0);
}

void bench_breaks(void)
{
	int commands[2], answers[2];

	if (pipe(commands) || pipe(answers))
		BENCH_DIE("pipe");
	if (!fork()) {
		close(commands[1]);
		close(answers[0]);
		serve_truncations(commands[0], answers[1]);
	}
	close(commands[0]);
	close(answers[1]);
	truncater.commands = commands[1];
	truncater.answers = answers[0];
}

uint64_t bench_break(const struct bench_file *file)
{
	uint64_t (*fake_break)(dev_t dev, ino_t ino), ns;
	struct command command = { .size = file->size };

	*(void **)&fake_break = dlsym(RTLD_DEFAULT, "fake_break");
	if (fake_break)
		return fake_break(file->dev, file->ino);
	snprintf(command.path, sizeof(command.path), "%s", file->path);
	if (write(truncater.commands, &command, sizeof(command)) !=
		    sizeof(command) ||
	    read(truncater.answers, &ns, sizeof(ns)) != sizeof(ns) || !ns)
		BENCH_DIE("truncate of %s", file->path);
	return ns;
}
