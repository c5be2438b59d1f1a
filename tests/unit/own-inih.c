// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program with a libinih of its own, that pinsafe must not call.  The
 * configuration is read once a provider opens a device, in place of which this
 * says so.
 */
#include <dlfcn.h>
#include <ini.h>
#include <stdlib.h>

int ini_parse(const char *filename, ini_handler handler, void *user)
{
	abort();
}

int ini_parse_file(FILE *file, ini_handler handler, void *user)
{
	abort();
}

int ini_parse_stream(ini_reader reader, void *stream, ini_handler handler,
		     void *user)
{
	abort();
}

int ini_parse_string(const char *string, ini_handler handler, void *user)
{
	abort();
}

int main(void)
{
	void (*watch)(void);

	*(void **)&watch = dlsym(RTLD_DEFAULT, "pinsafe_preload_watch");
	if (watch)
		watch();
	return 0;
}
