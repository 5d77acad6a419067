/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_CERTIFICATE_PARTS_H
#define FEDGATE_POLICY_CERTIFICATE_PARTS_H

/* What the files that read a certificate share; of no use to others. */

#include "policy/certificate.h"

#define CERTIFICATE_EXTENSIONS_MOST 64u

/* Notes what is wrong with a certificate that can be read; the first defect stays. `text` is a literal. */
void certificate_note_defect(struct certificate *certificate, enum reason reason, const char *text);

/* The content of [3] of TBSCertificate. False: the list itself cannot be read, or holds an extension twice.
 */
bool certificate_read_extensions(struct certificate *certificate, struct text extensions)
    __attribute__((warn_unused_result));

/* Fills names from the SAN and the subject. */
enum reason certificate_read_names(struct certificate *certificate) __attribute__((warn_unused_result));

/* What the parts of a certificate demand of one another (RFC 5280 4.1.2 and 4.2.1). */
void certificate_check_profile(struct certificate *certificate);

#endif
