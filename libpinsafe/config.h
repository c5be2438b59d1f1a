/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_CONFIG_H
#define PINSAFE_CONFIG_H

#include <stdbool.h>

struct config {
	bool off;		/* PINSAFE=off: hook nothing */
	bool strict;		/* PINSAFE_STRICT=1: no context unguarded */
	int log_level;		/* PINSAFE_LOG, an enum log_level */
	const char *log_file;	/* PINSAFE_LOG_FILE, NULL: standard error */
	int signal;		/* PINSAFE_SIGNAL, a real-time signal */
	int retake_ms;		/* PINSAFE_RETAKE_MS */
};

/* The environment as it was when the library was loaded; never fails. */
const struct config *config_get(void);

#endif /* PINSAFE_CONFIG_H */
