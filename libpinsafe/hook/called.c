// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Is it the functions of the preload object that the program calls?
 *
 * An object in front of it may define the same names, as allocators do, and
 * hooks may have put theirs into all tables of imports, as those of UCX do
 * (UCX_MEM_MMAP_HOOK_MODE=reloc).  Both can come at any time, also with an
 * object that is loaded later.  The tables say what will be called.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hook/called.h"
#include "hook/redirect.h"

#define MAX_LOOKS 100

static const struct called_function *functions;
static size_t n_functions;

/* An entry of a table of imports */
struct binding {
	void **slot;
	const struct called_function *function;
	uintptr_t base, start, end; /* of the object */
};

/* All there are; guarded by the lock under which dl_iterate_phdr(3) calls back */
static struct {
	struct binding *bindings;
	size_t n, room;
	bool is_complete;
	unsigned long long adds, subs; /* as of when it was made */
} table;

/* The program: dl_iterate_phdr(3) begins with it.  What it imports, as bits */
static struct binding program;
static uint64_t program_imports;

/* Of the program and of this library; grows only */
static struct binding permanent[64];
static _Atomic size_t n_permanent;

/*
 * What this library would call by these names: the first in the search order,
 * also if no other object has looked yet.  Hooks that change tables of imports
 * find these entries as well.
 */
static const void *const volatile first[] __attribute__((used)) = {
	(void *)mmap,	(void *)mmap64,	   (void *)munmap,
	(void *)mremap, (void *)madvise,   (void *)ftruncate,
	(void *)fsync,	(void *)fdatasync, (void *)msync,
};

void called_set(const struct called_function *set, size_t n)
{
	functions = set;
	n_functions = n;
}

struct search {
	enum called_use use;
	struct called_bypass *ret_bypass;
	struct binding object; /* that is being read */
	bool is_permanent;
	size_t n_seen; /* objects */
	bool is_stale, is_sure;
};

static void remember_permanent(const struct binding *binding)
{
	size_t i, n = n_permanent;

	for (i = 0; i < n; i++)
		if (permanent[i].slot == binding->slot)
			return;
	if (n == sizeof(permanent) / sizeof(permanent[0]))
		return;
	permanent[n] = *binding;
	n_permanent = n + 1;
}

static uint64_t import_bit(const struct called_function *function)
{
	return UINT64_C(1) << (function - functions);
}

static void note(const struct dl_phdr_info *info, void **slot, void *arg)
{
	struct search *search = arg;
	size_t room = table.room ? 2 * table.room : 256;
	struct binding *bindings = table.bindings;

	if (table.n == table.room) {
		bindings = reallocarray(bindings, room, sizeof(*bindings));
		if (!bindings) {
			table.is_complete = false;
			return;
		}
		table.bindings = bindings;
		table.room = room;
	}
	search->object.slot = slot;
	bindings[table.n++] = search->object;
	if (search->n_seen == 1)
		program_imports |= import_bit(search->object.function);
	if (search->is_permanent)
		remember_permanent(&search->object);
}

static void measure(const struct dl_phdr_info *info, struct binding *object)
{
	const ElfW(Phdr) *phdr = info->dlpi_phdr;
	uintptr_t start;
	int i;

	object->base = info->dlpi_addr;
	object->start = UINTPTR_MAX;
	object->end = 0;
	for (i = 0; i < info->dlpi_phnum; i++) {
		if (phdr[i].p_type != PT_LOAD)
			continue;
		start = info->dlpi_addr + phdr[i].p_vaddr;
		if (start < object->start)
			object->start = start;
		if (start + phdr[i].p_memsz > object->end)
			object->end = start + phdr[i].p_memsz;
	}
}

static void read_object(const struct dl_phdr_info *info, struct search *search)
{
	struct binding *object = &search->object;
	uintptr_t self = (uintptr_t)first;
	size_t i;

	measure(info, object);
	if (!search->n_seen++)
		program = *object;
	search->is_permanent = search->n_seen == 1 ||
			       (self >= object->start && self < object->end);
	for (i = 0; i < n_functions; i++) {
		object->function = &functions[i];
		redirect_for_each_slot(info, functions[i].name, note, search);
	}
}

static bool is_within(const struct binding *object, uintptr_t addr)
{
	return addr >= object->start && addr < object->end;
}

/*
 * An entry that was not needed yet leads back into its own object, from where
 * the first call goes to what this library found; an address that a program at
 * a fixed address gives out leads there; and in an object that is just being
 * loaded it is not an address yet.
 */
static bool is_open(const struct binding *binding, uintptr_t value)
{
	return !value || is_within(binding, value) ||
	       is_within(binding, value + binding->base) ||
	       (!program.base && is_within(&program, value) &&
		program_imports & import_bit(binding->function));
}

static void name_object(const void *inside, char *name, size_t size)
{
	Dl_info info;

	if (!dladdr(inside, &info) || !info.dli_fname)
		info.dli_fname = "code of no object";
	snprintf(name, size, "%s", info.dli_fname);
}

static bool is_ours(const struct binding *binding, void **ret_value)
{
	void *value = __atomic_load_n(binding->slot, __ATOMIC_ACQUIRE);

	*ret_value = value;
	return value == binding->function->ours ||
	       is_open(binding, (uintptr_t)value);
}

static void judge(const struct binding *binding, struct search *search)
{
	struct called_bypass *bypass = search->ret_bypass;
	void *value;

	if (binding->function->use != search->use || is_ours(binding, &value))
		return;
	search->is_sure = false;
	if (!bypass)
		return;
	bypass->name = binding->function->name;
	name_object(binding->slot, bypass->caller, sizeof(bypass->caller));
	name_object(value, bypass->callee, sizeof(bypass->callee));
}

/* The first call decides whether the others are needed. */
static int look_at(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;

	if (!search->n_seen) {
		if (table.is_complete && table.adds == info->dlpi_adds &&
		    table.subs == info->dlpi_subs)
			return 1;
		table.n = 0;
		table.is_complete = true;
		table.adds = info->dlpi_adds;
		table.subs = info->dlpi_subs;
	}
	read_object(info, search);
	return 0;
}

/* Under the lock of the dynamic linker, so that no object goes */
static int judge_all(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;
	size_t i;

	search->is_stale = !table.is_complete ||
			   table.adds != info->dlpi_adds ||
			   table.subs != info->dlpi_subs;
	search->is_sure = !search->is_stale;
	for (i = 0; i < table.n && search->is_sure; i++)
		judge(&table.bindings[i], search);
	return 1;
}

bool called_is_sure(enum called_use use, struct called_bypass *ret_bypass)
{
	struct search search;
	int i;

	if (ret_bypass)
		*ret_bypass = (struct called_bypass){ .name = NULL };
	/* Another thread may load objects in between, but not for ever. */
	for (i = 0; i < MAX_LOOKS && n_functions; i++) {
		search =
			(struct search){ .use = use, .ret_bypass = ret_bypass };
		dl_iterate_phdr(look_at, &search);
		dl_iterate_phdr(judge_all, &search);
		if (!search.is_stale)
			return search.is_sure;
	}
	return false;
}

bool called_seems_sure(enum called_use use)
{
	size_t i, n = n_permanent;
	void *value;

	for (i = 0; i < n; i++)
		if (permanent[i].function->use == use &&
		    !is_ours(&permanent[i], &value))
			return false;
	return n_functions != 0;
}
