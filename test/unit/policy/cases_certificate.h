/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_CASES_CERTIFICATE_H
#define FEDGATE_TEST_CASES_CERTIFICATE_H

/* The authorities of the small world. */

#include "certificate_factory.h"

const struct factory_order *world_root(const char *name); /* "fab", "con", "hos", "corp", "stranger" */
const struct factory_order *
world_key_holder(const char *whose); /* "leaf", "inter", "root": whose key a pin names */
/* "fab", "fab=leaf", "inter-stale=inter": whose CRL, what is odd about it, whom it lists. */
struct crl *world_crl(char *word);

#endif
