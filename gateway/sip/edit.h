/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_EDIT_H
#define FEDGATE_SIP_EDIT_H

/* A plan of changes to a message that was read, then one write. What no change touches is copied byte for
 * byte, body included. Texts are borrowed until the write. Lines are whole header lines with their CR LF.
 *
 * Fails closed: too many changes, two that overlap, a line that is not exactly one line, or a malformed list
 * spoil the plan, and sip_edit_length and sip_edit_write then give 0. So the verbs need no check each. */

#include "gateway/sip/message.h"

#define SIP_EDITS_MOST 64

struct sip_change {
    size_t at, removed;  /* octets of the message: where, and how many go */
    struct text put;     /* what comes there */
    size_t header_index; /* the field that is removed or replaced, or SIP_NO_HEADER */
};

struct sip_edit {
    const struct sip_message *message;        /* borrowed */
    struct sip_change change[SIP_EDITS_MOST]; /* in the order of the message */
    size_t count;
    size_t length; /* of the outcome */
    bool failed;
};

/* The message must have been read with REASON_OK. */
void sip_edit_init(struct sip_edit *edit, const struct sip_message *message);

void sip_edit_request_uri(struct sip_edit *edit, struct text uri);
/* A new line before the first field of its kind; without one, right behind the start line. Of several, the
 * last given comes first. */
void sip_edit_prepend(struct sip_edit *edit, enum sip_header_kind kind, struct text line);
/* A new line behind all fields; of several, the last given comes last. */
void sip_edit_append(struct sip_edit *edit, struct text line);
void sip_edit_remove(struct sip_edit *edit, size_t header_index);
void sip_edit_replace(struct sip_edit *edit, size_t header_index, struct text line);
/* All fields of a kind that no change has touched yet. */
void sip_edit_remove_all(struct sip_edit *edit, enum sip_header_kind kind);
/* Takes the first value off a field that is a list, the whole line with its last value. May be called again
 * for the next value. */
void sip_edit_remove_first_value(struct sip_edit *edit, size_t header_index);
/* The same for message->via, where nothing else is taken off that field. */
void sip_edit_remove_top_via(struct sip_edit *edit);
/* Puts a text right behind `anchor`, a view into a header field: ";received=192.0.2.1" behind
 * message->via.text. */
void sip_edit_extend(struct sip_edit *edit, struct text anchor, struct text what);

/* Octets of the outcome; 0 when the plan failed. */
size_t sip_edit_length(const struct sip_edit *edit);
/* The octets written; 0 when the plan failed or `capacity` is too small. `to` must not overlap the message.
 */
size_t sip_edit_write(const struct sip_edit *edit, char *to, size_t capacity);

#endif
