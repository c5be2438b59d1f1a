// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Long-term pins that are not RDMA's: the memory of an AF_XDP socket, which the
 * kernel pins by pin_user_pages(), and registered buffers of io_uring.  They need
 * a layout lease and hold off a truncate like those of a memory region.
 */
#include <errno.h>
#include <linux/if_xdp.h>
#include <linux/io_uring.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kernel-common.h"

#define LEN K_MIB

/* Pin [addr, addr + len): 0 or an errno value, and what to close to end it */
typedef int pin_fn(void *addr, size_t len, int *ret_fd);

static int xdp(void *addr, size_t len, int *ret_fd)
{
	struct xdp_umem_reg umem = {
		.addr = (uintptr_t)addr, .len = len, .chunk_size = 4096,
	};
	int fd = socket(AF_XDP, SOCK_RAW, 0), err = 0;

	if (fd < 0)
		k_skip("no AF_XDP: %s", k_err(errno));
	if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)))
		err = errno;
	*ret_fd = fd;
	return err;
}

static int uring(void *addr, size_t len, int *ret_fd)
{
	struct iovec buffer = { addr, len };
	struct io_uring_params params = {};
	int fd = syscall(SYS_io_uring_setup, 4, &params), err = 0;

	if (fd < 0)
		k_skip("no io_uring: %s", k_err(errno));
	if (syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, &buffer,
		    1))
		err = errno;
	*ret_fd = fd;
	return err;
}

static void pins(const char *who, pin_fn *pin, bool file_pages)
{
	struct k_file file = k_file("f", LEN, 'a');
	struct k_result r;
	double end;
	int fd, err;

	err = pin(file.map, LEN, &fd);
	k_check(err == EOPNOTSUPP, "%s, no lease: %s", who, k_err(err));
	close(fd);
	k_lease(file.fd, F_LAYOUT);
	err = pin(file.map, LEN, &fd);
	if (!file_pages) {
		k_check(err == EOPNOTSUPP, "%s takes no file: %s", who,
			k_err(err));
		close(fd);
		k_file_close(&file);
		return;
	}
	k_check(!err, "%s, under a lease: %s", who, k_err(err));
	r = k_run(k_shrink, file.path);
	k_check(r.err == ETXTBSY && k_break(NULL, 0) && k_filled(&file, 'a'),
		"%s: truncate = %s after %.1f s when it stays", who,
		k_err(r.err), r.time);
	close(fd);
	/* The kernel ends it in the background. */
	end = k_now() + 20;
	do
		r = k_run(k_shrink, file.path);
	while (r.err == ETXTBSY && k_now() < end);
	k_check(!r.err, "%s: truncate = %s when it is closed", who,
		k_err(r.err));
	k_file_close(&file);
}

int main(int argc, char **argv)
{
	struct k_file anon;
	bool file_pages;
	int fd;

	k_begin_layout(argc, argv, 60);
	pins("AF_XDP", xdp, true);
	/* io_uring of 6.1 looks at the vmas, and takes no pages of files. */
	anon = k_file("probe", 4096, 'p');
	k_lease(anon.fd, F_LAYOUT);
	file_pages = !uring(anon.map, 4096, &fd);
	close(fd);
	k_file_close(&anon);
	pins("io_uring", uring, file_pages);
	return k_end();
}
