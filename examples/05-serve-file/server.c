// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Serves a file to any number of clients, who read it by RDMA.  Others may
 * read, copy and replace it meanwhile.  Who replaces it by rename(2) disturbs
 * nobody: a client goes on with what it has begun with, and the next one gets
 * what is new.  Who truncates it waits until no client can read from it any
 * more; these get errors, connect again, and are told of the file when it is
 * whole again.
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
#include <sys/signalfd.h>
#include <unistd.h>

#include "clients.h"
#include "version.h"

struct server {
	const char *path;
	const char *name;		/* in its directory */
	struct version *current;	/* NULL: there is no file to be served */
	struct clients clients;
	struct pinsafe_event_channel *events;
	int inotify;
};

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
 * too.
 */
static void end_version(struct server *server, uintptr_t number)
{
	printf("revoked\n");
	clients_end_version(&server->clients, number);
	if (server->current && server->current->number == number) {
		version_put(server->current);
		server->current = NULL;
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

/* True: who wrote the file has closed it, or it was put there by rename(2). */
static bool is_written(const struct server *server)
{
	char buf[16384]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	bool written = false;
	ssize_t n, at;

	n = read(server->inotify, buf, sizeof(buf));
	if (n < 0)
		err(1, "inotify");
	for (at = 0; at < n; at += sizeof(*event) + event->len) {
		event = (const struct inotify_event *)(buf + at);
		if (event->mask & IN_Q_OVERFLOW ||
		    (event->len && !strcmp(event->name, server->name)))
			written = true;
	}
	return written;
}

/*
 * Who truncates a file closes it after the revoke, so the event of that is in
 * the channel by now.  It has to be taken first, or the file would be taken
 * for what is served already.
 */
static void look(struct server *server)
{
	bool written = is_written(server);
	int r;

	take_events(server);
	if (!written)
		return;
	r = load(server);
	/* Whoever is changing it will close it, too. */
	if (r && r != EEXIST)
		warnx("%s: %s; waiting for another one", server->path,
		      strerror(r));
}

/* Before the file is looked at for the first time, so that nothing is missed */
static void start_watching(struct server *server)
{
	char *copy = strdup(server->path);

	server->inotify = inotify_init1(IN_CLOEXEC);
	if (!copy || server->inotify < 0 ||
	    inotify_add_watch(server->inotify, dirname(copy),
			      IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
		err(1, "%s: inotify", server->path);
	free(copy);
	server->name = strrchr(server->path, '/');
	server->name = server->name ? server->name + 1 : server->path;
	server->events = pinsafe_create_event_channel();
	if (!server->events)
		err(1, "pinsafe_create_event_channel");
	if (fcntl(pinsafe_event_channel_fd(server->events), F_SETFL,
		  O_NONBLOCK))
		err(1, "O_NONBLOCK");
}

static int end_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0 || sigprocmask(SIG_BLOCK, &set, NULL))
		err(1, "signalfd");
	return fd;
}

static void run(struct server *server, int signals)
{
	struct pollfd fds[] = {
		{ .fd = pinsafe_event_channel_fd(server->events),
		  .events = POLLIN },
		{ .fd = server->inotify, .events = POLLIN },
		{ .fd = server->clients.channel->fd, .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};

	do {
		if (poll(fds, 4, -1) < 0) {
			if (errno == EINTR)
				continue;
			err(1, "poll");
		}
		if (fds[0].revents)
			take_events(server);
		if (fds[1].revents)
			look(server);
		if (fds[2].revents)
			clients_take_event(&server->clients, server->current);
	} while (!fds[3].revents);
}

int main(int argc, char **argv)
{
	struct server server = { 0 };
	int signals, r;

	if (argc != 3)
		errx(2, "usage: server ADDRESS FILE");
	setvbuf(stdout, NULL, _IOLBF, 0);
	server.path = argv[2];
	signals = end_signals();
	clients_listen(&server.clients, argv[1]);
	start_watching(&server);
	r = load(&server);
	if (r)
		errx(1, "%s: %s", server.path, strerror(r));
	run(&server, signals);

	version_put(server.current);
	clients_close(&server.clients);
	pinsafe_destroy_event_channel(server.events);
	close(server.inotify);
	return 0;
}
