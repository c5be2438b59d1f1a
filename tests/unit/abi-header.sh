#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# The public headers compile alone, once and twice, as C99 and as C++.
#
#   abi-header.sh INCLUDE-DIR
set -eu

include=$1
options="-Wall -Wextra -pedantic -Werror -fsyntax-only -I$include"
program='#include <infiniband/pinsafe_event.h>
struct pinsafe_event event;
#include <infiniband/pinsafe.h>
#include <infiniband/pinsafe.h>
int program(struct ibv_context *context);
int program(struct ibv_context *context)
{
	struct pinsafe_stats stats;

	return pinsafe_get_stats(&stats, sizeof(stats)) ||
	       pinsafe_attach(context) || !pinsafe_version();
}'

for standard in c99 c11 gnu17; do
	echo "$standard"
	echo "$program" | ${CC:-cc} -x c -std=$standard $options -
done
if ! command -v "${CXX:-c++}" >/dev/null; then
	echo "skipped: no C++ compiler"
	exit 77
fi
for standard in c++11 c++17; do
	echo "$standard"
	echo "$program" | ${CXX:-c++} -x c++ -std=$standard $options -
done
