/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/settings_difference.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- texts of bounded length ---- */

/* All or nothing: half a name would be another name. */
static bool append(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool append(char *to, size_t size, const char *format, ...)
{
    size_t used = strlen(to);
    va_list arguments;

    va_start(arguments, format);
    int wanted = vsnprintf(to + used, size - used, format, arguments);
    va_end(arguments);
    if (wanted >= 0 && (size_t)wanted < size - used)
        return true;
    to[used] = '\0';
    return false;
}

static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = strstr(list, word); at != NULL; at = strstr(at + 1, word)) {
        if ((at == list || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' '))
            return true;
    }
    return false;
}

/* ---- gateway.yaml ---- */

static void add_key(void *context, struct text key)
{
    struct settings_difference *difference = context;
    (void)append(difference->keys, sizeof(difference->keys), "%s%.*s", difference->keys[0] == '\0' ? "" : " ",
                 TEXT_ARGUMENTS(key));
}

/* A key that says the same, but what it names has changed. */
static void add_file(struct settings_difference *difference, bool same, const char *key)
{
    if (!same && !has_word(difference->keys, key))
        add_key(difference, text_of(key));
}

static bool anchors_equal(const struct trust_anchors *a, const struct trust_anchors *b)
{
    size_t count = a == NULL ? 0 : trust_anchors_count(a);

    if (count != (b == NULL ? 0 : trust_anchors_count(b)))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct trust_anchor *one = trust_anchors_at(a, i), *other = trust_anchors_at(b, i);
        if (!trust_anchor_lists_equal(&one, 1, &other, 1))
            return false;
    }
    return true;
}

static bool chains_equal(const struct side_settings *a, const struct side_settings *b)
{
    if (a->certificates.count != b->certificates.count)
        return false;
    for (size_t i = 0; i < a->certificates.count; i++) {
        if (!text_equal(a->certificates.certificate[i]->der, b->certificates.certificate[i]->der))
            return false;
    }
    return true;
}

static bool keys_equal(const struct side_settings *a, const struct side_settings *b)
{
    return text_equal((struct text){a->key_pem, a->key_pem_length},
                      (struct text){b->key_pem, b->key_pem_length});
}

static void compare_gateway(const struct settings *before, const struct settings *after,
                            struct settings_difference *difference)
{
    written_keys_compare(before->written, after->written, add_key, difference);
    difference->internal_certificate = !chains_equal(&before->internal, &after->internal);
    difference->external_certificate = !chains_equal(&before->external, &after->external);
    add_file(difference, !difference->internal_certificate, "internal.certificate");
    add_file(difference, keys_equal(&before->internal, &after->internal), "internal.key");
    add_file(difference, anchors_equal(before->internal_anchors, after->internal_anchors), "internal.roots");
    add_file(difference, crl_stores_equal(before->internal_crl_store, after->internal_crl_store),
             "internal.crls");
    add_file(difference, !difference->external_certificate, "external.certificate");
    add_file(difference, keys_equal(&before->external, &after->external), "external.key");
}

/* ---- partners ---- */

static void take_partner(void *context, enum partner_change change, const struct partner *partner,
                         const char *keys)
{
    struct settings_difference *difference = context;

    difference->partners[change]++;
    if (difference->named_count == DIFFERENCE_PARTNERS_NAMED)
        return;
    size_t at = difference->named_count++;
    difference->named[at].change = change;
    snprintf(difference->named[at].name, sizeof(difference->named[at].name), "%s", partner->name);
    snprintf(difference->named[at].keys, sizeof(difference->named[at].keys), "%s", keys);
}

void settings_difference_find(const struct settings *before, const struct settings *after,
                              struct settings_difference *difference)
{
    *difference = (struct settings_difference){.named_count = 0};
    compare_gateway(before, after, difference);
    partner_difference(before->partners, after->partners, take_partner, difference);
}

bool settings_difference_is_none(const struct settings_difference *difference)
{
    return difference->named_count == 0 && difference->keys[0] == '\0';
}

/* ---- in words ---- */

/* Room for what must be said in any case: the other numbers and the keys of gateway.yaml. */
#define ROOM_KEPT 96u

static void print_partners(const struct settings_difference *difference, enum partner_change change, char *to,
                           size_t size)
{
    static const char *const words[PARTNER_CHANGES] = {"added", "removed", "changed"};
    size_t told = 0, count = difference->partners[change];
    size_t most = size < 2 * ROOM_KEPT ? size : size - ROOM_KEPT;

    if (count == 0 || !append(to, size, "%s%zu %s", to[0] == '\0' ? "" : "; ", count, words[change]))
        return;
    for (size_t i = 0; i < difference->named_count; i++) {
        const char *keys = difference->named[i].keys;
        if (difference->named[i].change != change)
            continue;
        if (strlen(to) >= most ||
            !append(to, most, "%s%s%s%s%s", told == 0 ? ": " : ", ", difference->named[i].name,
                    keys[0] == '\0' ? "" : " (", keys, keys[0] == '\0' ? "" : ")"))
            break;
        told++;
    }
    if (told > 0 && told < count)
        (void)append(to, size, " and %zu more", count - told);
}

void settings_difference_print(const struct settings_difference *difference, char *to, size_t size)
{
    to[0] = '\0';
    if (settings_difference_is_none(difference))
        snprintf(to, size, "nothing has changed");
    print_partners(difference, PARTNER_ADDED, to, size);
    print_partners(difference, PARTNER_REMOVED, to, size);
    print_partners(difference, PARTNER_CHANGED, to, size);
    if (difference->keys[0] != '\0' &&
        !append(to, size, "%sgateway.yaml: %s", to[0] == '\0' ? "" : "; ", difference->keys))
        (void)append(to, size, "%sgateway.yaml", to[0] == '\0' ? "" : "; ");
}
