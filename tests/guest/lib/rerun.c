// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rerun.h"
#include "t.h"

#define MAX_ARGUMENTS 16
#define LOG_FILE "PINSAFE_LOG_FILE"

void rerun_with_log(char **argv)
{
	char path[] = "/tmp/pinsafe-log-XXXXXX";
	int fd;

	if (getenv(LOG_FILE))
		return;
	fd = mkstemp(path);
	/* For tests that go on as somebody else */
	if (fd < 0 || fchmod(fd, 0666))
		t_bail("creating %s", path);
	close(fd);
	setenv(LOG_FILE, path, 1);
	execv("/proc/self/exe", argv);
	t_bail("starting the program again");
}

int rerun_log_count(const char *text)
{
	FILE *log = fopen(getenv(LOG_FILE), "re");
	char line[2048];
	int n = 0;

	if (!log)
		t_bail("opening the log");
	while (fgets(line, sizeof(line), log))
		n += strstr(line, text) != NULL;
	fclose(log);
	return n;
}

void rerun_log_clear(void)
{
	if (truncate(getenv(LOG_FILE), 0))
		t_bail("clearing the log");
}

struct wanted {
	const char *text;
	int n;
};

static bool has_lines(void *arg)
{
	const struct wanted *wanted = arg;

	return rerun_log_count(wanted->text) >= wanted->n;
}

bool rerun_log_wait(const char *text, int n, int ms)
{
	struct wanted wanted = {text, n};

	return t_wait(has_lines, &wanted, ms) && rerun_log_count(text) == n;
}

static void child(char **argv, const char *name, const char *value,
		  const char *argument, int out)
{
	char *args[MAX_ARGUMENTS + 2] = {NULL};
	int i;

	for (i = 0; i < MAX_ARGUMENTS && argv[i]; i++)
		args[i] = argv[i];
	args[i] = (char *)(uintptr_t)argument;
	setenv(name, value, 1);
	dup2(out, STDOUT_FILENO);
	execv("/proc/self/exe", args);
	_exit(127);
}

void rerun_output(char **argv, const char *name, const char *value,
		  const char *argument, char *ret, size_t size)
{
	size_t len = 0;
	int out[2], status;
	ssize_t n;
	pid_t pid;

	fflush(stdout);
	if (pipe2(out, O_CLOEXEC))
		t_bail("pipe");
	pid = fork();
	if (pid < 0)
		t_bail("fork");
	if (!pid)
		child(argv, name, value, argument, out[1]);
	close(out[1]);
	while (len < size && (n = read(out[0], ret + len, size - len)) > 0)
		len += n;
	close(out[0]);
	if (len == size || waitpid(pid, &status, 0) != pid || status)
		t_bail("the program with %s=%s", name, value);
	ret[len] = '\0';
}
