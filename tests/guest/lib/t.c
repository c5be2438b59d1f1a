// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "t.h"

static int checks;
static int failures;

/* One write per line, so that lines of several processes do not mix */
__attribute__((format(printf, 2, 0))) static void
say(const char *head, const char *fmt, va_list ap, const char *tail)
{
	char text[900];

	vsnprintf(text, sizeof(text), fmt, ap);
	printf("%s%s%s\n", head, text, tail);
	fflush(stdout);
}

__attribute__((format(printf, 2, 0))) static bool
check(bool cond, const char *fmt, va_list ap, const char *tail)
{
	char head[40];

	checks++;
	if (!cond)
		failures++;
	snprintf(head, sizeof(head), "%sok %d - ", cond ? "" : "not ", checks);
	say(head, fmt, ap, tail);
	return cond;
}

bool t_ok(bool cond, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	check(cond, fmt, ap, "");
	va_end(ap);
	return cond;
}

bool t_zero(int err, const char *fmt, ...)
{
	char tail[60] = "";
	va_list ap;

	if (err)
		snprintf(tail, sizeof(tail), ": %s", t_errname(err));
	va_start(ap, fmt);
	check(!err, fmt, ap, tail);
	va_end(ap);
	return !err;
}

void t_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("# ", fmt, ap, "");
	va_end(ap);
}

void t_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("skipped: ", fmt, ap, "");
	va_end(ap);
	exit(T_SKIPPED);
}

void t_bail(const char *fmt, ...)
{
	char tail[60];
	va_list ap;

	snprintf(tail, sizeof(tail), " (errno %s)", t_errname(errno));
	va_start(ap, fmt);
	say("bail out: ", fmt, ap, tail);
	va_end(ap);
	exit(1);
}

int t_done(void)
{
	printf("%d checks, %d failed\n", checks, failures);
	fflush(stdout);
	if (!checks)
		return 1;
	return failures ? 1 : 0;
}

const char *t_errname(int err)
{
	const char *name;

	if (!err)
		return "ok";
	name = strerrorname_np(err);
	return name ? name : "(no errno)";
}

int t_errvalue(const char *name)
{
	int err;

	for (err = 1; err < 200; err++)
		if (strerrorname_np(err) && !strcmp(strerrorname_np(err), name))
			return err;
	errno = 0;
	t_bail("%s is no errno name", name);
}

uint64_t t_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

double t_ms(uint64_t ns)
{
	return ns / 1e6;
}

bool t_wait(bool (*fn)(void *arg), void *arg, int ms)
{
	struct timespec pause = {0, 500000};
	uint64_t end = t_now_ns() + ms * 1000000ULL;

	while (!fn(arg)) {
		if (t_now_ns() > end)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

void *t_shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		t_bail("%zu bytes of shared memory", size);
	return p;
}
