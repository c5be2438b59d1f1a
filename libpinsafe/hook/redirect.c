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

/* Of one object, to look for the entries of one function */
struct imports {
	const struct dl_phdr_info *info;
	const ElfW(Sym) *symbols;
	const char *strings, *name;
	redirect_slot_fn *fn;
	void *arg;
};

static void for_each_entry(const struct imports *imports, int start_tag,
			   int size_tag, bool has_addends)
{
	size_t step = has_addends ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
	const char *entry = loaded_ptr(imports->info, start_tag);
	const char *end = entry + loaded_value(imports->info, size_tag);
	const ElfW(Sym) *symbol;
	const ElfW(Rel) *rel;	/* the common start of both kinds */
	const char *name;

	for (; entry && entry < end; entry += step) {
		rel = (const void *)entry;
		symbol = &imports->symbols[ELF64_R_SYM(rel->r_info)];
		name = imports->strings + symbol->st_name;
		/* Most differ in the first letter; these are many. */
		if (ELF64_R_SYM(rel->r_info) && symbol->st_shndx == SHN_UNDEF &&
		    name[0] == imports->name[0] && !strcmp(name, imports->name))
			imports->fn(imports->info,
				    (void **)(imports->info->dlpi_addr +
					      rel->r_offset),
				    imports->arg);
	}
}

void redirect_for_each_slot(const struct dl_phdr_info *info, const char *name,
			    redirect_slot_fn *fn, void *arg)
{
	const struct imports imports = {
		.info = info,
		.symbols = loaded_ptr(info, DT_SYMTAB),
		.strings = loaded_ptr(info, DT_STRTAB),
		.name = name,
		.fn = fn,
		.arg = arg,
	};

	if (!imports.symbols || !imports.strings)
		return;
	for_each_entry(&imports, DT_JMPREL, DT_PLTRELSZ,
		       loaded_value(info, DT_PLTREL) == DT_RELA);
	for_each_entry(&imports, DT_RELA, DT_RELASZ, true);
	for_each_entry(&imports, DT_REL, DT_RELSZ, false);
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
