// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What tables of imports say about who is called */
#include <dlfcn.h>
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
};

static const char *library;

/* A hook, as an object in front of ours or in all tables */
static int hooked_munmap(void *addr, size_t length)
{
	return 0;
}

static void use_them(void)
{
	int (*const volatile fn)(void *, size_t) = munmap;
	int (*const volatile advise)(void *, size_t, int) = madvise;

	functions[0].ours = (void *)fn;
	functions[1].ours = (void *)advise;
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

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	library = argv[1];
	return run_cases();
}
