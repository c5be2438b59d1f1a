/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Static probes (USDT) for bpftrace(8), perf(1) and the like.  Each is one nop
 * until somebody traces it; without <sys/sdt.h> (systemtap-sdt-dev) there are
 * none.
 */
#pragma once

#if defined(__has_include)
#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#endif
#endif

#ifdef DTRACE_PROBE1
#define probe1(name, a) DTRACE_PROBE1(pinsafe, name, a)
#define probe2(name, a, b) DTRACE_PROBE2(pinsafe, name, a, b)
#define probe3(name, a, b, c) DTRACE_PROBE3(pinsafe, name, a, b, c)
#else
#define probe1(name, a) ((void)(a))
#define probe2(name, a, b) ((void)(a), (void)(b))
#define probe3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#endif

/* Registered under a guard: address, length, lkey */
#define probe_register(addr, length, lkey) \
	probe3(register, addr, length, lkey)
/* Refused: path, errno */
#define probe_refuse(path, error) probe2(refuse, path, error)
/* A lease is being broken: path */
#define probe_break(path) probe1(break, path)
/* A memory region is destroyed because of it: lkey; lkey, errno or 0 */
#define probe_revoke_begin(lkey) probe1(revoke_begin, lkey)
#define probe_revoke_end(lkey, error) probe2(revoke_end, lkey, error)
/* A lease was released: path */
#define probe_release(path) probe1(release, path)
/* A registration waited for a break and succeeded: address, length */
#define probe_retake(addr, length) probe2(retake, addr, length)
