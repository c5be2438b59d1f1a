// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What the environment may say.  A bad value is named in the log and leaves the
 * default; a program that is guarded does not lose its guard by a typing error.
 */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/test.h"
#include "policy/config.h"

static struct file log_file;

struct setting {
	const char *name, *value;
};

/* In a child, as the environment is read only once */
static void read_config(void *arg, void *ret_result)
{
	const struct setting *setting = arg;

	setenv(setting->name, setting->value, 1);
	memcpy(ret_result, config_get(), sizeof(struct config));
}

/* Returns what was logged. */
static const char *get(const char *name, const char *value,
		       struct config *ret_config)
{
	struct setting setting = { name, value };

	assert_int_equal(ftruncate(log_file.fd, 0), 0);
	assert_int_equal(child_run(read_config, &setting, ret_config,
				   sizeof(*ret_config)),
			 0);
	return file_text(log_file.path);
}

static void assert_defaults(const struct config *config)
{
	assert_false(config->off);
	assert_false(config->strict);
	assert_int_equal(config->log_level, LOG_LEVEL_WARN);
	assert_int_equal(config->signal, SIGRTMAX - 2);
	assert_int_equal(config->retake_ms, 2000);
}

static void accepted(const char *name, const char *value,
		     struct config *ret_config)
{
	assert_string_equal(get(name, value, ret_config), "");
}

static void refused(const char *name, const char *value, const char *end)
{
	struct config config;
	char start[128];
	const char *log;

	log = get(name, value, &config);
	assert_defaults(&config);
	snprintf(start, sizeof(start), "pinsafe: config: %s=%s is not ", name,
		 value);
	assert_memory_equal(log, start, strlen(start));
	assert_non_null(strstr(log, end));
	assert_string_equal(strstr(log, end), end);
}

CASE(nothing_set__defaults)
{
	struct config config;

	accepted("PINSAFE_OF_ANOTHER_NAME", "1", &config);
	assert_defaults(&config);
}

CASE(PINSAFE__on_off)
{
	struct config config;

	accepted("PINSAFE", "off", &config);
	assert_true(config.off);
	accepted("PINSAFE", "on", &config);
	assert_false(config.off);
}

CASE(PINSAFE__bad)
{
	refused("PINSAFE", "OFF", ": ignored\n");
	refused("PINSAFE", "", ": ignored\n");
	refused("PINSAFE", "0", ": ignored\n");
	refused("PINSAFE", "off ", ": ignored\n");
}

CASE(STRICT__0_1)
{
	struct config config;

	accepted("PINSAFE_STRICT", "1", &config);
	assert_true(config.strict);
	accepted("PINSAFE_STRICT", "0", &config);
	assert_false(config.strict);
}

CASE(STRICT__bad)
{
	refused("PINSAFE_STRICT", "yes", ": ignored\n");
	refused("PINSAFE_STRICT", "", ": ignored\n");
	refused("PINSAFE_STRICT", "11", ": ignored\n");
}

CASE(LOG__levels)
{
	static const char *const names[] = { "error", "warn", "info", "debug" };
	struct config config;
	int i;

	for (i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
		accepted("PINSAFE_LOG", names[i], &config);
		assert_int_equal(config.log_level, i);
	}
}

CASE(LOG__bad)
{
	refused("PINSAFE_LOG", "verbose", ": ignored\n");
	refused("PINSAFE_LOG", "", ": ignored\n");
	refused("PINSAFE_LOG", "Debug", ": ignored\n");
	refused("PINSAFE_LOG", "2", ": ignored\n");
}

static void number(const char *name, int value, int (*of)(struct config *))
{
	struct config config;
	char text[32];

	snprintf(text, sizeof(text), "%d", value);
	accepted(name, text, &config);
	assert_int_equal(of(&config), value);
}

static int signal_of(struct config *config)
{
	return config->signal;
}

static int retake_of(struct config *config)
{
	return config->retake_ms;
}

CASE(SIGNAL__limits)
{
	number("PINSAFE_SIGNAL", SIGRTMIN, signal_of);
	number("PINSAFE_SIGNAL", SIGRTMAX, signal_of);
}

CASE(SIGNAL__bad)
{
	static const char *const values[] = { "",    "0",     "9",
					      "29",  "65",    "-40",
					      "40x", "SIGIO", "0x28" };
	char end[64];
	size_t i;

	snprintf(end, sizeof(end), ": using the default, %d\n", SIGRTMAX - 2);
	for (i = 0; i < N_OF(values); i++)
		refused("PINSAFE_SIGNAL", values[i], end);
}

CASE(RETAKE_MS__limits)
{
	number("PINSAFE_RETAKE_MS", 0, retake_of);
	number("PINSAFE_RETAKE_MS", INT_MAX, retake_of);
}

CASE(RETAKE_MS__bad)
{
	static const char *const values[] = {
		"", "-1", "1s", "2147483648", "99999999999999999999", "1e3"
	};
	size_t i;

	for (i = 0; i < N_OF(values); i++)
		refused("PINSAFE_RETAKE_MS", values[i],
			": using the default, 2000\n");
}

int group_setup(void **state)
{
	file_make(&log_file, DISK, 0);
	setenv("PINSAFE_LOG_FILE", log_file.path, 1);
	return 0;
}

int group_teardown(void **state)
{
	file_put(&log_file);
	return 0;
}
