// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program with an event loop whose device writes into a file all the time.
 * When somebody truncates the file it drains its queue pair and lets go of the
 * memory region itself, so that no transfer fails; then it registers again what
 * is left of the file and goes on.
 *
 *   break-events FILE		ends at the end of standard input
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <infiniband/pinsafe.h>

#include "loopback.h"

#define WINDOW 8		/* writes on their way at once */
#define GRACE_MS 2000		/* enough to drain them */
#define RETRY_MS 10

enum state {
	RUNNING,
	DRAINING,		/* a break: nothing new is posted */
	RELEASED,		/* not revoked yet, as far as we know */
	REVOKED,		/* and not restored yet */
};

struct app {
	struct loopback loopback;
	struct pinsafe_event_channel *channel;
	struct ibv_mr *mr;
	enum state state;
	size_t offset;		/* of the next write */
	unsigned int n_posted, n_written;
};

static void say(const char *what, const struct ibv_mr *mr)
{
	printf("%s %zu bytes, rkey 0x%x\n", what, mr->length, mr->rkey);
}

static void reg_file(struct app *app, const char *path)
{
	struct pinsafe_reg_attr attr = {
		.comp_mask = PINSAFE_REG_GRACE,
		.access = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE,
		.grace_ms = GRACE_MS,
		.channel = app->channel,
	};
	struct stat st;
	int fd;

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	if (!st.st_size)
		errx(1, "%s: empty", path);
	attr.length = st.st_size;
	attr.addr = mmap(NULL, attr.length, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0);
	if (attr.addr == MAP_FAILED)
		err(1, "%s: mmap", path);
	app->mr = pinsafe_reg_mr(app->loopback.pd, &attr, sizeof(attr));
	if (!app->mr)
		err(1, "%s: pinsafe_reg_mr", path);
	/* The descriptor stays open: an ordinary lease is taken on it. */
	say("registered", app->mr);
}

static void post_writes(struct app *app)
{
	size_t length = app->mr->length;
	int r;

	if (length > LOOPBACK_BUF_SIZE)
		length = LOOPBACK_BUF_SIZE;
	while (app->state == RUNNING && app->n_posted < WINDOW) {
		if (app->offset + length > app->mr->length)
			app->offset = 0;
		r = loopback_write(&app->loopback, app->mr, app->offset,
				   length);
		if (r)
			errx(1, "write: %s", strerror(r));
		app->offset += length;
		app->n_posted++;
	}
}

static void take_completions(struct app *app)
{
	struct ibv_cq *cq;
	void *context;
	int r;

	if (ibv_get_cq_event(app->loopback.channel, &cq, &context))
		err(1, "ibv_get_cq_event");
	ibv_ack_cq_events(cq, 1);
	r = ibv_req_notify_cq(cq, 0);
	if (r)
		errx(1, "ibv_req_notify_cq: %s", strerror(r));
	while (!(r = loopback_poll(&app->loopback))) {
		app->n_posted--;
		app->n_written++;
	}
	if (r != EAGAIN)
		errx(1, "a write failed: the grace was too short");
}

static long ms_until(uint64_t deadline_ns)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long)(deadline_ns / 1000000) -
	       (now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static void handle(struct app *app, const struct pinsafe_event *event)
{
	switch (event->type) {
	case PINSAFE_EVENT_BREAK:
		if (!event->deadline_ns) {	/* on_break=hold */
			printf("break of %s, which is held\n", event->path);
			break;
		}
		printf("break of %s, %ld ms left\n", event->path,
		       ms_until(event->deadline_ns));
		app->state = DRAINING;
		break;
	case PINSAFE_EVENT_REVOKED:
		printf("revoked\n");
		app->state = REVOKED;
		break;
	case PINSAFE_EVENT_LOST:
		printf("lost: what was written since may not be in %s\n",
		       event->path);
		break;
	case PINSAFE_EVENT_REVOKE_FAILED:
		printf("revoke failed: %s\n", strerror(event->error));
		break;
	default:		/* of a newer library */
		break;
	}
}

static void take_events(struct app *app)
{
	struct pinsafe_event *event;
	int r;

	while (!(r = pinsafe_get_event(app->channel, &event))) {
		handle(app, event);
		pinsafe_ack_event(event);
	}
	if (r != EAGAIN && r != EINTR)
		errx(1, "pinsafe_get_event: %s", strerror(r));
}

static void release(struct app *app)
{
	int r;

	printf("drained after %u writes\n", app->n_written);
	r = pinsafe_release(app->mr);
	if (r)		/* pinsafe goes on trying */
		warnx("pinsafe_release: %s", strerror(r));
	else
		printf("released\n");
	app->state = RELEASED;
}

/* Whoever broke the lease may take its time, so the loop goes on meanwhile. */
static void try_to_restore(struct app *app)
{
	struct ibv_mr *new_mr;
	int r;

	r = pinsafe_mr_restore(app->mr, 0, PINSAFE_RESTORE_SHORTER, &new_mr);
	/* Not over yet, or nothing is left of the file so far */
	if (r == EAGAIN || r == EFAULT)
		return;
	if (r)
		errx(1, "pinsafe_mr_restore: %s", strerror(r));
	r = ibv_dereg_mr(app->mr);
	if (r)
		errx(1, "ibv_dereg_mr: %s", strerror(r));
	app->mr = new_mr;
	app->state = RUNNING;
	say("restored", app->mr);
}

static void run(struct app *app)
{
	struct pollfd fds[] = {
		{ .fd = pinsafe_event_channel_fd(app->channel),
		  .events = POLLIN },
		{ .fd = app->loopback.channel->fd, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};

	if (fcntl(fds[0].fd, F_SETFL, O_NONBLOCK))
		err(1, "O_NONBLOCK");
	while (!fds[2].revents) {
		post_writes(app);
		if (poll(fds, 3, app->state == REVOKED ? RETRY_MS : -1) < 0 &&
		    errno != EINTR)
			err(1, "poll");
		if (fds[1].revents)
			take_completions(app);
		if (fds[0].revents)
			take_events(app);
		if (app->state == DRAINING && !app->n_posted)
			release(app);
		else if (app->state == REVOKED)
			try_to_restore(app);
	}
}

int main(int argc, char **argv)
{
	static struct app app;
	int r;

	if (argc != 2)
		errx(2, "usage: break-events FILE");
	setvbuf(stdout, NULL, _IOLBF, 0);
	r = loopback_open(&app.loopback);
	if (r)
		errx(1, "no device: %s", strerror(r));
	app.channel = pinsafe_create_event_channel();
	if (!app.channel)
		err(1, "pinsafe_create_event_channel");
	reg_file(&app, argv[1]);
	run(&app);

	/* The queue pair first: then nothing is on its way any more. */
	ibv_destroy_qp(app.loopback.qp);
	app.loopback.qp = NULL;
	r = ibv_dereg_mr(app.mr);
	if (r)
		errx(1, "ibv_dereg_mr: %s", strerror(r));
	pinsafe_destroy_event_channel(app.channel);
	loopback_close(&app.loopback);
	return 0;
}
