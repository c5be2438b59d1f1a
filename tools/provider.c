// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Who gives layout leases on this machine, and on what. */
#include <errno.h>
#include <string.h>

#include "provider.h"

static const char *const counters[] = {
	"leases", "pinned_files", "breaks", "timeouts", "refused_pins",
};

static const char *const kinds[] = {
	[PROVIDER_NONE] = "none",
	[PROVIDER_KERNEL] = "kernel",
	[PROVIDER_MODULE] = "module",
	[PROVIDER_CONTROL] = "control-module",
};

/* Without a module, or with one that does not count it: null */
static void report_counters(const struct lease_provider *provider,
			    json_object *to)
{
	uint64_t count;
	size_t i;

	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (provider->version[0] &&
		    !lease_provider_count(provider, counters[i], &count))
			report_uint(to, counters[i], count);
		else
			report_string(to, counters[i], NULL);
}

void provider_report(const struct lease_provider *provider, json_object *kernel)
{
	json_object *to = report_object(kernel, "layout_lease_provider");

	report_string(to, "by", kinds[provider->kind]);
	report_words(to, "version", provider->version);
	report_words(to, "state", provider->state);
	report_words(to, "guards", provider->file_systems);
	report_words(to, "page_cache_write", provider->page_cache_write);
	report_counters(provider, to);
}

int provider_error(const struct abilities *abilities, const char *fs_name,
		   struct cause *ret_cause)
{
	const struct lease_provider *provider = &abilities->provider;
	struct cause cause = {.kind = CAUSE_UNKNOWN};

	if (provider->kind == PROVIDER_CONTROL) {
		cause.kind = CAUSE_CONTROL_MODULE;
	} else if (lease_provider_is_dead(provider)) {
		cause.kind = CAUSE_DEAD_MODULE;
		strcpy(cause.detail, provider->state);
	} else if (lease_provider_lacks(provider, fs_name)) {
		cause.kind = CAUSE_NOT_THAT_FS;
		strcpy(cause.detail, provider->file_systems);
	} else if (abilities->layout_leases == ABILITY_YES) {
		return 0;
	} else if (provider->kind == PROVIDER_NONE) {
		cause.kind = CAUSE_NO_PROVIDER;
	}
	*ret_cause = cause;
	return EOPNOTSUPP;
}
