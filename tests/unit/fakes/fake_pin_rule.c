// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What the kernel does not pin; not that of the machine that runs the tests */
#include "fake_pin_rule.h"

bool fake_pin_rule_is_strict;

bool __wrap_pin_rule_is_strict(void);

bool __wrap_pin_rule_is_strict(void)
{
	return fake_pin_rule_is_strict;
}
