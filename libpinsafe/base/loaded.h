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
