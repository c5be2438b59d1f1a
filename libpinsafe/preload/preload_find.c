// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * libpinsafe-preload.so: the next definition of a name, by the tables of the
 * objects that are loaded.
 */
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/loaded.h"
#include "preload/preload_next.h"

/* Of an entry of DT_VERSYM: dlsym(3) passes such a symbol by. */
#define VERSION_HIDDEN 0x8000

/* The dynamic section, as far as it is needed */
struct exports {
	const ElfW(Sym) *symbols;
	const char *strings;
	const ElfW(Versym) *versions; /* or NULL */
	const uint32_t *hash;
};

struct search {
	const char *name;
	uint32_t hash;
	bool is_behind; /* the preload object was seen */
	void *ret_found;
};

static bool read_exports(const struct dl_phdr_info *info,
			 struct exports *ret_exports)
{
	*ret_exports = (struct exports){
		.symbols = loaded_ptr(info, DT_SYMTAB),
		.strings = loaded_ptr(info, DT_STRTAB),
		.versions = loaded_ptr(info, DT_VERSYM),
		.hash = loaded_ptr(info, DT_GNU_HASH),
	};
	return ret_exports->symbols && ret_exports->strings &&
	       ret_exports->hash;
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static bool matches(const struct exports *exports, uint32_t i, const char *name)
{
	const ElfW(Sym) *symbol = &exports->symbols[i];

	return symbol->st_shndx != SHN_UNDEF && symbol->st_value &&
	       ELF64_ST_TYPE(symbol->st_info) == STT_FUNC &&
	       !(exports->versions && exports->versions[i] & VERSION_HIDDEN) &&
	       !strcmp(exports->strings + symbol->st_name, name);
}

/*
 * DT_GNU_HASH: the numbers of buckets, of the first symbol, and of words of a
 * filter that is left out here; the filter; for each bucket its first symbol;
 * the hashes of all symbols, of which the lowest bit says that the bucket ends.
 */
static const ElfW(Sym) *find_in(const struct exports *exports,
				const struct search *search)
{
	uint32_t n_buckets = exports->hash[0], first = exports->hash[1], i;
	const uint32_t *buckets =
		exports->hash + 4 +
		exports->hash[2] * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
	const uint32_t *hashes = buckets + n_buckets;

	if (!n_buckets)
		return NULL;
	for (i = buckets[search->hash % n_buckets]; i >= first && i; i++) {
		if ((hashes[i - first] | 1) == (search->hash | 1) &&
		    matches(exports, i, search->name))
			return &exports->symbols[i];
		if (hashes[i - first] & 1)
			break;
	}
	return NULL;
}

static int look_at(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;
	const ElfW(Sym) *symbol = NULL;
	struct exports exports;

	if (!search->is_behind) {
		search->is_behind =
			loaded_contains(info, PT_LOAD,
					(uintptr_t)preload_find_next);
		return 0;
	}
	if (read_exports(info, &exports))
		symbol = find_in(&exports, search);
	if (symbol)
		search->ret_found =
			(void *)(info->dlpi_addr + symbol->st_value);
	return symbol != NULL;
}

void *preload_find_next(const char *name)
{
	struct search search = { .name = name, .hash = hash_of(name) };

	dl_iterate_phdr(look_at, &search);
	return search.ret_found;
}
