/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/crl.h"

#include <stdlib.h>
#include <string.h>

#include "policy/crl_parts.h"
#include "policy/distinguished_name.h"

static int serial_compare(struct text a, struct text b)
{
    if (a.length != b.length)
        return a.length < b.length ? -1 : 1;
    return memcmp(a.at, b.at, a.length);
}

static bool take_time(struct text *rest, int64_t *seconds)
{
    struct der_value value;
    return der_next(rest, &value) && der_time(value.tag, value.content, seconds);
}

/* ---- the list ---- */

static bool take_update_times(struct text *rest, struct crl *crl)
{
    /* 5.1.2.5: nextUpdate is there, or the list would never grow old. */
    return take_time(rest, &crl->this_update) && rest->length > 0 && take_time(rest, &crl->next_update) &&
           crl->next_update >= crl->this_update;
}

/* TBSCertList (5.1.2); version 2 alone has the extensions that must be there. */
static bool read_to_be_signed(struct crl *crl, struct text *algorithm, const char **why)
{
    struct text rest, version, entries, extensions, list;
    bool has_entries, has_extensions;

    *why = "it is no CRL of version 2";
    if (!der_only(crl->to_be_signed, DER_SEQUENCE, &rest) || !der_next_of(&rest, DER_INTEGER, &version) ||
        !text_equal(version, TEXT("\x01")) || !der_next_whole(&rest, DER_SEQUENCE, algorithm) ||
        !der_next_whole(&rest, DER_SEQUENCE, &crl->issuer) || !distinguished_name_is_sound(crl->issuer) ||
        distinguished_name_is_empty(crl->issuer))
        return false;
    *why = "its thisUpdate or nextUpdate is missing or wrong";
    if (!take_update_times(&rest, crl))
        return false;
    *why = "it is no CRL of version 2";
    if (!der_optional(&rest, DER_SEQUENCE, &entries, &has_entries) ||
        !der_optional(&rest, DER_CONTEXT_CONSTRUCTED(0), &extensions, &has_extensions) || rest.length != 0)
        return false;
    if (!has_extensions || !der_only(extensions, DER_SEQUENCE, &list)) {
        *why = "it has no extensions, and so no CRLNumber (RFC 5280 5.2.3)";
        return false;
    }
    return crl_read_extensions(crl, list, why) && crl_read_entries(crl, entries, why);
}

static bool read_fields(struct crl *crl, const char **why)
{
    struct text rest, outer_algorithm, inner_algorithm, bit_string;

    *why = "it is not DER, or no CRL";
    if (!der_only(crl->der, DER_SEQUENCE, &rest) ||
        !der_next_whole(&rest, DER_SEQUENCE, &crl->to_be_signed) ||
        !der_next_whole(&rest, DER_SEQUENCE, &outer_algorithm) ||
        !der_next_of(&rest, DER_BIT_STRING, &bit_string) || rest.length != 0 ||
        !der_bit_octets(bit_string, &crl->signature) ||
        !signature_algorithm_read(outer_algorithm, &crl->algorithm))
        return false;
    if (!read_to_be_signed(crl, &inner_algorithm, why))
        return false;
    if (!text_equal(inner_algorithm, outer_algorithm)) {
        *why = "its signature algorithms inside and outside differ";
        return false;
    }
    if (crl->algorithm.kind == SIGNATURE_REFUSED) {
        *why = crl->algorithm.weakness;
        return false;
    }
    if (crl->algorithm.kind == SIGNATURE_ED25519 && crl->der.length > CRL_ED25519_LARGEST) {
        *why = "it is signed with Ed25519 and longer than 256 KiB";
        return false;
    }
    *why = "there is no memory for it";
    return signature_digest_make(&crl->algorithm, crl->to_be_signed, &crl->digest);
}

struct crl *crl_read(struct text der, const char **why)
{
    *why = "it is empty or too long";
    if (der.length == 0 || der.length > CRL_LARGEST)
        return NULL;
    *why = "there is no memory for it";
    struct crl *crl = calloc(1, sizeof(*crl));
    if (crl == NULL)
        return NULL;
    atomic_init(&crl->references, 1);
    crl->scope.reasons = CRL_REASONS_ALL;
    crl->der = (struct text){text_copy(der), der.length};
    if (crl->der.at == NULL || !read_fields(crl, why)) {
        crl_destroy(crl);
        return NULL;
    }
    *why = NULL;
    return crl;
}

struct crl *crl_hold(struct crl *crl)
{
    atomic_fetch_add(&crl->references, 1);
    return crl;
}

void crl_destroy(struct crl *crl)
{
    if (crl == NULL || atomic_fetch_sub(&crl->references, 1) > 1)
        return;
    free((char *)crl->der.at);
    free(crl->serials);
    free(crl->odd);
    free(crl);
}

/* ---- questions ---- */

static int find_serial(const void *serial, const void *entry)
{
    return serial_compare(*(const struct text *)serial, *(const struct text *)entry);
}

/* The first odd entry with this serial number, or where it would stand. */
static size_t first_odd(const struct crl *crl, struct text serial)
{
    size_t low = 0, high = crl->odd_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (serial_compare(crl->odd[middle].serial, serial) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum crl_status crl_status_of(const struct crl *crl, struct text issuer, struct text serial)
{
    enum crl_status status = CRL_SILENT;

    if (crl->serial_count > 0 && distinguished_name_equal(crl->issuer, issuer) &&
        bsearch(&serial, crl->serials, crl->serial_count, sizeof(*crl->serials), find_serial) != NULL)
        return CRL_REVOKES;
    for (size_t i = first_odd(crl, serial); i < crl->odd_count && text_equal(crl->odd[i].serial, serial);
         i++) {
        if (!distinguished_name_equal(crl->odd[i].issuer, issuer))
            continue;
        if (!crl->odd[i].is_removed)
            return CRL_REVOKES;
        status = CRL_REMOVES;
    }
    return status;
}

bool crl_is_newer(const struct crl *a, const struct crl *b)
{
    int order = serial_compare(a->number, b->number); /* both in their shortest form and not negative */
    return order > 0 || (order == 0 && a->this_update > b->this_update);
}

bool crl_is_successor_of(const struct crl *a, const struct crl *b, bool across)
{
    return (across || crl_is_delta(a) == crl_is_delta(b)) && crl_is_newer(a, b) &&
           a->is_indirect == b->is_indirect && a->scope.only_users == b->scope.only_users &&
           a->scope.only_authorities == b->scope.only_authorities &&
           a->scope.only_attributes == b->scope.only_attributes && a->scope.reasons == b->scope.reasons &&
           text_equal(a->scope.distribution_point, b->scope.distribution_point) &&
           text_equal(a->authority_key_id, b->authority_key_id) &&
           distinguished_name_equal(a->issuer, b->issuer);
}

bool crl_delta_applies(const struct crl *delta, const struct crl *complete)
{
    return crl_is_delta(delta) && !crl_is_delta(complete) &&
           serial_compare(delta->base_number, complete->number) <= 0 &&
           serial_compare(complete->number, delta->number) < 0 && crl_is_successor_of(delta, complete, true);
}

/* 6.3.3 (f), (g). */
bool crl_is_signed_by(const struct crl *crl, const struct certificate *authority)
{
    if (!distinguished_name_equal(crl->issuer, authority->subject))
        return false;
    if (crl->authority_key_id.length > 0 && authority->subject_key_id.length > 0 &&
        !text_equal(crl->authority_key_id, authority->subject_key_id))
        return false;
    if (authority->has_key_usage && (authority->key_usage & CERTIFICATE_KU_CRL_SIGN) == 0)
        return false;
    return signature_verify_digest(&authority->key, &crl->algorithm, &crl->digest, crl->to_be_signed,
                                   crl->signature);
}
