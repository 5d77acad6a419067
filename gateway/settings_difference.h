/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_SETTINGS_DIFFERENCE_H
#define FEDGATE_SETTINGS_DIFFERENCE_H

/* What a reload changed, of bounded size: partners by name as far as they fit, else by number; keys of
 * gateway.yaml; our own certificates. Pure. */

#include "gateway/settings.h"
#include "policy/partner_difference.h"

#define DIFFERENCE_PARTNERS_NAMED 24u
#define DIFFERENCE_KEYS 400u

struct settings_difference {
    size_t partners[PARTNER_CHANGES]; /* how many, by enum partner_change */
    struct {
        enum partner_change change;
        char name[PARTNER_NAME_LONGEST + 1];
        char keys[PARTNER_KEYS_SHOWN];
    } named[DIFFERENCE_PARTNERS_NAMED]; /* the first of them */
    size_t named_count;
    char keys[DIFFERENCE_KEYS]; /* of gateway.yaml, "dns.timeout external.certificate"; a key whose file has
                                   changed stands there, too */
    bool internal_certificate, external_certificate; /* our own chain there is another one */
};

void settings_difference_find(const struct settings *before, const struct settings *after,
                              struct settings_difference *difference);
bool settings_difference_is_none(const struct settings_difference *difference);
/* In words, cut at `size`: "1 added: contoso; 2 changed: fabrikam (domains), tailspin (roots); gateway.yaml:
 * dns.timeout".
 */
void settings_difference_print(const struct settings_difference *difference, char *to, size_t size);

#endif
