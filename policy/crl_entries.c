/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries of a CRL (RFC 5280 5.1.2.6, 5.3). Nearly all say the same, so that these are kept as serial
 * numbers alone. */
#include "policy/crl_parts.h"

#include <stdlib.h>

#include "policy/distinguished_name.h"
#include "policy/extension.h"
#include "policy/general_name.h"

#define REMOVE_FROM_CRL 8u /* CRLReason, 5.3.1 */

/* One entry under way. */
struct entry {
    struct text serial, issuer; /* issuer: stays until another is named (5.3.3) */
    uint32_t reason;
};

static int serial_compare(struct text a, struct text b)
{
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return memcmp(a.at, b.at, a.length);
}

static int compare_serials(const void *a, const void *b)
{
    return serial_compare(*(const struct text *)a, *(const struct text *)b);
}

static int compare_odd(const void *a, const void *b)
{
    return serial_compare(((const struct crl_odd_entry *)a)->serial,
                          ((const struct crl_odd_entry *)b)->serial);
}

/* certificateIssuer (5.3.3): the name of a directory, in an indirect list. */
static bool read_issuer(const struct crl *crl, struct text value, struct entry *entry)
{
    struct general_name name;
    struct text names;

    if (!crl->is_indirect || !der_only(value, DER_SEQUENCE, &names))
        return false;
    while (names.length > 0) {
        if (!general_name_next(&names, &name))
            return false;
        if (name.kind == GENERAL_NAME_DIRECTORY && distinguished_name_is_sound(name.content)) {
            entry->issuer = name.content;
            return true;
        }
    }
    return false;
}

static bool read_entry_extension(const struct crl *crl, const struct extension *extension,
                                 struct entry *entry)
{
    struct text content;

    if (text_equal(extension->oid, TEXT("\x55\x1d\x1d")))
        return extension->critical && read_issuer(crl, extension->value, entry);
    if (extension->critical)
        return false;
    if (text_equal(extension->oid, TEXT("\x55\x1d\x15")))
        return der_only(extension->value, DER_ENUMERATED, &content) &&
               der_small_integer(content, 255, &entry->reason);
    return true; /* the dates change nothing */
}

static bool take_entry(const struct crl *crl, struct text *rest, struct entry *entry)
{
    struct text fields, extensions, list;
    struct extension extension;
    struct der_value date;
    int64_t revoked_at;

    entry->reason = 0;
    if (!der_next_of(rest, DER_SEQUENCE, &fields) || !der_next_of(&fields, DER_INTEGER, &entry->serial) ||
        !der_is_integer(entry->serial) || !der_next(&fields, &date) ||
        !der_time(date.tag, date.content, &revoked_at))
        return false;
    extensions = fields;
    if (extensions.length == 0)
        return true;
    if (!der_only(extensions, DER_SEQUENCE, &list) || list.length == 0)
        return false;
    while (list.length > 0) {
        if (!extension_next(&list, &extension) || !read_entry_extension(crl, &extension, entry))
            return false;
    }
    return true;
}

/* Only a delta takes back: in a complete list the reason has no meaning (5.3.1), and the entry revokes. */
static bool is_removed(const struct crl *crl, const struct entry *entry)
{
    return crl_is_delta(crl) && entry->reason == REMOVE_FROM_CRL;
}

static bool is_odd(const struct crl *crl, const struct entry *entry)
{
    return is_removed(crl, entry) || (crl->is_indirect && !text_equal(entry->issuer, crl->issuer));
}

static bool make_room(struct crl *crl, size_t count, size_t odd)
{
    crl->serials = calloc(count - odd + 1, sizeof(*crl->serials));
    crl->odd = calloc(odd + 1, sizeof(*crl->odd));
    return crl->serials != NULL && crl->odd != NULL;
}

static void keep(struct crl *crl, const struct entry *entry)
{
    if (is_odd(crl, entry))
        crl->odd[crl->odd_count++] =
            (struct crl_odd_entry){entry->serial, entry->issuer, is_removed(crl, entry)};
    else
        crl->serials[crl->serial_count++] = entry->serial;
}

static void sort(struct crl *crl)
{
    bool sorted = true;

    for (size_t i = 1; i < crl->serial_count && sorted; i++)
        sorted = serial_compare(crl->serials[i - 1], crl->serials[i]) <= 0;
    if (!sorted)
        qsort(crl->serials, crl->serial_count, sizeof(*crl->serials), compare_serials);
    if (crl->odd_count > 1)
        qsort(crl->odd, crl->odd_count, sizeof(*crl->odd), compare_odd);
}

bool crl_read_entries(struct crl *crl, struct text list, const char **why)
{
    struct entry entry = {.issuer = crl->issuer};
    size_t count = 0, odd = 0;

    *why = "it has an entry that cannot be read, or with a critical extension that is not known";
    for (struct text rest = list; rest.length > 0; count++) {
        if (!take_entry(crl, &rest, &entry))
            return false;
        odd += is_odd(crl, &entry);
    }
    *why = count > CRL_ENTRIES_MOST ? "it has more than 1000000 entries" : "there is no memory for it";
    if (count == 0 || count > CRL_ENTRIES_MOST)
        return count == 0;
    if (!make_room(crl, count, odd))
        return false;
    entry = (struct entry){.issuer = crl->issuer};
    while (list.length > 0 && take_entry(crl, &list, &entry))
        keep(crl, &entry);
    sort(crl);
    return true;
}
