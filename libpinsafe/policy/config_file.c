// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The lines of pinsafe.conf.
 *
 * libinih takes "key = value" and comments apart, line by line, as it does not
 * pass on line numbers.  Headings are read here: it cuts them off after 49
 * characters, which would make a policy count for more files than its prefix,
 * and says nothing of a heading without keys.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "policy/config_file.h"

#define FILE_BYTES_MAX (1 << 20)
/* Without the end of the line; what libinih has room for if built as usual */
#define KEY_LINE_MAX 198
#define DELETED " (deleted)"
/* Of UTF-8: what some editors begin a file with is not part of its text. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct reader {
	int line;
	bool is_key; /* libinih takes the line for one */

	struct config_file *file;
	const char *program;
	struct settings *section; /* where keys go, NULL at the start */
	struct settings ignored;
	bool is_path;
};

#define report(reader, format, ...)                               \
	log_error("config: %s:%d: " format, (reader)->file->name, \
		  (reader)->line, ##__VA_ARGS__)

static struct settings *path_settings(struct reader *reader, const char *name)
{
	struct config_path **at = &reader->file->paths, *path;
	size_t n = strlen(name);

	while (n && name[n - 1] == '/')
		n--;
	for (; *at && (*at)->prefix_len >= n; at = &(*at)->next)
		if ((*at)->prefix_len == n && !memcmp((*at)->prefix, name, n))
			return &(*at)->settings;
	path = calloc(1, sizeof(*path) + n + 1);
	if (!path) {
		report(reader, "out of memory: section ignored");
		return &reader->ignored;
	}
	memcpy(path->prefix, name, n);
	path->prefix_len = n;
	path->next = *at;
	*at = path;
	return &path->settings;
}

/* As the kernel writes the paths of files */
static bool is_canonical(const char *path)
{
	size_t n = strlen(path);

	return path[0] == '/' && !strstr(path, "//") && !strstr(path, "/./") &&
	       !strstr(path, "/../") && (n < 2 || strcmp(path + n - 2, "/.")) &&
	       (n < 3 || strcmp(path + n - 3, "/.."));
}

/* What follows "@kind " in the heading, NULL if that is nothing */
static const char *name_of(const char *heading, const char *kind)
{
	size_t n = strlen(kind);

	if (strncmp(heading, kind, n) || !isblank(heading[n]))
		return NULL;
	heading += n;
	while (isblank(*heading))
		heading++;
	return *heading ? heading : NULL;
}

static struct settings *find_section(struct reader *reader, const char *heading)
{
	const char *name;

	if (!strcmp(heading, "default"))
		return &reader->file->defaults;
	name = name_of(heading, "program");
	if (name)
		return strcmp(name, reader->program) ? &reader->ignored
						     : &reader->file->program;
	name = name_of(heading, "path");
	if (!name) {
		report(reader,
		       "[%.100s] is not [default], [program NAME] or "
		       "[path PREFIX]: section ignored",
		       heading);
		return &reader->ignored;
	}
	if (!is_canonical(name)) {
		report(reader,
		       "%.100s is not an absolute path without \"//\", \".\" "
		       "and \"..\": section ignored",
		       name);
		return &reader->ignored;
	}
	reader->is_path = true;
	return path_settings(reader, name);
}

/* Also with something in front of it, such as a no-break space */
static bool is_heading(const char *text)
{
	char c = text[strcspn(text, "[]=:;#")];

	return c == '[' || c == ']';
}

/* @text may be changed. */
static void begin_section(struct reader *reader, char *text)
{
	char *end = strchr(text, ']'), *rest;

	/* If the heading is wrong, its keys must not go to the one before. */
	reader->section = &reader->ignored;
	reader->is_path = false;
	if (strlen(text) > PATH_MAX) {
		report(reader, "longer than %d characters: section ignored",
		       PATH_MAX);
		return;
	}
	if (*text != '[') {
		report(reader,
		       "text before \"[\", perhaps none that shows, or no "
		       "\"[\": section ignored");
		return;
	}
	if (!end) {
		report(reader, "heading without \"]\": section ignored");
		return;
	}
	rest = end + 1 + strspn(end + 1, " \t");
	if (*rest && *rest != ';' && *rest != '#') {
		report(reader, "text after \"]\": section ignored");
		return;
	}
	while (end > text + 1 && isblank(end[-1]))
		end--;
	*end = '\0';
	text += 1 + strspn(text + 1, " \t");
	reader->section = find_section(reader, text);
}

static int set_key(void *arg, const char *section, const char *name,
		   const char *value)
{
	struct reader *reader = arg;
	enum setting_key key;

	reader->is_key = true;
	if (!reader->section)
		report(reader, "%s is before the first section: ignored", name);
	else if (settings_find_key(name, &key))
		report(reader, "%s is not a key: ignored", name);
	else if (reader->is_path && settings_is_of_process(key))
		report(reader,
		       "%s is for [default] and [program] only: ignored", name);
	else
		settings_set(reader->section, key, value ? value : "",
			     reader->file->name, reader->line);
	return 1;
}

static void read_key(struct reader *reader, const char *text)
{
	if (strlen(text) > KEY_LINE_MAX) {
		report(reader, "longer than %d characters: ignored",
		       KEY_LINE_MAX);
		return;
	}
	reader->is_key = false;
	(void)ini_parse_string(text, set_key, reader);
	if (!reader->is_key)
		report(reader, "not \"key = value\": ignored");
}

/* @n bytes, which may be changed */
static void read_line(struct reader *reader, char *text, size_t n)
{
	bool has_null = strlen(text) != n;
	size_t mark = strlen(BYTE_ORDER_MARK);

	if (++reader->line == 1 && !strncmp(text, BYTE_ORDER_MARK, mark)) {
		text += mark;
		n -= mark;
	}
	while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		text[--n] = '\0';
	text += strspn(text, " \t");
	if (has_null)
		report(reader, "has a null byte: ignored");
	if (has_null && is_heading(text))
		reader->section = &reader->ignored;
	else if (is_heading(text))
		begin_section(reader, text);
	else if (!has_null && *text && *text != ';' && *text != '#')
		read_key(reader, text);
}

/* Neither waits for a pipe nor reads what cannot be a text for people. */
static int open_file(const char *name, FILE **ret_stream)
{
	FILE *stream = NULL;
	struct stat st;
	int fd, r = 0;

	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno;
	if (fstat(fd, &st))
		r = errno;
	else if (S_ISREG(st.st_mode) && st.st_size > FILE_BYTES_MAX)
		r = EFBIG;
	else if (!S_ISREG(st.st_mode) && strcmp(name, "/dev/null"))
		r = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	else if (!(stream = fdopen(fd, "r")))
		r = errno;
	if (r)
		close(fd);
	else
		*ret_stream = stream;
	return r;
}

static void put_paths(struct config_file *file)
{
	struct config_path *path;

	while ((path = file->paths)) {
		file->paths = path->next;
		free(path);
	}
}

int config_file_read(const char *name, const char *program,
		     struct config_file *ret_file)
{
	struct config_file file = { .name = name };
	struct reader reader = { .file = &file, .program = program };
	char *text = NULL;
	FILE *stream = NULL;
	size_t size = 0;
	ssize_t n;
	int r;

	r = open_file(name, &stream);
	if (r)
		return r;
	while ((n = getline(&text, &size, stream)) >= 0)
		read_line(&reader, text, n);
	r = feof(stream) ? 0 : errno;
	fclose(stream);
	free(text);
	if (r)
		put_paths(&file);
	else
		*ret_file = file;
	return r;
}

bool config_path_matches(const struct config_path *prefix, const char *path)
{
	size_t n = prefix->prefix_len;

	return path[0] == '/' && !strncmp(path, prefix->prefix, n) &&
	       (!path[n] || path[n] == '/' || !strcmp(path + n, DELETED));
}
