/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdint.h>

/* Numbers that are near each other get far apart in the upper bits (Fibonacci). */
static inline uint64_t hash_number(uint64_t number)
{
	return number * 0x9e3779b97f4a7c15ull;
}

/* Those of them that number the places of a table */
static inline uint64_t hash_bits(uint64_t number, unsigned int n_bits)
{
	return hash_number(number) >> (64 - n_bits);
}
