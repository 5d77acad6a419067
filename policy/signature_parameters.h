/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_SIGNATURE_PARAMETERS_H
#define FEDGATE_POLICY_SIGNATURE_PARAMETERS_H

/* What public_key.c, signature_algorithm.c and signature.c share; of no use to others. */

#include "policy/signature.h"

/* RSASSA-PSS-params (RFC 4055 3.1). */
struct pss_parameters {
    enum signature_hash hash; /* of the message and of MGF1 alike */
    uint32_t salt;
    const char *weakness; /* NULL: they are believed */
};
bool pss_parameters_read(struct text parameters, struct pss_parameters *pss)
    __attribute__((warn_unused_result));

bool is_one_value_or_none(struct text rest); /* of DER */

uint32_t hash_octets(enum signature_hash hash);

/* What this build of wolfCrypt can check, and at most RSA_BITS_MOST. */
size_t rsa_bits_most(void);

#endif
