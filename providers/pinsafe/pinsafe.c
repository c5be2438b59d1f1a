// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * libpinsafe-rdmavNN.so: a provider that libibverbs loads like any other, by
 * IBV_DRIVERS or by a file in /etc/libibverbs.d.  All it does is to bring
 * libpinsafe.so.1 along, which registers a driver that claims no device and
 * hooks the contexts of the other providers (libpinsafe/scan.c).
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef PINSAFE_IN_RDMA_CORE
#include <stddef.h>
#include <infiniband/driver.h>

/* What libpinsafe/null_driver.c says of them, for the ABI of this tree */
static_assert(offsetof(struct verbs_match_ent, u) == sizeof(void *) &&
		      offsetof(struct verbs_match_ent, kind) ==
			      sizeof(void *) + 12 &&
		      sizeof(struct verbs_match_ent) == sizeof(void *) + 16 &&
		      VERBS_MATCH_SENTINEL == 0 && VERBS_MATCH_DRIVER_ID == 3,
	      "struct verbs_match_ent is not the one that pinsafe knows");
static_assert(offsetof(struct verbs_device_ops, match_max_abi_version) ==
			      sizeof(void *) + 4 &&
		      offsetof(struct verbs_device_ops, match_table) ==
			      sizeof(void *) + 8 &&
		      offsetof(struct verbs_device_ops, match_device) ==
			      3 * sizeof(void *) + 8 &&
		      sizeof(struct verbs_device_ops) == 8 * sizeof(void *) + 8,
	      "struct verbs_device_ops is not the one that pinsafe knows");
#endif

/* libpinsafe/api.h */
void pinsafe_private_start(int pabi, bool is_asked_for);

/* libibverbs loads no file but the one that carries its own number. */
static int pabi_of_file(const char *path)
{
	static const char suffix[] = "-rdmav";
	const char *name = strrchr(path, '/');
	const char *number = strstr(name ? name : path, suffix);
	int pabi;

	return number && sscanf(number + strlen(suffix), "%d", &pabi) == 1
		       ? pabi
		       : 0;
}

static bool names_us(const char *drivers)
{
	return drivers && strstr(drivers, "pinsafe");
}

/*
 * By the user, or by a program that has the library anyway, also by LD_PRELOAD;
 * else it is a file in /etc/libibverbs.d that brings us into all programs.
 */
static bool is_asked_for(void)
{
	void *program = dlopen(NULL, RTLD_LAZY);
	bool has_library = dlsym(program, "pinsafe_private_start");

	dlclose(program);
	return has_library || names_us(secure_getenv("IBV_DRIVERS")) ||
	       names_us(secure_getenv("RDMAV_DRIVERS"));
}

__attribute__((constructor)) static void start(void)
{
	Dl_info info;

	/* Of a function here, so it cannot fail */
	if (dladdr((void *)pabi_of_file, &info))
		pinsafe_private_start(pabi_of_file(info.dli_fname),
				      is_asked_for());
}
