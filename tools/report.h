/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * A report is a tree of JSON objects, which --json prints as it is and
 * output.c as tables.  Its keys are described in the manual page.
 *
 * json-c's functions fail only without memory; then a key is missing.
 */
#pragma once

#include <inttypes.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Exit statuses; a higher one of two is not worse, see worse_status() */
enum status {
	STATUS_PROTECTED = 0,
	STATUS_REFUSED = 1,	/* or: memory that needs a guard has none */
	STATUS_UNPROTECTED = 2, /* by policy */
	STATUS_ERROR = 3,	/* or: cannot be told */
};

/* What to report of two: refused, then cannot be told, then unprotected */
static inline enum status worse_status(enum status a, enum status b)
{
	static const int ranks[] = {
		[STATUS_PROTECTED] = 0,
		[STATUS_UNPROTECTED] = 1,
		[STATUS_ERROR] = 2,
		[STATUS_REFUSED] = 3,
	};

	return ranks[a] > ranks[b] ? a : b;
}

static inline void report_add(json_object *to, const char *key,
			      json_object *value)
{
	json_object_object_add(to, key, value);
}

/* NULL is null */
static inline void report_string(json_object *to, const char *key,
				 const char *value)
{
	report_add(to, key, value ? json_object_new_string(value) : NULL);
}

/* "" is null, too */
static inline void report_words(json_object *to, const char *key,
				const char *value)
{
	report_string(to, key, value[0] ? value : NULL);
}

/* By its name, 0 is null */
static inline void report_errno(json_object *to, const char *key, int error)
{
	report_string(to, key, error ? strerrorname_np(error) : NULL);
}

/* As /proc/PID/maps has it */
static inline void report_device(json_object *to, const char *key, dev_t dev)
{
	char text[32];

	snprintf(text, sizeof(text), "%02x:%02x", major(dev), minor(dev));
	report_string(to, key, text);
}

static inline void report_int(json_object *to, const char *key, int64_t value)
{
	report_add(to, key, json_object_new_int64(value));
}

static inline void report_uint(json_object *to, const char *key, uint64_t value)
{
	report_add(to, key, json_object_new_uint64(value));
}

static inline void report_bool(json_object *to, const char *key, bool value)
{
	report_add(to, key, json_object_new_boolean(value));
}

/* As a string, because readers of JSON may have 53 bits only */
static inline void report_hex(json_object *to, const char *key, bool is_known,
			      uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, value);
	report_string(to, key, is_known ? text : NULL);
}

static inline json_object *report_object(json_object *to, const char *key)
{
	json_object *object = json_object_new_object();

	report_add(to, key, object);
	return object;
}

static inline json_object *report_array(json_object *to, const char *key)
{
	json_object *array = json_object_new_array();

	report_add(to, key, array);
	return array;
}

static inline json_object *report_append(json_object *array)
{
	json_object *object = json_object_new_object();

	json_object_array_add(array, object);
	return object;
}

static inline void report_note(json_object *array, const char *note)
{
	json_object_array_add(array, json_object_new_string(note));
}

/* The value of a key, or NULL */
static inline json_object *report_get(json_object *from, const char *key)
{
	return json_object_object_get(from, key);
}

static inline const char *report_text(json_object *from, const char *key)
{
	json_object *value = report_get(from, key);

	return value ? json_object_get_string(value) : "-";
}
