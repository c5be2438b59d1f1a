// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../fakes/fake_pin_rule.h"
#include "child.h"
#include "policy/config.h"
#include "verbs_wrap.h"
#include "ways.h"

#define MODULE "/sys/module/layout_lease/"

const struct way *ways_now;
struct ways_ask ways_ask;
int ways_pin_errno;

static int pin(struct ibv_mr *mr)
{
	return ways_pin_errno ?: fake_cmd_reg_mr(mr);
}

int ways_teardown(void **state)
{
	if (ways_now->after)
		ways_now->after();
	return stack_teardown(state);
}

int ways_setup(void **state)
{
	int r = stack_setup(state);

	/* Also for who has dropped privileges */
	assert_int_equal(chmod(getenv("PINSAFE_LOG_FILE"), 0666), 0);
	fake_provider.cmd_reg_mr = pin;
	fake_pin_rule_is_strict = false;
	ways_pin_errno = 0;
	ways_ask = (struct ways_ask){
		.addr = stack_addr,
		.length = STACK_PAGES * page_size(),
		.access = IBV_ACCESS_LOCAL_WRITE,
	};
	return r;
}

void ways_page_cache(bool has_module)
{
	fake_statx_is_dax = false;
	if (!has_module)
		return;
	fake_open_file(MODULE "version", "1.0\n");
	fake_open_file(MODULE "parameters/state", "ok\n");
	fake_open_file(MODULE "parameters/file_systems", "ext4 tmpfs xfs\n");
	fake_open_file(MODULE "parameters/page_cache_write", "yes\n");
}

void ways_map(int fd, int flags)
{
	ways_ask.addr = mmap(NULL, ways_ask.length, PROT_READ | PROT_WRITE,
			     flags, fd, 0);
	assert_true(ways_ask.addr != MAP_FAILED);
}

static struct ibv_mr *ask(void)
{
	struct pinsafe_reg_attr attr = {
		.comp_mask = PINSAFE_REG_GUARD,
		.addr = ways_ask.addr,
		.length = ways_ask.length,
		.access = ways_ask.access,
		.guard = ways_ask.guard,
	};

	errno = 0;
	if (ways_ask.fn)
		return ways_ask.fn();
	if (attr.guard)
		return pinsafe_reg_mr(&stack_device.pd, &attr, sizeof(attr));
	return verbs_wrap_ops.reg_mr(&stack_device.pd, ways_ask.addr,
				     ways_ask.length, (uintptr_t)ways_ask.addr,
				     ways_ask.access);
}

bool ways_says(const char *log, const char *way)
{
	char part[200];
	size_t n;

	for (; log && *way; way += n) {
		if (*way == '%')
			way += 1 + strspn(way + 1, "l") + 1;
		n = strcspn(way, "%");
		snprintf(part, sizeof(part), "%.*s", (int)n, way);
		log = strstr(log, part);
	}
	return log;
}

static int check_refused(void)
{
	if (ways_now->provoke)
		ways_now->provoke();
	if (ask()) {
		print_error("%s: not refused\n", ways_now->name);
		return 1;
	}
	privileges_regain();
	if (ways_says(stack_log(), ways_now->name))
		return 0;
	print_error("%s: %s\n", ways_now->name, stack_log());
	return 2;
}

static int check_followed(void)
{
	uint64_t n;

	if (ways_now->follow)
		ways_now->follow();
	n = stack_stats().guarded_mrs;
	if (!ask()) {
		privileges_regain();
		print_error("%s: refused: %s\n", ways_now->name, stack_log());
		return 3;
	}
	return stack_stats().guarded_mrs - n == !ways_now->is_unneeded ? 0 : 4;
}

static int check_both(void)
{
	return check_refused() ?: check_followed();
}

/* Each in a process of its own, where the configuration is read anew, too */
void ways_check(void **state)
{
	ways_now = *state;
	if (ways_now->is_anew) {
		child_check(check_refused, fork);
		child_check(check_followed, fork);
	} else {
		child_check(check_both, fork);
	}
}
