/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* guard.c with a fake of each stage around it */
#pragma once

#include "../fakes/fake_device.h"
#include "../fakes/fake_keeper.h"
#include "../fakes/fake_lease.h"
#include "../fakes/fake_mapping.h"
#include "../fakes/fake_odp.h"
#include "../fakes/fake_prefault.h"
#include "../fakes/fake_provider.h"
#include "../fakes/fake_retake.h"
#include "../fakes/fake_track.h"
#include "../fakes/fake_watch.h"
#include "base/stats.h"
#include "guard.h"
#include "record.h"
#include "test.h"

/* cmd_fd of guarded_context */
#define DEVICE_FD 7

extern struct ibv_context guarded_context;
extern struct ibv_pd guarded_pd;

/* One FS-DAX file, no faults; for each case */
int guarded_setup(void **state);
int guarded_teardown(void **state);

struct ibv_mr *guarded_reg(int access);
/* Registration fails with @error, is counted as refused, and did @text. */
void guarded_reg_fails(int error, const char *text);
/* Registration succeeds and did @text. */
struct ibv_mr *guarded_reg_succeeds(const char *text);

#define GUARDED_CASE(fn) CASE_WITH(fn, guarded_setup, guarded_teardown)
