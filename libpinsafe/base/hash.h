/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdint.h>
#include <sys/types.h>

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

/* The same for a file */
static inline uint64_t hash_file(dev_t dev, ino_t ino, unsigned int n_bits)
{
	return hash_bits(ino + (uint64_t)dev * 0x2545f4914f6cdd1dull, n_bits);
}
