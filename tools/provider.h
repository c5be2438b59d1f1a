/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "abilities.h"
#include "base/cause.h"

/* Who gives layout leases, and how it is: "layout_lease_provider" of @kernel */
void provider_report(const struct lease_provider *provider,
		     json_object *kernel);

/*
 * Would there be a layout lease on a file of such a file system?  0, or what
 * lease_take() of libpinsafe would return, and the cause that it would record.
 */
int provider_error(const struct abilities *abilities, const char *fs_name,
		   struct cause *ret_cause);
