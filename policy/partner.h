/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_PARTNER_H
#define FEDGATE_POLICY_PARTNER_H

/* One federation partner, as its file says, defaults filled in. Immutable once loaded. */

#include "policy/text.h"
#include "policy/trust_anchor.h"
#include "policy/written_keys.h"

/* Which names let a peer speak for a domain D of the partner (contract, section 3). */
enum identity_rule {
    IDENTITY_DOMAIN,     /* D itself (RFC 5922) */
    IDENTITY_NAMES,      /* one of the listed host names */
    IDENTITY_SRV_TARGET, /* the target of D's SRV record, inside D (the Lync rule) */
    IDENTITY_SECURE_SRV, /* D, or the target of D's DNSSEC-secure SRV record */
    IDENTITY_DANE        /* the secure TLSA record of the target */
};

enum locate_rule { LOCATE_SRV, LOCATE_FIXED };
enum revocation_rule { REVOCATION_OFF, REVOCATION_IF_AVAILABLE, REVOCATION_REQUIRED };
struct crl_store; /* crl_store.h */

/* What a partner's file, or `internal`, says of revocation. */
struct revocation_terms {
    const char *owner;             /* borrowed; whose they are: the partner's name; NULL: our own */
    enum revocation_rule rule;     /* `revocation`: what CRLs must tell */
    const struct crl_store *store; /* borrowed; CRLs from files; NULL: no file is listed */
    enum revocation_rule ocsp;     /* `ocsp`: what OCSP must tell */
    char *const *source;           /* borrowed; `crls` as listed: files, URLs, "from-certificate" */
    size_t source_count;
};

#define PARTNER_DIRECTION_INBOUND 0x1u
#define PARTNER_DIRECTION_OUTBOUND 0x2u

#define PARTNER_NAME_LONGEST 64u /* octets */

struct host_port {
    char *host; /* owned; lower case, without a trailing dot; IPv6 without brackets */
    uint16_t port;
};

struct partner_limits {
    uint32_t messages_per_second;
    uint32_t burst;
    uint32_t connections; /* sessions, each direction */
    size_t message_size;  /* octets, the whole message */
};

struct pin {
    uint8_t sha256[32]; /* of a SubjectPublicKeyInfo */
};

struct partner {
    uint32_t index; /* its place in the partner set */
    char *name;     /* owned: the file's stem */
    char *file;     /* owned */
    char *comment;  /* owned, or NULL */
    char **domains; /* owned; lower case, without a trailing dot */
    size_t domain_count;
    char **roots; /* owned; paths as resolved */
    size_t root_count;
    const struct trust_anchor **anchors; /* array owned, anchors owned by the partner set */
    size_t anchor_count;

    bool is_discovered; /* stands for all domains that no file names: see discovery.h */
    bool enabled;
    int64_t valid_from, valid_until; /* seconds; INT64_MIN and INT64_MAX when not given; until is excluded */
    enum identity_rule identity;
    char **identity_names; /* owned; for IDENTITY_NAMES */
    size_t identity_name_count;
    enum locate_rule locate;
    struct host_port *fixed; /* owned; for LOCATE_FIXED, in the order to try */
    size_t fixed_count;
    uint32_t direction; /* PARTNER_DIRECTION_* */
    char **methods;     /* owned; NULL: all */
    size_t method_count;
    bool client_eku_lenient;
    struct pin *pins; /* owned */
    size_t pin_count;
    char **crls; /* owned; paths as resolved, http(s) URLs, or "from-certificate" */
    size_t crl_count;
    struct crl_store *crl_store; /* owned; what was read from them. NULL: none are listed */
    enum revocation_rule revocation;
    enum revocation_rule ocsp;
    bool keep_asserted_identity;
    bool diagnostics_public;
    struct partner_limits limits;
    struct written_keys
        *written; /* owned; what its file says: see partner_difference.h. NULL: nobody read it */
};

void partner_destroy(struct partner *partner); /* NULL is fine */

/* Is the partner's term running and is it enabled? REASON_OK, REASON_PARTNER_DISABLED,
 * REASON_PARTNER_NOT_YET_VALID or REASON_PARTNER_ENDED. */
enum reason partner_state(const struct partner *partner, int64_t now);
bool partner_allows_method(const struct partner *partner, struct text method);
bool partner_lists_anchor(const struct partner *partner, const struct trust_anchor *anchor);
bool partner_owns_domain(const struct partner *partner, struct text domain);
bool identity_rule_needs_dns(enum identity_rule rule);
bool identity_rule_needs_dnssec(enum identity_rule rule); /* secure-srv, dane */
const char *identity_rule_word(enum identity_rule rule);  /* as in the partner file */

#endif
