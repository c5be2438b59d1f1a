/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_DISOWN_H
#define PINSAFE_DISOWN_H

/* For a child of fork(2), see fork.h */
void disown_devices(void);

#endif /* PINSAFE_DISOWN_H */
