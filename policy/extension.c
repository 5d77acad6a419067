/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/extension.h"

/* Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue } */
bool extension_next(struct text *rest, struct extension *extension)
{
    struct text content, boolean;
    bool has_boolean;

    if (!der_next_of(rest, DER_SEQUENCE, &content) || !der_next_of(&content, DER_OID, &extension->oid) ||
        !der_is_oid(extension->oid) || !der_optional(&content, DER_BOOLEAN, &boolean, &has_boolean) ||
        !der_next_of(&content, DER_OCTET_STRING, &extension->value) || content.length != 0)
        return false;
    extension->critical = false;
    return !has_boolean || (der_boolean(boolean, &extension->critical) && extension->critical);
}
