// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A child of fork(2) lets go of the uverbs devices over which its parent has
 * guarded memory regions.  They would keep those alive when the parent is
 * killed, and nobody would be left to answer a break.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "device.h"
#include "hook/real_verbs.h"
#include "memory/vma.h"

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
	int r = vma_open(&reader);

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

void disown_devices(void)
{
	real_verbs_disown(let_go_of_device);
}
