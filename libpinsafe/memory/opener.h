/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/*
 * Who has the file open, for a sentence: "process 17 (cat)" or "the program
 * itself, with more than one open(2)"; "" if /proc does not show it to us.
 * Mappings alone are not looked at.  May take long on a machine with many
 * processes, so not for the keeper.
 */
void opener_name(dev_t dev, ino_t ino, char *ret_text, size_t size);
