/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

int importer_call(void);
/* Defined there, so no import of it */
int importer_own(void);
