/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_USERS_H
#define FEDGATE_LOG_USERS_H

/* How user parts of addresses appear in the audit. */

#include "gateway/log/audit.h"

#define USERS_URI_MOST 640u /* octets that users_print may write */

/* A URI without parameters, as the settings let it be seen; returns its length. A password is never shown.
 *     full    sip:alice@corp.example
 *     domain  sip:corp.example
 *     hash    sip:user-0f1e2d3c4b5a6978@corp.example, the same user giving the same word as long as the key
 * is the same What is no sip or sips URI is all user part but its scheme. A URI longer than the value of a
 * log line is cut. */
size_t users_print(enum audit_users users, const uint8_t key[AUDIT_KEY_OCTETS], struct text uri,
                   char to[USERS_URI_MOST]);

/* SipHash-2-4 (Aumasson and Bernstein): a keyed hash for short inputs. */
uint64_t users_hash(const uint8_t key[AUDIT_KEY_OCTETS], struct text input);

#endif
