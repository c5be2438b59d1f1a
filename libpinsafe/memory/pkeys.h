/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Protection keys, pkeys(7): the calling thread may access memory with any of them
 * from pkeys_open() to pkeys_close(); false: there are none on this CPU, or none that
 * are known here.
 */
bool pkeys_open(uint32_t *ret_rights);
void pkeys_close(uint32_t rights);
