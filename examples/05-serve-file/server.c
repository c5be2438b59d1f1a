// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Serves a file to many clients, who read it by RDMA.  Others may read, copy and
 * replace it meanwhile.  Who replaces it by rename(2) disturbs nobody: a client
 * goes on with what it has begun with, and the next one gets what is new.  Who
 * truncates it waits until no client can read from it any more; these get
 * errors, connect again, and are told of the file when it is whole again.
 *
 *   server ADDRESS FILE		ends by SIGINT or SIGTERM
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/param.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clients.h"
#include "version.h"

#define WATCHED (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | \
		 IN_MOVED_TO | IN_MOVE_SELF)
#define MAX_PAUSE 32		/* seconds */

struct server {
	const char *path;
	const char *name;		/* in its directory */
	struct version *current;	/* NULL: there is no file to be served */
	struct clients clients;
	struct pinsafe_event_channel *events;
	int inotify;
	int signals;
	unsigned int pause;	/* seconds until it looks again, or 0 */
	int error;		/* why what is there is not served, or 0 */
};

static void set_pause(struct server *server, unsigned int pause)
{
	server->pause = pause;
	alarm(pause);
}

static void put_current(struct server *server)
{
	version_put(server->current);
	server->current = NULL;
}

/* What is there now; who waits for it is told.  0 or as version_load() */
static int load(struct server *server)
{
	struct version *version;
	int r;

	r = version_load(server->path, server->current,
			 server->clients.listener->pd, server->events,
			 &version);
	if (r)
		return r;
	/* Clients who read from the old one keep it. */
	version_put(server->current);
	server->current = version;
	printf("serving %zu bytes, rkey 0x%x\n", version->length,
	       version->mr->rkey);
	clients_tell(&server->clients, version);
	return 0;
}

/*
 * Its keys are errors by now.  Clients that do not read just then hear of it,
 * too.  After truncate(2), or a clone of a file with DAX, nobody closes it.
 */
static void end_version(struct server *server, uintptr_t number)
{
	printf("revoked\n");
	clients_end_version(&server->clients, number);
	if (server->current && server->current->number == number) {
		put_current(server);
		set_pause(server, 1);
	}
}

static void take_events(struct server *server)
{
	struct pinsafe_event *event;
	int r;

	while (!(r = pinsafe_get_event(server->events, &event))) {
		if (event->type == PINSAFE_EVENT_REVOKED)
			end_version(server, (uintptr_t)event->user_data);
		else if (event->type == PINSAFE_EVENT_REVOKE_FAILED)
			warnx("%s: %s", event->path, strerror(event->error));
		pinsafe_ack_event(event);
	}
	if (r != EAGAIN && r != EINTR)
		errx(1, "pinsafe_get_event: %s", strerror(r));
}

/* True: who wrote the file has closed it, or the name is of another one. */
static bool is_changed(const struct server *server)
{
	char buf[16384]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	bool changed = false;
	ssize_t n, at;

	n = read(server->inotify, buf, sizeof(buf));
	if (n < 0)
		err(1, "inotify");
	for (at = 0; at < n; at += sizeof(*event) + event->len) {
		event = (const struct inotify_event *)(buf + at);
		if (event->mask & (IN_IGNORED | IN_MOVE_SELF))
			errx(1, "%s: the directory is gone", server->path);
		if (event->mask & IN_Q_OVERFLOW ||
		    (event->len && !strcmp(event->name, server->name)))
			changed = true;
	}
	return changed;
}

/*
 * Who truncates a file closes it after the revoke, so the event of that is in
 * the channel by now.  It has to be taken first, or the file would be taken
 * for what is served already.  What cannot be served is tried again: memory is
 * taken by old versions, say, or who writes it is about to end.
 */
static void look(struct server *server, unsigned int pause)
{
	int r;

	take_events(server);
	r = load(server);
	if (r == EEXIST)
		r = 0;
	if (r == ENOENT)
		put_current(server);
	if (r && r != server->error)
		warnx("%s: %s; waiting", server->path, strerror(r));
	server->error = r;
	set_pause(server, r ? MIN(pause, MAX_PAUSE) : 0);
}

/* Before the file is looked at for the first time, so that nothing is missed */
static void start_watching(struct server *server)
{
	server->inotify = inotify_init1(IN_CLOEXEC);
	if (server->inotify < 0 ||
	    inotify_add_watch(server->inotify, dirname(strdupa(server->path)),
			      WATCHED) < 0)
		err(1, "%s: inotify", server->path);
	server->name = strrchr(server->path, '/') + 1;
	server->events = pinsafe_create_event_channel();
	if (!server->events)
		err(1, "pinsafe_create_event_channel");
	if (fcntl(pinsafe_event_channel_fd(server->events), F_SETFL,
		  O_NONBLOCK))
		err(1, "O_NONBLOCK");
}

/* Before there are threads */
static void block_signals(struct server *server)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGIO);		/* of version_load(), and of no use */
	server->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (server->signals < 0 || sigprocmask(SIG_BLOCK, &set, NULL))
		err(1, "signalfd");
}

/* True: to the end */
static bool take_signal(struct server *server)
{
	struct signalfd_siginfo info;

	if (read(server->signals, &info, sizeof(info)) != sizeof(info))
		err(1, "signalfd");
	/* It may be served since the signal was sent. */
	if (info.ssi_signo == SIGALRM && server->pause)
		look(server, 2 * server->pause);
	return info.ssi_signo == SIGINT || info.ssi_signo == SIGTERM;
}

static void run(struct server *server)
{
	struct pollfd fds[] = {
		{ .fd = pinsafe_event_channel_fd(server->events),
		  .events = POLLIN },
		{ .fd = server->inotify, .events = POLLIN },
		{ .fd = server->clients.channel->fd, .events = POLLIN },
		{ .fd = server->signals, .events = POLLIN },
	};

	for (;;) {
		if (poll(fds, 4, -1) < 0) {
			if (errno == EINTR)
				continue;
			err(1, "poll");
		}
		if (fds[0].revents)
			take_events(server);
		if (fds[1].revents && is_changed(server))
			look(server, 1);
		if (fds[2].revents)
			clients_take_event(&server->clients, server->current);
		if (fds[3].revents && take_signal(server))
			return;
	}
}

int main(int argc, char **argv)
{
	struct server server = { 0 };
	int r;

	if (argc != 3)
		errx(2, "usage: server ADDRESS FILE");
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* A symbolic link is followed now, and then no more. */
	server.path = realpath(argv[2], NULL);
	if (!server.path)
		err(1, "%s", argv[2]);
	block_signals(&server);
	clients_listen(&server.clients, argv[1]);
	start_watching(&server);
	r = load(&server);
	if (r)
		errx(1, "%s: %s", server.path, strerror(r));
	run(&server);

	put_current(&server);
	clients_close(&server.clients);
	pinsafe_destroy_event_channel(server.events);
	close(server.inotify);
	close(server.signals);
	return 0;
}
