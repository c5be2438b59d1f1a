// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * One end of a stream socket, which is an rsocket under librspreload.  The
 * server maps many files and unmaps them again while messages go to and fro, so
 * that the keeper has descriptors with the numbers of the program's sockets.
 * All bytes of all messages have to be right.  From a crash of rsocket programs.
 *
 *   rs-map server DIR ADDRESS
 *   rs-map client - ADDRESS
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "files.h"
#include "t.h"

#define MESSAGES 8
#define MAP_AT 1
#define UNMAP_AT 4
#define FILES 20
#define FILE_LEN (64UL << 10)
#define MESSAGE_LEN 1000
#define PORT 7901

static void *mapped[FILES];

static void fill(unsigned char *message, int i)
{
	int at;

	for (at = 0; at < MESSAGE_LEN; at++)
		message[at] = at * 7 + i;
}

static void send_one(int socket, int i)
{
	unsigned char message[MESSAGE_LEN];

	fill(message, i);
	if (send(socket, message, sizeof(message), 0) != sizeof(message))
		t_bail("sending message %d", i);
}

static void receive_one(int socket, int i)
{
	unsigned char expected[MESSAGE_LEN], message[MESSAGE_LEN];
	size_t len = 0;
	ssize_t n;

	while (len < sizeof(message)) {
		n = recv(socket, message + len, sizeof(message) - len, 0);
		if (n <= 0)
			t_bail("message %d does not come", i);
		len += n;
	}
	fill(expected, i);
	t_ok(!memcmp(message, expected, sizeof(message)), "message %d", i);
}

static void map_files(const char *dir)
{
	char path[FILES_PATH_MAX], name[32];
	int i, fd;

	for (i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "rs-map-%d", i);
		files_path(path, dir, name);
		fd = files_create(path, FILE_LEN, '-');
		mapped[i] = mmap(NULL, FILE_LEN, PROT_READ | PROT_WRITE,
				 MAP_SHARED, fd, 0);
		if (mapped[i] == MAP_FAILED)
			t_bail("mmap");
		close(fd);
		unlink(path);
	}
}

static void unmap_files(void)
{
	int i;

	for (i = 0; i < FILES; i++)
		munmap(mapped[i], FILE_LEN);
}

static void serve(const struct sockaddr_in *address, const char *dir)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0), connection, i;

	if (bind(listener, (const void *)address, sizeof(*address)) ||
	    listen(listener, 5))
		t_bail("bind or listen");
	printf("listening\n");
	fflush(stdout);
	connection = accept(listener, NULL, NULL);
	if (connection < 0)
		t_bail("accept");
	for (i = 0; i < MESSAGES; i++) {
		receive_one(connection, i);
		if (i == MAP_AT)
			map_files(dir);
		if (i == UNMAP_AT)
			unmap_files();
		send_one(connection, i);
	}
	close(connection);
	close(listener);
}

static void be_client(const struct sockaddr_in *address)
{
	int connection = socket(AF_INET, SOCK_STREAM, 0), i;

	if (connect(connection, (const void *)address, sizeof(*address)))
		t_bail("connect");
	for (i = 0; i < MESSAGES; i++) {
		send_one(connection, i);
		receive_one(connection, i);
	}
	close(connection);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
	};

	if (argc != 4 || !inet_pton(AF_INET, argv[3], &address.sin_addr))
		t_bail("usage: server|client DIR ADDRESS");
	if (!strcmp(argv[1], "server"))
		serve(&address, argv[2]);
	else
		be_client(&address);
	return t_done();
}
