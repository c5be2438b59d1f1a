// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Many mapped files whose descriptors are closed, RLIMIT_NOFILE as most machines
 * have it: under layout leases a thousand of them register.  Where they do not,
 * the sentence says what to raise, and that works.
 *
 * From reports of programs with many mapped segments (LevelDB, redpanda).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "files.h"
#include "rerun.h"
#include "t.h"
#include "verbs.h"

#define MAX_FILES 1000
#define FILE_LEN 4096

/* Fewer where each takes long to lease */
static int n_files;
static struct verbs verbs;
static char *memory[MAX_FILES];
static struct ibv_mr *mrs[MAX_FILES];

static void limit(rlim_t n)
{
	struct rlimit limit = { n, n };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		t_bail("setrlimit");
}

/* Each is made, mapped and closed; gone with the guest. */
static void map_all(const char *dir)
{
	char path[FILES_PATH_MAX], name[32];
	int i, fd;

	for (i = 0; i < n_files; i++) {
		snprintf(name, sizeof(name), "segment-%d", i);
		files_path(path, dir, name);
		unlink(path);
		fd = files_create(path, FILE_LEN, 's');
		if (!memory[i])
			memory[i] = files_map(fd, FILE_LEN);
		close(fd);
	}
}

static void unmap_all(const char *dir)
{
	char path[FILES_PATH_MAX], name[32];
	int i;

	for (i = 0; i < n_files; i++) {
		snprintf(name, sizeof(name), "segment-%d", i);
		files_path(path, dir, name);
		unlink(path);
		munmap(memory[i], FILE_LEN);
		memory[i] = NULL;
	}
}

/* How many can be registered one after the other; *@ret_error: why no more */
static int register_all(int *ret_error)
{
	int i;

	*ret_error = 0;
	for (i = 0; i < n_files && !*ret_error; i++) {
		errno = 0;
		mrs[i] =
			ibv_reg_mr(verbs.pd, memory[i], FILE_LEN, VERBS_ACCESS);
		if (!mrs[i])
			*ret_error = errno ?: -1;
	}
	return *ret_error ? i - 1 : i;
}

static void deregister_all(void)
{
	int i;

	for (i = 0; i < n_files && mrs[i]; i++) {
		ibv_dereg_mr(mrs[i]);
		mrs[i] = NULL;
	}
}

int main(int argc, char **argv)
{
	bool is_dax;
	int n, err, fd;
	char path[FILES_PATH_MAX];

	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	files_path(path, argv[1], "probe");
	fd = files_create(path, FILE_LEN, 'p');
	is_dax = files_is_dax(fd);
	close(fd);
	n_files = is_dax ? MAX_FILES : 100;
	limit(is_dax ? 1024 : 128);
	/* Nobody sees what is mapped and closed before that. */
	verbs_open(&verbs);
	map_all(argv[1]);
	n = register_all(&err);
	if (is_dax) {
		t_ok(n == n_files, "%d of %d files with DAX: %s", n, n_files,
		     t_errname(err));
	} else {
		t_ok(err && rerun_log_count("registration refused") == 1 &&
			     rerun_log_count("raise RLIMIT_NOFILE") == 1,
		     "%d files, then %s, and the log says what to raise", n,
		     t_errname(err));
		t_ok(!rerun_log_count("keep a descriptor of the file open"),
		     "and nothing that makes it worse");
		deregister_all();
		unmap_all(argv[1]);
		/* way out: raise RLIMIT_NOFILE (ulimit -n), to %llu for 1024 more of such files */
		limit(512);
		map_all(argv[1]);
		n = register_all(&err);
		t_ok(n == n_files, "with that raised: %d of %d files: %s", n,
		     n_files, t_errname(err));
	}
	deregister_all();
	unmap_all(argv[1]);
	unlink(path);
	return t_done();
}
