// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * F_SETLEASE beside asynchronous direct I/O that is under way: EAGAIN, in some time,
 * and a lease when that is done.  It is held up below: in a file of DIRECTORY's file
 * system, which is frozen meanwhile.
 *
 * kernel-cached-direct DIRECTORY
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel-common.h"
#include "kernel-image.h"

#define LEN 65536UL
#define BLOCK 4096

static char buffer[BLOCK] __attribute__((aligned(BLOCK)));

static aio_context_t start_write(int fd)
{
	struct iocb iocb =
			    {
				    .aio_lio_opcode = IOCB_CMD_PWRITE,
				    .aio_fildes = fd,
				    .aio_buf = (uintptr_t)buffer,
				    .aio_nbytes = BLOCK,
			    },
		    *list[] = {&iocb};
	aio_context_t io = 0;

	if (syscall(SYS_io_setup, 1, &io) ||
	    syscall(SYS_io_submit, io, 1, list) != 1)
		k_bail("io_submit");
	return io;
}

/* How many are done: at once, or when they are */
static long done(aio_context_t io, bool wait)
{
	struct timespec at_once = {0}, some_time = {20, 0};
	struct io_event event;

	return syscall(SYS_io_getevents, io, 1L, 1L, &event,
		       wait ? &some_time : &at_once);
}

/* Written blocks, so that to write them again needs nothing of the journal */
static int open_file(char path[300])
{
	struct k_file file = k_file("direct", LEN, 'd');

	if (fsync(file.fd))
		k_bail("fsync");
	munmap(file.map, LEN);
	snprintf(path, 300, "%s", file.path);
	close(file.fd);
	return open(path, O_RDWR | O_DIRECT);
}

int main(int argc, char **argv)
{
	char image[300], path[300];
	aio_context_t io;
	int below, fd, err;
	double begin;

	k_begin(argc, argv, 100);
	below = open(k_dir, O_RDONLY);
	snprintf(image, sizeof(image), "%s/image", k_dir);
	k_image_mount(image, 24, "mkfs.ext4 -q -F -b 4096", "noatime");
	fd = open_file(path);
	sync();
	if (below < 0 || ioctl(below, FIFREEZE, 0))
		k_bail("FIFREEZE");
	io = start_write(fd);
	begin = k_now();
	err = k_lease(fd, F_LAYOUT);
	k_note("after %.1f s", k_now() - begin);
	k_check(!done(io, false) && err == EAGAIN,
		"F_SETLEASE beside a direct write that is under way: %s",
		k_err(err));
	if (ioctl(below, FITHAW, 0))
		k_bail("FITHAW");
	k_check(done(io, true) == 1, "the write gets done");
	err = k_lease(fd, F_LAYOUT);
	k_check(!err, "F_SETLEASE after that: %s", k_err(err));
	close(fd);
	unlink(path);
	k_image_unmount(image);
	return k_end();
}
