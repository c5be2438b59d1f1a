#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# past_interposers.sh NM LIBRARY...: a line IN_FRONT_OF(name) for each function that
# the libraries have of the C library, but for those that threads of ours may call.
set -eu

allowed='
# Text and memory
__ctype_b_loc __isoc99_sscanf mem.* qsort snprintf str.* vsnprintf
# Whoever stands in front of these has to hear of all memory, threads and locks
calloc free malloc pthread_create realloc.*
pthread_cond_.* pthread_mutex_.* pthread_once
# No more than variables
__errno_location __libc_current_sigrt.* __progname program_invocation_short_name
getauxval pthread_attr_.* pthread_self pthread_setcancelstate sig.*set sigismember
# Makes its system calls by no function that anybody could be in front of
sysconf
# Of the compiler, and for the beginning and the end of a process
__cxa_finalize __pthread_.* __register_atfork __sigsetjmp __stack_chk_fail
__tls_get_addr _exit
# The dynamic linker is asked, which stands in front of nobody
dl.*
# past_interposers.c has that one
exit
'
pattern=$(echo "$allowed" | sed '/^#/d' | tr -s ' \n' '\n' | sed '/^$/d' |
	paste -s -d '|')
nm=$1
shift
"$nm" -D --undefined-only "$@" |
	sed -n 's/^ *U \([^@]*\)@GLIBC_.*/\1/p' | sort -u |
	grep -Evx "$pattern" | sed 's/.*/IN_FRONT_OF(&)/'
