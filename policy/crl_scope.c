/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does a CRL speak of a certificate (RFC 5280 6.3.3 (b), (d))? Lists may be cut by distribution point; then
 * the name in the list must be one of those in the certificate. */
#include "policy/crl_parts.h"

#include "policy/distinguished_name.h"
#include "policy/general_name.h"

#define DISTRIBUTION_POINTS_MOST 32u /* of a certificate: further ones are not looked at */
#define POINT_NAMES_MOST 32u         /* of one distribution point, and of one list */

/* Name := `base` with one more relative name, whose attributes are `attributes` (nameRelativeToCRLIssuer). */
static bool equals_relative(struct text name, struct text base, struct text attributes)
{
    struct text rest, base_rest, rdn, base_rdn;

    if (!der_only(name, DER_SEQUENCE, &rest) || !der_only(base, DER_SEQUENCE, &base_rest) ||
        distinguished_name_within(name, base) != NAME_EQUAL)
        return false;
    while (base_rest.length > 0) {
        if (!der_next_of(&base_rest, DER_SET, &base_rdn) || !der_next_of(&rest, DER_SET, &rdn))
            return false;
    }
    return der_only(rest, DER_SET, &rdn) && text_equal(rdn, attributes);
}

static bool general_names_equal(const struct general_name *a, const struct general_name *b)
{
    struct text name_a, name_b;

    if (a->kind != b->kind)
        return false;
    if (a->kind != GENERAL_NAME_DIRECTORY)
        return text_equal(a->content, b->content);
    name_a = a->content;
    name_b = b->content;
    return distinguished_name_is_sound(name_a) && distinguished_name_is_sound(name_b) &&
           distinguished_name_equal(name_a, name_b);
}

/* Is one of the full names in `list` the relative one? */
static bool list_has_relative(struct text list, struct text issuer, struct text attributes)
{
    struct general_name name;
    for (size_t i = 0; i < POINT_NAMES_MOST && list.length > 0 && general_name_next(&list, &name); i++) {
        if (name.kind == GENERAL_NAME_DIRECTORY && distinguished_name_is_sound(name.content) &&
            equals_relative(name.content, issuer, attributes))
            return true;
    }
    return false;
}

static bool lists_meet(struct text a, struct text b)
{
    struct general_name x, y;
    for (size_t i = 0; i < POINT_NAMES_MOST && a.length > 0 && general_name_next(&a, &x); i++) {
        struct text rest = b;
        for (size_t j = 0; j < POINT_NAMES_MOST && rest.length > 0 && general_name_next(&rest, &y); j++) {
            if (general_names_equal(&x, &y))
                return true;
        }
    }
    return false;
}

/* Two DistributionPointNames under one issuer: [0] fullName or [1] nameRelativeToCRLIssuer each. */
static bool point_names_meet(struct text a, struct text b, struct text issuer)
{
    struct der_value x, y;

    if (!der_next(&a, &x) || !der_next(&b, &y))
        return false;
    bool x_full = x.tag == DER_CONTEXT_CONSTRUCTED(0), y_full = y.tag == DER_CONTEXT_CONSTRUCTED(0);
    if (x_full && y_full)
        return lists_meet(x.content, y.content);
    if (x_full)
        return list_has_relative(x.content, issuer, y.content);
    if (y_full)
        return list_has_relative(y.content, issuer, x.content);
    return text_equal(x.content, y.content);
}

/* A certificate without distribution points is one whose point is named as its issuer (6.3.3, last
 * paragraph). */
static bool point_is_issuer(struct text point, struct text issuer)
{
    struct der_value form;
    struct general_name name;

    if (!der_next(&point, &form) || form.tag != DER_CONTEXT_CONSTRUCTED(0))
        return false;
    for (size_t i = 0; i < POINT_NAMES_MOST && form.content.length > 0; i++) {
        if (!general_name_next(&form.content, &name))
            return false;
        if (name.kind == GENERAL_NAME_DIRECTORY && distinguished_name_is_sound(name.content) &&
            distinguished_name_equal(name.content, issuer))
            return true;
    }
    return false;
}

/* DistributionPoint ::= SEQUENCE { [0] name OPTIONAL, [1] reasons OPTIONAL, [2] cRLIssuer OPTIONAL } */
struct point {
    struct text name, issuers; /* DistributionPointName; GeneralNames */
    bool has_name, has_issuers;
    uint32_t reasons;
};

static bool read_point(struct text content, struct point *point)
{
    struct text reasons;
    bool has_reasons;

    point->reasons = CRL_REASONS_ALL;
    if (!der_optional(&content, DER_CONTEXT_CONSTRUCTED(0), &point->name, &point->has_name) ||
        !der_optional(&content, DER_CONTEXT(1), &reasons, &has_reasons) ||
        !der_optional(&content, DER_CONTEXT_CONSTRUCTED(2), &point->issuers, &point->has_issuers) ||
        content.length != 0)
        return false;
    return !has_reasons || der_named_bits(reasons, &point->reasons);
}

static bool names_hold(struct text names, struct text issuer)
{
    struct general_name name;
    for (size_t i = 0; i < POINT_NAMES_MOST && names.length > 0 && general_name_next(&names, &name); i++) {
        if (name.kind == GENERAL_NAME_DIRECTORY && distinguished_name_is_sound(name.content) &&
            distinguished_name_equal(name.content, issuer))
            return true;
    }
    return false;
}

/* (b) (1): whose list the point leads to. */
static bool point_leads_to(const struct point *point, const struct crl *crl, bool own)
{
    return point->has_issuers ? crl->is_indirect && names_hold(point->issuers, crl->issuer) : own;
}

/* (b) (2) (i): a list that is cut by point must be of this one; a point without a name has that of its
 * cRLIssuer. */
static bool point_is_meant(const struct point *point, const struct crl *crl)
{
    struct text name = crl->scope.distribution_point;
    struct der_value form;

    if (name.length == 0)
        return true;
    if (point->has_name)
        return point_names_meet(point->name, name, crl->issuer);
    return der_next(&name, &form) && form.tag == DER_CONTEXT_CONSTRUCTED(0) &&
           lists_meet(point->issuers, form.content);
}

/* What the distribution points of the certificate make of it; of those of its own issuer only (own) when the
 * list is in that name. */
static uint32_t reasons_by_points(const struct crl *crl, const struct certificate *certificate, bool own)
{
    struct text points, content;
    struct point point;
    uint32_t reasons = 0;

    if (!der_only(certificate->crl_distribution_points, DER_SEQUENCE, &points))
        return 0;
    for (size_t i = 0; i < DISTRIBUTION_POINTS_MOST && points.length > 0; i++) {
        if (!der_next_of(&points, DER_SEQUENCE, &content))
            break;
        if (read_point(content, &point) && (point.has_name || point.has_issuers) &&
            point_leads_to(&point, crl, own) && point_is_meant(&point, crl))
            reasons |= point.reasons & crl->scope.reasons;
    }
    return reasons;
}

uint32_t crl_reasons_for(const struct crl *crl, const struct certificate *certificate)
{
    const struct crl_scope *scope = &crl->scope;
    bool own = distinguished_name_equal(crl->issuer, certificate->issuer);

    if (scope->only_attributes || (scope->only_users && certificate->is_ca) ||
        (scope->only_authorities && !certificate->is_ca) || (!own && !crl->is_indirect))
        return 0;
    if (own && scope->distribution_point.length == 0)
        return scope->reasons;
    if (own && certificate->crl_distribution_points.length == 0)
        return point_is_issuer(scope->distribution_point, certificate->issuer) ? scope->reasons : 0;
    return reasons_by_points(crl, certificate, own);
}

size_t certificate_crl_issuers(const struct certificate *certificate, struct text name[CRL_ISSUERS_MOST])
{
    struct text points, content;
    struct general_name general;
    struct point point;
    size_t count = 0;

    if (!der_only(certificate->crl_distribution_points, DER_SEQUENCE, &points))
        return 0;
    for (size_t i = 0; i < DISTRIBUTION_POINTS_MOST && points.length > 0; i++) {
        if (!der_next_of(&points, DER_SEQUENCE, &content))
            break;
        if (!read_point(content, &point))
            continue;
        for (size_t j = 0; j < POINT_NAMES_MOST && count < CRL_ISSUERS_MOST && point.issuers.length > 0 &&
                           general_name_next(&point.issuers, &general);
             j++) {
            if (general.kind == GENERAL_NAME_DIRECTORY && distinguished_name_is_sound(general.content) &&
                !distinguished_name_equal(general.content, certificate->issuer))
                name[count++] = general.content;
        }
    }
    return count;
}
