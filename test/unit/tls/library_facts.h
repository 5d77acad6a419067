/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_TLS_LIBRARY_FACTS_H
#define FEDGATE_TEST_TLS_LIBRARY_FACTS_H

/* What the tests must know of wolfSSL itself. Apart from them, since its names and OpenSSL's do not go
 * together. */

#include <stdbool.h>
#include <stddef.h>

bool library_count_memory(void); /* before anything is allocated */
size_t library_memory(void);     /* octets that it holds now */
size_t library_names_most(void); /* alternative names it reads in a certificate */
bool library_knows_ed448(void);
bool library_is_bundled(void);

#endif
