/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_CERTIFICATE_H
#define FEDGATE_POLICY_CERTIFICATE_H

/* The facts of one X.509 certificate, read strictly from DER (RFC 5280 section 4). The only reader of X.509
 * in fedgate. Every text below is a view into the certificate's own copy of its DER. */

#include "policy/reason.h"
#include "policy/signature.h"

enum certificate_name_kind {
    CERTIFICATE_NAME_DNS,       /* SAN dNSName; value is the name */
    CERTIFICATE_NAME_SIP,       /* SAN URI "sip:host" without user part; value is the host (RFC 5922 7.1) */
    CERTIFICATE_NAME_OTHER_URI, /* SAN URI of another scheme, or with a user part: no identity; value is the
                                   URI */
    CERTIFICATE_NAME_OTHER,     /* SAN of another kind: no identity; value is its content octets */
    CERTIFICATE_NAME_COMMON /* the last CN of the subject; an identity only where there is no SAN at all */
};

struct certificate_name {
    enum certificate_name_kind kind;
    struct text value; /* may hold any octet, NUL included: compare by length */
};

/* Extended key usages as bits; CERTIFICATE_EKU_OTHER stands for any that has no bit of its own. */
#define CERTIFICATE_EKU_ANY 0x01u
#define CERTIFICATE_EKU_SERVER 0x02u
#define CERTIFICATE_EKU_CLIENT 0x04u
#define CERTIFICATE_EKU_SIP_DOMAIN 0x08u /* id-kp-sipDomain (RFC 5924) */
#define CERTIFICATE_EKU_OCSP 0x10u
#define CERTIFICATE_EKU_OTHER 0x20u

/* Key usages, bit n of RFC 5280 4.2.1.3 is 1 << n. */
#define CERTIFICATE_KU_DIGITAL_SIGNATURE 0x001u
#define CERTIFICATE_KU_KEY_CERT_SIGN 0x020u
#define CERTIFICATE_KU_CRL_SIGN 0x040u

#define CERTIFICATE_LARGEST 65535u /* octets of DER */
#define CERTIFICATE_NAMES_MOST 1024u

struct certificate {
    struct text der;                      /* owned: the whole certificate */
    struct text to_be_signed;             /* TBSCertificate with its header */
    struct text signature;                /* the bits of signatureValue */
    struct text signature_algorithm;      /* AlgorithmIdentifier with its header */
    struct signature_algorithm algorithm; /* the same, read; an anchor's is of no concern */
    struct text issuer, subject;          /* Name with its header */
    struct text serial;                   /* content octets of the INTEGER */
    struct text public_key;               /* SubjectPublicKeyInfo with its header */
    struct public_key key;                /* the same, read */
    int64_t not_before, not_after;        /* seconds since 1970, UTC; both inclusive */

    bool has_basic_constraints, basic_constraints_critical, is_ca;
    bool has_path_length;
    uint32_t path_length;
    bool has_key_usage;
    uint32_t key_usage; /* CERTIFICATE_KU_* */
    bool has_extended_key_usage;
    uint32_t extended_key_usage;                                /* CERTIFICATE_EKU_* */
    struct text authority_key_id;                               /* keyIdentifier; empty when absent */
    struct text subject_key_id;                                 /* empty when absent */
    struct text name_constraints;                               /* extension value; empty when absent */
    struct text crl_distribution_points, authority_information; /* extension values; empty when absent */
    bool has_subject_alternative_name;
    bool subject_alternative_name_critical;
    struct text subject_alternative_name; /* extension value; empty when absent */
    bool has_ocsp_no_check;               /* id-pkix-ocsp-nocheck (RFC 6960 4.2.2.2.1) */
    bool has_unknown_critical_extension;  /* the path is refused, RFC 5280 4.2 */
    /* REASON_OK, or why no path may use this certificate, not even as an anchor, although it could be read:
     * it breaks the profile of RFC 5280 section 4, or its key is weak. */
    enum reason defect;
    const char *defect_text; /* a literal: what exactly; NULL when there is none */

    struct certificate_name *names; /* owned: every SAN in order, then the CN when there is one */
    size_t name_count;
    uint8_t sha256[32];                 /* of the DER */
    uint8_t key_sha256[32];             /* of public_key: what a pin names */
    uint8_t sha512[64], key_sha512[64]; /* likewise: what a TLSA record may name, once for all records */
};

/* Copies `der`. *out is set only on success. Fails with REASON_MALFORMED_CERTIFICATE (not DER, not a version
 * 1 or 3 certificate, an extension twice, trailing octets, a bound above passed) or REASON_OVERLOADED (no
 * memory). */
enum reason certificate_read(struct text der, struct certificate **out) __attribute__((warn_unused_result));
void certificate_destroy(struct certificate *certificate); /* NULL is fine */

/* What RFC 5280 demands of every certificate of a path but the anchor, whose own issuing is of no concern: a
 * sound serial number, and the authority's key identifier unless self-issued. On refusal *why is a literal.
 */
bool certificate_is_issued_soundly(const struct certificate *certificate, const char **why);

/* Does it sign itself by name? (Not verified.) */
bool certificate_is_self_issued(const struct certificate *certificate);

/* "dns:x", "sip:x", "cn:x", "uri:x" for logs and commands; octets outside 0x21..0x7e become \xHH. Returns the
 * length that the whole text has, as snprintf. */
int certificate_name_print(const struct certificate_name *name, char *to, size_t size);
/* A Name as "C=x, O=y, CN=z" in the order of its encoding, escaped the same way, but for spaces, which stay.
 */
int certificate_subject_print(struct text name, char *to, size_t size);

/* What the peer presented, leaf first, in whatever order the rest came. */
#define PRESENTED_CHAIN_MOST 16u
struct presented_chain {
    struct certificate *certificate[PRESENTED_CHAIN_MOST]; /* owned */
    size_t count;
    enum reason defect; /* REASON_OK, REASON_NO_CERTIFICATE, REASON_MALFORMED_CERTIFICATE (the leaf cannot be
                           read); an intermediate that cannot be read, or beyond the bound, is left out */
    /* Whose key was found to have signed each certificate, so that a session is judged again without the same arithmetic:
     * what is signed, the signature and the key stay what they are. Filled in by searches, by whoever owns the chain. */
    struct chain_proof *proof; /* owned; by certificate. NULL: nothing is remembered */
};

struct presented_chain *presented_chain_read(const struct text *ders, size_t count); /* NULL: no memory */
void presented_chain_destroy(struct presented_chain *chain);
/* Is it known that `issuer`'s key signed `child`? False also for what is not of the chain. */
bool presented_chain_has_proof(const struct presented_chain *chain, const struct certificate *child,
                               const struct certificate *issuer);
void presented_chain_keep_proof(const struct presented_chain *chain, const struct certificate *child,
                                const struct certificate *issuer);

#endif
