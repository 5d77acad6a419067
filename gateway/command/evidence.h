/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_COMMAND_EVIDENCE_H
#define FEDGATE_COMMAND_EVIDENCE_H

/* The CRLs and OCSP answers that a judgement needs, for commands: judged, fetched, and judged again, since
 * the next certificate of a path may need another. */

#include "gateway/fetch/fetch_once.h"
#include "policy/peer_judgement.h"

#define EVIDENCE_ROUNDS_MOST 3u

/* `judge` judges the chain of its context into `peer`, which has its evidence set. The caller releases; NULL:
 * nothing is needed, or nothing can be fetched. */
struct revocation_evidence *evidence_gather(const struct settings *settings, enum fetcher_mode mode,
                                            void (*judge)(void *context, struct peer *peer), void *context);

#endif
