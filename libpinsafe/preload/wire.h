/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_WIRE_H
#define PINSAFE_WIRE_H

/*
 * Done when the library is loaded, and by what may be called before that: the
 * preload object, by constructors of others.
 */
void wire(void);

#endif /* PINSAFE_WIRE_H */
