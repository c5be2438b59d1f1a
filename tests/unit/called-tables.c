// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What tables of imports say about who is called */
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hook/called.h"
#include "hook/redirect.h"
#include "lib/test.h"

/* Libc's stand for ours. */
static struct called_function functions[] = {
	{ .name = "munmap", .use = CALLED_MAPPINGS },
	{ .name = "madvise", .use = CALLED_FILES },
	{ .name = "munlockall", .use = CALLED_FILES },
};

static const char *library, *unlocker;

/* Found before libc's, as that of a preload object */
__attribute__((visibility("default"))) int munlockall(void)
{
	return 42;
}

/* A hook, as an object in front of ours or in all tables */
static int hooked_munmap(void *addr, size_t length)
{
	return 0;
}

/* How many allocations go well before one fails; negative: all of them */
static int n_good = -1;
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return n_good >= 0 && !n_good-- ? NULL :
					  __real_reallocarray(p, n, size);
}

static void use_them(void)
{
	int (*const volatile fn)(void *, size_t) = munmap;
	int (*const volatile advise)(void *, size_t, int) = madvise;

	functions[0].ours = (void *)fn;
	functions[1].ours = (void *)advise;
	functions[2].ours = (void *)munlockall;
}

static int setup(void **state)
{
	use_them();
	called_set(functions, N_OF(functions));
	return 0;
}

static int teardown(void **state)
{
	use_them();
	return 0;
}

#define CALLED_CASE(fn) CASE_WITH(fn, setup, teardown)

CASE(no_preload_object__not_sure)
{
	struct called_bypass bypass = { .name = "?" };

	assert_false(called_is_sure(CALLED_MAPPINGS, &bypass));
	assert_null(bypass.name);
	assert_false(called_seems_sure(CALLED_MAPPINGS));
}

CALLED_CASE(nobody_in_front__sure)
{
	assert_true(called_is_sure(CALLED_MAPPINGS, NULL));
	assert_true(called_is_sure(CALLED_FILES, NULL));
	assert_true(called_seems_sure(CALLED_MAPPINGS));
}

/* The search order leads to another object. */
CALLED_CASE(somebody_in_front__told_who)
{
	struct called_bypass bypass;

	functions[0].ours = (void *)hooked_munmap;
	assert_false(called_is_sure(CALLED_MAPPINGS, &bypass));
	assert_string_equal(bypass.name, "munmap");
	assert_true(strstr(bypass.callee, "libc.so"));
	assert_false(called_seems_sure(CALLED_MAPPINGS));
	assert_true(called_is_sure(CALLED_FILES, NULL));
}

/* Hooks that change the tables of a program that is running */
CALLED_CASE(table_changed__seen_at_once)
{
	void *handle = dlopen(library, RTLD_NOW), *hook;
	void *libc_munmap = (void *)functions[0].ours;
	struct called_bypass bypass;

	assert_non_null(handle);
	hook = dlsym(handle, "hook_munmap");
	assert_non_null(hook);
	assert_true(called_is_sure(CALLED_MAPPINGS, NULL));
	assert_int_equal(redirect_import((void *)use_them, "munmap", hook), 0);
	assert_false(called_seems_sure(CALLED_MAPPINGS));
	assert_false(called_is_sure(CALLED_MAPPINGS, &bypass));
	assert_true(strstr(bypass.caller, "called-tables"));
	assert_true(strstr(bypass.callee, "unmapper"));
	assert_int_equal(
		redirect_import((void *)use_them, "munmap", libc_munmap), 0);
	assert_true(called_is_sure(CALLED_MAPPINGS, NULL));
	assert_true(called_seems_sure(CALLED_MAPPINGS));
	dlclose(handle);
}

/* Anybody may be called; and nobody is accused. */
CALLED_CASE(no_memory__not_sure_and_then_looked_at_again)
{
	struct called_bypass bypass;
	int n;

	for (n = 0;; n++) {
		/* So that it is all read anew */
		dlclose(dlopen(library, RTLD_NOW));
		n_good = n;
		if (called_is_sure(CALLED_MAPPINGS, &bypass))
			break;
		assert_null(bypass.name);
		assert_int_equal(n_good, -1);
		assert_true(called_is_sure(CALLED_MAPPINGS, &bypass));
	}
	/* The program has some of the functions, and so has libc. */
	assert_true(n > 1);
	n_good = -1;
}

#define N_LOADS 200
static atomic_int n_loads;

static void *load_and_unload(void *arg)
{
	for (; n_loads < N_LOADS; n_loads++)
		dlclose(dlopen(library, RTLD_NOW));
	return NULL;
}

/* The dynamic linker has two locks, in an order. */
CALLED_CASE(told_who_while_others_load__does_not_stop)
{
	struct called_bypass bypass;
	pthread_t thread;

	functions[0].ours = (void *)hooked_munmap;
	assert_int_equal(pthread_create(&thread, NULL, load_and_unload, NULL),
			 0);
	while (n_loads < N_LOADS)
		assert_false(called_is_sure(CALLED_MAPPINGS, &bypass));
	pthread_join(thread, NULL);
}

/* An object that is loaded later, and calls something else */
CALLED_CASE(object_loaded__looked_at)
{
	void *handle, *inside;

	assert_true(called_is_sure(CALLED_MAPPINGS, NULL));
	handle = dlopen(library, RTLD_NOW);
	assert_non_null(handle);
	inside = dlsym(handle, "call_munmap");
	assert_non_null(inside);
	assert_true(called_is_sure(CALLED_MAPPINGS, NULL));
	assert_int_equal(
		redirect_import(inside, "munmap", (void *)hooked_munmap), 0);
	assert_false(called_is_sure(CALLED_MAPPINGS, NULL));
	dlclose(handle);
	assert_true(called_is_sure(CALLED_MAPPINGS, NULL));
}

static int call_munlockall(void *handle)
{
	int (*call)(void);

	*(void **)&call = dlsym(handle, "call_munlockall");
	assert_non_null(call);
	return call();
}

/* Who was loaded so finds libc's before ours, once it calls. */
CALLED_CASE(deep_and_lazy__bound_to_ours)
{
	void *handle = dlopen(library, RTLD_LAZY | RTLD_DEEPBIND);

	assert_non_null(handle);
	assert_true(called_is_sure(CALLED_FILES, NULL));
	assert_int_equal(call_munlockall(handle), 42);
	dlclose(handle);
}

CALLED_CASE(deep_and_called__told)
{
	void *handle = dlopen(library, RTLD_LAZY | RTLD_DEEPBIND);
	struct called_bypass bypass;

	assert_non_null(handle);
	assert_int_not_equal(call_munlockall(handle), 42);
	assert_false(called_is_sure(CALLED_FILES, &bypass));
	assert_string_equal(bypass.name, "munlockall");
	assert_true(strstr(bypass.caller, "unmapper"));
	assert_true(strstr(bypass.callee, "libc.so"));
	dlclose(handle);
}

/* Nobody can tell which of them it would find. */
CALLED_CASE(lazy_and_others_have_it__told_and_left_alone)
{
	void *other = dlopen(unlocker, RTLD_NOW | RTLD_LOCAL);
	void *handle = dlopen(library, RTLD_LAZY | RTLD_DEEPBIND);
	struct called_bypass bypass;

	assert_non_null(other);
	assert_non_null(handle);
	assert_false(called_is_sure(CALLED_FILES, &bypass));
	assert_string_equal(bypass.name, "munlockall");
	assert_true(strstr(bypass.caller, "unmapper"));
	assert_true(strstr(bypass.callee, "unlocker"));
	assert_int_not_equal(call_munlockall(handle), 42);
	dlclose(handle);
	dlclose(other);
	assert_true(called_is_sure(CALLED_FILES, NULL));
}

/* A hook that is part of the object whose table it has changed */
CALLED_CASE(own_hook__told)
{
	void *handle = dlopen(library, RTLD_NOW), *hook;
	struct called_bypass bypass;

	assert_non_null(handle);
	hook = dlsym(handle, "hook_munmap");
	assert_int_equal(redirect_import(hook, "munmap", hook), 0);
	assert_false(called_is_sure(CALLED_MAPPINGS, &bypass));
	assert_true(strstr(bypass.caller, "unmapper"));
	assert_true(strstr(bypass.callee, "unmapper"));
	dlclose(handle);
}

CALLED_CASE(own_hook_of_the_program__told)
{
	void *libc_munmap = (void *)functions[0].ours;

	assert_true(called_is_sure(CALLED_MAPPINGS, NULL));
	assert_int_equal(redirect_import((void *)use_them, "munmap",
					 (void *)hooked_munmap), 0);
	assert_false(called_seems_sure(CALLED_MAPPINGS));
	assert_false(called_is_sure(CALLED_MAPPINGS, NULL));
	assert_int_equal(
		redirect_import((void *)use_them, "munmap", libc_munmap), 0);
	assert_true(called_is_sure(CALLED_MAPPINGS, NULL));
}

/* It may have any function called in place of the one that is found. */
CALLED_CASE(auditor_and_lazy__told)
{
	void *handle = dlopen(library, RTLD_LAZY);
	struct called_bypass bypass;

	assert_non_null(handle);
	setenv("LD_AUDIT", "/auditor.so", 1);
	called_set(functions, N_OF(functions));
	unsetenv("LD_AUDIT");
	assert_false(called_is_sure(CALLED_FILES, &bypass));
	assert_string_equal(bypass.callee, "/auditor.so");
	dlclose(handle);
}

/* It stays: the last case */
CALLED_CASE(other_name_space__told)
{
	struct called_bypass bypass;
	void *handle;

	assert_true(called_is_sure(CALLED_FILES, NULL));
	handle = dlmopen(LM_ID_NEWLM, library, RTLD_NOW);
	assert_non_null(handle);
	assert_false(called_is_sure(CALLED_FILES, &bypass));
	assert_true(strstr(bypass.caller, "dlmopen"));
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	library = argv[1];
	unlocker = argv[2];
	return run_cases();
}
