// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * On-demand paging: the device pins nothing and faults pages in, so the file
 * system may take blocks away at any time.  The functions of verbs.h that are
 * used here are inline and call the context's operations.
 */
#include <dlfcn.h>
#include <string.h>

#include "base/log.h"
#include "hook/odp.h"

#define NEEDED (IBV_ODP_SUPPORT_WRITE | IBV_ODP_SUPPORT_READ)
/* A scatter/gather entry has 32 bits for its length. */
#define MAX_PREFETCH (1ul << 30)

bool odp_is_offered(struct ibv_context *context)
{
	struct verbs_context *verbs;
	struct ibv_device_attr_ex attr = { 0 };

	/* Not ibv_query_device_ex(), which refers to libibverbs */
	verbs = verbs_get_ctx_op(context, query_device_ex);
	if (!verbs ||
	    verbs->query_device_ex(context, NULL, &attr, sizeof(attr)))
		return false;
	return (attr.odp_caps.general_caps & IBV_ODP_SUPPORT) &&
	       (attr.odp_caps.per_transport_caps.rc_odp_caps & NEEDED) ==
		       NEEDED;
}

bool odp_is_sound(const struct real_verbs *real)
{
	Dl_info info;

	/* The name of the device can be anything, that of the provider not. */
	return dladdr((void *)real->reg_mr, &info) && info.dli_fname &&
	       strncmp(basename(info.dli_fname), "librxe", strlen("librxe"));
}

void odp_prefetch(struct ibv_pd *pd, const struct ibv_mr *mr, uint64_t iova,
		  size_t length, bool is_written)
{
	enum ib_uverbs_advise_mr_advice advice =
		is_written ? IBV_ADVISE_MR_ADVICE_PREFETCH_WRITE
			   : IBV_ADVISE_MR_ADVICE_PREFETCH;
	struct ibv_sge sge = { .addr = iova, .lkey = mr->lkey };
	int r = 0;

	while (length && !r) {
		sge.length = length < MAX_PREFETCH ? length : MAX_PREFETCH;
		r = ibv_advise_mr(pd, advice, IBV_ADVISE_MR_FLAG_FLUSH, &sge,
				  1);
		sge.addr += sge.length;
		length -= sge.length;
	}
	if (r)
		log_debug("odp: lkey 0x%x: prefetch: %s", mr->lkey,
			  strerror(r));
}
