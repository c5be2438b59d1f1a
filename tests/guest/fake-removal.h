/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#define REMOVAL_EXPORT __attribute__((visibility("default")))

/*
 * Runs once, when the next operation that takes blocks away is about to be
 * handed to the kernel.
 */
REMOVAL_EXPORT void fake_removal_expect(void (*hook)(void));
