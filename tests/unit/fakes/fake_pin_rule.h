/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_PIN_RULE_H
#define FAKE_PIN_RULE_H

#include <stdbool.h>

/* The fake provider registers whatever it is given. */
extern bool fake_pin_rule_is_strict;

#endif /* FAKE_PIN_RULE_H */
