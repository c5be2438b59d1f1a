#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# A C++ program that calls the public functions links with the library, and runs.
#
#   abi-cxx.sh INCLUDE-DIR LIBRARY
set -eu

include=$1
library=$2
if ! command -v "${CXX:-c++}" >/dev/null; then
	echo "skipped: no C++ compiler"
	exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

cat >"$dir/program.cc" <<'END'
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <infiniband/pinsafe.h>

static void handle(const struct pinsafe_event *)
{
}

static int failures;

static void check(bool holds, const char *what)
{
	std::printf("%s: %s\n", holds ? "ok" : "not ok", what);
	failures += !holds;
}

int main()
{
	struct pinsafe_stats stats;
	struct pinsafe_device_attr device;
	struct pinsafe_check_result result;
	struct pinsafe_reg_attr attr = pinsafe_reg_attr();
	struct pinsafe_event *event = nullptr;
	struct ibv_mr *mr = nullptr;

	attr.comp_mask = PINSAFE_REG_GUARD | PINSAFE_REG_GRACE;
	attr.guard = PINSAFE_GUARD_LAYOUT;
	attr.handler = handle;
	check(pinsafe_version()[0] != '\0', "pinsafe_version");
	check(pinsafe_attach(nullptr) == EINVAL, "pinsafe_attach");
	check(pinsafe_get_stats(&stats, sizeof(stats)) == 0 &&
		      stats.least_margin_ns == UINT64_MAX,
	      "pinsafe_get_stats");
	check(pinsafe_query_device(nullptr, &device, sizeof(device)) == EINVAL,
	      "pinsafe_query_device");
	check(pinsafe_check(nullptr, nullptr, 0, 0, &result, sizeof(result)) ==
		      EINVAL,
	      "pinsafe_check");
	check(!pinsafe_reg_mr(nullptr, &attr, sizeof(attr)) && errno == EINVAL,
	      "pinsafe_reg_mr");
	check(pinsafe_release(nullptr) == EINVAL, "pinsafe_release");
	check(pinsafe_mr_restore(nullptr, -1, PINSAFE_RESTORE_SHORTER, &mr) ==
		      EINVAL,
	      "pinsafe_mr_restore");
	check(pinsafe_sync(nullptr, 0, 0, 0) == EINVAL, "pinsafe_sync");

	struct pinsafe_event_channel *channel = pinsafe_create_event_channel();
	check(channel != nullptr, "pinsafe_create_event_channel");
	if (!channel)
		return 1;
	fcntl(pinsafe_event_channel_fd(channel), F_SETFL, O_NONBLOCK);
	check(pinsafe_get_event(channel, &event) == EAGAIN,
	      "pinsafe_get_event");
	pinsafe_ack_event(event);
	check(pinsafe_destroy_event_channel(channel) == 0,
	      "pinsafe_destroy_event_channel");
	return failures != 0;
}
END
${CXX:-c++} -std=c++11 -Wall -Wextra -Werror -I"$include" \
	-o "$dir/program" "$dir/program.cc" "$library" \
	-Wl,-rpath,"$(dirname "$library")"
"$dir/program"
