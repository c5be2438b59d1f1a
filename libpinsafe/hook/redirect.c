// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Change entries in the import tables (global offset tables) of loaded objects.
 * Unlike symbol interposition this also reaches objects that were loaded with
 * RTLD_LOCAL or RTLD_DEEPBIND, or before us, and it can be verified.
 */
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/loaded.h"
#include "base/look_up.h"
#include "hook/redirect.h"

#if __ELF_NATIVE_CLASS == 64
#define R_SYM ELF64_R_SYM
#else
#define R_SYM ELF32_R_SYM
#endif

/* The dynamic section, as far as we need it */
struct imports {
	const ElfW(Sym) *symbols;
	const char *strings;
	struct {
		const char *start;
		size_t size;
	} tables[3];		/* PLT, RELA, REL */
	bool plt_has_addends;
};

static bool read_dynamic(const struct dl_phdr_info *info,
			 struct imports *imports)
{
	const ElfW(Dyn) *dyn = loaded_dynamic(info);

	memset(imports, 0, sizeof(*imports));
	for (; dyn && dyn->d_tag != DT_NULL; dyn++) {
		switch (dyn->d_tag) {
		case DT_SYMTAB:
			imports->symbols = loaded_ptr(info, dyn);
			break;
		case DT_STRTAB:
			imports->strings = loaded_ptr(info, dyn);
			break;
		case DT_JMPREL:
			imports->tables[0].start = loaded_ptr(info, dyn);
			break;
		case DT_PLTRELSZ:
			imports->tables[0].size = dyn->d_un.d_val;
			break;
		case DT_PLTREL:
			imports->plt_has_addends = dyn->d_un.d_val == DT_RELA;
			break;
		case DT_RELA:
			imports->tables[1].start = loaded_ptr(info, dyn);
			break;
		case DT_RELASZ:
			imports->tables[1].size = dyn->d_un.d_val;
			break;
		case DT_REL:
			imports->tables[2].start = loaded_ptr(info, dyn);
			break;
		case DT_RELSZ:
			imports->tables[2].size = dyn->d_un.d_val;
			break;
		}
	}
	return imports->symbols && imports->strings;
}

static int replace(const struct dl_phdr_info *info, void **slot, void *value)
{
	bool protect = loaded_contains(info, PT_GNU_RELRO, (uintptr_t)slot);
	size_t page_size = sysconf(_SC_PAGESIZE);
	void *page = (void *)((uintptr_t)slot & ~(page_size - 1));

	if (__atomic_load_n(slot, __ATOMIC_ACQUIRE) == value)
		return 0;
	if (protect && mprotect(page, page_size, PROT_READ | PROT_WRITE))
		return errno;
	__atomic_store_n(slot, value, __ATOMIC_RELEASE);
	/* If this fails we are only less safe against other bugs. */
	if (protect)
		(void)mprotect(page, page_size, PROT_READ);
	return 0;
}

/* Call @fn for the entries of one table that stand for the function @name. */
static void for_each_entry(const struct dl_phdr_info *info,
			   const struct imports *imports, int table,
			   const char *name, redirect_slot_fn *fn, void *arg)
{
	bool addends = table == 1 || (table == 0 && imports->plt_has_addends);
	size_t step = addends ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
	const char *entry = imports->tables[table].start;
	const char *end = entry + imports->tables[table].size;
	const ElfW(Sym) *symbol;
	const ElfW(Rel) *rel;	/* the common start of both kinds */

	for (; entry && entry < end; entry += step) {
		rel = (const void *)entry;
		symbol = &imports->symbols[R_SYM(rel->r_info)];
		if (R_SYM(rel->r_info) && symbol->st_shndx == SHN_UNDEF &&
		    !strcmp(imports->strings + symbol->st_name, name))
			fn(info, (void **)(info->dlpi_addr + rel->r_offset),
			   arg);
	}
}

void redirect_for_each_slot(const struct dl_phdr_info *info, const char *name,
			    redirect_slot_fn *fn, void *arg)
{
	struct imports imports;
	int table;

	if (read_dynamic(info, &imports))
		for (table = 0; table < 3; table++)
			for_each_entry(info, &imports, table, name, fn, arg);
}

/* One object */

struct search {
	uintptr_t inside;
	const char *name;
	void *replacement;
	int result;
};

static void redirect_slot(const struct dl_phdr_info *info, void **slot,
			  void *arg)
{
	struct search *search = arg;
	int r = replace(info, slot, search->replacement);

	if (r || search->result == ENOENT)
		search->result = r;
}

static int look_at_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;

	if (!loaded_contains(info, PT_LOAD, search->inside))
		return 0;
	redirect_for_each_slot(info, search->name, redirect_slot, search);
	return 1;
}

int redirect_import(const void *inside, const char *name, void *replacement)
{
	struct search search = { (uintptr_t)inside, name, replacement, ENOENT };

	dl_iterate_phdr(look_at_object, &search);
	return search.result;
}

/* All objects that import a function */

struct importer {
	SLIST_ENTRY(importer) link;
	const void *inside;
	char path[];
};

struct census {
	const char *name;
	void *replacement;
	bool is_open;	/* the object calls something else than @replacement */
	int result;
	SLIST_HEAD(, importer) importers;
};

static void look_at_slot(const struct dl_phdr_info *info, void **slot,
			 void *arg)
{
	struct census *census = arg;

	if (__atomic_load_n(slot, __ATOMIC_ACQUIRE) != census->replacement)
		census->is_open = true;
}

static int note_importer(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *path = info->dlpi_name ? info->dlpi_name : "";
	struct census *census = arg;
	struct importer *importer;

	census->is_open = false;
	redirect_for_each_slot(info, census->name, look_at_slot, census);
	if (!census->is_open)
		return 0;
	importer = malloc(sizeof(*importer) + strlen(path) + 1);
	if (!importer) {
		census->result = ENOMEM;
		return 1;
	}
	strcpy(importer->path, path);
	importer->inside = loaded_dynamic(info);
	SLIST_INSERT_HEAD(&census->importers, importer, link);
	return 0;
}

/*
 * Another thread may be in the middle of loading the object, and would then
 * undo what we do, or find its table read-only.  dlopen() waits for that; it
 * cannot be called in dl_iterate_phdr().
 */
static int redirect_importer(const struct importer *importer, const char *name,
			     void *replacement)
{
	void *handle = NULL;
	int r;

	if (importer->path[0])
		handle = look_up_library(importer->path,
					 RTLD_LAZY | RTLD_NOLOAD);
	r = redirect_import(importer->inside, name, replacement);
	if (handle)
		dlclose(handle);
	/* It may have been unloaded in the meantime. */
	return r == ENOENT ? 0 : r;
}

int redirect_importers(const char *name, void *replacement,
		       void (*done)(const char *path, int error))
{
	struct census census = { .name = name, .replacement = replacement };
	struct importer *importer;

	dl_iterate_phdr(note_importer, &census);
	while (!SLIST_EMPTY(&census.importers)) {
		importer = SLIST_FIRST(&census.importers);
		SLIST_REMOVE_HEAD(&census.importers, link);
		done(importer->path,
		     redirect_importer(importer, name, replacement));
		free(importer);
	}
	return census.result;
}
