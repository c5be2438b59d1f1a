/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_REVOKE_H
#define FAKE_REVOKE_H

#include "../lib/fault.h"

extern struct fault fake_revoke;

#endif /* FAKE_REVOKE_H */
