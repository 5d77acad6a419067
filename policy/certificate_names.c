/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of a certificate: every SAN in order, then the last CN. */
#include <stdlib.h>

#include "policy/certificate_parts.h"
#include "policy/distinguished_name.h"
#include "policy/general_name.h"

static struct certificate_name name_of(const struct general_name *name)
{
    struct certificate_name result = {.kind = CERTIFICATE_NAME_OTHER, .value = name->content};
    struct text host;

    if (name->kind == GENERAL_NAME_DNS) {
        result.kind = CERTIFICATE_NAME_DNS;
    } else if (name->kind == GENERAL_NAME_URI) {
        result.kind = CERTIFICATE_NAME_OTHER_URI;
        if (sip_uri_host(name->content, &host))
            result = (struct certificate_name){.kind = CERTIFICATE_NAME_SIP, .value = host};
    }
    return result;
}

static bool last_common_name(struct text subject, struct text *value)
{
    struct name_cursor cursor = name_cursor_of(subject);
    struct name_attribute attribute;
    bool found = false;

    while (name_cursor_next(&cursor, &attribute)) {
        if (text_equal(attribute.type, NAME_TYPE_COMMON_NAME)) {
            *value = attribute.value.content;
            found = true;
        }
    }
    return found;
}

/* How many names the SAN holds. One that cannot be read is a defect, and its names do not count. */
static size_t count_alternative_names(struct certificate *certificate, struct text *list)
{
    struct general_name name;
    size_t count = 0;

    *list = TEXT_NONE;
    if (!certificate->has_subject_alternative_name)
        return 0;
    const char *unsound = "subjectAltName holds a name that is not written as RFC 5280 4.2.1.6 has it";
    struct text names;
    if (!der_only(certificate->subject_alternative_name, DER_SEQUENCE, &names) || names.length == 0) {
        certificate_note_defect(certificate, REASON_MALFORMED_CERTIFICATE, "subjectAltName cannot be read");
        return 0;
    }
    for (struct text rest = names; rest.length > 0; count++) {
        if (!general_name_next(&rest, &name)) {
            certificate_note_defect(certificate, REASON_MALFORMED_CERTIFICATE,
                                    "subjectAltName cannot be read");
            return 0;
        }
        if (!general_name_is_sound(&name))
            certificate_note_defect(certificate, REASON_MALFORMED_CERTIFICATE, unsound);
    }
    *list = names;
    return count;
}

enum reason certificate_read_names(struct certificate *certificate)
{
    struct text list, common;
    struct general_name name;
    size_t count = count_alternative_names(certificate, &list);
    bool has_common = last_common_name(certificate->subject, &common);

    if (count + has_common > CERTIFICATE_NAMES_MOST)
        return REASON_MALFORMED_CERTIFICATE;
    if (count + has_common == 0)
        return REASON_OK;
    certificate->names = calloc(count + has_common, sizeof(*certificate->names));
    if (certificate->names == NULL)
        return REASON_OVERLOADED;
    while (certificate->name_count < count && general_name_next(&list, &name))
        certificate->names[certificate->name_count++] = name_of(&name);
    if (has_common)
        certificate->names[certificate->name_count++] =
            (struct certificate_name){.kind = CERTIFICATE_NAME_COMMON, .value = common};
    return REASON_OK;
}
