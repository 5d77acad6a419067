/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_REASON_H
#define FEDGATE_POLICY_REASON_H

/* The one list of reasons: token for logs and commands, SIP status towards each side, and sentence.
 * Nothing else in fedgate maps a refusal to a status or to words. */

/* X(NAME, token, status inbound, status outbound, sentence)
 * inbound: the answer to a partner's request; outbound: the answer to our own server's request.
 * 0: no answer is sent for this reason (a session's end, or a message that is dropped). */
#define REASONS(X)                                                                                           \
    X(OK, "ok", 200, 200, "all checks passed")                                                               \
    X(RELAYED, "relayed", 0, 0, "the other side's final answer was passed on")                               \
    X(NO_CERTIFICATE, "no-certificate", 403, 504, "the peer presented no certificate")                       \
    X(MALFORMED_CERTIFICATE, "malformed-certificate", 403, 504, "a presented certificate cannot be read")    \
    X(UNTRUSTED_CHAIN, "untrusted-chain", 403, 504, "the presented chain leads to no trust anchor")          \
    X(ANCHOR_OF_OTHER_PARTNER, "anchor-of-other-partner", 403, 504,                                          \
      "the chain leads to the anchor of a partner that does not own the name in the certificate")            \
    X(CERTIFICATE_EXPIRED, "certificate-expired", 403, 504, "a certificate of the path has expired")         \
    X(CERTIFICATE_NOT_YET_VALID, "certificate-not-yet-valid", 403, 504,                                      \
      "a certificate of the path is not valid yet")                                                          \
    X(CERTIFICATE_REVOKED, "certificate-revoked", 403, 504, "a certificate of the path is revoked")          \
    X(REVOCATION_UNKNOWN, "revocation-unknown", 403, 504,                                                    \
      "revocation is required and its state cannot be established")                                          \
    X(WRONG_KEY_USAGE, "wrong-key-usage", 403, 504, "a certificate of the path may not be used this way")    \
    X(WEAK_CERTIFICATE, "weak-certificate", 403, 504, "a key or signature of the path is too weak")          \
    X(NAME_CONSTRAINT_VIOLATED, "name-constraint-violated", 403, 504,                                        \
      "a name in the certificate lies outside the name constraints of its path")                             \
    X(PIN_MISMATCH, "pin-mismatch", 403, 504, "no key of the accepted path is pinned")                       \
    X(IDENTITY_MISMATCH, "identity-mismatch", 403, 504,                                                      \
      "no name in the certificate lets the peer speak for the domain")                                       \
    X(SERVER_NOT_LISTED, "server-not-listed", 403, 504,                                                      \
      "the certificate names none of the listed internal servers")                                           \
    X(PARTNER_DISABLED, "partner-disabled", 403, 403, "the partner is disabled")                             \
    X(PARTNER_NOT_YET_VALID, "partner-not-yet-valid", 403, 403, "the partnership has not begun yet")         \
    X(PARTNER_ENDED, "partner-ended", 403, 403, "the partnership has ended")                                 \
    X(UNKNOWN_DOMAIN, "unknown-domain", 403, 404, "no partner owns the domain")                              \
    X(DOMAIN_BLOCKED, "domain-blocked", 403, 403, "the domain is blocked")                                   \
    X(FROM_DOMAIN_NOT_AUTHORIZED, "from-domain-not-authorized", 403, 403,                                    \
      "the sender may not speak for the domain in From")                                                     \
    X(NOT_OUR_DOMAIN, "not-our-domain", 403, 404, "the request does not lead to one of our domains")         \
    X(DIRECTION_NOT_ALLOWED, "direction-not-allowed", 403, 403,                                              \
      "the partner's file does not allow requests in this direction")                                        \
    X(METHOD_NOT_ALLOWED, "method-not-allowed", 403, 403, "the partner's file does not allow the method")    \
    X(METHOD_NOT_SUPPORTED, "method-not-supported", 501, 501,                                                \
      "the gateway does not serve this method itself")                                                       \
    X(RATE_LIMITED, "rate-limited", 503, 503, "the partner sends more messages than its limit")              \
    X(CONNECTION_LIMIT, "connection-limit", 503, 503, "too many sessions")                                   \
    X(TOO_MANY_HOPS, "too-many-hops", 483, 483, "Max-Forwards has reached 0")                                \
    X(LOOP_DETECTED, "loop-detected", 482, 482, "the request has been here before")                          \
    X(MALFORMED_MESSAGE, "malformed-message", 400, 400, "the message breaks the grammar of SIP")             \
    X(UNSUPPORTED_VERSION, "unsupported-version", 505, 505, "the message is not SIP/2.0")                    \
    X(UNSUPPORTED_URI_SCHEME, "unsupported-uri-scheme", 416, 416, "the Request-URI is neither sip nor sips") \
    X(UNSUPPORTED_EXTENSION, "unsupported-extension", 420, 420,                                              \
      "Proxy-Require asks for an extension that is not supported")                                           \
    X(MAX_BREADTH_EXCEEDED, "max-breadth-exceeded", 440, 440, "Max-Breadth leaves no branch")                \
    X(MESSAGE_TOO_LARGE, "message-too-large", 513, 513, "the message is larger than allowed")                \
    X(FRAMING_LOST, "framing-lost", 400, 400, "the end of the message cannot be known")                      \
    X(SRV_NOT_FOUND, "srv-not-found", 403, 504, "the domain has no federation SRV record")                   \
    X(ADDRESS_REFUSED, "address-refused", 403, 504,                                                          \
      "the name leads to a loopback, link-local, multicast or own address")                                  \
    X(SRV_TARGET_OUTSIDE_DOMAIN, "srv-target-outside-domain", 403, 504,                                      \
      "the SRV target does not lie in the SIP domain")                                                       \
    X(SRV_NOT_SECURE, "srv-not-secure", 403, 504, "the SRV answer is not DNSSEC-secure")                     \
    X(ADDRESS_NOT_FOUND, "address-not-found", 403, 504, "the server's name has no address")                  \
    X(DNS_FAILED, "dns-failed", 504, 504, "the DNS could not be asked")                                      \
    X(DNS_BOGUS, "dns-bogus", 403, 504, "the DNS answer fails DNSSEC validation")                            \
    X(TLSA_MISMATCH, "tlsa-mismatch", 403, 504, "no TLSA record matches the certificate")                    \
    X(CONNECT_FAILED, "connect-failed", 504, 504, "no connection could be made")                             \
    X(TLS_FAILED, "tls-failed", 504, 504, "the TLS handshake failed")                                        \
    X(HANDSHAKE_TIMEOUT, "handshake-timeout", 504, 504, "the TLS handshake took too long")                   \
    X(IDLE_TIMEOUT, "idle-timeout", 0, 0, "nothing crossed the session for too long")                        \
    X(TIMED_OUT, "timed-out", 408, 408, "no final answer came in time")                                      \
    X(CANCELLED, "cancelled", 487, 487, "the caller gave up before the request was answered")                \
    X(NO_TRANSACTION, "no-transaction", 481, 481, "the message belongs to no transaction")                   \
    X(OVERLOADED, "overloaded", 503, 503, "the gateway has reached a bound of its own")                      \
    X(SHUTTING_DOWN, "shutting-down", 503, 503, "the gateway is shutting down")                              \
    X(PEER_CLOSED, "peer-closed", 0, 0, "the peer closed the session")                                       \
    X(CLOSED, "closed", 0, 0, "the gateway closed the session in good order")                                \
    X(CONFIGURATION_ERROR, "configuration-error", 0, 0, "the configuration has errors")

enum reason {
#define X(name, token, inbound, outbound, sentence) REASON_##name,
    REASONS(X)
#undef X
        REASON_COUNT
};

/* Who asked: a partner (inbound) or one of our own servers (outbound). */
enum direction { DIRECTION_INBOUND, DIRECTION_OUTBOUND };

const char *reason_token(enum reason reason);
const char *reason_sentence(enum reason reason);
int reason_status(enum reason reason, enum direction direction);
const char *direction_word(enum direction direction); /* "inbound", "outbound" */

/* The standard phrase of a SIP status that fedgate may send; "Refused" for one that it does not know. */
const char *status_phrase(int status);

#endif
