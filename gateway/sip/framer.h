/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SIP_FRAMER_H
#define FEDGATE_SIP_FRAMER_H

/* Cuts a stream of octets into SIP messages (RFC 3261 7.5, 18.3). Incremental: each octet is looked at once,
 * however the stream is sliced. Framing is where requests are smuggled, so there is one way to frame a
 * message:
 *
 * - There is exactly one Content-Length, found by its whole name or `l`, in any case; blanks before the colon
 * and folds behind it are allowed. None, two, even equal ones, or anything but digits: framing is lost.
 * - Lines end in CR LF. A bare CR or LF, a NUL that is no quoted-pair (RFC 3261 25.1), a start line that is
 *   continued, a continuation line of blanks alone or one that reads as Content-Length: framing is lost.
 *
 * What is wrong inside of a well-framed message is sip_message_read's to say; both cut lines by the same
 * code. */

#include "gateway/sip/header.h"
#include "policy/reason.h"
#include "policy/text.h"

enum sip_frame {
    SIP_FRAME_NEED_MORE,  /* nothing to do before more octets came */
    SIP_FRAME_MESSAGE,    /* a whole message, body included, begins at available.at */
    SIP_FRAME_KEEP_ALIVE, /* CR and LF between messages */
    SIP_FRAME_SKIPPED,    /* octets of a message that is too large and that sip_framer_skip passes over */
    SIP_FRAME_FAILED      /* see reason; the framer gives this answer until sip_framer_skip */
};

struct sip_frame_result {
    /* MESSAGE, KEEP_ALIVE, SKIPPED: octets to drop from `available` before the next call. */
    size_t consumed;
    /* MESSAGE, FAILED: start line to empty line, both included; 0: the header's end was not seen. */
    size_t header_length;
    size_t body_length; /* MESSAGE; FAILED with length_known */
    /* MESSAGE: framer->line_ends, where they are all known; NULL otherwise. Good until the next call. */
    const struct sip_line_ends *line_ends;
    bool length_known;  /* FAILED: header and body length could be read (message-too-large only) */
    size_t wanted;      /* NEED_MORE: octets `available` must hold in all; 0: not known yet */
    unsigned pings;     /* KEEP_ALIVE: double CRLFs completed; each asks for a CRLF (RFC 5626 4.4.1) */
    enum reason reason; /* FAILED: REASON_FRAMING_LOST, REASON_MESSAGE_TOO_LARGE */
    const char *what;   /* FAILED: a literal that says what is wrong */
};

/* The storage is the caller's. Fields are the framer's own but for keep_alive_octets and line_ends. */
struct sip_framer {
    size_t header_size, message_size; /* bounds, octets: limits.header_size, limits.message_size */
    size_t line;                      /* where the header line that is being looked at begins */
    bool is_folded;                   /* it is continued */
    size_t scanned;                   /* octets that were looked at */
    size_t header_length, body_length;
    size_t skip; /* octets still to be passed over */
    /* CR and LF since the last message, at most KEEP_ALIVE_OCTETS_MOST. The owner of an idle session may set
     * it to 0 once in a while: the bound is meant for floods. */
    size_t keep_alive_octets;
    unsigned crlf_position;          /* 0 to 3: how much of CR LF CR LF has come */
    unsigned content_lengths;        /* seen in this header: 0, 1, 2 for more */
    const char *broken;              /* what is wrong with Content-Length; the header is read to its end */
    struct sip_frame_result failure; /* given again once failed */
    bool failed;
    /* May be set after sip_framer_init, and shared by any framers: filled while a header is read in one go.
     * NULL, or too small: whoever reads looks for the lines himself. */
    struct sip_line_ends *line_ends;
};

void sip_framer_init(struct sip_framer *framer, size_t header_size, size_t message_size);

/* `available`: all octets received and not dropped yet. Between calls it may move and grow, but not change.
 * Call again until NEED_MORE. FAILED with a header_length: the octets up to there may be given to
 * sip_message_read, so that an answer can be made. */
enum sip_frame sip_framer_next(struct sip_framer *framer, struct text available,
                               struct sip_frame_result *result);

/* After FAILED with length_known: go on behind the message (header and body, from available.at, are passed
 * over as SKIPPED). Whether its length is worth it is the caller's to judge. */
void sip_framer_skip(struct sip_framer *framer);

#endif
