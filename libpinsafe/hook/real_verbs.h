/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <infiniband/verbs.h>

/* Operations of a provider, as libibverbs calls them (its driver.h) */
typedef struct ibv_mr *(*reg_mr_fn)(struct ibv_pd *pd, void *addr,
				    size_t length, uint64_t iova, int access);
typedef int (*rereg_mr_fn)(struct ibv_mr *mr, int flags, struct ibv_pd *pd,
			   void *addr, size_t length, int access);
typedef int (*dereg_mr_fn)(struct ibv_mr *mr);
struct mr_init_attr;
typedef struct ibv_mr *(*reg_mr_ex_fn)(struct ibv_pd *pd,
				       struct mr_init_attr *attr);
typedef struct ibv_mr *(*import_mr_fn)(struct ibv_pd *pd, uint32_t handle);
typedef void (*free_context_fn)(struct ibv_context *context);

enum verb {
	VERB_REG_MR,
	VERB_DEREG_MR,
	VERB_FREE_CONTEXT,
	/* Those that a provider may leave to libibverbs */
	VERB_REREG_MR,
	/* Those that libibverbs may not have */
	VERB_REG_MR_EX,
	VERB_IMPORT_MR,
	N_VERBS
};

/* The provider's own operations of one context, NULL where it has none */
struct real_verbs {
	union {
		struct {
			reg_mr_fn reg_mr;
			dereg_mr_fn dereg_mr;
			free_context_fn free_context;
			rereg_mr_fn rereg_mr;
			reg_mr_ex_fn reg_mr_ex;
			import_mr_fn import_mr;
		};
		void *of[N_VERBS]; /* the same, by enum verb */
	};
};

/*
 * struct ibv_mr_init_attr of rdma-core 59 and later, which grows at the end,
 * and what its comp_mask says is there
 */
struct mr_init_attr {
	size_t length;
	int access;
	uint64_t comp_mask;
	uint64_t iova;
	void *addr;
};
#define MR_INIT_IOVA (1 << 0)
#define MR_INIT_ADDR (1 << 1)

/*
 * Remember or replace the operations of @context; NULL fields leave what is
 * there.  0 or ENOMEM.
 */
int real_verbs_set(struct ibv_context *context, const struct real_verbs *ops);
/* ENOENT if @context is not hooked. */
int real_verbs_get(struct ibv_context *context, struct real_verbs *ret_ops);
void real_verbs_remove(struct ibv_context *context);

/*
 * What the keeper has of a context, because that has or had guarded memory
 * regions
 */
struct real_device {
	int fd;			/* its open device, in the keeper's table */
	dev_t dev;		/* the device file */
	ino_t ino;
	uint64_t mark;		/* a lock of ours on that: device.c */
	uint32_t driver_id;
	bool is_known;		/* the driver is */
};
void real_verbs_set_device(struct ibv_context *context,
			   const struct real_device *device);
/* ENOENT: nothing. */
int real_verbs_get_device(const struct ibv_context *context,
			  struct real_device *ret_device);

/*
 * For fork.h, in the child: call @fn for each context of which the keeper had the
 * device.
 */
void real_verbs_disown(void (*fn)(struct ibv_context *context));

/*
 * Private functions of the running libibverbs.  They have one version each and
 * take the same arguments in every release since rdma-core 17.
 */
struct real_private {
	void (*verbs_set_ops)(void *verbs_context, const void *ops);
	int (*ibv_cmd_dereg_mr)(struct ibv_mr *mr);
};

/* Public functions of the running libibverbs, which is not linked */
struct real_public {
	struct ibv_mr *(*reg_mr_iova2)(struct ibv_pd *pd, void *addr,
				       size_t length, uint64_t iova,
				       unsigned int access);
	int (*dereg_mr)(struct ibv_mr *mr);
};

/* NULL if libibverbs is not loaded, or older than rdma-core 31. */
const struct real_public *real_public_get(void);

/* NULL if libibverbs is not loaded, or is not one that we know. */
const struct real_private *real_private_get(void);
