/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_OCSP_FIXTURE_H
#define FEDGATE_TEST_OCSP_FIXTURE_H

/* A CA, a leaf of it, a delegate that answers for it, and another CA. */

#include "ocsp_factory.h"

/* Keys of the factory. */
enum { OCSP_CA, OCSP_LEAF, OCSP_DELEGATE, OCSP_OTHER_CA, OCSP_STRANGER };

extern const struct factory_order ocsp_delegate_order;

struct ocsp_fixture {
    struct certificate *ca, *leaf, *other_ca, *other_leaf; /* other_leaf: of the same CA */
    struct certificate *delegate;                          /* ordered by the test */
    struct factory_ocsp_order order;                       /* good, signed by the CA's key, named by key */
    struct ocsp_finding finding;                           /* of the last check */
};

void ocsp_fixture_begin(struct ocsp_fixture *fixture);
void ocsp_fixture_end(struct ocsp_fixture *fixture);
/* From now on the order is signed by such a delegate, whose certificate it carries. */
void ocsp_fixture_delegate(struct ocsp_fixture *fixture, const struct factory_order *delegate);
/* Makes what is ordered, and asks it about the leaf. */
enum ocsp_answer ocsp_fixture_check_at(struct ocsp_fixture *fixture, int64_t now);
enum ocsp_answer ocsp_fixture_check(struct ocsp_fixture *fixture); /* at FACTORY_NOW */

#endif
