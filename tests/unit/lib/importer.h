/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef IMPORTER_H
#define IMPORTER_H

int importer_call(void);
/* Defined there, so no import of it */
int importer_own(void);

#endif /* IMPORTER_H */
