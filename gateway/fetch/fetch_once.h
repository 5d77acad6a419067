/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_FETCH_FETCH_ONCE_H
#define FEDGATE_FETCH_FETCH_ONCE_H

/* For commands, which may wait: what one judgement needs of revocation, as `run` would have it. */

#include "gateway/fetch/fetcher.h"

/* Runs the loop until every need has its answer or has failed. FETCHER_ONCE or FETCHER_FOLDER. The caller
 * releases; NULL: nothing can be fetched. */
struct revocation_evidence *fetch_once(uv_loop_t *loop, enum fetcher_mode mode, struct settings *settings,
                                       const struct revocation_needs *needs);

#endif
