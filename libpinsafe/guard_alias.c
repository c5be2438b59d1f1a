// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What is pinned is proven by where it is pinned from.
 *
 * The device's pages are those that are mapped in one moment inside the
 * provider's call, and another thread may map another file there for just that
 * moment: the look before and the look after see the same.  So the memory is
 * registered through a second mapping of the file, the alias, at addresses that
 * the program does not know: mremap(2) without an old length makes it of what is
 * mapped at that time, by the same open file description.  What the alias is of is
 * looked at once, after it was pinned, and does not change.
 *
 * The program's address stays the one by which the memory region is addressed
 * (iova).  Drivers of iWARP may take the memory's for it (siw does), and private
 * memory has no alias: there is none then, and the look after has to do.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "keeper.h"
#include "memory/vma.h"
#include "registration.h"

/* So that pages of this size can be mapped as such */
#define HUGE_SIZE (2ul << 20)
/* Not within reach of a null pointer */
#define MIN_ADDR (4ul << 30)
/* Between an alias and the program */
#define GAP (64ul << 10)

static uintptr_t page_mask(void)
{
	return sysconf(_SC_PAGESIZE) - 1;
}

static uintptr_t down(uintptr_t addr)
{
	return addr & ~page_mask();
}

static uintptr_t up(uintptr_t addr)
{
	return down(addr + page_mask());
}

static bool unmap(uintptr_t start, uintptr_t end)
{
	return start == end || !SYS_CALL(munmap, start, end - start);
}

/*
 * Where mappings are read as text, from the lowest on, an alias is best found below
 * the program, before all that there are.  Further down it would have page tables
 * of its own, to be freed each time.  0: anywhere; it is but a wish.
 */
static uintptr_t wanted_addr(size_t size)
{
	uintptr_t program = down(getauxval(AT_PHDR));

	return vma_is_text() && program > MIN_ADDR + GAP + size ?
		       program - GAP - size :
		       0;
}

/* Addresses that nobody else uses; also if it fails, @alias is what there is. */
static bool reserve(uintptr_t start, size_t size, struct guard_alias *alias)
{
	size_t align = size < HUGE_SIZE ? page_mask() + 1 : HUGE_SIZE;
	/* The kernel aligns to a page by itself. */
	size_t all = size + (align > page_mask() + 1 ? align : 0);
	uintptr_t at, base;

	if (all < size)
		return false;
	at = SYS_CALL(mmap, wanted_addr(all), all, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at == (uintptr_t)MAP_FAILED)
		return false;
	base = at + ((start - at) & (align - 1));
	alias->start = at;
	alias->end = at + all;
	if (!unmap(at, base))
		return false;
	alias->start = base;
	if (!unmap(base + size, at + all))
		return false;
	alias->end = base + size;
	return true;
}

static uintptr_t in_alias(const struct guard_alias *alias, uintptr_t start,
			  uintptr_t addr)
{
	return alias->start + (addr - start);
}

/* @flags and @to, where they are MREMAP_FIXED and not 0, say where. */
static bool copy_part(const struct mapping_part *part, int flags, uintptr_t to,
		      uintptr_t *ret_at)
{
	uintptr_t from = down(part->start);
	size_t size = up(part->end) - from;
	uintptr_t at =
		SYS_CALL(mremap, from, 0, size, MREMAP_MAYMOVE | flags, to);

	if (at == (uintptr_t)MAP_FAILED)
		return false;
	/* Else a child that is forked just now has it, too, which harms nobody. */
	(void)sys_madvise((void *)at, size, MADV_DONTFORK);
	*ret_at = at;
	return true;
}

/* The parts are in order. */
bool guard_is_all_shared(const struct registration *reg)
{
	uintptr_t at = (uintptr_t)reg->addr;
	size_t i;

	for (i = 0; i < reg->mapping.n_parts; i++) {
		if (reg->mapping.parts[i].start != at)
			return false;
		at = reg->mapping.parts[i].end;
	}
	return at == (uintptr_t)reg->addr + reg->length;
}

static bool can_have_one(const struct registration *reg)
{
	const struct ibv_device *device = reg->pd->context->device;

	return !reg->is_on_demand && device &&
	       device->transport_type == IBV_TRANSPORT_IB &&
	       guard_is_all_shared(reg);
}

/* Side by side, as the program has them */
static bool copy_parts(const struct registration *reg,
		       struct guard_alias *alias)
{
	uintptr_t start = down((uintptr_t)reg->addr), at;
	size_t i;

	for (i = 0; i < reg->mapping.n_parts; i++) {
		const struct mapping_part *part = &reg->mapping.parts[i];

		if (!copy_part(part, MREMAP_FIXED,
			       in_alias(alias, start, down(part->start)), &at))
			return false;
	}
	return true;
}

/* One part, for which the kernel finds addresses: it is aligned to a page only. */
static bool copy_only(const struct registration *reg, size_t size,
		      struct guard_alias *alias)
{
	if (!copy_part(&reg->mapping.parts[0], 0, 0, &alias->start))
		return false;
	alias->end = alias->start + size;
	return true;
}

int guard_alias_make(struct registration *reg, struct guard_alias *ret_alias)
{
	uintptr_t start = down((uintptr_t)reg->addr);
	size_t size = up((uintptr_t)reg->addr + reg->length) - start;
	bool is_simple = reg->mapping.n_parts == 1 && size < HUGE_SIZE &&
			 !vma_is_text();
	struct guard_alias alias = { 0 };
	bool is_made;

	if (reg->recalled && can_have_one(reg) &&
	    guard_alias_kept_take(start, size, reg->recalled, ret_alias)) {
		ret_alias->addr = (void *)in_alias(ret_alias, start,
						   (uintptr_t)reg->addr);
		return 0;
	}
	*ret_alias = (struct guard_alias){ .addr = reg->addr };
	if (!can_have_one(reg))
		return reg->recalled ? EAGAIN : 0;
	is_made = is_simple ? copy_only(reg, size, &alias)
			    : reserve(start, size, &alias) &&
				      copy_parts(reg, &alias);
	if (!is_made) {
		guard_alias_drop(&alias);
		return reg->recalled || guard_is_replaced(reg) ? EAGAIN : 0;
	}
	alias.addr = (void *)in_alias(&alias, start, (uintptr_t)reg->addr);
	*ret_alias = alias;
	return 0;
}

struct look {
	const struct registration *reg;
	const struct guard_alias *alias;
};

static bool is_of_part(const struct mapping_part *part, uintptr_t at,
		       struct vma_reader *reader, struct vma *vma)
{
	uint64_t offset = part->offset - (part->start - down(part->start));
	uintptr_t start = at, end = at + up(part->end) - down(part->start);

	for (; at < end; at = vma->end)
		if ((at >= vma->end && vma_next(reader, at, vma)) ||
		    vma->start > at || !vma->shared ||
		    vma->writable != part->writable ||
		    vma->dev != part->file.map_dev || vma->ino != part->file.ino ||
		    vma->offset + (at - vma->start) != offset + (at - start))
			return false;
	return true;
}

/* A policy is that of a path, and where they differ a device is of many files. */
static bool is_file_known(const struct registration *reg,
			  const struct mapping_part *part, const struct vma *vma)
{
	return part->file.dev == part->file.map_dev &&
	       (!reg->recalled || !strcmp(vma->path, part->file.path));
}

/* 0, EAGAIN, or ESTALE: it is, as far as can be told. */
static int look_from(const struct registration *reg, uintptr_t start,
		     struct vma_reader *reader)
{
	uintptr_t first = down((uintptr_t)reg->addr);
	struct vma vma;
	int r = 0;
	size_t i;

	vma.end = 0;
	for (i = 0; i < reg->mapping.n_parts; i++) {
		const struct mapping_part *part = &reg->mapping.parts[i];

		if (!is_of_part(part, start + down(part->start) - first, reader,
				&vma))
			return EAGAIN;
		if (!is_file_known(reg, part, &vma))
			r = ESTALE;
	}
	return r;
}

/*
 * One page is what the program had when the alias was made of it.  Of more, mremap(2)
 * looks at the first page only, and an alias of before may be of anything.
 */
static bool tells_of_program(const struct guard_alias *alias)
{
	return !alias->was_kept && alias->end - alias->start == page_mask() + 1;
}

/* A reader only goes upwards. */
static int look_at_both(void *arg)
{
	const struct look *look = arg;
	uintptr_t program = down((uintptr_t)look->reg->addr);
	uintptr_t alias = look->alias->start;
	bool must_look = !tells_of_program(look->alias);
	struct vma_reader reader;
	int r, r_program = 0;

	r = vma_open(&reader);
	if (r)
		return r;
	if (must_look && program < alias)
		r_program = look_from(look->reg, program, &reader);
	r = look_from(look->reg, alias, &reader);
	if (must_look && program > alias)
		r_program = look_from(look->reg, program, &reader);
	vma_close(&reader);
	if (r == EAGAIN)
		return r;
	return r || r_program ? ESTALE : 0;
}

int guard_alias_look(const struct registration *reg,
		     const struct guard_alias *alias)
{
	const struct look look = { reg, alias };

	if (alias->start == alias->end)
		return ESTALE;
	return keeper_call_if_full(look_at_both, (void *)&look);
}

void guard_alias_end(const struct registration *reg, struct guard_alias *alias,
		     int r)
{
	if (!r && reg->is_again &&
	    guard_alias_kept_put(down((uintptr_t)reg->addr), reg->recalled,
				 alias))
		return;
	if (alias->was_kept)
		guard_alias_kept_drop(reg->recalled, alias);
	else
		guard_alias_drop(alias);
}

void guard_alias_drop(struct guard_alias *alias)
{
	/* vm.max_map_count, if it has become one with a mapping on each side */
	if (!unmap(alias->start, alias->end))
		log_error("guard: a second mapping of the memory, %zu KiB at 0x%" PRIxPTR
			  ", cannot be unmapped again: %s; the file stays open as long as the process lives",
			  (alias->end - alias->start) / 1024, alias->start,
			  strerror(errno));
}
