/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_RETAKE_H
#define FAKE_RETAKE_H

/* How often it may still wait */
extern unsigned int fake_retake_left;

#endif /* FAKE_RETAKE_H */
