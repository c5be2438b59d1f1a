// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * UCX hears of all memory that goes, by its hooks in the code of libc (the
 * default) or in the tables of imports (reloc), in a program that links libucp:
 * of what free(3) unmaps, of the heap, and of the program's own munmap(2)
 * (openucx/ucx#2848).
 *
 *   hook-events HOOK-MODE
 */
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucm/api/ucm.h>
#include <ucp/api/ucp.h>

#define BIG (8ul << 20)
#define MIDDLE 100000
#define N_MIDDLE 100

static volatile int n_events;
static bool is_bad;

static void count(ucm_event_type_t type, ucm_event_t *event, void *arg)
{
	n_events += type == UCM_EVENT_VM_UNMAPPED;
}

static void expect_events(const char *what)
{
	printf("%s: %d events\n", what, n_events);
	is_bad |= n_events == 0;
	n_events = 0;
}

static void start_ucx(void)
{
	ucp_params_t params = {
		.field_mask = UCP_PARAM_FIELD_FEATURES,
		.features = UCP_FEATURE_RMA,
	};
	ucp_config_t *config;
	ucp_context_h context;

	if (ucp_config_read(NULL, NULL, &config) ||
	    ucp_init(&params, config, &context) ||
	    ucm_set_event_handler(UCM_EVENT_VM_MAPPED | UCM_EVENT_VM_UNMAPPED,
				  0, count, NULL)) {
		printf("UCX does not start\n");
		exit(1);
	}
	n_events = 0;
}

static char *fill(char *memory, size_t length)
{
	/* Else the compiler leaves out what is only allocated. */
	__asm__ volatile("" : : "r"(memset(memory, 1, length)) : "memory");
	return memory;
}

static void heap_shrinks(void)
{
	char *pieces[N_MIDDLE];
	int i;

	for (i = 0; i < N_MIDDLE; i++)
		pieces[i] = fill(malloc(MIDDLE), MIDDLE);
	while (i)
		free(pieces[--i]);
	malloc_trim(0);
}

int main(int argc, char **argv)
{
	void *mapped;

	if (argc != 2)
		return 2;
	setenv("UCX_MEM_MMAP_HOOK_MODE", argv[1], 1);
	setenv("UCX_TLS", "tcp,self", 1);
	start_ucx();
	free(fill(malloc(BIG), BIG));
	expect_events("free of a big piece");
	heap_shrinks();
	expect_events("the heap shrinks");
	mapped = mmap(NULL, BIG, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(fill(mapped, BIG), BIG);
	expect_events("munmap");
	return is_bad;
}
