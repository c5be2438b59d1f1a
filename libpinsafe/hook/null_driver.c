// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A driver of libibverbs that claims no device.
 *
 * For each device libibverbs goes through the drivers in the order in which
 * they have registered, until one says that the device is its own.  Those that
 * have registered after us come after us, and those before us were loaded when
 * we looked around at our own start.  So whichever driver gets the device, our
 * match_device() was called while that driver was loaded, and before there is
 * a device of which somebody could open a context.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/look_up.h"
#include "hook/engine.h"

/*
 * libibverbs/driver.h, which is not installed.  These structs are the same in
 * rdma-core 35 to 65; the number of the private ABI is part of the name of the
 * function that takes them.
 */
enum { MATCH_DRIVER_ID = 3 };

struct match_entry {
	void *driver_data;
	union {
		const char *modalias;
		uint64_t driver_id;
	} u;
	uint16_t vendor;
	uint16_t device;
	uint8_t kind;
};

struct device_ops {
	const char *name;
	uint32_t match_min_abi_version;
	uint32_t match_max_abi_version;
	const struct match_entry *match_table;
	const void **static_providers;
	bool (*match_device)(void *sysfs_dev);
	void *(*alloc_context)(void *device, int cmd_fd, void *private_data);
	void *(*import_context)(void *device, int cmd_fd);
	void *(*alloc_device)(void *sysfs_dev);
	void (*uninit_device)(void *device);
};

typedef void register_fn(const struct device_ops *ops);

/*
 * Drivers that name the device's kernel driver come before all others, so we
 * name all of them; enum rdma_driver_id has got to 22 in 2026.
 */
#define N_DRIVER_IDS 63

static struct match_entry match_table[N_DRIVER_IDS + 1]; /* 0 ends it */
static void (*notify)(void);

static bool match_device(void *sysfs_dev)
{
	notify();
	return false;
}

static const struct device_ops null_driver = {
	.name = "pinsafe",
	.match_max_abi_version = INT32_MAX,
	.match_table = match_table,
	.match_device = match_device,
};

/* @pabi 0: any of those that we know */
static register_fn *find_function(void *libibverbs, int pabi)
{
	static const int known[] = { 34, 57, 59, 64, 65 };
	size_t i, n = pabi ? 1 : sizeof(known) / sizeof(known[0]);
	void *symbol = NULL;
	char name[64];

	for (i = 0; i < n && !symbol; i++) {
		snprintf(name, sizeof(name), "verbs_register_driver_%d",
			 pabi ?: known[i]);
		symbol = look_up(libibverbs, name);
	}
	return (register_fn *)symbol;
}

bool null_driver_register(void *libibverbs, int pabi, void (*fn)(void))
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	register_fn *register_driver;
	bool is_registered;
	int i;

	pthread_mutex_lock(&mutex);
	register_driver = notify ? NULL : find_function(libibverbs, pabi);
	if (register_driver) {
		for (i = 0; i < N_DRIVER_IDS; i++) {
			match_table[i].kind = MATCH_DRIVER_ID;
			match_table[i].u.driver_id = i + 1;
		}
		notify = fn;
		register_driver(&null_driver);
	}
	is_registered = notify;
	pthread_mutex_unlock(&mutex);
	return is_registered;
}
