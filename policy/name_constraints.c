/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/name_constraints.h"

#include "policy/distinguished_name.h"
#include "policy/domain.h"
#include "policy/general_name.h"

/* ---- reading ---- */

struct subtrees {
    struct text permitted, excluded; /* GeneralSubtrees without header; empty when absent */
};

/* NameConstraints ::= SEQUENCE { [0] permittedSubtrees OPTIONAL, [1] excludedSubtrees OPTIONAL } */
static bool split_constraints(struct text constraints, struct subtrees *subtrees)
{
    struct text content;
    bool permitted, excluded;

    return der_only(constraints, DER_SEQUENCE, &content) &&
           der_optional(&content, DER_CONTEXT_CONSTRUCTED(0), &subtrees->permitted, &permitted) &&
           der_optional(&content, DER_CONTEXT_CONSTRUCTED(1), &subtrees->excluded, &excluded) &&
           content.length == 0 && (permitted || excluded) && permitted == (subtrees->permitted.length > 0) &&
           excluded == (subtrees->excluded.length > 0);
}

/* GeneralSubtree ::= SEQUENCE { base, [0] minimum DEFAULT 0, [1] maximum OPTIONAL }; RFC 5280 wants the
 * default and no maximum, so that only the base is left. */
static bool take_subtree(struct text *rest, struct general_name *base)
{
    struct text subtree;
    return der_next_of(rest, DER_SEQUENCE, &subtree) && general_name_next(&subtree, base) &&
           subtree.length == 0;
}

static bool mask_is_sound(struct text mask)
{
    bool ended = false;
    for (size_t i = 0; i < mask.length * 8; i++) {
        bool set = (text_octet(mask, i / 8) & (0x80u >> (i % 8))) != 0;
        if (set && ended)
            return false;
        ended = !set;
    }
    return true;
}

static struct text without_leading_dot(struct text host)
{
    return text_starts_with(host, TEXT(".")) ? text_skip(host, 1) : host;
}

/* An empty base stands for every name of its kind. */
static bool base_is_sound(const struct general_name *base)
{
    struct text content = base->content;

    switch (base->kind) {
    case GENERAL_NAME_DNS:
        return content.length == 0 || host_name_is_sound(content);
    case GENERAL_NAME_URI:
        return content.length == 0 || host_name_is_sound(without_leading_dot(content));
    case GENERAL_NAME_EMAIL:
        return content.length == 0 || host_name_is_sound(without_leading_dot(content)) ||
               mailbox_is_sound(content);
    case GENERAL_NAME_ADDRESS:
        return (content.length == 8 || content.length == 32) &&
               mask_is_sound(text_skip(content, content.length / 2));
    case GENERAL_NAME_DIRECTORY:
        return distinguished_name_is_sound(content);
    case GENERAL_NAME_OTHER:
    case GENERAL_NAME_X400:
    case GENERAL_NAME_EDI:
    case GENERAL_NAME_REGISTERED_ID:
        break;
    }
    return true;
}

static bool list_is_sound(struct text list, size_t *count)
{
    struct general_name base;
    while (list.length > 0) {
        if (!take_subtree(&list, &base) || !base_is_sound(&base) || ++*count > NAME_CONSTRAINTS_SUBTREES_MOST)
            return false;
    }
    return true;
}

bool name_constraints_are_sound(struct text constraints)
{
    struct subtrees subtrees;
    size_t count = 0;
    return split_constraints(constraints, &subtrees) && list_is_sound(subtrees.permitted, &count) &&
           list_is_sound(subtrees.excluded, &count);
}

/* ---- matching ---- */

enum side { PERMITTED, EXCLUDED };

/* Zero or more labels added to the left of the base. A wildcard is permitted where all that it may stand for
 * is, and excluded where anything that it may stand for is. */
static bool dns_matches(struct text name, struct text base, enum side side)
{
    if (base.length == 0)
        return true;
    if (!text_starts_with(name, TEXT("*.")))
        return domain_is_within(name, base);
    name = text_skip(name, 2);
    if (domain_is_within(name, base))
        return true;
    const char *dot = text_find(base, '.');
    return side == EXCLUDED && dot != NULL && domain_equal(name, text_from(dot + 1, base.at + base.length));
}

/* A host, or with a leading dot all hosts below a domain. */
static bool host_matches(struct text host, struct text base)
{
    if (base.length == 0)
        return true;
    struct text domain = without_leading_dot(base);
    if (domain.length == base.length)
        return domain_equal(host, base);
    return domain_is_within(host, domain) && !domain_equal(host, domain);
}

static bool email_matches(struct text address, struct text base)
{
    const char *at = text_find(address, '@'), *base_at = text_find(base, '@');
    if (at == NULL)
        return false;
    struct text host = text_from(at + 1, address.at + address.length);
    if (base_at == NULL)
        return host_matches(host, base);
    return text_equal(text_from(address.at, at), text_from(base.at, base_at)) &&
           text_equal_ignoring_case(host, text_from(base_at + 1, base.at + base.length));
}

static bool address_matches(struct text address, struct text base)
{
    if (base.length != 2 * address.length)
        return false;
    for (size_t i = 0; i < address.length; i++) {
        if (((text_octet(address, i) ^ text_octet(base, i)) & text_octet(base, address.length + i)) != 0)
            return false;
    }
    return true;
}

static bool directory_matches(struct text name, struct text base, enum side side)
{
    enum name_match match = distinguished_name_within(name, base);
    return match == NAME_EQUAL || (match == NAME_UNSURE && side == EXCLUDED);
}

/* Both are of one kind. */
static bool base_matches(const struct general_name *name, struct text base, enum side side)
{
    struct text host;

    switch (name->kind) {
    case GENERAL_NAME_DNS:
        return dns_matches(name->content, base, side);
    case GENERAL_NAME_URI:
        /* Where no host can be read the name must be refused (4.2.1.10). */
        return uri_host_name(name->content, &host) ? host_matches(host, base) : side == EXCLUDED;
    case GENERAL_NAME_EMAIL:
        return email_matches(name->content, base);
    case GENERAL_NAME_ADDRESS:
        return address_matches(name->content, base);
    case GENERAL_NAME_DIRECTORY:
        return directory_matches(name->content, base, side);
    case GENERAL_NAME_OTHER:
    case GENERAL_NAME_X400:
    case GENERAL_NAME_EDI:
    case GENERAL_NAME_REGISTERED_ID:
        break;
    }
    return side == EXCLUDED; /* a constraint that cannot be processed */
}

struct check {
    struct subtrees subtrees;
    uint32_t *budget;
};

static bool name_is_allowed(const struct check *check, const struct general_name *name)
{
    bool constrained = false, permitted = false;
    struct general_name base;

    for (struct text rest = check->subtrees.permitted; rest.length > 0 && !permitted;) {
        if (*check->budget == 0 || !take_subtree(&rest, &base))
            return false;
        --*check->budget;
        if (base.kind != name->kind)
            continue;
        constrained = true;
        permitted = base_matches(name, base.content, PERMITTED);
    }
    if (constrained && !permitted)
        return false;
    for (struct text rest = check->subtrees.excluded; rest.length > 0;) {
        if (*check->budget == 0 || !take_subtree(&rest, &base))
            return false;
        --*check->budget;
        if (base.kind == name->kind && base_matches(name, base.content, EXCLUDED))
            return false;
    }
    return true;
}

/* ---- the names of a certificate ---- */

static bool alternative_names_are_allowed(const struct check *check, const struct certificate *certificate)
{
    struct general_name name;
    struct text rest;

    if (!certificate->has_subject_alternative_name)
        return true;
    if (!der_only(certificate->subject_alternative_name, DER_SEQUENCE, &rest))
        return false;
    while (rest.length > 0) {
        if (!general_name_next(&rest, &name) || !name_is_allowed(check, &name))
            return false;
    }
    return true;
}

/* The subject as a directory name; its mailboxes; and, where no SAN says better, its CNs as the host names
 * that they will be taken for. */
static bool subject_is_allowed(const struct check *check, const struct certificate *certificate, bool is_leaf)
{
    struct general_name name = {.kind = GENERAL_NAME_DIRECTORY, .content = certificate->subject};
    struct name_cursor cursor = name_cursor_of(certificate->subject);
    struct name_attribute attribute;

    if (!distinguished_name_is_empty(certificate->subject) && !name_is_allowed(check, &name))
        return false;
    while (name_cursor_next(&cursor, &attribute)) {
        name.content = attribute.value.content;
        if (text_equal(attribute.type, NAME_TYPE_EMAIL_ADDRESS)) {
            name.kind = GENERAL_NAME_EMAIL;
        } else if (is_leaf && !certificate->has_subject_alternative_name &&
                   text_equal(attribute.type, NAME_TYPE_COMMON_NAME) && domain_is_valid(name.content)) {
            name.kind = GENERAL_NAME_DNS;
            name.content = domain_without_dot(name.content);
        } else {
            continue;
        }
        if (!name_is_allowed(check, &name))
            return false;
    }
    return true;
}

bool name_constraints_allow(struct text constraints, const struct certificate *certificate, bool is_leaf,
                            uint32_t *budget)
{
    struct check check = {.budget = budget};
    return split_constraints(constraints, &check.subtrees) &&
           alternative_names_are_allowed(&check, certificate) &&
           subject_is_allowed(&check, certificate, is_leaf);
}
