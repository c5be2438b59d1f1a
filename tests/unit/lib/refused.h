/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

/* Of one system call, or of one command or request of it */
struct refused {
	int number;
	int argument;		/* which of them says that; 0: all calls are meant */
	unsigned int value;	/* of it */
	int error;		/* that it fails with; 0: none does */
};

/* From now on in all threads of this process, by seccomp(2).  0 or an errno */
int refuse(const struct refused *call);
