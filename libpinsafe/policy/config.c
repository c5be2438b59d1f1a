// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The environment and pinsafe.conf, read once, and the policy of each path.
 * What cannot be read or understood is reported, and the default, which is
 * always the safer choice, takes its place.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "policy/config.h"
#include "policy/config_file.h"
#include "policy/settings.h"

static struct config config;
static struct config_path *paths;
static struct policy policy_elsewhere;
static bool may_guard_shmem;
static bool may_want_lease;
static bool is_uninvited;	/* set once, at any time: atomic */
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

static bool is_bypassed(const char *program)
{
	const char *list = secure_getenv("PINSAFE_BYPASS");
	size_t n;

	for (; list; list = list[n] ? list + n + 1 : NULL) {
		n = strcspn(list, ":");
		if (n == strlen(program) && !memcmp(list, program, n))
			return true;
	}
	return false;
}

static void read_file(struct config_file *ret_file)
{
	const char *named = secure_getenv("PINSAFE_CONFIG");
	const char *name = named && *named ? named : PINSAFE_CONFIG_FILE;
	int r;

	r = config_file_read(name, program_invocation_short_name, ret_file);
	if (r && (name == named || (r != ENOENT && r != ENOTDIR)))
		log_error("config: %s cannot be read: %s: ignored", name,
			  strerror(r));
}

static void note(const struct policy *policy)
{
	may_guard_shmem |= policy->guard_shmem;
	may_want_lease |= policy->guard == GUARD_LEASE;
}

static void set_policies(const struct config_file *file)
{
	struct settings environment = { 0 }, below, all, elsewhere;
	struct config_path *path;

	settings_read_environment(&environment);
	below = file->defaults;
	settings_overlay(&below, &file->program);
	elsewhere = below;
	settings_overlay(&elsewhere, &environment);
	settings_report_hold(&elsewhere, NULL, file->name);
	config.signal = settings_value(&elsewhere, KEY_SIGNAL);
	config.retake_ms = settings_value(&elsewhere, KEY_RETAKE_MS);
	policy_elsewhere = settings_policy(&elsewhere);
	note(&policy_elsewhere);

	paths = file->paths;
	for (path = paths; path; path = path->next) {
		all = below;
		settings_overlay(&all, &path->settings);
		settings_overlay(&all, &environment);
		settings_report_hold(&all, &elsewhere, file->name);
		path->policy = settings_policy(&all);
		note(&path->policy);
	}
}

static void config_read(void)
{
	const char *log_file = secure_getenv("PINSAFE_LOG_FILE");
	struct config_file file = { 0 };
	int saved_errno = errno;

	/* A copy: some programs write their title over the environment. */
	config.log_file = log_file && *log_file ? strdup(log_file) : NULL;
	config.log_level = LOG_LEVEL_WARN;
	log_setup(config.log_level, config.log_file);
	config.log_level = read_level(config.log_level);
	log_setup(config.log_level, config.log_file);

	config.off = read_switch("PINSAFE", "off", "on") ||
		     is_bypassed(program_invocation_short_name);
	config.strict = read_switch("PINSAFE_STRICT", "1", "0");
	if (!config.off)
		read_file(&file);
	set_policies(&file);
	errno = saved_errno;
}

const struct config *config_get(void)
{
	pthread_once(&once, config_read);
	return &config;
}

void config_set_uninvited(void)
{
	__atomic_store_n(&is_uninvited, true, __ATOMIC_RELAXED);
}

static struct policy find_policy(const char *path)
{
	const struct config_path *p;

	for (p = paths; path && p; p = p->next)
		if (config_path_matches(p, path))
			return p->policy;
	return policy_elsewhere;
}

struct policy config_policy(const char *path)
{
	struct policy policy;

	pthread_once(&once, config_read);
	policy = find_policy(path);
	if (!policy.on_refuse_is_set && !config.strict)
		policy.warn_on_refuse =
			__atomic_load_n(&is_uninvited, __ATOMIC_RELAXED);
	return policy;
}

bool config_may_guard_shmem(void)
{
	pthread_once(&once, config_read);
	return may_guard_shmem;
}

bool config_may_want_lease(void)
{
	pthread_once(&once, config_read);
	return may_want_lease;
}
