/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/sip/edit.h"

#include "gateway/sip/octet.h"

#include <string.h>

/* Changes are kept in the order of the message. At one place, what is put comes before what is removed. */
enum rank { RANK_BEFORE_EQUALS, RANK_AFTER_EQUALS };

static size_t offset_of(const struct sip_edit *edit, const char *at)
{
    return (size_t)(at - edit->message->octets.at);
}

static bool overlaps(const struct sip_edit *edit, size_t place, size_t at, size_t removed)
{
    if (place > 0) {
        const struct sip_change *before = &edit->change[place - 1];
        if (before->at + before->removed > at && (before->at < at || removed > 0))
            return true;
    }
    return place < edit->count && edit->change[place].at < at + removed;
}

static void add(struct sip_edit *edit, const struct sip_change *change, enum rank rank)
{
    size_t place = edit->count;

    while (place > 0 && (edit->change[place - 1].at > change->at ||
                         (edit->change[place - 1].at == change->at && rank == RANK_BEFORE_EQUALS)))
        place--;
    if (edit->failed || edit->count == SIP_EDITS_MOST || overlaps(edit, place, change->at, change->removed) ||
        change->put.length > SIZE_MAX - edit->length) {
        edit->failed = true;
        return;
    }
    memmove(&edit->change[place + 1], &edit->change[place], (edit->count - place) * sizeof(edit->change[0]));
    edit->change[place] = *change;
    edit->count++;
    edit->length = edit->length - change->removed + change->put.length;
}

/* SIZE_MAX: no change has touched the field. */
static size_t change_of(const struct sip_edit *edit, size_t header_index)
{
    for (size_t i = 0; i < edit->count; i++) {
        if (edit->change[i].header_index == header_index)
            return i;
    }
    return SIZE_MAX;
}

static void put(struct sip_edit *edit, size_t at, struct text what, enum rank rank)
{
    add(edit, &(struct sip_change){.at = at, .put = what, .header_index = SIP_NO_HEADER}, rank);
}

static void put_line(struct sip_edit *edit, size_t at, struct text line, enum rank rank)
{
    if (!sip_header_is_line(line))
        edit->failed = true;
    else
        put(edit, at, line, rank);
}

static bool names_a_header(struct sip_edit *edit, size_t header_index)
{
    if (header_index >= edit->message->header_count)
        edit->failed = true;
    return header_index < edit->message->header_count;
}

void sip_edit_init(struct sip_edit *edit, const struct sip_message *message)
{
    edit->message = message;
    edit->count = 0;
    edit->length = message->octets.length;
    edit->failed = false;
    /* RFC 3261 7.1: read in any case, sent in upper case. */
    if (!text_equal(message->version, TEXT("SIP/2.0")))
        add(edit,
            &(struct sip_change){.at = offset_of(edit, message->version.at),
                                 .removed = message->version.length,
                                 .put = TEXT("SIP/2.0"),
                                 .header_index = SIP_NO_HEADER},
            RANK_AFTER_EQUALS);
}

void sip_edit_request_uri(struct sip_edit *edit, struct text uri)
{
    struct text old = edit->message->request_uri_text;
    if (!edit->message->is_request || !octets_are(uri, OCTET_URI)) {
        edit->failed = true;
        return;
    }
    add(edit,
        &(struct sip_change){
            .at = offset_of(edit, old.at), .removed = old.length, .put = uri, .header_index = SIP_NO_HEADER},
        RANK_AFTER_EQUALS);
}

void sip_edit_prepend(struct sip_edit *edit, enum sip_header_kind kind, struct text line)
{
    size_t first = sip_message_first(edit->message, kind);
    size_t at = first == SIP_NO_HEADER ? edit->message->start_line.length
                                       : offset_of(edit, edit->message->header[first].line.at);
    put_line(edit, at, line, RANK_BEFORE_EQUALS);
}

void sip_edit_append(struct sip_edit *edit, struct text line)
{
    put_line(edit, edit->message->header_length - 2, line, RANK_AFTER_EQUALS);
}

static void replace(struct sip_edit *edit, size_t header_index, struct text line)
{
    struct text old = edit->message->header[header_index].line;
    add(edit,
        &(struct sip_change){
            .at = offset_of(edit, old.at), .removed = old.length, .put = line, .header_index = header_index},
        RANK_AFTER_EQUALS);
}

void sip_edit_remove(struct sip_edit *edit, size_t header_index)
{
    if (names_a_header(edit, header_index))
        replace(edit, header_index, TEXT_NONE);
}

void sip_edit_replace(struct sip_edit *edit, size_t header_index, struct text line)
{
    if (!names_a_header(edit, header_index))
        return;
    if (!sip_header_is_line(line))
        edit->failed = true;
    else
        replace(edit, header_index, line);
}

void sip_edit_remove_all(struct sip_edit *edit, enum sip_header_kind kind)
{
    size_t index = sip_message_first(edit->message, kind);
    for (; index != SIP_NO_HEADER; index = sip_message_next(edit->message, index)) {
        if (change_of(edit, index) == SIZE_MAX)
            replace(edit, index, TEXT_NONE);
    }
}

/* Takes a change out again, to put a larger one in its stead. */
static void withdraw(struct sip_edit *edit, size_t place)
{
    const struct sip_change *change = &edit->change[place];
    edit->length = edit->length + change->removed - change->put.length;
    edit->count--;
    memmove(&edit->change[place], &edit->change[place + 1], (edit->count - place) * sizeof(edit->change[0]));
}

/* `rest`, at the end of the field's value, is all that stays of it. */
static void leave(struct sip_edit *edit, size_t header_index, struct text rest)
{
    struct text value = edit->message->header[header_index].value;

    if (rest.length == 0) {
        replace(edit, header_index, TEXT_NONE);
        return;
    }
    add(edit,
        &(struct sip_change){.at = offset_of(edit, value.at),
                             .removed = (size_t)(rest.at - value.at),
                             .header_index = header_index},
        RANK_AFTER_EQUALS);
}

void sip_edit_remove_first_value(struct sip_edit *edit, size_t header_index)
{
    struct text element;

    if (!names_a_header(edit, header_index))
        return;
    struct text value = edit->message->header[header_index].value;
    struct text rest = value;
    size_t earlier = change_of(edit, header_index);
    if (earlier != SIZE_MAX) {
        const struct sip_change *change = &edit->change[earlier];
        if (change->at != offset_of(edit, value.at) || change->put.length > 0) {
            edit->failed = true; /* the line is gone already */
            return;
        }
        rest = text_skip(value, change->removed);
        withdraw(edit, earlier);
    }
    if (sip_list_next(&rest, &element) != SIP_NEXT_ITEM) {
        edit->failed = true;
        return;
    }
    leave(edit, header_index, rest);
}

void sip_edit_remove_top_via(struct sip_edit *edit)
{
    if (!edit->message->has_via)
        edit->failed = true;
    else
        leave(edit, sip_message_first(edit->message, SIP_HEADER_VIA), edit->message->via_rest);
}

void sip_edit_extend(struct sip_edit *edit, struct text anchor, struct text what)
{
    if (what.length == 0 || octets_find_control(what.at, what.at + what.length) != what.at + what.length)
        edit->failed = true;
    else
        put(edit, offset_of(edit, anchor.at) + anchor.length, what, RANK_AFTER_EQUALS);
}

size_t sip_edit_length(const struct sip_edit *edit)
{
    return edit->failed ? 0 : edit->length;
}

size_t sip_edit_write(const struct sip_edit *edit, char *to, size_t capacity)
{
    struct text octets = edit->message->octets;
    size_t from = 0;

    if (edit->failed || edit->length > capacity)
        return 0;
    for (size_t i = 0; i < edit->count; i++) {
        const struct sip_change *change = &edit->change[i];
        memcpy(to, octets.at + from, change->at - from);
        to += change->at - from;
        if (change->put.length > 0)
            memcpy(to, change->put.at, change->put.length);
        to += change->put.length;
        from = change->at + change->removed;
    }
    memcpy(to, octets.at + from, octets.length - from);
    return edit->length;
}
