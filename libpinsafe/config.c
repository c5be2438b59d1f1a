// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * PINSAFE_* environment variables, read once.  A bad value is reported and
 * the default, which is always the safer choice, is kept.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "log.h"

static struct config config;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void bad_value(const char *name, const char *value, const char *want)
{
	log_error("config: %s=%s is not %s: ignored", name, value, want);
}

static bool read_switch(const char *name, const char *on, const char *off)
{
	const char *value = secure_getenv(name);

	if (!value || !strcmp(value, off))
		return false;
	if (!strcmp(value, on))
		return true;
	bad_value(name, value, on);
	return false;
}

static int read_level(int level)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };
	const char *value = secure_getenv("PINSAFE_LOG");
	int i;

	if (!value)
		return level;
	for (i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++)
		if (!strcmp(value, names[i]))
			return i;
	bad_value("PINSAFE_LOG", value, "error, warn, info or debug");
	return level;
}

static int read_number(const char *name, int value, int min, int max)
{
	const char *text = secure_getenv(name);
	char *end;
	long n;

	if (!text)
		return value;
	n = strtol(text, &end, 10);
	if (end == text || *end || n < min || n > max) {
		log_error("config: %s=%s is not a number from %d to %d: ignored",
			  name, text, min, max);
		return value;
	}
	return n;
}

static void config_read(void)
{
	const char *log_file = secure_getenv("PINSAFE_LOG_FILE");

	/* A copy: some programs write their title over the environment. */
	config.log_file = log_file && *log_file ? strdup(log_file) : NULL;
	config.log_level = LOG_LEVEL_WARN;
	log_setup(config.log_level, config.log_file);
	config.log_level = read_level(config.log_level);
	log_setup(config.log_level, config.log_file);

	config.off = read_switch("PINSAFE", "off", "on");
	config.strict = read_switch("PINSAFE_STRICT", "1", "0");
	config.signal = read_number("PINSAFE_SIGNAL", SIGRTMAX - 2, SIGRTMIN,
				    SIGRTMAX);
	config.retake_ms = read_number("PINSAFE_RETAKE_MS", 2000, 0, INT_MAX);
}

const struct config *config_get(void)
{
	pthread_once(&once, config_read);
	return &config;
}
