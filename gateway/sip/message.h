/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_MESSAGE_H
#define FEDGATE_SIP_MESSAGE_H

/* One message, read in place: all texts are views into the octets, which must stay where they are. Strict in
 * what a proxy uses, blind to the rest, which passes unchanged (RFC 3261 16.3). */

#include "gateway/sip/address.h"
#include "gateway/sip/header.h"
#include "gateway/sip/via.h"
#include "policy/reason.h"

/* Compared with case and without unescaping (RFC 3261 7.1). */
#define SIP_METHODS(X)                                                                                       \
    X(INVITE)                                                                                                \
    X(ACK)                                                                                                   \
    X(BYE)                                                                                                   \
    X(CANCEL)                                                                                                \
    X(OPTIONS)                                                                                               \
    X(REGISTER) X(MESSAGE) X(SUBSCRIBE) X(NOTIFY) X(REFER) X(PRACK) X(UPDATE) X(INFO) X(PUBLISH) X(NEGOTIATE)

enum sip_method {
    SIP_METHOD_OTHER,
#define X(name) SIP_METHOD_##name,
    SIP_METHODS(X)
#undef X
};

#define SIP_NO_HEADER SIZE_MAX

struct sip_message {
    struct text octets;     /* header and body */
    size_t header_length;   /* start line to empty line */
    struct text start_line; /* with its CR LF */
    struct text version;    /* "SIP/2.0" as written, in any case */
    struct text body;

    bool is_request;
    struct text method; /* of the request; in a response, of CSeq */
    enum sip_method method_kind;
    struct text request_uri_text; /* requests */
    struct sip_uri request_uri;
    int status; /* responses: 100 to 699 */
    struct text phrase;

    struct sip_header *header; /* borrowed: the caller's storage */
    size_t header_count;
    struct {
        uint32_t first, count; /* first: index into header, valid when count > 0 */
    } of_kind[SIP_HEADER_KINDS];

    struct sip_via via;   /* the top one */
    struct text via_rest; /* behind it, in the same field; empty: it is alone there */
    struct sip_address from, to;
    struct text call_id;
    uint32_t cseq; /* at most 2^31 - 1 */
    struct text cseq_method;
    uint32_t max_forwards; /* at most 255 */
    uint32_t max_breadth;
    bool has_via, has_from, has_to, has_cseq; /* present and readable */
    bool has_max_forwards, has_max_breadth;
};

/* Reads the message that `octets` is: header_length as the framer gave it, the rest is the body. `header`:
 * storage for header_capacity header fields (limits.header_count), to live as long as the message.
 *
 * REASON_OK; REASON_MALFORMED_MESSAGE: a mandatory header is missing or unreadable (Via, From, To, Call-ID,
 * CSeq, Content-Length; in requests each Route, too), one that may stand once stands twice, CSeq is of
 * another method, the Request-URI has blanks, brackets or headers, a header line has no name, Content-Length
 * is not the body's length; REASON_UNSUPPORTED_VERSION; REASON_UNSUPPORTED_URI_SCHEME: the Request-URI is
 * neither sip nor sips; REASON_MESSAGE_TOO_LARGE: more header fields than header_capacity.
 *
 * `what`: a literal that says it in words; NULL when OK. On failure all that could be read is filled in, for
 * sip_reply_write. After the framer's FAILED pass the octets up to header_length alone, and keep the framer's
 * reason. */
enum reason sip_message_read(struct sip_message *message, struct text octets, size_t header_length,
                             struct sip_header *header, size_t header_capacity, const char **what);

/* The same for a message whose lines were found already; NULL: they were not. */
enum reason sip_message_read_lines(struct sip_message *message, struct text octets, size_t header_length,
                                   const struct sip_line_ends *ends, struct sip_header *header,
                                   size_t header_capacity, const char **what);

enum sip_method sip_method_of(struct text method);

/* The header fields of a kind, in order: an index into message->header, or SIP_NO_HEADER. */
size_t sip_message_first(const struct sip_message *message, enum sip_header_kind kind);
size_t sip_message_next(const struct sip_message *message, size_t index);

/* The values of all header fields of a kind that is a list, over all lines. */
struct sip_values {
    const struct sip_message *message;
    size_t index;     /* of the header field that is being read */
    struct text rest; /* of it */
    bool is_first;
};
struct sip_value {
    struct text text;       /* the value, without blanks at its ends */
    size_t header_index;    /* the field that it stands in */
    bool is_first, is_last; /* in that field; both: it is alone */
};
struct sip_values sip_values_of(const struct sip_message *message, enum sip_header_kind kind);
struct sip_values sip_values_below_top_via(const struct sip_message *message); /* has_via */
enum sip_next sip_values_next(struct sip_values *values, struct sip_value *value);

#endif
