// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Who gives layout leases: a kernel that was built with them, or a module
 * (kernel/module/README.md), which shows in sysfs how it is.  Needs nothing
 * else of libpinsafe, for ibv_pinsafe_devinfo.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/sys.h"
#include "base/sys_lines.h"
#include "machine/lease_provider.h"

#define SYSFS "/sys/module/"

/* The first line of a file of the module; "" if it cannot be read */
static int read_text(const char *module, const char *name, char *ret_text,
		     size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), SYSFS "%s/%s", module, name);
	return sys_read_line(path, ret_text, size);
}

static const char *module_of(const struct lease_provider *provider)
{
	return provider->kind == PROVIDER_CONTROL ? LEASE_MODULE "_control"
						  : LEASE_MODULE;
}

/* False: it is not loaded. */
static bool find_module(struct lease_provider *provider,
			enum lease_provider_kind kind)
{
	const char *module;

	provider->kind = kind;
	module = module_of(provider);
	if (read_text(module, "version", provider->version,
		      sizeof(provider->version)))
		return false;
	(void)read_text(module, "parameters/state", provider->state,
			sizeof(provider->state));
	(void)read_text(module, "parameters/file_systems",
			provider->file_systems, sizeof(provider->file_systems));
	(void)read_text(module, "parameters/page_cache_write",
			provider->page_cache_write,
			sizeof(provider->page_cache_write));
	return true;
}

/*
 * A kernel that knows the value says of a file of /proc that it can have none
 * (EOPNOTSUPP), or that only root can (EACCES); one that does not says EINVAL,
 * and so do all if leases are off.
 */
static enum lease_provider_kind ask_kernel(void)
{
	enum lease_provider_kind kind = PROVIDER_KERNEL;
	char enabled[8];
	int fd;

	fd = sys_open("/proc/sys/fs/leases-enable", O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return PROVIDER_UNKNOWN;
	if (sys_fcntl(fd, F_SETLEASE, F_LAYOUT) && errno != EOPNOTSUPP &&
	    errno != EACCES)
		kind = errno == EINVAL ? PROVIDER_NONE : PROVIDER_UNKNOWN;
	if (kind == PROVIDER_NONE &&
	    (sys_read(fd, enabled, sizeof(enabled)) <= 0 || enabled[0] == '0'))
		kind = PROVIDER_UNKNOWN;
	(void)sys_close(fd);
	return kind;
}

void lease_provider_find(struct lease_provider *ret_provider)
{
	struct lease_provider provider = { 0 };

	if (!find_module(&provider, PROVIDER_CONTROL) &&
	    !find_module(&provider, PROVIDER_MODULE))
		provider.kind = ask_kernel();
	*ret_provider = provider;
}

const char *lease_provider_name(const struct lease_provider *provider)
{
	static __thread char name[80];

	switch (provider->kind) {
	case PROVIDER_KERNEL:
		return "the kernel";
	case PROVIDER_NONE:
		return "nobody";
	case PROVIDER_MODULE:
	case PROVIDER_CONTROL:
		snprintf(name, sizeof(name), "the module %s %s",
			 module_of(provider), provider->version);
		return name;
	case PROVIDER_UNKNOWN:
		break;
	}
	return "somebody unknown";
}

bool lease_provider_is_dead(const struct lease_provider *provider)
{
	return provider->state[0] && strcmp(provider->state, "ok") != 0;
}

static bool is_listed(const char *list, const char *name)
{
	size_t n;

	for (; *list; list += n + strspn(list + n, " ,")) {
		n = strcspn(list, " ,");
		if (n == strlen(name) && !strncmp(list, name, n))
			return true;
	}
	return false;
}

bool lease_provider_is_alive(const struct lease_provider *provider)
{
	return provider->kind == PROVIDER_KERNEL ||
	       (provider->kind == PROVIDER_MODULE &&
		!lease_provider_is_dead(provider));
}

bool lease_provider_why_not(const struct lease_provider *provider,
			    const char *fs_name, struct cause *cause)
{
	if (provider->kind == PROVIDER_CONTROL)
		cause_set(cause, CAUSE_CONTROL_MODULE, "");
	else if (lease_provider_is_dead(provider))
		cause_set(cause, CAUSE_DEAD_MODULE, provider->state);
	else if (provider->kind == PROVIDER_MODULE &&
		 provider->file_systems[0] &&
		 !is_listed(provider->file_systems, fs_name))
		cause_set(cause, CAUSE_NOT_THAT_FS, provider->file_systems);
	else
		return false;
	return true;
}

bool lease_provider_keeps_writes(const struct lease_provider *provider,
				 struct cause *cause)
{
	const char *says = provider->page_cache_write;

	if (!strcmp(says, "yes"))
		return true;
	cause_set(cause, CAUSE_NO_PROMISE,
		  says[0] ? says : "it does not offer that");
	return false;
}

bool lease_provider_has_page_caches(const struct lease_provider *provider,
				    const char *fs_name)
{
	return is_listed(provider->file_systems, "tmpfs") &&
	       !lease_provider_is_dead(provider) &&
	       is_listed(provider->file_systems, fs_name);
}

int lease_provider_count(const struct lease_provider *provider,
			 const char *counter, uint64_t *ret_count)
{
	char path[128];
	long count;
	int r;

	snprintf(path, sizeof(path), SYSFS "%s/parameters/%s",
		 module_of(provider), counter);
	r = sys_read_number(path, &count);
	if (!r)
		*ret_count = count;
	return r;
}

/*
 * What the administrator has set for leases (sysctl/fs.rst of Linux).  There
 * may be no descriptor left to read it with.
 */

/* fs/locks.c */
#define DEFAULT_BREAK_TIME_S 45

unsigned long lease_break_time_s(void)
{
	static unsigned long last_s = DEFAULT_BREAK_TIME_S;
	unsigned long now_s;
	long number;

	if (sys_read_number("/proc/sys/fs/lease-break-time", &number))
		return __atomic_load_n(&last_s, __ATOMIC_RELAXED);
	/* To the kernel a negative one is as 0 (fs/locks.c:__break_lease). */
	now_s = number < 0 ? 0 : number;
	__atomic_store_n(&last_s, now_s, __ATOMIC_RELAXED);
	return now_s;
}

bool leases_are_enabled(bool if_unknown)
{
	long number;

	if (sys_read_number("/proc/sys/fs/leases-enable", &number))
		return if_unknown;
	return number != 0;
}
