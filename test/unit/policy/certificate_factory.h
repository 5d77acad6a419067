/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_CERTIFICATE_FACTORY_H
#define FEDGATE_TEST_CERTIFICATE_FACTORY_H

/* Makes certificates and CRLs of every kind, sound and broken, signed with P-256 keys of its own. Whatever
 * fails ends the test: callers check nothing. */

#include "policy/crl.h"
#include "policy/trust_path.h"

#define FACTORY_KEYS 24        /* made when first used, numbered from 0 */
#define FACTORY_NOW 1700000000 /* 2023-11-14: the middle of every default validity */
#define FACTORY_DAY 86400

enum factory_flag {
    FACTORY_NO_AUTHORITY_KEY_ID = 1 << 0,
    FACTORY_NO_SUBJECT_KEY_ID = 1 << 1,
    FACTORY_WRONG_AUTHORITY_KEY_ID = 1 << 2,
    FACTORY_BAD_SIGNATURE = 1 << 3,
    FACTORY_SHA1 = 1 << 4,              /* says so; the signature is then of no use */
    FACTORY_INNER_ALGORITHM = 1 << 5,   /* another algorithm inside than outside */
    FACTORY_UNKNOWN_CRITICAL = 1 << 6,  /* an extension that no one knows, critical */
    FACTORY_UNKNOWN_EXTENSION = 1 << 7, /* the same, not critical */
    FACTORY_TWICE = 1 << 8,             /* keyUsage twice */
    FACTORY_VERSION_1 = 1 << 9,         /* no extensions at all */
    FACTORY_EMPTY_SUBJECT = 1 << 10,
    FACTORY_CONSTRAINTS_NOT_CRITICAL = 1 << 11, /* basicConstraints and nameConstraints */
    FACTORY_SERIAL_ZERO = 1 << 12,
    FACTORY_CRITICAL_NAMES = 1 << 13, /* subjectAltName is critical */
    FACTORY_COMPRESSED_POINT = 1 << 14,
    FACTORY_OCSP_NO_CHECK = 1 << 15,
    FACTORY_OCSP_NO_CHECK_WRONG = 1 << 16 /* the extension with a value that is not NULL */
};

struct factory_order {
    const char *subject, *issuer;  /* one CN each; NULL issuer: the subject */
    int key, issuer_key;           /* whose key, and who signs */
    uint32_t serial;               /* 0: made up */
    int64_t not_before, not_after; /* 0: a year around FACTORY_NOW */
    bool ca;
    int path_length;    /* 0: none; n: n - 1 */
    uint32_t key_usage; /* CERTIFICATE_KU_*; 0: no extension */
    const char *usages; /* letters of extKeyUsage: s server, c client, i sipDomain, a any, p OCSPSigning, o
                           other; NULL: none */
    const char *names; /* "dns:a.example,uri:sip:b.example,email:x@y,ip:10.0.0.1,dir:CN,other:"; NULL: none */
    const char *permitted, *excluded; /* the same for nameConstraints; ip: wants a prefix, "ip:10.0.0.0/8" */
    const char *point;                /* URI of the CRL distribution point; NULL: none */
    const char *crl_issuer;           /* CN of the cRLIssuer of a distribution point; NULL: none */
    const char *responder; /* authorityInfoAccess: a URI of a CA certificate, then this one of an OCSP
                              responder; NULL: none */
    unsigned flags;
};

struct text factory_der(const struct factory_order *order); /* the caller frees text.at */
struct certificate *factory_certificate(const struct factory_order *order);

struct factory_crl_order {
    const char *issuer;
    int issuer_key;
    uint32_t number;                  /* 0: no CRLNumber */
    int64_t this_update, next_update; /* 0: a day before FACTORY_NOW, a day after; next_update -1: none */
    uint32_t serials[8];              /* up to the first 0 */
    uint8_t entry_reasons[8];         /* CRLReason of each; 0: keyCompromise */
    const char *entry_issuers[8];     /* certificateIssuer of each, a CN; NULL: none */
    uint32_t base;                    /* BaseCRLNumber of a delta; 0: none */
    const char *point;                /* issuingDistributionPoint: URI; NULL: none */
    bool only_users, only_authorities, indirect;
    uint32_t reasons; /* onlySomeReasons, bits as CRL_REASONS_ALL; 0: none */
    bool unknown_critical, entry_unknown_critical, number_critical, bad_signature, inner_algorithm;
};

struct text factory_crl_der(const struct factory_crl_order *order);
struct crl *factory_crl(const struct factory_crl_order *order);

/* A chain of what was ordered, leaf first. Takes nothing. */
struct presented_chain *factory_chain(const struct factory_order *const *orders, size_t count);
struct trust_anchors *factory_anchors(const struct factory_order *const *orders, size_t count);

#endif
