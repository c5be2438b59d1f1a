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

#include "config.h"
#include "config_file.h"
#include "log.h"
#include "settings.h"

struct path_policy {
	struct path_policy *next;
	const struct config_path *path;
	struct policy policy;
};

static struct config config;
/* Everywhere else */
static struct policy base_policy;
/* Longest prefix first */
static struct path_policy *path_policies;
static bool may_guard_shmem;
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
	static const char *const names[] = {"error", "warn", "info", "debug"};
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

static void add_policy(const struct config_path *path, struct policy policy)
{
	struct path_policy **at = &path_policies, *new;

	new = malloc(sizeof(*new));
	if (!new) {
		log_error("config: out of memory: [path %s] ignored",
			  path->prefix);
		return;
	}
	while (*at && (*at)->path->prefix_len > path->prefix_len)
		at = &(*at)->next;
	*new = (struct path_policy){*at, path, policy};
	*at = new;
}

static void set_policies(const struct config_file *file)
{
	struct settings environment = {0}, base = file->defaults, base_all;
	const struct config_path *path;
	struct settings all;

	settings_read_environment(&environment);
	settings_overlay(&base, &file->program);
	base_all = base;
	settings_overlay(&base_all, &environment);
	settings_report_hold(&base_all, NULL, file->name);

	config.signal = settings_value(&base_all, KEY_SIGNAL);
	config.retake_ms = settings_value(&base_all, KEY_RETAKE_MS);
	base_policy = settings_policy(&base_all);
	may_guard_shmem = base_policy.guard_shmem;
	path_policies = NULL;
	for (path = file->paths; path; path = path->next) {
		all = base;
		settings_overlay(&all, &path->settings);
		settings_overlay(&all, &environment);
		settings_report_hold(&all, &base_all, file->name);
		add_policy(path, settings_policy(&all));
		may_guard_shmem |= settings_value(&all, KEY_SHMEM);
	}
}

static void config_read(void)
{
	const char *log_file = secure_getenv("PINSAFE_LOG_FILE");
	struct config_file file = {0};
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
	read_file(&file);
	set_policies(&file);
	errno = saved_errno;
}

const struct config *config_get(void)
{
	pthread_once(&once, config_read);
	return &config;
}

struct policy config_policy(const char *path)
{
	const struct path_policy *p;

	pthread_once(&once, config_read);
	for (p = path_policies; path && p; p = p->next)
		if (config_path_matches(p->path, path))
			return p->policy;
	return base_policy;
}

bool config_may_guard_shmem(void)
{
	pthread_once(&once, config_read);
	return may_guard_shmem;
}
