// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * fork(2): nothing of ours works in the child, it has no keeper and no lease.
 * So all state starts afresh there.
 *
 * The child also lets go of the uverbs devices over which its parent has
 * guarded memory regions.  They would keep those alive when the parent is
 * killed, and nobody would be left to answer a break.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aside.h"
#include "api/event.h"
#include "base/fork.h"
#include "keeper.h"
#include "lease.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/log_queue.h"
#include "hook/real_verbs.h"
#include "base/stats.h"
#include "track.h"
#include "memory/vma.h"
#include "preload/watch.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int setup_error;
/* The kernel clears it in a child (MADV_WIPEONFORK). */
static volatile char *is_same_process;
/* Guarded by the locks that are held from prepare() on */
static struct section forking_section;

static int unmap(const struct vma *vma)
{
	size_t size = vma->end - vma->start;

	/* A program that still looks there shall not die of it. */
	if (mmap((void *)vma->start, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		return 0;
	/* Better that than a device that is used behind the parent's back */
	return munmap((void *)vma->start, size) ? errno : 0;
}

/* Queues of the device that are mapped hold its open file, too. */
static int unmap_device(const struct stat *device)
{
	struct vma_reader reader;
	static struct vma vma;
	uintptr_t addr = 0;
	int r;

	r = vma_open(&reader);
	if (r)
		return r;
	while (!vma_next(&reader, addr, &vma)) {
		addr = vma.end;
		if (vma.dev == device->st_dev && vma.ino == device->st_ino)
			r = unmap(&vma) ?: r;
	}
	vma_close(&reader);
	return r;
}

static int close_device(int number)
{
	/* So that the number does not come to mean some other file. */
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool is_replaced = fd >= 0 && dup3(fd, number, O_CLOEXEC) >= 0;

	if (fd >= 0)
		close(fd);
	/* With EINTR, too, the descriptor is gone (close(2)). */
	if (!is_replaced && close(number) && errno != EINTR)
		return errno;
	return 0;
}

static void let_go_of_device(struct ibv_context *context)
{
	const char *name = context->device ? context->device->name : "?";
	struct stat device;
	int r;

	/* Without the descriptor there is nothing to find mappings by either. */
	if (fstat(context->cmd_fd, &device))
		return;
	r = unmap_device(&device);
	r = close_device(context->cmd_fd) ?: r;
	if (r)
		log_error("fork: the child cannot let go of device %s: %s; memory regions of its parent there last until both have ended",
			  name, strerror(r));
	else
		log_info("fork: the child has no access to device %s: its parent has guarded memory regions there",
			 name);
}

static void prepare(void) PS_ATTR(no_thread_safety_analysis)
{
	struct section section;

	section_enter(&section);
	real_verbs_fork_prepare();
	ps_lock(&table_lock);
	event_fork_prepare();
	keeper_fork_prepare();
	log_queue_fork_prepare();
	aside_fork_prepare();
	forking_section = section;
}

static void parent(void) PS_ATTR(no_thread_safety_analysis)
{
	struct section section = forking_section;

	aside_fork_parent();
	log_queue_fork_parent();
	keeper_fork_parent();
	event_fork_parent();
	ps_unlock(&table_lock);
	real_verbs_fork_parent();
	section_leave(&section);
}

static void start_afresh(void) PS_ATTR(no_thread_safety_analysis)
{
	*is_same_process = 1;
	keeper_forget();
	log_queue_forget();
	aside_forget();
	table_lock = (struct ps_mutex)PS_MUTEX_INITIALIZER;
	real_verbs_fork_child();
	lease_forget();
	watch_forget();
	event_forget();
	stats_reset();
	track_make_zombies();
	real_verbs_disown(let_go_of_device);
}

static void child(void)
{
	struct section section = forking_section;

	start_afresh();
	section_leave(&section);
}

static void setup(void)
{
	long page_size = sysconf(_SC_PAGESIZE);
	void *page;

	page = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) {
		setup_error = ENOMEM;
		return;
	}
	/* If it cannot, children that fork(3) did not make are not noticed. */
	(void)madvise(page, page_size, MADV_WIPEONFORK);
	is_same_process = page;
	*is_same_process = 1;
	setup_error = pthread_atfork(prepare, parent, child);
}

int fork_setup(void)
{
	pthread_once(&once, setup);
	return setup_error;
}

void fork_check(void)
{
	if (is_same_process && !*is_same_process)
		start_afresh();
}
