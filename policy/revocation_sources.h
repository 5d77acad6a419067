/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_REVOCATION_SOURCES_H
#define FEDGATE_POLICY_REVOCATION_SOURCES_H

/* Where a certificate says that its CRLs are: cRLDistributionPoints (RFC 5280 4.2.1.13). Only http and https
 * URLs in printable ASCII count. Points of an indirect CRL (with a cRLIssuer) are passed over, since such
 * lists are refused. */

#include "policy/certificate.h"

#define REVOCATION_URLS_MOST 4u     /* of one certificate: further ones are not looked at */
#define REVOCATION_URL_LONGEST 512u /* octets */

/* Fills `url` with views into the certificate and returns how many. */
size_t certificate_crl_urls(const struct certificate *certificate, struct text url[REVOCATION_URLS_MOST]);

/* http:// or https://, a host, and nothing but printable ASCII; not too long. */
bool revocation_url_is_sound(struct text url);

#endif
