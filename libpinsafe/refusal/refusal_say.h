/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* What refusal*.c share: how a sentence gets to who has to know. */
#pragma once

#include "base/cause.h"
#include "memory/mapping.h"

/* Counts and logs, or tells who asked.  Both return @error. */
int refusal_explain(int error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* About a part of the memory; @format is "why; the way out" */
int refusal_say(const struct mapping_part *part, int error, const char *format,
		...) __attribute__((format(printf, 3, 4)));

/*
 * One more way out, "; or ...": the module, if it is not there and would guard
 * the file; or "".  The second is for memory that a device is to write to.
 */
const char *refusal_or_module(const struct mapping_part *part);
const char *refusal_or_write(const struct mapping_part *part);

/* Memory that is registered on this kernel */
const char *refusal_other_memory(void);
/* @what, because the call that @cause has recorded failed with @r */
int refusal_call(const struct mapping_part *part, const char *what,
		 const struct cause *cause, int r);
/* The same if it may have failed on the way to the keeper */
int refusal_handover(const struct mapping_part *part, const char *what,
		     const struct cause *cause, int r);
