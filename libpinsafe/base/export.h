/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_EXPORT_H
#define PINSAFE_EXPORT_H

/* What is not hidden */
#define PINSAFE_EXPORT __attribute__((visibility("default")))

#endif /* PINSAFE_EXPORT_H */
