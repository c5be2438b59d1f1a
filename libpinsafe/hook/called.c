// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Is it the functions of the preload object that the program calls?
 *
 * An object in front of it may define the same names, as allocators do, and
 * hooks may have put theirs into all tables of imports, as those of UCX do
 * (UCX_MEM_MMAP_HOOK_MODE=reloc).  Both can come at any time, also with an
 * object that is loaded later.  The tables say what will be called.
 *
 * But not of functions that were not called yet, by objects that are bound lazily.
 * What these find for those that were there when the program started is what this
 * library finds.  Those that were loaded later may look elsewhere before
 * (RTLD_DEEPBIND), and nobody can ask in their name; so where nobody but libc has
 * such a function besides us, their entries are filled in with ours here, as the
 * dynamic linker would do; and else it is said who else may be found.
 */
#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/loaded.h"
#include "hook/called.h"
#include "hook/linkage.h"
#include "hook/redirect.h"

/* They are bits of a word, too. */
#define MAX_FUNCTIONS 64

static const struct called_function *functions;
static size_t n_functions;
/*
 * Objects up to the dynamic linker itself, all of which the program was started
 * with; of those behind it nobody knows.
 */
static size_t n_started;
/* What the dynamic linker tells debuggers; a program may have a copy, of before. */
static const struct r_debug *debug;
/* Of LD_AUDIT, which may have any function called; "": there is none */
static char auditor[128];

/* An entry of a table of imports */
struct binding {
	void **slot;
	const struct called_function *function;
	uintptr_t base, start, end; /* of the object */
	bool is_late;
};

/* All there are; guarded by the lock under which dl_iterate_phdr(3) calls back */
static struct {
	struct binding *bindings;
	size_t n;
	bool is_complete;
	unsigned long long adds, subs;	   /* as of when it was made */
	const void *others[MAX_FUNCTIONS]; /* neither ours nor libc's */
} table;

/* The program: dl_iterate_phdr(3) begins with it.  What it imports, as bits */
static struct binding program;
static uint64_t program_imports;

/* Of those and of this library, which are never unloaded; grows only */
static struct binding permanent[512];
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

static int count_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	if (!n_started++)
		debug = (const void *)loaded_value(info, DT_DEBUG);
	return debug && info->dlpi_addr == debug->r_ldbase;
}

void called_set(const struct called_function *set, size_t n)
{
	const char *audit = getenv("LD_AUDIT");

	functions = set;
	n_functions = n;
	n_started = 0;
	if (!dl_iterate_phdr(count_object, NULL))
		n_started = 1; /* the program */
	snprintf(auditor, sizeof(auditor), "%s", audit ? audit : "");
}

struct search {
	enum called_use use;
	struct called_bypass bypass; /* objects are named at the end */
	const void *caller, *callee; /* of it; NULL: they are named */
	struct binding object; /* that is being read */
	bool is_permanent;
	size_t n_seen; /* objects */
	bool is_sure;
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
	struct binding *bindings;

	bindings = reallocarray(table.bindings, table.n + 1, sizeof(*bindings));
	if (!bindings) {
		table.is_complete = false;
		return;
	}
	table.bindings = bindings;
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

static bool is_within(const struct binding *object, uintptr_t addr)
{
	return addr >= object->start && addr < object->end;
}

static void note_other(const struct dl_phdr_info *info, size_t i)
{
	void *found = loaded_export(info, functions[i].name);

	if (found && found != functions[i].ours &&
	    !loaded_contains(info, PT_LOAD, (uintptr_t)functions[i].ours) &&
	    !loaded_contains(info, PT_LOAD, (uintptr_t)gnu_get_libc_version))
		table.others[i] = found;
}

static void read_object(const struct dl_phdr_info *info, struct search *search)
{
	struct binding *object = &search->object;
	size_t i;

	measure(info, object);
	object->is_late = search->n_seen >= n_started;
	if (!search->n_seen++)
		program = *object;
	search->is_permanent =
		!object->is_late || is_within(object, (uintptr_t)first);
	for (i = 0; i < n_functions; i++) {
		object->function = &functions[i];
		redirect_for_each_slot(info, functions[i].name, note, search);
		note_other(info, i);
	}
}

/* Of an object that is just being loaded: not an address yet */
static bool is_unrelocated(const struct binding *binding, uintptr_t value)
{
	return !value ||
	       (binding->base && is_within(binding, value + binding->base));
}

static bool is_lazy(const struct binding *binding, uintptr_t value)
{
	return is_within(binding, value) && linkage_is(value);
}

/* An address that a program at a fixed address gives out, of its own table */
static bool is_of_program(const struct binding *binding, uintptr_t value)
{
	return !program.base && is_within(&program, value) &&
	       program_imports & import_bit(binding->function) &&
	       linkage_is(value);
}

/*
 * Not for callbacks of dl_iterate_phdr(3): dladdr(3) takes the lock that dlopen(3)
 * has when it takes theirs.
 */
static void name_object(const void *inside, char *name, size_t size)
{
	Dl_info info;

	if (inside == auditor)
		info.dli_fname = auditor;
	else if (!dladdr(inside, &info) || !info.dli_fname)
		info.dli_fname = "code of no object";
	snprintf(name, size, "%s", info.dli_fname);
}

/* Whom else a call may lead to that was not made yet; NULL: to nobody */
static const void *other_of(const struct binding *binding)
{
	if (auditor[0])
		return auditor;
	return binding->is_late ? table.others[binding->function - functions]
				: NULL;
}

/* Else another thread has just called it. */
static bool fill_in(const struct binding *binding, void *lazy)
{
	void *ours = (void *)binding->function->ours;

	return __atomic_compare_exchange_n(binding->slot, &lazy, ours, false,
					   __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE) ||
	       lazy == ours;
}

/* Does it lead to us?  What is lazy leads to what is found first. */
static bool is_ours(const struct binding *binding, void **ret_value,
		    bool *ret_is_lazy)
{
	uintptr_t value;

	*ret_value = __atomic_load_n(binding->slot, __ATOMIC_ACQUIRE);
	value = (uintptr_t)*ret_value;
	*ret_is_lazy = false;
	if (*ret_value == binding->function->ours ||
	    is_unrelocated(binding, value) || is_of_program(binding, value))
		return true;
	*ret_is_lazy = is_lazy(binding, value);
	return *ret_is_lazy;
}

/* Does it surely lead to us?  If not @ret_callee is whom to. */
static bool is_surely_ours(const struct binding *binding,
			   const void **ret_callee)
{
	void *value;
	bool lazy;

	if (is_ours(binding, &value, &lazy)) {
		if (!lazy)
			return true;
		*ret_callee = other_of(binding);
		if (*ret_callee)
			return false;
		if (!binding->is_late || fill_in(binding, value))
			return true;
	}
	*ret_callee = __atomic_load_n(binding->slot, __ATOMIC_ACQUIRE);
	return false;
}

static void judge(const struct binding *binding, struct search *search)
{
	if (binding->function->use != search->use ||
	    is_surely_ours(binding, &search->callee))
		return;
	search->is_sure = false;
	search->bypass.name = binding->function->name;
	search->caller = binding->slot;
}

static bool is_table_of(const struct dl_phdr_info *info)
{
	return table.is_complete && table.adds == info->dlpi_adds &&
	       table.subs == info->dlpi_subs;
}

static int read_one(struct dl_phdr_info *info, size_t size, void *arg)
{
	read_object(info, arg);
	return 0;
}

/* In a callback, so that no object comes or goes: their lock is recursive. */
static void read_all(const struct dl_phdr_info *info, struct search *search)
{
	table.n = 0;
	table.is_complete = true;
	memset(table.others, 0, sizeof(table.others));
	table.adds = info->dlpi_adds;
	table.subs = info->dlpi_subs;
	dl_iterate_phdr(read_one, search);
}

/*
 * Objects that dlmopen(3) has loaded have a C library of their own, and nobody here
 * sees what they call.  The dynamic linker says so from glibc 2.35 on.
 */
static void judge_name_spaces(struct search *search)
{
	size_t i;

	if (!debug || debug->r_version < 2)
		return;
	search->is_sure = false;
	search->caller = NULL;
	for (i = 0; i < n_functions; i++)
		if (functions[i].use == search->use)
			search->bypass = (struct called_bypass){
				functions[i].name,
				"objects of another name space (dlmopen)",
				"their own C library",
			};
}

/* Under the lock of the dynamic linker, so that no object goes */
static int judge_all(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;
	size_t i;

	if (!is_table_of(info))
		read_all(info, search);
	search->is_sure = table.is_complete;
	for (i = 0; i < table.n && search->is_sure; i++)
		judge(&table.bindings[i], search);
	if (search->is_sure)
		judge_name_spaces(search);
	return 1;
}

bool called_is_sure(enum called_use use, struct called_bypass *ret_bypass)
{
	struct search search = { .use = use };

	if (n_functions)
		dl_iterate_phdr(judge_all, &search);
	if (ret_bypass)
		*ret_bypass = search.bypass;
	if (ret_bypass && search.caller) {
		name_object(search.caller, ret_bypass->caller,
			    sizeof(ret_bypass->caller));
		name_object(search.callee, ret_bypass->callee,
			    sizeof(ret_bypass->callee));
	}
	return search.is_sure;
}

bool called_seems_sure(enum called_use use)
{
	size_t i, n = n_permanent;
	void *value;
	bool lazy;

	for (i = 0; i < n; i++)
		if (permanent[i].function->use == use &&
		    !is_ours(&permanent[i], &value, &lazy))
			return false;
	return n_functions != 0;
}
