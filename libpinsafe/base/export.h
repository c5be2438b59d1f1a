/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

/* What is not hidden */
#define PINSAFE_EXPORT __attribute__((visibility("default")))
