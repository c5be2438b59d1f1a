// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A thread with a table of descriptors of its own opens a device and registers a
 * file; under the number of its device the main thread has another device,
 * another file, or nothing.  The truncate of the file revokes that memory region
 * and no other.
 *
 * From reports of runtimes with a thread for each core, which unshare(2) their
 * tables (Traffic Server, glommio, tardy).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define TRUNCATE_MS 30000

static const char *const names[] = { "a device", "a file", "nothing" };

static struct region region; /* opened by the main thread, before it parts */
static struct t_child other;
static pthread_barrier_t barrier;
static int number;	  /* of the thread's device, there */
static const char *place; /* what the main thread has there */

static void *run_thread(void *arg)
{
	struct verbs verbs;
	struct t_child_result result;

	if (unshare(CLONE_FILES))
		t_bail("unshare: %s", t_errname(errno));
	verbs_open(&verbs);
	number = verbs.context->cmd_fd;
	pthread_barrier_wait(&barrier);
	/* The main thread opens something. */
	pthread_barrier_wait(&barrier);
	region_register(&region, &verbs);
	region_check_arrives(&region, &verbs, place);
	result = t_child_run(&other, 0, TRUNCATE_MS);
	t_zero(result.err, "%s: truncate", place);
	t_ok(t_ms(result.end_ns - result.begin_ns) <
		     guard_break_time_ms() / 2.0,
	     "%s: at once, after %.0f ms", place,
	     t_ms(result.end_ns - result.begin_ns));
	region_check_revoked(&region, &verbs, place);
	region_deregister(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	return NULL;
}

/* The main thread's: memory of its own, which nobody takes away */
static struct verbs own;
static struct ibv_mr *own_mr;
static char own_memory[8];

static void check_own(const char *when)
{
	int status = verbs_write_once(&own, when, sizeof(own_memory),
				      own_memory, own_mr->rkey);

	t_ok(!status && !memcmp(own_memory, when, sizeof(own_memory)),
	     "%s: the main thread's own memory region works", when);
}

static void open_device(void)
{
	verbs_open(&own);
	if (own.context->cmd_fd != number &&
	    dup2(own.context->cmd_fd, number) < 0)
		t_bail("dup2");
	own_mr = ibv_reg_mr(own.pd, own_memory, sizeof(own_memory),
			    VERBS_ACCESS);
	if (!own_mr)
		t_bail("registering anonymous memory");
	check_own("before it");
}

static void open_file(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0 || dup2(fd, number) < 0)
		t_bail("/dev/null");
	if (fd != number)
		close(fd);
}

static void check_place(unsigned int i, const char *dir)
{
	pthread_t thread;

	place = names[i];
	region_create(&region, dir, "own-table", FILE_LEN);
	if (pthread_create(&thread, NULL, run_thread, NULL))
		t_bail("a thread");
	pthread_barrier_wait(&barrier);
	if (i == 0)
		open_device();
	else if (i == 1)
		open_file();
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	if (i == 0) {
		check_own("after it");
		t_zero(ibv_dereg_mr(own_mr), "deregistered");
		if (own.context->cmd_fd != number)
			close(number);
		t_zero(verbs_close(&own), "closing the main thread's device");
	} else if (i == 1) {
		close(number);
	}
	region_destroy(&region);
}

int main(int argc, char **argv)
{
	static char path[FILES_PATH_MAX];
	unsigned int i;

	files_path(path, argv[1], "own-table");
	t_child_start(&other, region_truncate, path);
	pthread_barrier_init(&barrier, NULL, 2);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_place(i, argv[1]);
	t_child_stop(&other);
	return t_done();
}
