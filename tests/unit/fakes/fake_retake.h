/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

/* Of the policy; only told */
#define FAKE_RETAKE_MS 1000

/* How often it may still wait */
extern unsigned int fake_retake_left;
/* How many have begun to wait */
extern unsigned int fake_retake_begun;
