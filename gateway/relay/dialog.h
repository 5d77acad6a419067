/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_RELAY_DIALOG_H
#define FEDGATE_RELAY_DIALOG_H

/* The mark on our Record-Route entries by which a later request proves that its dialog crossed here: a
 * parameter dialog=<i|o><16 hex digits>-<domain of the partner> where i or o is the direction of the first
 * request and the digits authenticate direction, domain and Call-ID. No dialog state is kept: a restarted
 * gateway, or another of a pool with the same key, believes the same marks.
 *
 * What it buys: Request-URIs within a dialog are contacts, often bare addresses. Only the mark lets such a
 * request pass to our servers; without it a partner could name any host inside. */

#include "policy/keyed_hash.h"
#include "policy/reason.h"

#define DIALOG_PARAMETER "dialog"
#define DIALOG_MARK_LONGEST (1 + 16 + 1 + 255)

struct dialog_mark {
    enum direction direction; /* of the dialog's first request */
    struct text domain;       /* of the partner; a view into the value that was read */
};

/* Writes the parameter's value; returns its length, 0 when it does not fit. */
size_t dialog_mark_write(const struct hash_key *key, enum direction direction, struct text domain,
                         struct text call_id, char *to, size_t capacity);
/* False: not a mark, or not one of ours for this Call-ID. */
bool dialog_mark_read(const struct hash_key *key, struct text value, struct text call_id,
                      struct dialog_mark *mark);

#endif
