// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The operations of a provider */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "../lib/record.h"
#include "fake_provider.h"

struct fake_provider fake_provider;

#define say(...)                             \
	do {                                 \
		if (!fake_provider.is_quiet) \
			record(__VA_ARGS__); \
	} while (0)

static bool is_in_section(void)
{
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, SIGUSR1);
}

static struct ibv_mr *reg_mr(struct ibv_pd *pd, void *addr, size_t length,
			     uint64_t iova, int access)
{
	struct ibv_mr *mr;
	int r = 0;

	say("reg_mr");
	if (!fake_provider.is_quiet) {
		fake_provider.was_in_section = is_in_section();
		fake_provider.access = access;
		r = fault_now(&fake_provider.reg_mr);
	}
	if (r) {
		errno = r == EDOM ? 0 : r;
		return NULL;
	}
	mr = calloc(1, sizeof(*mr));
	if (!mr)
		return NULL;
	mr->context = pd->context;
	mr->pd = pd;
	mr->addr = addr;
	mr->length = length;
	r = fake_provider.cmd_reg_mr ? fake_provider.cmd_reg_mr(mr) : 0;
	if (r) {
		free(mr);
		errno = r;
		return NULL;
	}
	return mr;
}

static int dereg_mr(struct ibv_mr *mr)
{
	int r = 0;

	say("dereg_mr");
	if (!fake_provider.is_quiet) {
		fake_provider.was_in_section = is_in_section();
		r = fault_now(&fake_provider.dereg_mr);
	}
	if (r)
		return r;
	r = fake_provider.cmd_dereg_mr ? fake_provider.cmd_dereg_mr(mr) : 0;
	if (r)
		return r;
	free(mr);
	return 0;
}

static int rereg_mr(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr,
		    size_t length, int access)
{
	int r;

	say("rereg_mr");
	if (fake_provider.is_quiet)
		return fake_provider.cmd_rereg_mr(mr, flags, addr, length);
	fake_provider.was_in_section = is_in_section();
	fake_provider.access = access;
	r = fault_now(&fake_provider.rereg_mr);
	if (!r && fake_provider.cmd_rereg_mr)
		r = fake_provider.cmd_rereg_mr(mr, flags, addr, length);
	return r;
}

static void free_context(struct ibv_context *context)
{
	say("free_context");
}

static struct ibv_mr *reg_mr_ex(struct ibv_pd *pd, struct mr_init_attr *attr)
{
	say("reg_mr_ex");
	return calloc(1, sizeof(struct ibv_mr));
}

static struct ibv_mr *import_mr(struct ibv_pd *pd, uint32_t handle)
{
	say("import_mr %d", (int)handle);
	return calloc(1, sizeof(struct ibv_mr));
}

const struct real_verbs fake_provider_ops = {
	.reg_mr = reg_mr,
	.rereg_mr = rereg_mr,
	.dereg_mr = dereg_mr,
	.free_context = free_context,
	.reg_mr_ex = reg_mr_ex,
	.import_mr = import_mr,
};
