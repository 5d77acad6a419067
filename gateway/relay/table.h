/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_TABLE_H
#define FEDGATE_RELAY_TABLE_H

/* uthash, which ends the process when memory is short unless told otherwise. Here what could not be added has
 * no hh.tbl. */

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#endif
