/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_MESSAGE_JUDGEMENT_H
#define FEDGATE_POLICY_MESSAGE_JUDGEMENT_H

/* The second of the two questions: may this request cross, and why? Asked for every request, in-dialog ones,
 * ACK, BYE and CANCEL included. Pure: it may answer "I need this DNS answer", and is then asked again with
 * it. */

#include "policy/peer_judgement.h"

struct message_facts {
    enum direction direction;
    struct text method;
    struct text from_domain;    /* host of the From URI; empty when it is not a sip or sips URI */
    struct text request_domain; /* host of the Request-URI after our own Route entries were taken off */
    struct text maddr;      /* of the Request-URI: where it is to be sent whatever its host; empty: none */
    struct text route_host; /* of the Route entries that are left: the first place, host or maddr, that is not
                               inside, else the host of the one on top; empty when there is none */
    struct text
        dialog_domain; /* the partner's domain that a proven dialog belongs to; empty outside of one */
    enum direction dialog_direction; /* of a proven dialog's first request */
    bool in_dialog; /* To tag, and a Route entry of ours that proves that the dialog crossed here */
    bool names_us;  /* the Request-URI is the gateway itself and no Route is left */
};

struct message_verdict {
    enum speak_verdict verdict; /* SPEAK_NEEDS_SRV: ask for the SRV records of `domain`, then judge again */
    enum reason reason;         /* when denied */
    const struct partner *partner; /* the partner concerned, as far as it is known; NULL otherwise */
    struct text domain;            /* the partner's domain concerned: borrowed from the facts */
    const struct trust_path *path; /* inbound, allowed: what the sender is believed through */
};

/* CANCEL only has its sender judged: whether and where it leads was judged with its INVITE. */

/* The names under which the checks are logged, in their order, NULL at the end: tells what was not reached.
 */
extern const char *const message_checks_inbound[], *const message_checks_outbound[];

/* From a partner's session. `answer`: what DNS said of the From domain, NULL when it was not asked. `peer`
 * NULL: nobody is known; all but the sender is judged, and where nothing else denies, REASON_NO_CERTIFICATE
 * does. Never allowed. */
struct message_verdict message_judge_inbound(const struct policy *policy, struct peer *peer,
                                             const struct message_facts *facts,
                                             const struct srv_answer *answer, int64_t now,
                                             const struct check_log *log);
/* From a listed server's session; the sender was proven at the handshake. */
struct message_verdict message_judge_outbound(const struct policy *policy, const struct message_facts *facts,
                                              int64_t now, const struct check_log *log);

/* May a partner's request name this as a further place to go to? Also where it names none. */
bool message_place_is_inside(const struct policy *policy, struct text host);

/* Does `methods:` of a partner govern it? ACK, CANCEL, PRACK, UPDATE and BYE follow the INVITE. */
bool method_is_governed(struct text method);

#endif
