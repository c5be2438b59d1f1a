/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * An object that the dynamic linker has loaded.  Inline, because libpinsafe and
 * the preload object both read them, and share no private function.
 */
#ifndef PINSAFE_LOADED_H
#define PINSAFE_LOADED_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* The dynamic linker has relocated d_ptr already, but not that of the vDSO. */
static inline const void *loaded_ptr(const struct dl_phdr_info *info,
				     const ElfW(Dyn) *dyn)
{
	ElfW(Addr) addr = dyn->d_un.d_ptr;

	return (const void *)(addr < info->dlpi_addr ? addr + info->dlpi_addr
						     : addr);
}

#endif /* PINSAFE_LOADED_H */
