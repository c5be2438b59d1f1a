/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_KEEPER_START_H
#define PINSAFE_KEEPER_START_H

#include "base/cause.h"

/*
 * Start the keeper if there is none yet, so that what is asked of it then can
 * only fail by itself.  As keeper_call(); the cause is recorded.
 */
int keeper_start(struct cause *cause);

#endif /* PINSAFE_KEEPER_START_H */
