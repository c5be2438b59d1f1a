// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * No more threads can be made: RLIMIT_NPROC is reached, or after mlockall(2)
 * with MCL_FUTURE the stack of one does not fit RLIMIT_MEMLOCK.  Once that is
 * raised, as the sentence says, memory registers.
 *
 * From reports of daemons that lock their memory (chrony, corosync, tcmu-runner).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "files.h"
#include "rerun.h"
#include "t.h"
#include "verbs.h"

#define FILE_LEN 65536
#define NOBODY 65534

static struct verbs verbs;
static char *memory;

static int try(void)
{
	struct ibv_mr *mr;

	errno = 0;
	mr = ibv_reg_mr(verbs.pd, memory, FILE_LEN, VERBS_ACCESS);
	return mr ? ibv_dereg_mr(mr) : errno;
}

static unsigned long locked_kib(void)
{
	unsigned long kib = 0;
	char line[200];
	FILE *file;

	file = fopen("/proc/self/status", "r");
	while (fgets(line, sizeof(line), file))
		(void)sscanf(line, "VmLck: %lu", &kib);
	fclose(file);
	return kib;
}

static void limit(int resource, rlim_t soft)
{
	struct rlimit limit = { soft, RLIM_INFINITY };

	if (setrlimit(resource, &limit))
		t_bail("setrlimit: %s", t_errname(errno));
}

/* Who limits and who is limited: the limits are not for root. */
static void become(uid_t uid)
{
	if (seteuid(0) || (uid && setresuid(uid, uid, 0)))
		t_bail("setresuid");
	if (!uid && setresuid(0, 0, 0))
		t_bail("setresuid");
}

static void check(int fd, int resource, rlim_t low, const char *text)
{
	uint64_t start;
	int err;

	limit(resource, low);
	become(NOBODY);
	/* Not before: the preload object may start a thread for it. */
	memory = files_map(fd, FILE_LEN);
	rerun_log_clear();
	start = t_now_ns();
	err = try();
	t_ok(err == EAGAIN, "without a thread: %s", t_errname(err));
	t_ok(t_ms(t_now_ns() - start) < 1500, "at once, after %.1f ms",
	     t_ms(t_now_ns() - start));
	t_ok(rerun_log_count("registration refused") == 1 &&
		     rerun_log_count(text) == 1,
	     "one sentence, which says %s", text);
	t_ok(!rerun_log_count("nobody else has open") &&
		     !rerun_log_count("being removed"),
	     "and no other cause");
	become(0);
	limit(resource, RLIM_INFINITY);
	become(NOBODY);
	t_zero(try(), "with that raised");
	become(0);
}

int main(int argc, char **argv)
{
	char path[FILES_PATH_MAX];
	int fd;

	if (argc != 3)
		t_bail("usage: DIR nproc|mlockall");
	rerun_with_log(argv);
	files_path(path, argv[1], "threads");
	fd = files_create(path, FILE_LEN, 't');
	if (chown(path, NOBODY, -1))
		t_bail("chown");
	verbs_open(&verbs);
	if (!strcmp(argv[2], "nproc")) {
		/* way out: raise RLIMIT_NPROC (ulimit -u) */
		check(fd, RLIMIT_NPROC, 1, "RLIMIT_NPROC (ulimit -u)");
	} else {
		if (mlockall(MCL_CURRENT | MCL_FUTURE))
			t_bail("mlockall");
		/* way out: raise RLIMIT_MEMLOCK (ulimit -l) */
		check(fd, RLIMIT_MEMLOCK, (locked_kib() + 4096) << 10,
		      "RLIMIT_MEMLOCK (ulimit -l)");
	}
	munmap(memory, FILE_LEN);
	close(fd);
	unlink(path);
	return t_done();
}
