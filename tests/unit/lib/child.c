// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* A process of its own, for what happens once per process. */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "test.h"

int child_run(void (*fn)(void *arg, void *ret_result), void *arg,
	      void *ret_result, size_t size)
{
	void *result;
	int status;
	pid_t pid;

	result = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(result, MAP_FAILED);
	pid = fork();
	if (!pid) {
		alarm(DEADLINE_MS / 1000);
		fn(arg, result);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	memcpy(ret_result, result, size);
	munmap(result, size);
	return status;
}

void child_check(int (*fn)(void), pid_t (*fork_fn)(void))
{
	int status;
	pid_t pid = fork_fn();

	if (!pid) {
		alarm(DEADLINE_MS / 1000);
		_exit(fn());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status))
		fail_msg("check %d of the child failed", WEXITSTATUS(status));
}
