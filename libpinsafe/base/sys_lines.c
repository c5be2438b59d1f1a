// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/scratch.h"
#include "base/sys.h"
#include "base/sys_lines.h"

/*
 * What is wanted is often in the first lines, and the kernel makes as many as are
 * asked for.
 */
#define MIN_WANTED 512

int sys_lines_open(struct sys_lines *lines, const char *path)
{
	lines->fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	lines->start = lines->end = 0;
	lines->n_wanted = MIN_WANTED;
	lines->is_cut = false;
	lines->text = NULL;
	return lines->fd < 0 ? errno : 0;
}

/* More of it behind what is there.  1; 0: that was all; -1 and errno */
static int read_more(struct sys_lines *lines)
{
	size_t size = lines->end - lines->start;
	size_t room = SCRATCH_SIZE - 1 - size;
	ssize_t n;

	memmove(lines->text, lines->text + lines->start, size);
	lines->start = 0;
	lines->end = size;
	/* One byte for the end of the last piece */
	n = sys_read(lines->fd, lines->text + size,
		     room < lines->n_wanted ? room : lines->n_wanted);
	if (lines->n_wanted < SCRATCH_SIZE)
		lines->n_wanted *= 2;
	if (n > 0)
		lines->end += n;
	return n < 0 ? -1 : n > 0;
}

/* Of a line that was too long; false, and errno: there is nothing behind it. */
static bool skip_rest(struct sys_lines *lines)
{
	char *end = NULL;
	int more = 1;

	while (!end && more > 0) {
		more = read_more(lines);
		end = memchr(lines->text, '\n', lines->end);
		lines->start = end ? end + 1 - lines->text : lines->end;
	}
	lines->is_cut = false;
	if (!more)
		errno = 0;
	return end;
}

char *sys_lines_next(struct sys_lines *lines)
{
	char *line, *end;
	int more = 1;
	size_t size;

	if (!lines->text)
		lines->text = scratch_take();
	if (!lines->text)
		errno = ENOMEM;
	if (!lines->text || (lines->is_cut && !skip_rest(lines)))
		return NULL;
	for (;;) {
		line = lines->text + lines->start;
		size = lines->end - lines->start;
		end = memchr(line, '\n', size);
		if (end || size == SCRATCH_SIZE - 1 || more <= 0)
			break;
		more = read_more(lines);
	}
	if (!more && !size)
		errno = 0;
	if (!end && (more < 0 || !size))
		return NULL;
	lines->is_cut = !end && more > 0;
	lines->start = end ? end + 1 - lines->text : lines->end;
	line[end ? end - line : (ptrdiff_t)size] = '\0';
	return line;
}

void sys_lines_close(struct sys_lines *lines)
{
	(void)sys_close(lines->fd);
	scratch_give(lines->text);
}

int sys_lines_find(const char *path, int (*fn)(const char *line, void *arg),
		   void *arg)
{
	struct sys_lines lines;
	const char *line;
	int answer = -1;

	if (sys_lines_open(&lines, path))
		return -1;
	while (answer < 0 && (line = sys_lines_next(&lines)))
		answer = fn(line, arg);
	sys_lines_close(&lines);
	return answer;
}

int sys_read_line(const char *path, char *ret_text, size_t size)
{
	ssize_t n;
	int fd, r;

	ret_text[0] = '\0';
	fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	n = sys_read(fd, ret_text, size - 1);
	r = n < 0 ? errno : 0;
	(void)sys_close(fd);
	ret_text[n > 0 ? n : 0] = '\0';
	ret_text[strcspn(ret_text, "\n")] = '\0';
	return r;
}

int sys_read_number(const char *path, long *ret_number)
{
	char text[32], *end;
	long number;
	int r;

	r = sys_read_line(path, text, sizeof(text));
	if (r)
		return r;
	number = strtol(text, &end, 10);
	if (end == text)
		return EINVAL;
	*ret_number = number;
	return 0;
}
