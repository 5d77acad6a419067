/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cases_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases_certificate.h"
#include "policy/discovery.h"
#include "policy/revocation.h"

static char *copy_of(const char *string)
{
    char *copy = strdup(string);
    if (copy == NULL)
        abort();
    return copy;
}

/* "a,b,c" as an owned array; the list is cut up. */
static char **split(char *list, size_t *count)
{
    char **texts = calloc(strlen(list) + 1, sizeof(*texts)), *rest = list;
    const char *item;

    *count = 0;
    while ((item = strtok_r(rest, ",", &rest)) != NULL)
        texts[(*count)++] = copy_of(item);
    return texts;
}

static void add_roots(struct world *world, struct partner *partner, const char *list)
{
    char copy[64], *rest = copy;
    const char *name;

    snprintf(copy, sizeof(copy), "%s", list);
    partner->anchors = calloc(4, sizeof(*partner->anchors));
    while ((name = strtok_r(rest, ",", &rest)) != NULL && strcmp(name, "none") != 0)
        partner->anchors[partner->anchor_count++] =
            trust_anchors_add(partner_set_anchors(world->partners), factory_certificate(world_root(name)));
}

static struct partner *partner_named(const char *name, const char *domains)
{
    struct partner *partner = calloc(1, sizeof(*partner));
    char copy[256];

    snprintf(copy, sizeof(copy), "%s", domains);
    partner->name = copy_of(name);
    partner->domains = split(copy, &partner->domain_count);
    partner->enabled = true;
    partner->revocation = REVOCATION_IF_AVAILABLE;
    partner->valid_from = INT64_MIN;
    partner->valid_until = INT64_MAX;
    partner->direction = PARTNER_DIRECTION_INBOUND | PARTNER_DIRECTION_OUTBOUND;
    partner->limits = (struct partner_limits){500, 1000, 16, 256 * 1024};
    return partner;
}

static void add_pin(struct partner *partner, const char *whose)
{
    struct certificate *certificate = factory_certificate(world_key_holder(whose));

    partner->pins = calloc(1, sizeof(*partner->pins));
    partner->pin_count = 1;
    memcpy(partner->pins[0].sha256, certificate->key_sha256, 32);
    if (strcmp(whose, "wrong") == 0)
        partner->pins[0].sha256[0] ^= 1;
    certificate_destroy(certificate);
}

static void set_identity(struct partner *partner, char *word)
{
    char *names = strchr(word, '=');

    if (names != NULL) {
        partner->identity = IDENTITY_NAMES;
        partner->identity_names = split(names + 1, &partner->identity_name_count);
        return;
    }
    for (int rule = IDENTITY_DOMAIN; rule <= IDENTITY_DANE; rule++) {
        if (strcmp(identity_rule_word((enum identity_rule)rule), word) == 0) {
            partner->identity = (enum identity_rule)rule;
            return;
        }
    }
    world_fail("no such rule", word);
}

static void add_crl(struct crl_store **store, char *word)
{
    const char *why;

    if (*store == NULL)
        *store = crl_store_create();
    if (!crl_store_add(*store, world_crl(word), &why))
        abort();
}

static enum revocation_rule revocation_of(const char *word)
{
    if (strcmp(word, "off") == 0)
        return REVOCATION_OFF;
    return strcmp(word, "required") == 0 ? REVOCATION_REQUIRED : REVOCATION_IF_AVAILABLE;
}

static bool set_keyed(struct world *world, struct partner *partner, char *word, const char **anchors)
{
    char *value;

    if ((value = world_value(word, "identity")) != NULL)
        set_identity(partner, value);
    else if ((value = world_value(word, "direction")) != NULL)
        partner->direction =
            strcmp(value, "inbound") == 0 ? PARTNER_DIRECTION_INBOUND : PARTNER_DIRECTION_OUTBOUND;
    else if ((value = world_value(word, "methods")) != NULL)
        partner->methods = split(value, &partner->method_count);
    else if ((value = world_value(word, "pin")) != NULL)
        add_pin(partner, value);
    else if ((value = world_value(word, "roots")) != NULL)
        *anchors = value;
    else if ((value = world_value(word, "crl")) != NULL)
        add_crl(&partner->crl_store, value);
    else if ((value = world_value(word, "revocation")) != NULL)
        partner->revocation = revocation_of(value);
    else if ((value = world_value(word, "discovery")) != NULL)
        world->discovery = value;
    else if ((value = world_value(word, "at")) != NULL)
        world->now = FACTORY_NOW + strtoll(value, NULL, 10) * FACTORY_DAY;
    else
        return false;
    return true;
}

static void set_option(struct world *world, struct partner *partner, char *word, const char **anchors)
{
    if (set_keyed(world, partner, word, anchors))
        return;
    if (strcmp(word, "disabled") == 0)
        partner->enabled = false;
    else if (strcmp(word, "starts-tomorrow") == 0)
        partner->valid_from = FACTORY_NOW + FACTORY_DAY;
    else if (strcmp(word, "starts-now") == 0)
        partner->valid_from = FACTORY_NOW;
    else if (strcmp(word, "ends-now") == 0)
        partner->valid_until = FACTORY_NOW;
    else if (strcmp(word, "ends-in-a-second") == 0)
        partner->valid_until = FACTORY_NOW + 1;
    else if (strcmp(word, "lenient") == 0)
        partner->client_eku_lenient = true;
    else if (strcmp(word, "fixed") == 0)
        partner->locate = LOCATE_FIXED;
    else
        world_fail("no such option", word);
}

static void add_partner(struct world *world, struct partner *partner, const char *anchors)
{
    add_roots(world, partner, anchors);
    if (!partner_set_add(world->partners, partner))
        abort();
}

static struct partner *discovered(void)
{
    const struct discovery_bounds bounds = {
        .messages_per_second = 500, .connections = 16, .message_size = 256 * 1024};
    struct partner *partner = discovery_partner_create("gateway.yaml", &bounds);

    if (partner == NULL)
        abort();
    return partner;
}

void world_create(struct world *world, char *options)
{
    static char *servers[] = {"fe1.corp.example", "fe2.corp.example"};
    static char *domains[] = {"corp.example", "emea.corp.example"};
    static char *blocked[] = {"blocked.example", ".evil.example"};
    const char *anchors = "fab";
    char *word;

    *world = (struct world){.partners = partner_set_create(), .now = FACTORY_NOW};
    struct partner *fabrikam =
        partner_named("fabrikam", "fabrikam.example,emea.fabrikam.example,sub.evil.example");
    while ((word = world_word(&options)) != NULL)
        set_option(world, fabrikam, word, &anchors);
    add_partner(world, fabrikam, anchors);
    world->fabrikam = fabrikam;

    add_partner(world, partner_named("contoso", "contoso.example"), "con");
    struct partner *adatum = partner_named("adatum", "adatum.example");
    adatum->identity = IDENTITY_SRV_TARGET;
    add_partner(world, adatum, "con");
    struct partner *litware = partner_named("litware", "litware.example"),
                   *hosted = partner_named("hosted", "hosted.example");
    set_identity(litware, (char[]){"names=edge.hoster.example"});
    set_identity(hosted, (char[]){"names=edge.hoster.example"});
    add_partner(world, litware, "hos");
    add_partner(world, hosted, "hos");
    if (world->discovery != NULL)
        add_partner(world, discovered(), world->discovery);

    const struct factory_order *corp = world_root("corp");
    world->internal_anchors = factory_anchors(&corp, 1);
    if (!policy_init(&world->policy, world->partners, world->internal_anchors, servers, 2, domains, 2,
                     blocked, 2))
        abort();
}

void world_set_internal(struct world *world, char *options)
{
    enum revocation_rule rule = REVOCATION_IF_AVAILABLE;
    char *word, *value;

    while ((word = world_word(&options)) != NULL) {
        if ((value = world_value(word, "crl")) != NULL)
            add_crl(&world->internal_crls, value);
        else if ((value = world_value(word, "revocation")) != NULL)
            rule = revocation_of(value);
        else
            world_fail("no such option of ours", word);
    }
    world->policy.internal_revocation =
        (struct revocation_terms){.rule = rule, .store = world->internal_crls};
}

void world_destroy(struct world *world)
{
    policy_deinit(&world->policy);
    partner_set_destroy(world->partners);
    trust_anchors_destroy(world->internal_anchors);
    crl_store_destroy(world->internal_crls);
}
