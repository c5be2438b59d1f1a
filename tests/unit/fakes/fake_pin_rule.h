/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

/* The fake provider registers whatever it is given. */
extern bool fake_pin_rule_is_strict;
