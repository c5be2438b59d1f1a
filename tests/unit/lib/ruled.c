// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <string.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "ruled.h"

int __wrap_uname(struct utsname *ret_uts);

const char *ruled_release;

static struct file log_file;

int __wrap_uname(struct utsname *ret_uts)
{
	memset(ret_uts, 0, sizeof(*ret_uts));
	strcpy(ret_uts->release, ruled_release);
	return 0;
}

int ruled_setup(void **state)
{
	memset(&fake_config, 0, sizeof(fake_config));
	ruled_release = "6.12.0";
	file_make(&log_file, DISK, 0);
	log_setup(LOG_LEVEL_WARN, log_file.path);
	return guarded_setup(state);
}

int ruled_teardown(void **state)
{
	file_put(&log_file);
	return guarded_teardown(state);
}

const char *ruled_log(void)
{
	return file_text(log_file.path);
}

void assert_logged(const char *text)
{
	if (!strstr(ruled_log(), text))
		fail_msg("'%s' is not in the log:\n%s", text, ruled_log());
}

void assert_not_logged(const char *text)
{
	if (strstr(ruled_log(), text))
		fail_msg("'%s' is in the log:\n%s", text, ruled_log());
}
