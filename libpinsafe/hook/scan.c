// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Ways in without LD_PRELOAD: look at all objects that are loaded and let those
 * that call verbs_set_ops(), that is the providers, call us.
 *
 * This is done when we are loaded, for what is there already, in whichever
 * order the program was linked.  For providers that are loaded later there is
 * the null driver: libibverbs asks it about each device before it creates it.
 * See null_driver.c.
 *
 * Why not in another way: libpinsafe.so.1 could export verbs_set_ops() itself,
 * but that works only if it comes before libibverbs in the search order, and
 * every program that links it would have a symbol of libibverbs twice.  The
 * dlopen() of libibverbs could be redirected, but does not see providers that
 * somebody else loads, as mlx5dv users do.
 */
#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "base/look_up.h"
#include "hook/engine.h"
#include "hook/redirect.h"

static void provider_set_ops(void *verbs_context, const void *ops)
{
	void (*preloaded)(void);

	/*
	 * The preload object is there, too, and we have redirected the provider
	 * away from it: let it know that there is something to watch.
	 */
	*(void **)&preloaded = look_up(RTLD_DEFAULT, "pinsafe_preload_watch");
	if (preloaded)
		preloaded();
	engine_set_ops(verbs_context, ops, __builtin_return_address(0));
}

static void redirected(const char *path, int error)
{
	static char was_said;

	if (!error)
		log_debug("scan: %s: redirected", path);
	else if (!__atomic_test_and_set(&was_said, __ATOMIC_RELAXED))
		log_error("scan: %s: NOT PROTECTED: its calls cannot be redirected: %s",
			path, strerror(error));
}

static void scan(void)
{
	if (redirect_importers("verbs_set_ops", (void *)provider_set_ops,
			       redirected))
		log_error("scan: NOT PROTECTED: out of memory");
}

/*
 * Does the program rely on us alone?  Under LD_PRELOAD providers find ours by
 * its name, and a provider that brings us along will call again, with the
 * number of its ABI; then we are not among the libraries of the program.
 */
static bool is_linked_only(void *libibverbs)
{
	void *program = dlopen(NULL, RTLD_LAZY);
	void *set_ops = look_up(program, "verbs_set_ops");
	bool is_preloaded =
		set_ops && set_ops != look_up(libibverbs, "verbs_set_ops");
	bool is_linked = look_up(program, "pinsafe_private_start");

	dlclose(program);
	return is_linked && !is_preloaded;
}

void scan_start(int pabi)
{
	void *libibverbs;

	libibverbs = look_up_library("libibverbs.so.1", RTLD_LAZY | RTLD_NOLOAD);
	if (!libibverbs)
		return;
	if (!null_driver_register(libibverbs, pabi, scan) &&
	    (pabi || is_linked_only(libibverbs)))
		log_warn("scan: the private ABI of this libibverbs is not known: providers that it loads later are NOT PROTECTED");
	scan();
	dlclose(libibverbs);
}
