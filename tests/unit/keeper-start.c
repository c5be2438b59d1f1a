// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Threads that need the keeper at the same time start one. */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "lib/stack.h"

#define N_THREADS 16

static pthread_barrier_t barrier;

static void *register_main(void *arg)
{
	struct ibv_mr **mr = arg;

	pthread_barrier_wait(&barrier);
	*mr = stack_reg(&stack_device, 0, 1);
	return NULL;
}

static int n_keepers(void)
{
	char path[300], name[32];
	struct dirent *entry;
	FILE *comm;
	DIR *dir;
	int n = 0;

	dir = opendir("/proc/self/task");
	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
			 entry->d_name);
		comm = fopen(path, "re");
		if (!comm)
			continue;
		n += fgets(name, sizeof(name), comm) &&
		     !strcmp(name, "pinsafe-keeper\n");
		fclose(comm);
	}
	closedir(dir);
	return n;
}

/* Must be the first to register in this process */
STACK_CASE(first_registrations_at_once__one_keeper)
{
	struct ibv_mr *mrs[N_THREADS] = { NULL };
	pthread_t threads[N_THREADS];
	size_t i;

	fake_provider.is_quiet = true;
	pthread_barrier_init(&barrier, NULL, N_THREADS);
	for (i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						register_main, &mrs[i]),
				 0);
	for (i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&barrier);
	assert_int_equal(n_keepers(), 1);
	assert_int_equal(stack_stats().leases, 1);
	for (i = 0; i < N_THREADS; i++) {
		assert_non_null(mrs[i]);
		stack_dereg_ok(mrs[i]);
	}
}
