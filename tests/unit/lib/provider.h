/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

void *provider_op(void);
