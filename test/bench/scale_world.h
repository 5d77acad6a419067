/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_BENCH_SCALE_WORLD_H
#define FEDGATE_BENCH_SCALE_WORLD_H

/* A folder of as many partners as wanted: partner N is pN, in six digits, has the domains pN.example,
 * mail.pN.example and sip.pN.example, and a root certificate of its own beside its file. `fedgate run` can
 * load it, too. */

#include "policy/certificate.h"

#define SCALE_PATH 4096

/* With a key of this run, over what is there; whatever fails ends the program. */
void scale_world_write(const char *folder, size_t partners);
/* What partner N's server presents: a certificate for pN.example, signed by pN's root. The caller destroys.
 */
struct presented_chain *scale_world_chain(size_t partner);

#endif
