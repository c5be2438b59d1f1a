// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "record.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char text[8192];

void record(const char *format, ...)
{
	va_list args;
	size_t n;

	pthread_mutex_lock(&mutex);
	n = strlen(text);
	if (n && n < sizeof(text) - 3)
		n += sprintf(text + n, ", ");
	va_start(args, format);
	vsnprintf(text + n, sizeof(text) - n, format, args);
	va_end(args);
	pthread_mutex_unlock(&mutex);
}

void record_clear(void)
{
	pthread_mutex_lock(&mutex);
	text[0] = '\0';
	pthread_mutex_unlock(&mutex);
}

const char *record_text(void)
{
	static char copy[sizeof(text)];

	pthread_mutex_lock(&mutex);
	memcpy(copy, text, sizeof(text));
	pthread_mutex_unlock(&mutex);
	return copy;
}
