/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/crossing.h"

#include <string.h>

#include "gateway/relay/border.h"
#include "policy/domain.h"

/* RFC 5393 4.2.1: all that routing uses, and not the method. */
uint64_t crossing_loop_mark(const struct worker *worker, const struct sip_message *message,
                            const struct route *route)
{
    char cseq[4] = {(char)(message->cseq >> 24), (char)(message->cseq >> 16), (char)(message->cseq >> 8),
                    (char)message->cseq};
    struct text piece[5] = {
        route->request_uri.text, route->next.text, message->call_id, message->from.tag, {cseq, sizeof(cseq)}};
    return keyed_hash_pieces(&worker->snapshot->loop_key, piece, 5);
}

static bool is_own_via(const struct worker *worker, const struct sip_via *via, uint64_t mark)
{
    const struct settings *settings = worker->snapshot->settings;
    uint64_t earlier;

    return branch_read_loop_mark(via->branch, &earlier) && earlier == mark &&
           (domain_equal(via->sent_by.host, text_of(settings->internal.host)) ||
            domain_equal(via->sent_by.host, text_of(settings->external.host)));
}

bool crossing_is_loop(const struct worker *worker, const struct sip_message *message, uint64_t mark)
{
    struct sip_values values = sip_values_below_top_via(message);
    struct sip_value value;
    struct sip_via via;

    if (is_own_via(worker, &message->via, mark))
        return true;
    while (sip_values_next(&values, &value) == SIP_NEXT_ITEM) {
        if (sip_via_read(value.text, &via) && is_own_via(worker, &via, mark))
            return true;
    }
    return false;
}

static void add_host(struct lines *lines, const struct worker *worker, enum peer_side side)
{
    lines_add(lines, (struct text){worker->own_name[side].text, worker->own_name[side].length});
}

static struct text via_line(struct lines *lines, const struct worker *worker, enum peer_side side,
                            const char branch[BRANCH_LENGTH])
{
    size_t begin = lines_begin(lines);

    lines_add(lines, TEXT("Via: SIP/2.0/TLS "));
    add_host(lines, worker, side);
    lines_add(lines, TEXT(";branch="));
    lines_add(lines, (struct text){branch, BRANCH_LENGTH});
    lines_add(lines, TEXT("\r\n"));
    return lines_end(lines, begin);
}

static struct text record_route_line(struct lines *lines, const struct worker *worker, enum peer_side side,
                                     bool sips, struct text mark)
{
    size_t begin = lines_begin(lines);

    lines_add(lines, sips ? TEXT("Record-Route: <sips:") : TEXT("Record-Route: <sip:"));
    add_host(lines, worker, side);
    lines_add(lines,
              sips ? TEXT(";lr;" DIALOG_PARAMETER "=") : TEXT(";transport=tls;lr;" DIALOG_PARAMETER "="));
    lines_add(lines, mark);
    lines_add(lines, TEXT(">\r\n"));
    return lines_end(lines, begin);
}

/* RFC 3261 16.6, step 4; the side that the message leaves by comes on top. */
static void record_route(struct sip_edit *edit, struct lines *lines, const struct crossing *crossing,
                         enum peer_side in, enum peer_side out)
{
    const struct route *route = crossing->route;
    char mark[DIALOG_MARK_LONGEST];
    enum direction first = route->has_mark ? route->mark.direction : crossing->direction;
    bool sips = route->request_uri.kind == SIP_URI_SIPS || route->next.kind == SIP_URI_SIPS;

    size_t length = dialog_mark_write(&crossing->worker->snapshot->dialog_key[0], first, crossing->domain,
                                      crossing->message->call_id, mark, sizeof(mark));
    if (length == 0) {
        lines->out.failed = true;
        return;
    }
    struct text value = {mark, length};
    sip_edit_prepend(edit, SIP_HEADER_RECORD_ROUTE,
                     record_route_line(lines, crossing->worker, in, sips, value));
    sip_edit_prepend(edit, SIP_HEADER_RECORD_ROUTE,
                     record_route_line(lines, crossing->worker, out, sips, value));
}

/* RFC 3261 16.6, step 3, and RFC 5393 5.3.3. */
static void count_down(struct sip_edit *edit, struct lines *lines, const struct sip_message *message)
{
    size_t begin = lines_begin(lines);

    lines_add(lines, TEXT("Max-Forwards: "));
    lines_add_number(lines, message->has_max_forwards ? message->max_forwards - 1 : MAX_FORWARDS_DEFAULT);
    lines_add(lines, TEXT("\r\n"));
    struct text line = lines_end(lines, begin);
    if (message->has_max_forwards)
        sip_edit_replace(edit, sip_message_first(message, SIP_HEADER_MAX_FORWARDS), line);
    else
        sip_edit_append(edit, line);

    if (!message->has_max_breadth)
        sip_edit_append(edit, TEXT("Max-Breadth: 60\r\n"));
    else if (message->max_breadth > MAX_BREADTH_DEFAULT)
        sip_edit_replace(edit, sip_message_first(message, SIP_HEADER_MAX_BREADTH),
                         TEXT("Max-Breadth: 60\r\n"));
}

/* RFC 3261 18.2.1, RFC 3581 4: where the request really came from. */
static void note_source(struct sip_edit *edit, struct lines *lines, const struct crossing *crossing)
{
    const struct sip_via *via = &crossing->message->via;
    struct text host = address_host_printed(stream_peer_text(crossing->from->stream));

    if (via->rport_name.length > 0 && via->rport.length == 0) {
        size_t begin = lines_begin(lines);
        lines_add(lines, TEXT("="));
        lines_add_number(lines, address_port(stream_peer(crossing->from->stream)));
        sip_edit_extend(edit, via->rport_name, lines_end(lines, begin));
    }
    if (via->received.length > 0 || text_equal_ignoring_case(via->sent_by.host, host))
        return;
    size_t begin = lines_begin(lines);
    lines_add(lines, TEXT(";received="));
    lines_add(lines, host);
    sip_edit_extend(edit, via->text, lines_end(lines, begin));
}

static void plan(struct sip_edit *edit, struct lines *lines, const struct crossing *crossing,
                 const char branch[BRANCH_LENGTH])
{
    const struct sip_message *message = crossing->message;
    bool inbound = crossing->direction == DIRECTION_INBOUND;
    enum peer_side in = inbound ? PEER_EXTERNAL : PEER_INTERNAL;
    enum peer_side out = inbound ? PEER_INTERNAL : PEER_EXTERNAL;

    route_edit(message, crossing->route, edit);
    count_down(edit, lines, message);
    note_source(edit, lines, crossing);
    if (message->method_kind != SIP_METHOD_ACK)
        record_route(edit, lines, crossing, in, out);
    if (inbound)
        border_inward(edit, lines, crossing->worker, message, crossing->from->peer, crossing->partner);
    else
        border_outward(edit, message);
    sip_edit_prepend(edit, SIP_HEADER_VIA, via_line(lines, crossing->worker, out, branch));
}

static const char *find_branch(const char *at, size_t length, const char branch[BRANCH_LENGTH])
{
    for (const char *end = at + length; (at = memchr(at, 'z', (size_t)(end - at))) != NULL; at++) {
        if ((size_t)(end - at) < BRANCH_LENGTH)
            return NULL;
        if (memcmp(at, branch, BRANCH_LENGTH) == 0)
            return at;
    }
    return NULL;
}

bool crossing_compose(const struct crossing *crossing, struct transaction *transaction, uint64_t loop_mark)
{
    struct sip_edit *edit = crossing->worker->edit;
    struct lines lines;
    char branch[BRANCH_LENGTH];

    transaction_write_branch(transaction, loop_mark, branch);
    lines_init(&lines, crossing->worker->lines, LINES_BUFFER);
    sip_edit_init(edit, crossing->message);
    plan(edit, &lines, crossing, branch);
    size_t length = lines.out.failed ? 0 : sip_edit_length(edit);
    if (length == 0)
        return false;
    char *request = buffer_take(&crossing->worker->buffers, length);
    if (request == NULL)
        return false;
    if (sip_edit_write(edit, request, length) != length) {
        buffer_give(&crossing->worker->buffers, request, length);
        return false;
    }
    const char *at = find_branch(request, length, branch);
    if (at == NULL) {
        buffer_give(&crossing->worker->buffers, request, length);
        return false;
    }
    transaction->request = request; /* what stood there is the caller's: the message may be a view into it */
    transaction->request_length = length;
    transaction->header_length = length - crossing->message->body.length;
    transaction->branch_at = (size_t)(at - request);
    return true;
}
