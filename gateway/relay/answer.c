/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/answer.h"

#include <stdio.h>
#include <string.h>

#include "gateway/relay/hop.h"
#include "gateway/relay/lines.h"
#include "gateway/relay/request.h"
#include "gateway/sip/reply.h"

#define TAG_LENGTH 16u
#define ANSWER_ROOM 1024u /* what an answer may have beyond the request's own header */

enum direction session_direction(const struct session *session)
{
    return session->side == PEER_EXTERNAL ? DIRECTION_INBOUND : DIRECTION_OUTBOUND;
}

/* The same tag for the same request, so that the ACK for our answer is known without remembering it. */
static struct text own_tag(const struct worker *worker, const struct sip_message *request,
                           char tag[TAG_LENGTH + 1])
{
    struct text piece[2] = {request->call_id, request->via.branch};

    snprintf(tag, TAG_LENGTH + 1, "%016llx",
             (unsigned long long)keyed_hash_pieces(&worker->branch_keys[1], piece, 2));
    return (struct text){tag, TAG_LENGTH};
}

bool answer_is_acknowledged(const struct worker *worker, const struct sip_message *ack)
{
    char tag[TAG_LENGTH + 1];
    return ack->to.has_tag && text_equal(ack->to.tag, own_tag(worker, ack, tag));
}

int answer(struct session *session, const struct sip_message *request, int status, struct text extra_lines)
{
    struct text host = address_host_printed(stream_peer_text(session->stream));
    char tag[TAG_LENGTH + 1];
    struct sip_reply reply = {
        .status = status,
        .phrase = status_phrase(status),
        .to_tag = own_tag(session->worker, request, tag),
        .source_port = address_port(stream_peer(session->stream)),
        .extra_lines = extra_lines,
    };

    if (!text_equal_ignoring_case(request->via.sent_by.host, host))
        reply.received = host;
    size_t most = request->header_length + extra_lines.length + ANSWER_ROOM;
    char *to = session_reserve(session, most);
    if (to == NULL)
        return 0;
    size_t length = sip_reply_write(to, most, request, &reply);
    session_commit(session, length);
    return length == 0 ? 0 : status;
}

static void add_reason_line(struct lines *lines, enum reason reason)
{
    lines_add(lines, TEXT("Reason: SIP ;text=\""));
    lines_add(lines, text_of(reason_token(reason)));
    lines_add(lines, TEXT(": "));
    lines_add(lines, text_of(reason_sentence(reason)));
    lines_add(lines, TEXT("\"\r\n"));
}

/* Partners learn nothing but the bare status, unless their file says otherwise: that of who sent the request,
 * not of whom it named. */
static bool tells_reason(const struct session *session, const struct partner *partner)
{
    if (session->side == PEER_INTERNAL)
        return true;
    const struct partner *sender = request_sender(session);
    return partner != NULL && partner->diagnostics_public && sender != NULL &&
           strcmp(sender->name, partner->name) == 0;
}

int answer_refusal(struct session *session, const struct sip_message *request, enum reason reason,
                   const struct partner *partner, struct text extra_lines)
{
    char room[1024];
    struct lines lines;
    int status = reason_status(reason, session_direction(session));

    if (status == 0 || request->method_kind == SIP_METHOD_ACK)
        return 0;
    lines_init(&lines, room, sizeof(room));
    lines_add(&lines, extra_lines);
    if (tells_reason(session, partner))
        add_reason_line(&lines, reason);
    return answer(session, request, status, lines_end(&lines, 0));
}

/* What was sent carries our own Via; the answer goes to the one who asked. */
static bool drop_own_via(struct sip_message *message)
{
    size_t own = sip_message_first(message, SIP_HEADER_VIA);
    size_t next = sip_message_next(message, own);

    if (next == SIP_NO_HEADER)
        return false;
    memmove(&message->header[own], &message->header[own + 1],
            (message->header_count - own - 1) * sizeof(message->header[0]));
    message->header_count--;
    for (unsigned kind = 0; kind < SIP_HEADER_KINDS; kind++) {
        if (message->of_kind[kind].first > own)
            message->of_kind[kind].first--;
    }
    message->of_kind[SIP_HEADER_VIA].count--;
    message->of_kind[SIP_HEADER_VIA].first = (uint32_t)(next - 1);
    struct text rest = message->header[next - 1].value, value;
    return sip_list_next(&rest, &value) == SIP_NEXT_ITEM && sip_via_read(value, &message->via);
}

static bool read_stored(struct transaction *transaction, struct sip_message *message)
{
    struct worker *worker = transaction->worker;
    const char *what;

    enum reason reason =
        sip_message_read(message, (struct text){transaction->request, transaction->request_length},
                         transaction->header_length, worker->stored_header, worker->header_capacity, &what);
    return reason == REASON_OK && (transaction->state == TRANSACTION_PARKED || drop_own_via(message));
}

int answer_transaction(struct transaction *transaction, int status, enum reason reason)
{
    struct sip_message message;
    char room[1024];
    struct lines lines;

    if (transaction->upstream == NULL || status == 0 || transaction->method == SIP_METHOD_ACK ||
        !read_stored(transaction, &message))
        return 0;
    lines_init(&lines, room, sizeof(room));
    if (reason != REASON_OK && reason != REASON_RELAYED && status >= 300 &&
        tells_reason(transaction->upstream, transaction->partner))
        add_reason_line(&lines, reason);
    return answer(transaction->upstream, &message, status, lines_end(&lines, 0));
}

/* ---- audit ---- */

static struct text partner_word(const struct partner *partner)
{
    return partner == NULL ? TEXT_NONE : text_of(partner->name);
}

void audit_refusal(const struct session *session, const struct sip_message *message, enum reason reason,
                   int status, const struct partner *partner, const char *detail)
{
    struct worker *worker = session->worker;
    struct audit_record record = {
        .event = AUDIT_REQUEST,
        .reason = reason,
        .session = session->id,
        .side = session->side == PEER_INTERNAL ? AUDIT_INTERNAL : AUDIT_EXTERNAL,
        .has_direction = true,
        .direction = session_direction(session),
        .partner = partner_word(partner),
        .peer = text_of(stream_peer_text(session->stream)),
        .status = status,
        .policy = session->snapshot->settings->generation,
        .detail = text_of(detail),
        .partner_counts = tally_of(worker, partner, session->snapshot, worker->snapshot),
    };
    if (message != NULL) {
        record.method = message->method;
        record.from = sip_uri_bare(&message->from.uri);
        record.to = sip_uri_bare(&message->to.uri);
        record.call_id = message->call_id;
    }
    audit_write(worker->audit, &record);
}

void audit_transaction(const struct transaction *transaction, enum reason reason, int status,
                       const char *detail)
{
    struct session *session = transaction->upstream != NULL ? transaction->upstream : transaction->downstream;
    struct worker *worker = transaction->worker;
    struct audit_record record = {
        .event = AUDIT_REQUEST,
        .reason = reason,
        .session = transaction->session_id,
        .side = transaction->direction == DIRECTION_INBOUND ? AUDIT_EXTERNAL : AUDIT_INTERNAL,
        .has_direction = true,
        .direction = transaction->direction,
        .partner = partner_word(transaction->partner),
        .peer = session != NULL && session == transaction->upstream
                    ? text_of(stream_peer_text(session->stream))
                    : TEXT_NONE,
        .method = transaction->method_word,
        .from = transaction->from,
        .to = transaction->to,
        .call_id = transaction->call_id,
        .status = status,
        .has_duration = true,
        .duration_ms = (int64_t)(worker_now(worker) - transaction->started),
        .policy = transaction->snapshot->settings->generation,
        .detail = text_of(detail),
        .partner_counts = tally_of(worker, transaction->partner, transaction->snapshot, worker->snapshot),
    };
    audit_write(worker->audit, &record);
}

#define NAMES_MOST AUDIT_NAMES_MOST

static size_t print_names(const struct certificate *leaf, char room[NAMES_MOST][160],
                          struct text names[NAMES_MOST])
{
    size_t count = 0;

    for (size_t i = 0; i < leaf->name_count && count < NAMES_MOST; i++) {
        if (leaf->names[i].kind == CERTIFICATE_NAME_OTHER)
            continue;
        int length = certificate_name_print(&leaf->names[i], room[count], sizeof(room[count]));
        if (length < 0)
            continue;
        names[count] = text_of(room[count]);
        count++;
    }
    return count;
}

static struct text print_anchor(const struct peer *peer, char *to, size_t size)
{
    if (peer == NULL || peer->path_count == 0)
        return TEXT_NONE;
    const struct trust_anchor *anchor = peer->path[0].anchor;
    size_t used = (size_t)snprintf(to, size, "sha256:");
    for (size_t i = 0; i < sizeof(anchor->certificate->sha256); i++)
        used += (size_t)snprintf(to + used, size - used, "%02x", anchor->certificate->sha256[i]);
    snprintf(to + used, size - used, " %s", anchor->subject);
    return text_of(to);
}

void audit_session(const struct session *session, enum audit_event event, enum reason reason,
                   const char *detail)
{
    char room[NAMES_MOST][160], anchor[512], issuer[256];
    struct text names[NAMES_MOST];
    struct audit_record record = {
        .event = event,
        .reason = reason,
        .session = session->id,
        .side = session->side == PEER_INTERNAL ? AUDIT_INTERNAL : AUDIT_EXTERNAL,
        .has_direction = true,
        .direction = (session->side == PEER_EXTERNAL) == session->we_connected ? DIRECTION_OUTBOUND
                                                                               : DIRECTION_INBOUND,
        .peer = text_of(stream_peer_text(session->stream)),
        .policy = event == AUDIT_SESSION_CLOSED ? session->worker->snapshot->settings->generation
                                                : session->snapshot->settings->generation,
        .detail = text_of(detail),
    };
    if (session->chain != NULL && session->chain->count > 0) {
        record.certificate_names = names;
        record.certificate_name_count = print_names(session->chain->certificate[0], room, names);
        certificate_subject_print(session->chain->certificate[0]->issuer, issuer, sizeof(issuer));
        record.issuer = text_of(issuer);
    }
    if (session->peer != NULL) {
        record.partner = partner_word(session->peer->partner);
        record.partner_counts =
            tally_of(session->worker, session->peer->partner, session->snapshot, session->worker->snapshot);
        record.anchor = print_anchor(session->peer, anchor, sizeof(anchor));
    }
    if (session->hop != NULL) {
        struct tally *tally =
            session->counters == NULL ? NULL : tally_find(session->counters, session->worker->index);
        record.partner = text_of(session->hop->partner);
        record.partner_counts = tally == NULL ? NULL : &tally->counts;
    }
    if (session->channel != NULL)
        record.tls = text_of(tls_channel_protocol(session->channel));
    if (event == AUDIT_SESSION_CLOSED) {
        record.has_duration = true;
        record.duration_ms = (int64_t)(worker_now(session->worker) - session->started_ms);
    }
    audit_write(session->worker->audit, &record);
}
