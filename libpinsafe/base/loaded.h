/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * An object that the dynamic linker has loaded.  Inline, because libpinsafe and
 * the preload object both read them, and share no private function.
 */
#pragma once

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Is the address in a segment of this type? */
static inline bool loaded_contains(const struct dl_phdr_info *info,
				   uint32_t type, uintptr_t addr)
{
	const ElfW(Phdr) *phdr = info->dlpi_phdr;
	int i;

	for (i = 0; i < info->dlpi_phnum; i++)
		if (phdr[i].p_type == type &&
		    addr - info->dlpi_addr - phdr[i].p_vaddr < phdr[i].p_memsz)
			return true;
	return false;
}

/* Its dynamic section, or NULL */
static inline const ElfW(Dyn) *loaded_dynamic(const struct dl_phdr_info *info)
{
	const ElfW(Dyn) *dyn = NULL;
	int i;

	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			dyn = (const void *)(info->dlpi_addr +
					     info->dlpi_phdr[i].p_vaddr);
	return dyn;
}

/* An entry of that, 0 if it has none */
static inline ElfW(Xword) loaded_value(const struct dl_phdr_info *info,
				       ElfW(Sxword) tag)
{
	const ElfW(Dyn) *dyn = loaded_dynamic(info);

	for (; dyn && dyn->d_tag != DT_NULL; dyn++)
		if (dyn->d_tag == tag)
			return dyn->d_un.d_val;
	return 0;
}

/*
 * The same where it is an address, or NULL.  The dynamic linker has relocated it
 * already, but not that of the vDSO.
 */
static inline const void *loaded_ptr(const struct dl_phdr_info *info,
				     ElfW(Sxword) tag)
{
	ElfW(Addr) addr = loaded_value(info, tag);

	return (const void *)(addr && addr < info->dlpi_addr
				      ? addr + info->dlpi_addr
				      : addr);
}

/* What it gives others to call */

/* Of an entry of DT_VERSYM: dlsym(3) passes such a symbol by. */
#define LOADED_VERSION_HIDDEN 0x8000

/* The address of the symbol @i if it is the function @name, or NULL */
static inline void *loaded_function(const struct dl_phdr_info *info, uint32_t i,
				    const char *name)
{
	const ElfW(Sym) *symbols = loaded_ptr(info, DT_SYMTAB);
	const ElfW(Versym) *versions = loaded_ptr(info, DT_VERSYM);
	const char *strings = loaded_ptr(info, DT_STRTAB);

	if (!symbols || !strings || symbols[i].st_shndx == SHN_UNDEF ||
	    !symbols[i].st_value ||
	    ELF64_ST_TYPE(symbols[i].st_info) != STT_FUNC ||
	    (versions && versions[i] & LOADED_VERSION_HIDDEN) ||
	    strcmp(strings + symbols[i].st_name, name))
		return NULL;
	return (void *)(info->dlpi_addr + symbols[i].st_value);
}

static inline uint32_t loaded_hash(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
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
	const uint32_t *table = loaded_ptr(info, DT_GNU_HASH), *buckets, *at;
	uint32_t i, hash = loaded_hash(name);
	void *found = NULL;

	if (!table || !table[0])
		return NULL;
	buckets = table + 4 + table[2] * (sizeof(ElfW(Addr)) / sizeof(*table));
	i = buckets[hash % table[0]];
	if (!i || i < table[1])
		return NULL;
	at = buckets + table[0] + i - table[1];
	do {
		if ((*at | 1) == (hash | 1))
			found = loaded_function(info, i, name);
		i++;
	} while (!found && !(*at++ & 1));
	return found;
}
