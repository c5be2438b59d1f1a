/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

/* How often it may still wait */
extern unsigned int fake_retake_left;
/* How many have begun to wait */
extern unsigned int fake_retake_begun;
