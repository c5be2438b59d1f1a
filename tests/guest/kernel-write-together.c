// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Two syncfs(2) at once, of a file system with files that a device writes to: neither
 * returns before what the device had written to each of them is on the disk.  The
 * first file takes long, and what counts is at its end: who leaves it to the other is
 * done before it.
 *
 * kernel-write-together DIRECTORY
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel-common.h"
#include "kernel-disk.h"

#define LEN 65536UL
#define LONG (16 * K_MIB)
#define FILES 4
#define ROUNDS 8
#define WHO 2

static struct {
	struct k_file file;
	struct ibv_mr *mr;
} files[FILES];

static unsigned long value;

static void open_files(void)
{
	char name[32];
	int i, err;

	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "together%d", i);
		files[i].file = k_file(name, i ? LEN : LONG, 't');
		if (k_lease(files[i].file.fd, F_LAYOUT_WRITE))
			k_bail("F_LAYOUT_WRITE");
		files[i].mr = k_reg(files[i].file.map, files[i].file.len,
				    K_WRITE, &err);
		if (!files[i].mr)
			k_bail("ibv_reg_mr");
	}
	sync();
}

static void close_files(void)
{
	int i;

	for (i = 0; i < FILES; i++) {
		k_dereg(&files[i].mr);
		k_file_close(&files[i].file);
	}
}

static size_t at(int i)
{
	return files[i].file.len - sizeof(value);
}

static void device_writes(void)
{
	int i;

	value++;
	for (i = 0; i < FILES; i++)
		if (k_rdma_write(files[i].mr, files[i].file.map + at(i), &value,
				 sizeof(value)))
			k_bail("RDMA WRITE");
}

static int behind(void)
{
	unsigned long got;
	int i, n = 0;

	for (i = 0; i < FILES; i++) {
		k_read_disk(files[i].file.path, at(i), &got, sizeof(got));
		n += got != value;
	}
	return n;
}

/* As soon as all are there: how many files are behind afterwards? */
static int sync_and_look(pthread_barrier_t *start)
{
	int dir = open(k_dir, O_RDONLY);

	/* Looked up before, not in the time that matters */
	behind();
	pthread_barrier_wait(start);
	return syncfs(dir) ? FILES : behind();
}

static int sync_together(pthread_barrier_t *start)
{
	int i, status, n = 0;

	for (i = 0; i < WHO; i++)
		if (!fork())
			_exit(sync_and_look(start));
	while (wait(&status) > 0)
		n += WIFEXITED(status) ? WEXITSTATUS(status) : FILES;
	return n;
}

int main(int argc, char **argv)
{
	pthread_barrier_t *start =
		mmap(NULL, sizeof(*start), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t attr;
	int i, n = 0;

	k_begin(argc, argv, 120);
	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (pthread_barrier_init(start, &attr, WHO))
		k_bail("pthread_barrier_init");
	open_files();
	for (i = 0; i < ROUNDS; i++) {
		device_writes();
		n += sync_together(start);
	}
	k_check(!n,
		"%d times two syncfs at once: %d of %d looks at files were behind",
		ROUNDS, n, ROUNDS * WHO * FILES);
	close_files();
	return k_end();
}
