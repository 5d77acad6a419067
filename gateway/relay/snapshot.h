/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_SNAPSHOT_H
#define FEDGATE_RELAY_SNAPSHOT_H

/* Settings as one worker has them in force; see struct snapshot in worker.h. One thread. */

#include "gateway/relay/worker.h"

/* Takes the settings in every case. `before`: the snapshot in force until now, or NULL. NULL: `why` holds a
 * sentence. */
struct snapshot *snapshot_create(struct settings *take, const struct snapshot *before, char *why,
                                 size_t size);

#endif
