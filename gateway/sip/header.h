/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_HEADER_H
#define FEDGATE_SIP_HEADER_H

/* Header fields: which ones fedgate knows, and how one is cut out of a message. A name is recognised by
 * comparing all of it, ignoring ASCII case, or by its compact form (RFC 3261 7.3.3). */

#include "policy/text.h"

/* X(NAME, name, compact form or 0, may it stand only once). Names of up to 31 octets. */
#define SIP_HEADERS(X)                                                                                       \
    X(VIA, "Via", 'v', false)                                                                                \
    X(FROM, "From", 'f', true)                                                                               \
    X(TO, "To", 't', true)                                                                                   \
    X(CSEQ, "CSeq", 0, true)                                                                                 \
    X(CALL_ID, "Call-ID", 'i', true)                                                                         \
    X(MAX_FORWARDS, "Max-Forwards", 0, true)                                                                 \
    X(CONTENT_LENGTH, "Content-Length", 'l', true)                                                           \
    X(CONTENT_TYPE, "Content-Type", 'c', true)                                                               \
    X(CONTACT, "Contact", 'm', false)                                                                        \
    X(ROUTE, "Route", 0, false)                                                                              \
    X(RECORD_ROUTE, "Record-Route", 0, false)                                                                \
    X(MAX_BREADTH, "Max-Breadth", 0, true)                                                                   \
    X(PROXY_REQUIRE, "Proxy-Require", 0, false)                                                              \
    X(REQUIRE, "Require", 0, false)                                                                          \
    X(SUPPORTED, "Supported", 'k', false)                                                                    \
    X(UNSUPPORTED, "Unsupported", 0, false)                                                                  \
    X(PRIVACY, "Privacy", 0, false)                                                                          \
    X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0, false)                                                  \
    X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0, false)                                                \
    X(MS_EDGE_PROXY_MESSAGE_TRUST, "ms-edge-proxy-message-trust", 0, false)                                  \
    X(MS_DIAGNOSTICS, "ms-diagnostics", 0, false)                                                            \
    X(REFERRED_BY, "Referred-By", 'b', false)                                                                \
    X(REFER_TO, "Refer-To", 'r', false)                                                                      \
    X(DIVERSION, "Diversion", 0, false)                                                                      \
    X(HISTORY_INFO, "History-Info", 0, false)                                                                \
    X(IDENTITY, "Identity", 'y', false)                                                                      \
    X(REASON, "Reason", 0, false)                                                                            \
    X(RETRY_AFTER, "Retry-After", 0, false)                                                                  \
    X(USER_AGENT, "User-Agent", 0, false)

enum sip_header_kind {
    SIP_HEADER_OTHER,
#define X(name, text, compact, single) SIP_HEADER_##name,
    SIP_HEADERS(X)
#undef X
        SIP_HEADER_KINDS
};

/* One header field of a message; all texts are views into the message. */
struct sip_header {
    enum sip_header_kind kind;
    struct text name;  /* as it was written */
    struct text value; /* without blanks and folds at both ends; folds inside remain */
    struct text line;  /* the whole field with its folds and its final CR LF */
};

enum sip_header_kind sip_header_kind_of(struct text name);
const char *sip_header_name(enum sip_header_kind kind); /* "Via"; "" for SIP_HEADER_OTHER */
bool sip_header_is_single(enum sip_header_kind kind);

/* Cuts a line (without looking at the value) into a header. False: no colon, or the name is no token. */
bool sip_header_read(struct text line, struct sip_header *header);

/* How many header lines the text is, each with its folds and its CR LF; 0 when it is anything else. What
 * fedgate writes itself is held against it, so that no text from outside can add a line. */
size_t sip_header_lines(struct text lines);
bool sip_header_is_line(struct text line); /* exactly one of them */

/* How far a line goes: the one code that finds line ends, for the framer and for sip_message_read. */
enum sip_line {
    SIP_LINE_COMPLETE,  /* *end is behind its last CR LF */
    SIP_LINE_EMPTY,     /* the empty line that ends the header; *end is behind it */
    SIP_LINE_NEED_MORE, /* *scanned tells where to go on */
    SIP_LINE_BROKEN /* bare CR or LF, NUL that is not a quoted-pair, or a continuation line of blanks alone */
};
/* `from`: where the line begins. `scanned`: in and out, from <= scanned, octets that were looked at already;
 * set it to `from` at first. `is_folded` becomes true where the line goes on after a CR LF; set it to false
 * at first. */
enum sip_line sip_line_find(struct text octets, size_t from, size_t *scanned, size_t *end, bool *is_folded);

/* Where the lines of a header end, the start line first, the empty line left out: so that who cut the message
 * from the stream and who reads it need not look for them twice. */
struct sip_line_ends {
    size_t *end; /* the owner's storage */
    size_t most, count;
};

#endif
