/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Tables of procedure linkage, as linkers have made them: what an entry of a table
 * of imports leads to until the function is called for the first time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/*
 * Is the code at @value, which is in an object that is loaded, that of such a table?
 * A function that a hook of the object itself has put into an entry looks otherwise.
 */
static inline bool linkage_is(uintptr_t value)
{
#if defined(__x86_64__)
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	const uint8_t *code = (const void *)value;

	if (!memcmp(code, endbr64, sizeof(endbr64)))
		code += sizeof(endbr64);
	if (code[0] == 0xf2) /* bnd: of binutils before 2.40 */
		code++;
	return code[0] == 0x68 ||			 /* push number */
	       (code[0] == 0xff && (code[1] == 0x25 ||	 /* jmp *entry */
				    code[1] == 0x35)) || /* push object */
	       (code[0] == 0x41 && (code[1] == 0x53 ||	 /* mold: push r11 */
				    code[1] == 0xbb));	 /* mov number, r11d */
#elif defined(__aarch64__)
	const uint32_t *code = (const void *)value;

	if (code[0] == 0xd503245f) /* bti c */
		code++;
	return code[0] == 0xa9bf7bf0 || /* stp x16, x30, [sp,#-16]! */
	       (code[0] & 0x9f00001f) == 0x90000010; /* adrp x16 */
#endif
}
