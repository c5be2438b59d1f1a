// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Imports of one shared object are redirected, however it was linked, and
 * those of nobody else; or those of all objects.  Its path is the argument of
 * this program.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fakes/fake_mprotect.h"
#include "hook/redirect.h"
#include "lib/child.h"
#include "lib/importer.h"
#include "lib/test.h"

static const char *object, *other_object;

static int redirected(void)
{
	return -42;
}

struct importer {
	int (*call)(void);
	int (*own)(void);
};

static struct importer load(const char *path, int flags)
{
	void *handle = dlopen(path, flags);
	struct importer importer;

	if (!handle)
		fail_msg("%s", dlerror());
	*(void **)&importer.call = dlsym(handle, "importer_call");
	*(void **)&importer.own = dlsym(handle, "importer_own");
	assert_non_null(importer.call);
	assert_non_null(importer.own);
	return importer;
}

static int redirect(const struct importer *importer, const char *name)
{
	return redirect_import((const void *)importer->call, name,
			       (void *)redirected);
}

/*
 * Each of these loads the object into a child, since it stays redirected, and
 * returns what importer_call() and getppid() gave, or an errno.
 */
struct result {
	int r, before, after, ours;
	int n_ours, n_failed, n_again;
	bool all_call_ours;
};

static struct result in_child(void (*fn)(void *arg, void *ret_result),
			      void *arg)
{
	struct result result;

	assert_int_equal(child_run(fn, arg, &result, sizeof(result)), 0);
	return result;
}

static void after_a_call(void *arg, void *ret_result)
{
	struct importer importer = load(object, RTLD_LAZY | RTLD_LOCAL);
	struct result *result = ret_result;

	result->before = importer.call() == getppid();
	result->r = redirect(&importer, "getppid");
	result->after = importer.call();
	result->ours = getppid() > 0;
}

CASE(imported__redirected_after_a_call)
{
	struct result result = in_child(after_a_call, NULL);

	assert_int_equal(result.r, 0);
	assert_true(result.before);
	assert_int_equal(result.after, redirected());
	assert_true(result.ours);
}

static void before_the_first_call(void *arg, void *ret_result)
{
	struct importer importer = load(object, RTLD_LAZY | RTLD_LOCAL);
	struct result *result = ret_result;

	result->r = redirect(&importer, "getppid");
	result->after = importer.call();
}

CASE(imported__redirected_before_the_first_call)
{
	struct result result = in_child(before_the_first_call, NULL);

	assert_int_equal(result.r, 0);
	assert_int_equal(result.after, redirected());
}

static void twice(void *arg, void *ret_result)
{
	struct importer importer = load(object, RTLD_NOW | RTLD_LOCAL);
	struct result *result = ret_result;

	result->r = redirect(&importer, "getppid")
			    ?: redirect(&importer, "getppid");
	result->after = importer.call();
}

CASE(imported__twice_is_once)
{
	struct result result = in_child(twice, NULL);

	assert_int_equal(result.r, 0);
	assert_int_equal(result.after, redirected());
}

static void next_to_another(void *arg, void *ret_result)
{
	struct importer other = load(other_object, RTLD_NOW | RTLD_LOCAL);
	struct importer importer = load(object, RTLD_NOW | RTLD_LOCAL);
	struct result *result = ret_result;

	result->r = redirect(&importer, "getppid");
	result->before = other.call() == getppid();
	result->after = importer.call();
}

CASE(other_object__not_touched)
{
	struct result result = in_child(next_to_another, NULL);

	assert_int_equal(result.r, 0);
	assert_true(result.before);
	assert_int_equal(result.after, redirected());
}

CASE(address_in_no_object__ENOENT)
{
	int on_the_stack = 0;

	assert_int_equal(
		redirect_import(&on_the_stack, "getppid", (void *)redirected),
		ENOENT);
	assert_int_equal(redirect_import(NULL, "getppid", (void *)redirected),
			 ENOENT);
}

static void not_allowed(void *arg, void *ret_result)
{
	struct importer importer = load(object, RTLD_NOW | RTLD_LOCAL);
	struct result *result = ret_result;

	fake_mprotect_errno = EACCES;
	result->r = redirect(&importer, "getppid");
	fake_mprotect_errno = 0;
	result->before = importer.call() == getppid();
}

/* Only read-only tables need it. */
CASE(no_mprotect__its_errno)
{
	struct result result;

	if (!strstr(strrchr(object, '/'), "now"))
		SKIP_CASE("the table of this object is writable");
	result = in_child(not_allowed, NULL);
	assert_int_equal(result.r, EACCES);
	assert_true(result.before);
}

static void read_flags(void *arg, void *ret_result)
{
	struct importer importer = load(object, RTLD_NOW | RTLD_LOCAL);
	char line[512], perms[8];
	unsigned long start, end;
	FILE *maps;
	int *n_writable_code = ret_result;

	*n_writable_code = redirect(&importer, "getppid");
	maps = fopen("/proc/self/maps", "re");
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, object) &&
		    sscanf(line, "%lx-%lx %7s", &start, &end, perms) == 3 &&
		    perms[1] == 'w' && perms[2] == 'x')
			++*n_writable_code;
	fclose(maps);
}

CASE(redirected__no_code_is_writable)
{
	int n = -1;

	assert_int_equal(child_run(read_flags, NULL, &n, sizeof(n)), 0);
	assert_int_equal(n, 0);
}

static int n_done, n_failed, n_ours;

static void note_done(const char *path, int error)
{
	n_done++;
	n_failed += error != 0;
	n_ours += !strcmp(path, object) || !strcmp(path, other_object);
}

static int redirect_all(void)
{
	n_done = n_failed = n_ours = 0;
	return redirect_importers("getppid", (void *)redirected, note_done);
}

static void all_objects(void *arg, void *ret_result)
{
	struct importer other = load(other_object, RTLD_LAZY | RTLD_LOCAL);
	struct importer importer = load(object, RTLD_LAZY | RTLD_LOCAL);
	struct result *result = ret_result;

	fake_mprotect_errno = arg ? EACCES : 0;
	result->r = redirect_all();
	fake_mprotect_errno = 0;
	result->n_ours = n_ours;
	result->n_failed = n_failed;
	result->all_call_ours = importer.call() == redirected() &&
				other.call() == redirected() &&
				getppid() == redirected();
	result->r |= redirect_all();
	result->n_again = n_done;
}

/* This program is one of them. */
CASE(all_objects__each_told_once)
{
	struct result result = in_child(all_objects, NULL);

	assert_int_equal(result.r, 0);
	assert_int_equal(result.n_ours, 2);
	assert_int_equal(result.n_failed, 0);
	assert_true(result.all_call_ours);
	assert_int_equal(result.n_again, 0);
}

/* One of the two has a read-only table. */
CASE(all_objects__failure_is_told_and_tried_again)
{
	int yes = 1;
	struct result result = in_child(all_objects, &yes);

	assert_int_equal(result.r, 0);
	assert_int_equal(result.n_ours, 2);
	assert_true(result.n_failed > 0);
	assert_false(result.all_call_ours);
	assert_int_equal(result.n_again, result.n_failed);
}

static void loaded_later(void *arg, void *ret_result)
{
	struct result *result = ret_result;
	struct importer importer;

	result->r = redirect_all();
	importer = load(object, RTLD_NOW | RTLD_LOCAL);
	result->all_call_ours = importer.call() == redirected();
	result->r |= redirect_all();
	result->n_again = n_done;
	result->n_ours = importer.call() == redirected();
}

CASE(all_objects__later_one_found_by_the_next_call)
{
	struct result result = in_child(loaded_later, NULL);

	assert_int_equal(result.r, 0);
	assert_false(result.all_call_ours);
	assert_int_equal(result.n_again, 1);
	assert_true(result.n_ours);
}

/* Not loaded in the parent, so that it is unloaded each time */
static void *load_and_unload(void *arg)
{
	bool *is_over = arg;
	int (*call)(void);
	void *handle;
	int result;

	while (!__atomic_load_n(is_over, __ATOMIC_ACQUIRE)) {
		handle = dlopen(object, RTLD_NOW | RTLD_LOCAL);
		*(void **)&call = dlsym(handle, "importer_call");
		result = call();
		if (result != redirected() && result <= 0)
			abort();
		dlclose(handle);
	}
	return NULL;
}

/* Each is reached soon, but locks of the dynamic linker are not fair. */
#define N_TIMES 500
#define N_SECONDS 1

static void while_loading(void *arg, void *ret_result)
{
	struct result *result = ret_result;
	time_t end = time(NULL) + N_SECONDS;
	bool is_over = false;
	pthread_t thread;

	pthread_create(&thread, NULL, load_and_unload, &is_over);
	while (result->n_ours < N_TIMES && time(NULL) <= end) {
		result->r |= redirect_all();
		result->n_failed += n_failed;
		result->n_ours += n_ours;
	}
	__atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
}

CASE(all_objects__another_thread_loads_and_unloads)
{
	struct result result;

	if (UNDER_TSAN)
		SKIP_CASE("it does not know the dynamic linker's locks");
	result = in_child(while_loading, NULL);
	assert_int_equal(result.r, 0);
	assert_int_equal(result.n_failed, 0);
}

CASE(not_imported_by_anybody)
{
	n_done = 0;
	assert_int_equal(redirect_importers("ibv_cmd_dereg_mr",
					    (void *)redirected, note_done),
			 0);
	assert_int_equal(n_done, 0);
}

/* Last, as these load the object into this process */
CASE(not_imported__ENOENT)
{
	struct importer importer = load(object, RTLD_NOW | RTLD_LOCAL);

	assert_int_equal(redirect(&importer, "ibv_cmd_dereg_mr"), ENOENT);
	assert_int_equal(redirect(&importer, "getppi"), ENOENT);
	assert_int_equal(redirect(&importer, ""), ENOENT);
	assert_int_equal(importer.call(), getppid());
}

CASE(own_function__ENOENT)
{
	struct importer importer = load(object, RTLD_NOW | RTLD_LOCAL);

	assert_int_equal(redirect(&importer, "importer_own"), ENOENT);
	assert_int_equal(importer.own(), -1);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	object = argv[1];
	other_object = argv[2];
	return run_cases();
}
