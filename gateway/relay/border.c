/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/relay/border.h"

#include "gateway/relay/records.h"

static bool is_sip(const struct sip_uri *uri)
{
    return uri->kind == SIP_URI_SIP || uri->kind == SIP_URI_SIPS;
}

/* Kept only when the partner's file says so, the name lies in its own domains, and this peer may speak for
 * it. */
static bool may_assert(const struct worker *worker, struct peer *sender, const struct partner *partner,
                       struct text value)
{
    struct sip_address address;
    const struct srv_record_set *records = NULL;

    if (!sip_address_read(value, &address) || !is_sip(&address.uri) ||
        !partner_owns_domain(partner, address.uri.host))
        return false;
    if (identity_rule_needs_dns(partner->identity) &&
        !records_peek(worker, partner, address.uri.host, &records))
        return false;
    struct speak_result speak =
        peer_may_speak_for(sender, partner, address.uri.host, records == NULL ? NULL : &records->answer,
                           worker_wall_clock(), NULL);
    return speak.verdict == SPEAK_ALLOWED;
}

/* One P-Asserted-Identity line: whole, in part, or not at all. */
static void filter_line(struct sip_edit *edit, struct lines *lines, const struct worker *worker,
                        const struct sip_header *header, size_t index, struct peer *sender,
                        const struct partner *partner)
{
    struct text rest = header->value, value;
    size_t begin = lines_begin(lines), kept = 0, seen = 0;
    enum sip_next next;

    lines_add(lines, TEXT("P-Asserted-Identity: "));
    while ((next = sip_list_next(&rest, &value)) == SIP_NEXT_ITEM) {
        seen++;
        if (!may_assert(worker, sender, partner, value))
            continue;
        if (kept++ > 0)
            lines_add(lines, TEXT(", "));
        lines_add(lines, value);
    }
    lines_add(lines, TEXT("\r\n"));
    struct text line = lines_end(lines, begin);
    if (next == SIP_NEXT_MALFORMED || kept == 0)
        sip_edit_remove(edit, index);
    else if (kept < seen)
        sip_edit_replace(edit, index, line);
}

static void filter_asserted(struct sip_edit *edit, struct lines *lines, const struct worker *worker,
                            const struct sip_message *message, struct peer *sender,
                            const struct partner *partner)
{
    if (partner == NULL || !partner->keep_asserted_identity) {
        sip_edit_remove_all(edit, SIP_HEADER_P_ASSERTED_IDENTITY);
        return;
    }
    for (size_t i = sip_message_first(message, SIP_HEADER_P_ASSERTED_IDENTITY); i != SIP_NO_HEADER;
         i = sip_message_next(message, i))
        filter_line(edit, lines, worker, &message->header[i], i, sender, partner);
}

static void stamp_trust(struct sip_edit *edit, struct lines *lines, const struct worker *worker,
                        const struct partner *partner)
{
    bool direct = partner != NULL && partner->locate == LOCATE_FIXED;
    size_t begin = lines_begin(lines);

    lines_add(lines, TEXT("ms-edge-proxy-message-trust: ms-source-type="));
    lines_add(lines, direct ? TEXT("DirectPartner") : TEXT("AutoFederation"));
    lines_add(lines, TEXT(";ms-ep-fqdn="));
    lines_add(lines, text_of(worker->snapshot->settings->internal.host));
    lines_add(lines, TEXT(";ms-source-verified-user=verified;ms-source-network=federation\r\n"));
    sip_edit_append(edit, lines_end(lines, begin));
}

void border_inward(struct sip_edit *edit, struct lines *lines, const struct worker *worker,
                   const struct sip_message *message, struct peer *sender, const struct partner *partner)
{
    filter_asserted(edit, lines, worker, message, sender, partner);
    sip_edit_remove_all(edit, SIP_HEADER_P_PREFERRED_IDENTITY);
    sip_edit_remove_all(edit, SIP_HEADER_MS_EDGE_PROXY_MESSAGE_TRUST);
    stamp_trust(edit, lines, worker, partner);
}

static bool asks_for_privacy(const struct sip_message *message)
{
    for (size_t i = sip_message_first(message, SIP_HEADER_PRIVACY); i != SIP_NO_HEADER;
         i = sip_message_next(message, i)) {
        struct text rest = message->header[i].value;
        while (rest.length > 0) {
            const char *end = text_find(rest, ';');
            struct text value = end == NULL ? rest : text_from(rest.at, end);
            if (text_equal_ignoring_case(text_trim(value), TEXT("id")))
                return true;
            rest = end == NULL ? TEXT_NONE : text_skip(rest, value.length + 1);
        }
    }
    return false;
}

void border_outward(struct sip_edit *edit, const struct sip_message *message)
{
    sip_edit_remove_all(
        edit, SIP_HEADER_MS_EDGE_PROXY_MESSAGE_TRUST); /* between us and our servers; it names us inside */
    if (message->of_kind[SIP_HEADER_P_ASSERTED_IDENTITY].count > 0 && asks_for_privacy(message))
        sip_edit_remove_all(edit, SIP_HEADER_P_ASSERTED_IDENTITY);
}
