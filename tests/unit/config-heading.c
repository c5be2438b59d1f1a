// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Headings of pinsafe.conf that are not seen as such, or not as long as they are */
#include <stdio.h>
#include <string.h>

#include "lib/configured.h"
#include "lib/test.h"

static const struct policy safe;

/* Of a byte order mark or a no-break space nothing is to be seen. */
CASE(heading__with_text_before_it)
{
	static const char *const headings[] = {
		"\xef\xbb\xbf[path /g]", "\xc2\xa0[path /g]",
		"\f[path /g]",		 "\v[default]",
		"x [path /g=h]",	 "path /g]",
	};
	struct configured c;
	char text[128];
	size_t i;

	for (i = 0; i < N_OF(headings); i++) {
		snprintf(text, sizeof(text), "[default]\n%s\nguard=none\n",
			 headings[i]);
		configured_text(text);
		assert_reported(
			configured(NULL, "/f", &c), 2,
			"text before \"[\", perhaps none that shows, or no "
			"\"[\": section ignored");
		assert_policy(c.policy, safe);
	}
	configured_text("[default]\n; [path /g]\n#]\nguard=none\n");
	assert_int_equal(configured_guard("/f"), GUARD_NONE);
}

/* Not text, whatever the first line is */
CASE(file__begins_with_a_byte_order_mark)
{
	static const char *const first[] = {
		"[default]", "\n[default]", "# comment\n[default]",
		" [ default ] ; comment\r",
	};
	char text[128];
	size_t i;

	for (i = 0; i < N_OF(first); i++) {
		snprintf(text, sizeof(text), "\xef\xbb\xbf%s\nguard=none\n",
			 first[i]);
		configured_text(text);
		assert_int_equal(configured_guard("/f"), GUARD_NONE);
	}
	configured_text("\xef\xbb\xbf");
	assert_policy(configured_silently(NULL, "/f").policy, safe);
}

/* Nothing else of it is left out: not half of one, nor what comes behind. */
CASE(file__begins_with_more_than_a_byte_order_mark)
{
	static const char *const wrong[] = { "\xef\xbb[default]",
					     "\xef\xbb\xbf\xef\xbb\xbf[default]",
					     "\xef\xbb\xbf\xc2\xa0[default]" };
	struct configured c;
	char text[128];
	size_t i;

	for (i = 0; i < N_OF(wrong); i++) {
		snprintf(text, sizeof(text), "%s\nguard=none\n", wrong[i]);
		configured_text(text);
		assert_reported(
			configured(NULL, "/f", &c), 1,
			"text before \"[\", perhaps none that shows, or no "
			"\"[\": section ignored");
		assert_policy(c.policy, safe);
	}
}

/* libinih cuts section names off after 49 characters. */
CASE(heading__long_prefix)
{
	char path[1024], text[2048];

	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	snprintf(text, sizeof(text), "[path %s]\nguard=none\n", path);
	configured_text(text);
	assert_int_equal(configured_guard(path), GUARD_NONE);
	path[sizeof(path) - 2] = '\0';
	assert_policy(configured_silently(NULL, path).policy, safe);
	path[44] = '\0';
	assert_policy(configured_silently(NULL, path).policy, safe);
}
