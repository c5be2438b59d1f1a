/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* What an object that is loaded gives others to call; inline, as loaded.h is. */
#pragma once

#include <string.h>

#include "base/loaded.h"

/* Of an entry of DT_VERSYM: dlsym(3) passes such a symbol by. */
#define LOADED_VERSION_HIDDEN 0x8000

/* The dynamic section, as far as it is needed */
struct loaded_exports {
	const ElfW(Sym) *symbols;
	const char *strings;
	const ElfW(Versym) *versions; /* or NULL */
	const uint32_t *hash;
};

static inline bool loaded_read_exports(const struct dl_phdr_info *info,
				       struct loaded_exports *ret_exports)
{
	*ret_exports = (struct loaded_exports){
		.symbols = loaded_ptr(info, DT_SYMTAB),
		.strings = loaded_ptr(info, DT_STRTAB),
		.versions = loaded_ptr(info, DT_VERSYM),
		.hash = loaded_ptr(info, DT_GNU_HASH),
	};
	return ret_exports->symbols && ret_exports->strings &&
	       ret_exports->hash;
}

static inline uint32_t loaded_hash(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static inline bool loaded_matches(const struct loaded_exports *exports,
				  uint32_t i, const char *name)
{
	const ElfW(Sym) *symbol = &exports->symbols[i];

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value &&
	       ELF64_ST_TYPE(symbol->st_info) == STT_FUNC &&
	       !(exports->versions &&
		 exports->versions[i] & LOADED_VERSION_HIDDEN) &&
	       !strcmp(exports->strings + symbol->st_name, name);
}

/*
 * DT_GNU_HASH: the numbers of buckets, of the first symbol, and of words of a
 * filter that is left out here; the filter; for each bucket its first symbol;
 * the hashes of all symbols, of which the lowest bit says that the bucket ends.
 *
 * The address of @name in the object, or NULL
 */
static inline void *loaded_export(const struct dl_phdr_info *info,
				  const char *name)
{
	uint32_t n_buckets, first, i, hash = loaded_hash(name);
	const uint32_t *buckets, *hashes;
	struct loaded_exports exports;

	if (!loaded_read_exports(info, &exports) || !exports.hash[0])
		return NULL;
	n_buckets = exports.hash[0];
	first = exports.hash[1];
	buckets = exports.hash + 4 +
		  exports.hash[2] * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
	hashes = buckets + n_buckets;
	for (i = buckets[hash % n_buckets]; i >= first && i; i++) {
		if ((hashes[i - first] | 1) == (hash | 1) &&
		    loaded_matches(&exports, i, name))
			return (void *)(info->dlpi_addr +
					exports.symbols[i].st_value);
		if (hashes[i - first] & 1)
			break;
	}
	return NULL;
}
