// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Kernel abilities, tried in a scratch file without a name.  Nothing of it
 * stays, and no other file is touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "abilities.h"
#include "base/sys_lines.h"
#include "machine/pin_rule.h"
#include "memory/vma.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* -1: nobody can tell */
static long read_number(const char *path)
{
	long value = -1;

	(void)sys_read_number(path, &value);
	return value;
}

/* Leases that are turned off hide whether there are layout leases. */
static enum ability has_layout_leases(const struct lease_provider *provider,
				      enum ability leases_enabled)
{
	if (leases_enabled == ABILITY_NO || provider->kind == PROVIDER_UNKNOWN)
		return ABILITY_UNKNOWN;
	return lease_provider_is_alive(provider) ? ABILITY_YES : ABILITY_NO;
}

/* In a file without a name; *@ret_dir is where, or NULL. */
static enum ability try_lease(const char **ret_dir)
{
	static const char *const dirs[] = {"/dev/shm", "/tmp", "/var/tmp", "."};
	enum ability ability = ABILITY_YES;
	size_t i;
	int fd = -1;

	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && fd < 0; i++) {
		fd = open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		*ret_dir = fd < 0 ? NULL : dirs[i];
	}
	if (fd < 0)
		return ABILITY_UNKNOWN;
	if (fcntl(fd, F_SETLEASE, F_WRLCK))
		ability = errno == EINVAL ? ABILITY_NO : ABILITY_UNKNOWN;
	close(fd);
	return ability;
}

/* Of a page that is there: one of this stack */
static enum ability try_populate(void)
{
	uintptr_t size = sysconf(_SC_PAGESIZE);
	uintptr_t page = (uintptr_t)&size & ~(size - 1);

	return madvise((void *)page, size, MADV_POPULATE_WRITE) ? ABILITY_NO
								: ABILITY_YES;
}

static enum ability try_procmap_query(void)
{
	static struct vma_reader reader;
	static struct vma vma;

	if (vma_open(&reader))
		return ABILITY_UNKNOWN;
	(void)vma_next(&reader, 0, &vma);
	vma_close(&reader);
	return reader.has_answered ? ABILITY_YES : ABILITY_NO;
}

/* true, false, or null where nobody can tell */
static void report_ability(json_object *to, const char *key,
			   enum ability ability)
{
	report_add(to, key,
		   ability == ABILITY_UNKNOWN
			   ? NULL
			   : json_object_new_boolean(ability == ABILITY_YES));
}

/* Who gives layout leases, and how it is; without a module most of it is null */
static void report_provider(const struct lease_provider *provider,
			    json_object *kernel)
{
	static const char *const counters[] = {"leases", "pinned_files",
					       "breaks", "timeouts",
					       "refused_pins"};
	static const char *const kinds[] = {
		[PROVIDER_NONE] = "none",
		[PROVIDER_KERNEL] = "kernel",
		[PROVIDER_MODULE] = "module",
		[PROVIDER_CONTROL] = "control-module",
	};
	json_object *to = report_object(kernel, "layout_lease_provider");
	json_object *value;
	uint64_t count;
	size_t i;

	report_string(to, "by", kinds[provider->kind]);
	report_words(to, "version", provider->version);
	report_words(to, "state", provider->state);
	report_words(to, "guards", provider->file_systems);
	report_words(to, "page_cache_write", provider->page_cache_write);
	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		value = NULL;
		if (provider->version[0] &&
		    !lease_provider_count(provider, counters[i], &count))
			value = json_object_new_uint64(count);
		report_add(to, counters[i], value);
	}
}

void abilities_find(json_object *report, struct abilities *ret_abilities)
{
	json_object *to = report_object(report, "kernel");
	int enabled = read_number("/proc/sys/fs/leases-enable");
	struct abilities a = {0};
	enum ability leases;
	const char *scratch;
	struct utsname uts;

	a.leases_enabled = enabled < 0 ? ABILITY_UNKNOWN
			   : enabled   ? ABILITY_YES
				       : ABILITY_NO;
	a.lease_break_time = read_number("/proc/sys/fs/lease-break-time");
	lease_provider_find(&a.provider);
	a.layout_leases = has_layout_leases(&a.provider, a.leases_enabled);
	a.page_cache_pins = pin_rule_is_of_release() ? ABILITY_NO : ABILITY_YES;
	leases = try_lease(&scratch);
	uname(&uts);

	report_string(to, "release", uts.release);
	report_string(to, "tried_in", scratch);
	report_ability(to, "layout_leases", a.layout_leases);
	report_provider(&a.provider, to);
	report_ability(to, "leases", leases);
	report_ability(to, "leases_enabled", a.leases_enabled);
	report_add(to, "lease_break_time",
		   a.lease_break_time < 0
			   ? NULL
			   : json_object_new_int64(a.lease_break_time));
	report_ability(to, "madv_populate_write", try_populate());
	report_ability(to, "procmap_query", try_procmap_query());
	report_ability(to, "page_cache_pins_by_version", a.page_cache_pins);
	*ret_abilities = a;
}

/*
 * A program that is alive answers a break within milliseconds, or with on_break
 * and grace of the policy within half of that time.
 */
static const char *why_other_break_time(int seconds)
{
	if (seconds == 0)
		return "fs.lease-break-time is 0: whoever truncates a file waits for ever for a program that is stopped; sysctl fs.lease-break-time=10 bounds it";
	if (seconds > 0 && seconds < 5)
		return "fs.lease-break-time is below 5 s: on a busy machine, or with thousands of memory regions over a file, that may be too short to revoke them; sysctl fs.lease-break-time=10 leaves time";
	if (seconds > 20)
		return "fs.lease-break-time: whoever truncates a file waits that long for a program that is stopped; unless other users of leases (nfsd, Samba) need more, sysctl fs.lease-break-time=10 is enough";
	return NULL;
}

void abilities_advise(const struct abilities *abilities, json_object *report)
{
	const char *advice = why_other_break_time(abilities->lease_break_time);
	json_object *notes = report_array(report, "notes");

	if (advice)
		report_note(notes, advice);
}
