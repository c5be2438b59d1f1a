// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Threads register a range while another one maps now this file and now that one
 * there and moves it away and back, and a process truncates both: what fails may
 * be tried again (EAGAIN), or was not mapped or had no blocks just then (EFAULT).
 * No file is said to be of a kind that cannot be guarded, and no truncate fails.
 *
 *   map-storm DIR
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "t.h"

#define LEN (256UL << 10)
#define STORM_NS 8000000000ULL
#define STEP_MS 60000
#define THREADS 3
#define RW (PROT_READ | PROT_WRITE)

static struct verbs verbs;
static char paths[2][FILES_PATH_MAX];
static int fds[2];
static char *range;
static uint64_t end_ns;
static atomic_uint n_registered, n_again, n_fault, n_other, last_other;

static void *map_and_move(void *arg)
{
	unsigned int seed = 5;
	char *aside = range + LEN;

	while (t_now_ns() < end_ns) {
		if (mmap(range, LEN, RW, MAP_SHARED | MAP_FIXED,
			 fds[rand_r(&seed) % 2], 0) == MAP_FAILED)
			t_bail("mmap");
		/* Else hardly anything is ever there to be registered. */
		usleep(rand_r(&seed) % 2 ? rand_r(&seed) % 10000 : 0);
		if (rand_r(&seed) % 3)
			continue;
		if (mremap(range, LEN, LEN, MREMAP_MAYMOVE | MREMAP_FIXED,
			   aside) == aside)
			(void)mremap(aside, LEN, LEN,
				     MREMAP_MAYMOVE | MREMAP_FIXED, range);
	}
	return NULL;
}

static void *register_again_and_again(void *arg)
{
	struct ibv_mr *mr;

	while (t_now_ns() < end_ns) {
		mr = ibv_reg_mr(verbs.pd, range, LEN, VERBS_ACCESS);
		if (mr) {
			n_registered++;
			if (ibv_dereg_mr(mr))
				t_bail("ibv_dereg_mr");
		} else if (errno == EAGAIN) {
			n_again++;
		} else if (errno == EFAULT) {
			n_fault++;
		} else {
			last_other = errno;
			n_other++;
		}
	}
	return NULL;
}

/* Of the other process: how many truncates failed */
static int truncate_both(void *arg, long request)
{
	uint64_t end = t_now_ns() + STORM_NS;
	int i = 0, failed = 0;

	while (t_now_ns() < end) {
		failed += truncate(paths[i], 0) != 0;
		failed += truncate(paths[i], LEN) != 0;
		i = !i;
	}
	return failed;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	struct t_child_result result;
	struct t_child child;
	int i;

	if (argc != 2)
		t_bail("usage: DIR");
	for (i = 0; i < 2; i++) {
		files_path(paths[i], argv[1], i ? "storm-1" : "storm-0");
		fds[i] = files_create(paths[i], LEN, '-');
	}
	t_child_start(&child, truncate_both, NULL);
	verbs_open(&verbs);
	range = mmap(NULL, 2 * LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	end_ns = t_now_ns() + STORM_NS;
	t_child_go(&child, 0);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL,
				   i ? register_again_and_again : map_and_move,
				   NULL))
			t_bail("pthread_create");
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	if (!t_child_wait(&child, STEP_MS, &result))
		t_bail("a truncate does not come back");
	t_ok(!result.err, "%d truncates failed", result.err);
	t_ok(n_registered > 0, "%u registered, %u EAGAIN, %u EFAULT",
	     n_registered, n_again, n_fault);
	t_ok(!n_other, "%u failed with another errno, such as %s", n_other,
	     t_errname(last_other));
	t_child_stop(&child);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
