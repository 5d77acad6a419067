/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_OCSP_FACTORY_H
#define FEDGATE_TEST_OCSP_FACTORY_H

/* Makes OCSP responses, sound and broken, with the keys of certificate_factory.h. */

#include "certificate_factory.h"
#include "policy/ocsp_response.h"

#define OCSP_FACTORY_CERTIFICATES 10u

enum ocsp_factory_flag {
    OCSP_FACTORY_BAD_SIGNATURE = 1 << 0,
    OCSP_FACTORY_SHA1_SIGNATURE = 1 << 1, /* says so */
    OCSP_FACTORY_VERSION = 1 << 2,        /* written out: version 2 */
    OCSP_FACTORY_OTHER_TYPE = 1 << 3,
    OCSP_FACTORY_NO_BYTES = 1 << 4, /* successful, and nothing more */
    OCSP_FACTORY_CRITICAL = 1 << 5, /* an unknown critical extension of the response */
    OCSP_FACTORY_NONCE = 1 << 6,    /* one that is not critical */
    OCSP_FACTORY_TWICE = 1 << 7,    /* the same one twice */
    OCSP_FACTORY_JUNK = 1 << 8,     /* among the certificates one that is none */
    OCSP_FACTORY_TRAILING = 1 << 9  /* an octet after ResponseData's last field */
};

enum ocsp_single_flag {
    OCSP_SINGLE_SHA256 = 1 << 0,
    OCSP_SINGLE_OTHER_HASH = 1 << 1, /* SHA-384 by its name */
    OCSP_SINGLE_OTHER_NAME = 1 << 2, /* hashes of another issuer */
    OCSP_SINGLE_OTHER_KEY = 1 << 3,
    OCSP_SINGLE_CRITICAL = 1 << 4,
    OCSP_SINGLE_UTC_TIME = 1 << 5
};

struct factory_single {
    char status;               /* g good, r revoked, u unknown */
    int64_t this_update, ends; /* 0: an hour before FACTORY_NOW, a day after it; ends -1: no nextUpdate */
    unsigned flags;            /* OCSP_SINGLE_* */
    const struct certificate *other; /* about this one; NULL: the order's */
};

struct factory_ocsp_order {
    const struct certificate *about, *issuer;
    struct factory_single single[OCSP_SINGLES_MOST + 2];              /* up to the first without a status */
    int key;                                                          /* who signs, and is named by key */
    const char *name;                                                 /* named by this CN instead */
    int64_t produced_at;                                              /* 0: half an hour before FACTORY_NOW */
    const struct certificate *certificate[OCSP_FACTORY_CERTIFICATES]; /* up to the first NULL */
    uint8_t status;                                                   /* responseStatus */
    unsigned flags;                                                   /* OCSP_FACTORY_* */
};

struct text factory_ocsp_der(const struct factory_ocsp_order *order); /* the caller frees text.at */
struct ocsp_response *factory_ocsp_response(const struct factory_ocsp_order *order);

#endif
