/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* A machine with or without somebody who gives layout leases */
#pragma once

/* What F_SETLEASE with F_LAYOUT says of any file; 0: it is granted */
extern int provided_lease_error;

/* Nobody gives any, leases are on; for each case */
int provided_setup(void **state);
/* The module is loaded; NULL: it does not show that. */
void provided_module(const char *version, const char *state,
		     const char *file_systems);
/* And guards page caches there, too; what it says of written ones */
void provided_page_caches(const char *page_cache_write);
