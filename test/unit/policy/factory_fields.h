/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_FACTORY_FIELDS_H
#define FEDGATE_TEST_FACTORY_FIELDS_H

/* The fields that certificates and CRLs share; each appends one value. */

#include "factory_der.h"

void put_algorithm(struct bytes *to, bool sha1,
                   bool other); /* ECDSA with SHA-256, SHA-1, or another (SHA-384) */
void put_name(struct bytes *to, const char *common_name); /* NULL: the empty name */
void put_time(struct bytes *to, int64_t seconds);
void put_integer(struct bytes *to, uint32_t value);
void put_extension(struct bytes *to, const char *oid, size_t oid_length, bool critical,
                   const struct bytes *value);
void put_point_name(struct bytes *to, const char *uri); /* DistributionPointName with one URI */

#define EXTENSION(to, oid, critical, value) put_extension(to, oid, sizeof(oid) - 1, critical, value)

#endif
