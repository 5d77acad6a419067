/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/revocation_sources.h"

#include "policy/der.h"
#include "policy/general_name.h"

#define POINTS_MOST 32u /* distribution points, and names of one, that are looked at */

bool revocation_url_is_sound(struct text url)
{
    struct text rest;

    if (url.length > REVOCATION_URL_LONGEST)
        return false;
    if (text_starts_with(url, TEXT("http://")))
        rest = text_skip(url, 7);
    else if (text_starts_with(url, TEXT("https://")))
        rest = text_skip(url, 8);
    else
        return false;
    if (rest.length == 0 || rest.at[0] == '/' || rest.at[0] == ':' || text_find(rest, '@') != NULL)
        return false;
    for (size_t i = 0; i < url.length; i++) {
        if (url.at[i] <= ' ' || url.at[i] > '~')
            return false;
    }
    return true;
}

static size_t take(struct text url[REVOCATION_URLS_MOST], size_t count, struct text found)
{
    if (count < REVOCATION_URLS_MOST && revocation_url_is_sound(found))
        url[count++] = found;
    return count;
}

/* DistributionPointName [0] fullName [0] GeneralNames: each name is another way to the same list, so the
 * first that we can go is enough. */
static size_t take_point(struct text point, struct text url[REVOCATION_URLS_MOST], size_t count)
{
    struct text name, reasons, issuer;
    bool has_name, has_reasons, has_issuer;
    struct der_value form;
    struct general_name general;

    if (!der_optional(&point, DER_CONTEXT_CONSTRUCTED(0), &name, &has_name) ||
        !der_optional(&point, DER_CONTEXT(1), &reasons, &has_reasons) ||
        !der_optional(&point, DER_CONTEXT_CONSTRUCTED(2), &issuer, &has_issuer) || !has_name || has_issuer ||
        !der_next(&name, &form) || form.tag != DER_CONTEXT_CONSTRUCTED(0))
        return count;
    for (size_t i = 0; i < POINTS_MOST && form.content.length > 0; i++) {
        if (!general_name_next(&form.content, &general))
            return count;
        if (general.kind == GENERAL_NAME_URI && revocation_url_is_sound(general.content))
            return take(url, count, general.content);
    }
    return count;
}

size_t certificate_crl_urls(const struct certificate *certificate, struct text url[REVOCATION_URLS_MOST])
{
    struct text points, point;
    size_t count = 0;

    if (!der_only(certificate->crl_distribution_points, DER_SEQUENCE, &points))
        return 0;
    for (size_t i = 0; i < POINTS_MOST && points.length > 0; i++) {
        if (!der_next_of(&points, DER_SEQUENCE, &point))
            break;
        count = take_point(point, url, count);
    }
    return count;
}
