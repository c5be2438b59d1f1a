// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Hand a descriptor over from the table of one thread to that of another, with
 * SCM_RIGHTS (unix(7)).
 *
 * The two have no descriptor in common, and which table the sender has nobody
 * knows: threads can have tables of their own.  So they meet at a name, which
 * is a random one of the abstract name space and exists for as long as this
 * takes.  Nothing of it stays in the program's table.  pidfd_getfd(2) would take
 * from the main thread's table whatever is there under the number, and sandboxes
 * refuse it or kill for it.
 *
 * Such names are of a network name space.  Where the two are in different ones, or
 * the sender has no number for a socket, a thread is made that has the sender's
 * descriptors and goes to the other name space, or makes room in a copy of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/neutral.h"
#include "base/sys.h"
#include "handover.h"

#define SOCKET_TYPE (SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK)

/* Returns @error.  @call: which has failed with it */
static int record(struct cause *cause, const char *call, int error)
{
	if (!cause || error == EBADF) /* which the caller expects */
		return error;
	if (error == EMFILE)
		cause->kind = CAUSE_NO_DESCRIPTORS;
	else if (error == ECONNREFUSED)
		cause->kind = CAUSE_NET_NS;
	else
		(void)cause_call(cause, call, error);
	return error;
}

static int name(struct cause *cause, struct sockaddr_un *ret_addr)
{
	uint64_t random[2];

	if (SYS_CALL(getrandom, random, sizeof(random), 0) != sizeof(random))
		return record(cause, "getrandom(2)", errno);
	memset(ret_addr, 0, sizeof(*ret_addr));
	ret_addr->sun_family = AF_UNIX;
	snprintf(ret_addr->sun_path + 1, sizeof(ret_addr->sun_path) - 1,
		 "pinsafe-%016llx%016llx", (unsigned long long)random[0],
		 (unsigned long long)random[1]);
	return 0;
}

int handover_open(struct cause *cause, struct handover *ret_handover)
{
	struct handover handover;
	int r;

	r = name(cause, &handover.addr);
	if (r)
		return r;
	handover.receiver = sys_gettid();
	handover.listener = SYS_CALL(socket, AF_UNIX, SOCKET_TYPE, 0);
	if (handover.listener < 0)
		return record(cause, "socket(2)", errno);
	if (SYS_CALL(bind, handover.listener, &handover.addr,
		     sizeof(handover.addr))) {
		r = record(cause, "bind(2)", errno);
		goto out_close;
	}
	if (SYS_CALL(listen, handover.listener, 8)) {
		r = record(cause, "listen(2)", errno);
		goto out_close;
	}
	*ret_handover = handover;
	return 0;

out_close:
	sys_close(handover.listener);
	return r;
}

void handover_close(struct handover *handover)
{
	sys_close(handover->listener);
	handover->listener = -1;
}

/* One descriptor, and the byte that it needs to travel with */
struct message {
	struct msghdr header;
	struct iovec data;
	char byte;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
};

static void init(struct message *message)
{
	memset(message, 0, sizeof(*message));
	message->data.iov_base = &message->byte;
	message->data.iov_len = 1;
	message->header.msg_iov = &message->data;
	message->header.msg_iovlen = 1;
	message->header.msg_control = &message->control;
	message->header.msg_controllen = sizeof(message->control);
}

static int send_now(const struct handover *handover, int fd,
		    struct cause *cause)
{
	struct message message;
	int s, r = 0;

	init(&message);
	message.control.header.cmsg_level = SOL_SOCKET;
	message.control.header.cmsg_type = SCM_RIGHTS;
	message.control.header.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&message.control.header), &fd, sizeof(fd));

	s = SYS_CALL(socket, AF_UNIX, SOCKET_TYPE, 0);
	if (s < 0)
		return record(cause, "socket(2)", errno);
	if (SYS_CALL(connect, s, &handover->addr, sizeof(handover->addr)))
		r = record(cause, "connect(2)", errno);
	else if (SYS_CALL(sendmsg, s, &message.header, MSG_NOSIGNAL) < 0)
		r = record(cause, "sendmsg(2)", errno);
	sys_close(s);
	return r;
}

struct courier {
	const struct handover *handover;
	int fd;
	struct cause *cause;
	int result;		/* before: what keeps its creator from sending */
};

/* It shares the table of its creator, until it has a copy with room in it. */
static int make_room(const struct courier *courier)
{
	unsigned int spare = courier->fd ? 0 : 1;

	if (sys_close_range(spare, spare, CLOSE_RANGE_UNSHARE))
		return record(courier->cause, "close_range(2)", errno);
	return 0;
}

/* Only the privileged may: what is wrong has been recorded then. */
static int go_to_receiver(const struct courier *courier)
{
	char path[64];
	int fd, r;

	snprintf(path, sizeof(path), "/proc/self/task/%d/ns/net",
		 courier->handover->receiver);
	fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return courier->result;
	r = SYS_CALL(setns, fd, CLONE_NEWNET);
	sys_close(fd);
	return r ? courier->result : 0;
}

static void *carry(void *arg)
{
	struct courier *courier = arg;
	int r;

	r = courier->result == EMFILE ? make_room(courier) :
					go_to_receiver(courier);
	if (!r && courier->cause)
		courier->cause->kind = CAUSE_UNKNOWN;
	courier->result =
		r ?: send_now(courier->handover, courier->fd, courier->cause);
	return NULL;
}

int handover_send(const struct handover *handover, int fd, struct cause *cause)
{
	struct courier courier = { handover, fd, cause, 0 };
	pthread_t thread;
	int r;

	courier.result = send_now(handover, fd, cause);
	if (courier.result != EMFILE && courier.result != ECONNREFUSED)
		return courier.result;
	r = pthread_create(&thread, NULL, carry, &courier);
	if (r && cause)
		neutral_why_not(r, cause);
	if (r)
		return r;
	pthread_join(thread, NULL);
	return courier.result;
}

/* ENOTCONN: nothing is taken from who merely read the name in /proc/net/unix. */
static int check_peer(int s, struct cause *cause)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	pid_t pid = sys_getpid();

	if (pid < 0)
		return record(cause, "getpid(2)", errno);
	if (SYS_CALL(getsockopt, s, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return record(cause, "getsockopt(2)", errno);
	return peer.pid == pid ? 0 : ENOTCONN;
}

static int receive(int s, struct cause *cause, int *ret_fd)
{
	struct message message;

	init(&message);
	if (SYS_CALL(recvmsg, s, &message.header,
		     MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0)
		return record(cause, "recvmsg(2)", errno);
	/* What the kernel had no number for in this table it leaves out. */
	if (message.header.msg_controllen < CMSG_LEN(sizeof(int)))
		return record(cause, "recvmsg(2)", EMFILE);
	memcpy(ret_fd, CMSG_DATA(&message.control.header), sizeof(int));
	return 0;
}

int handover_receive(const struct handover *handover, struct cause *cause,
		     int *ret_fd)
{
	int s, r = ENOTCONN;

	while (r == ENOTCONN) {
		s = SYS_CALL(accept4, handover->listener, NULL, NULL,
			     SOCK_CLOEXEC);
		if (s < 0)
			return record(cause, "accept4(2)", errno);
		r = check_peer(s, cause);
		if (!r)
			r = receive(s, cause, ret_fd);
		sys_close(s);
	}
	return r;
}
