/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/partner_keys.h"

#include <stdlib.h>
#include <string.h>

#include "policy/pem.h"
#include "policy/revocation_keys.h"
#include "policy/utf8.h"
#include "policy/yaml_values.h"

#define METHODS_MOST 32u
#define PINS_MOST 64u

struct partner *partner_create(void)
{
    struct partner *partner = calloc(1, sizeof(*partner));
    if (partner == NULL)
        return NULL;
    *partner = (struct partner){
        .enabled = true,
        .valid_from = INT64_MIN,
        .valid_until = INT64_MAX,
        .identity = IDENTITY_DOMAIN,
        .locate = LOCATE_SRV,
        .direction = PARTNER_DIRECTION_INBOUND | PARTNER_DIRECTION_OUTBOUND,
        .revocation = REVOCATION_IF_AVAILABLE,
        .limits = {.messages_per_second = 500, .burst = 1000, .connections = 16, .message_size = 256 * 1024},
    };
    return partner;
}

/* ---- the three required keys ---- */

static void read_name(struct yaml_reading *reading, const struct yaml_node *node,
                      const struct yaml_field *field)
{
    struct partner_draft *draft = reading->context;
    char quoted[UTF8_QUOTED];

    if (!yaml_is_value(reading, node, field, "the stem of the file's name"))
        return;
    bool good = node->value.length <= PARTNER_NAME_LONGEST;
    for (size_t i = 0; i < node->value.length; i++) {
        char c = text_lower(node->value.at[i]);
        good =
            good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (i > 0 && strchr("-_.", c) != NULL));
    }
    if (!good) {
        yaml_error(reading, node, "bad-value",
                   "'%s' is no partner name; use 1 to %u letters, digits, hyphens, dots and underscores",
                   utf8_quote(node->value, quoted), PARTNER_NAME_LONGEST);
        return;
    }
    yaml_read_text(reading, node, field);
    draft->name = node;
}

static void read_domains(struct yaml_reading *reading, const struct yaml_node *node,
                         const struct yaml_field *field)
{
    struct partner_draft *draft = reading->context;

    yaml_read_some_names(reading, node, field);
    draft->domains = node;
}

/* The files are read later, when the rule of identity is known. */
static void read_roots(struct yaml_reading *reading, const struct yaml_node *node,
                       const struct yaml_field *field)
{
    struct partner_draft *draft = reading->context;

    if (!yaml_is_list(reading, node, field, false, "[root.pem]"))
        return;
    yaml_read_paths(reading, node, field);
    draft->roots = node;
}

/* ---- how to know a partner, and where to find it ---- */

static const struct yaml_word identity_words[] = {
    {"domain", IDENTITY_DOMAIN}, {"srv-target", IDENTITY_SRV_TARGET}, {"secure-srv", IDENTITY_SECURE_SRV},
    {"dane", IDENTITY_DANE},     {"{names: [HOST]}", IDENTITY_NAMES}, {NULL, 0}};
static const struct yaml_key identity_keys[] = {
    {"names", yaml_read_some_names, offsetof(struct partner, identity_names),
     offsetof(struct partner, identity_name_count), NULL, true},
    {NULL},
};

static void read_identity(struct yaml_reading *reading, const struct yaml_node *node,
                          const struct yaml_field *field)
{
    struct partner *partner = field->value;
    struct partner_draft *draft = reading->context;
    struct yaml_field rule = {.key = field->key, .value = &partner->identity, .detail = identity_words};

    if (node->kind == YAML_MAPPING) {
        partner->identity = IDENTITY_NAMES;
        yaml_read_mapping(reading, node, "'identity'", identity_keys, partner);
        return;
    }
    if (node->kind == YAML_SCALAR && text_equal(node->value, TEXT("names"))) {
        yaml_error(reading, node, "bad-value",
                   "'identity: names' needs the names; write {names: [edge.a.example]}");
        return;
    }
    yaml_read_word(reading, node, &rule);
    draft->identity = node;
}

/* RFC 3261 19.1.2: the port of sips. */
static const struct yaml_host_port_form fixed_form = {.port = 5061};
static const struct yaml_word locate_words[] = {
    {"srv", LOCATE_SRV}, {"{fixed: [HOST:PORT]}", LOCATE_FIXED}, {NULL, 0}};
static const struct yaml_key locate_keys[] = {
    {"fixed", yaml_read_host_ports, offsetof(struct partner, fixed), offsetof(struct partner, fixed_count),
     &fixed_form, true},
    {NULL},
};

static void read_locate(struct yaml_reading *reading, const struct yaml_node *node,
                        const struct yaml_field *field)
{
    struct partner *partner = field->value;
    struct yaml_field rule = {.key = field->key, .value = &partner->locate, .detail = locate_words};

    if (node->kind == YAML_MAPPING) {
        partner->locate = LOCATE_FIXED;
        yaml_read_mapping(reading, node, "'locate'", locate_keys, partner);
    } else if (node->kind == YAML_SCALAR && text_equal(node->value, TEXT("fixed"))) {
        yaml_error(reading, node, "bad-value",
                   "'locate: fixed' needs the addresses; write {fixed: [edge.a.example:5061]}");
    } else {
        yaml_read_word(reading, node, &rule);
    }
}

static const struct yaml_key valid_keys[] = {
    {"from", yaml_read_time, offsetof(struct partner, valid_from), 0, NULL, false},
    {"until", yaml_read_time, offsetof(struct partner, valid_until), 0, NULL, false},
    {NULL},
};

static void read_valid(struct yaml_reading *reading, const struct yaml_node *node,
                       const struct yaml_field *field)
{
    struct partner *partner = field->value;

    yaml_read_mapping(reading, node, "'valid'", valid_keys, partner);
    if (partner->valid_from >= partner->valid_until)
        yaml_error(reading, node, "bad-time",
                   "'valid' ends before it begins; 'until' must be later than 'from'");
}

/* ---- what may cross ---- */

static const struct yaml_word method_words[] = {
    {"INVITE", 0}, {"ACK", 0},     {"BYE", 0},     {"CANCEL", 0},   {"OPTIONS", 0}, {"REGISTER", 0},
    {"PRACK", 0},  {"UPDATE", 0},  {"INFO", 0},    {"REFER", 0},    {"MESSAGE", 0}, {"SUBSCRIBE", 0},
    {"NOTIFY", 0}, {"PUBLISH", 0}, {"SERVICE", 0}, {"BENOTIFY", 0}, {NULL, 0}};

static const char *method_at(const void *words, size_t index)
{
    return ((const struct yaml_word *)words)[index].word;
}

static bool is_token(struct text t)
{
    for (size_t i = 0; i < t.length; i++) {
        char c = text_lower(t.at[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-.!%*_+`'~", c) != NULL))
            return false;
    }
    return t.length > 0 && t.length <= 32;
}

/* Methods are case-sensitive, and others may come: one that is not known is believed, a slip of the pen is
 * not. */
static bool is_method(struct yaml_reading *reading, const struct yaml_node *entry,
                      const struct yaml_field *field)
{
    char quoted[UTF8_QUOTED];

    if (!yaml_is_entry(reading, entry, field, "[INVITE, MESSAGE]"))
        return false;
    for (size_t i = 0; method_words[i].word != NULL; i++) {
        if (text_equal(entry->value, text_of(method_words[i].word)))
            return true;
    }
    const char *nearest = yaml_nearest(entry->value, method_at, method_words);
    if (is_token(entry->value) && nearest == NULL)
        return true;
    utf8_quote(entry->value, quoted);
    if (nearest != NULL)
        yaml_error(reading, entry, "bad-value", "'%s' is no SIP method; did you mean '%s'?", quoted, nearest);
    else
        yaml_error(reading, entry, "bad-value", "'%s' is no SIP method", quoted);
    return false;
}

static void read_methods(struct yaml_reading *reading, const struct yaml_node *node,
                         const struct yaml_field *field)
{
    size_t count = 0;

    if (node->kind == YAML_SCALAR && text_equal(node->value, TEXT("all")))
        return;
    if (!yaml_is_list(reading, node, field, true, "all, or [INVITE, MESSAGE]"))
        return;
    if (node->count > METHODS_MOST) {
        yaml_error(reading, node, "bad-value", "'methods' lists more than %u methods; write all",
                   METHODS_MOST);
        return;
    }
    char **methods = calloc(node->count, sizeof(methods[0]));
    if (methods == NULL) {
        yaml_out_of_memory(reading, node);
        return;
    }
    for (const struct yaml_node *entry = node->first; entry != NULL; entry = entry->next) {
        if (!is_method(reading, entry, field))
            continue;
        methods[count] = text_copy(entry->value);
        if (methods[count] == NULL)
            yaml_out_of_memory(reading, entry);
        else
            count++;
    }
    *(char ***)field->value = methods;
    *field->count = count;
}

/* ---- what must hold besides ---- */

static bool read_pin(struct yaml_reading *reading, const struct yaml_node *entry,
                     const struct yaml_field *field, struct pin *pin)
{
    const struct text prefix = TEXT("sha256:");
    char quoted[UTF8_QUOTED];

    if (!yaml_is_entry(reading, entry, field, "[\"sha256:BASE64\"]"))
        return false;
    if (text_starts_with(entry->value, prefix) &&
        base64_decode(text_skip(entry->value, prefix.length), false, pin->sha256, sizeof(pin->sha256)) ==
            sizeof(pin->sha256))
        return true;
    yaml_error(
        reading, entry, "bad-pin",
        "'%s' is no pin; write \"sha256:\" and the 44 characters of base64 of the SHA-256 of a public key",
        utf8_quote(entry->value, quoted));
    return false;
}

static void read_pins(struct yaml_reading *reading, const struct yaml_node *node,
                      const struct yaml_field *field)
{
    size_t count = 0;

    if (!yaml_is_list(reading, node, field, false, "[\"sha256:BASE64\"]"))
        return;
    if (node->count > PINS_MOST) {
        yaml_error(reading, node, "bad-value", "'pins' lists more than %u pins", PINS_MOST);
        return;
    }
    struct pin *pins = calloc(node->count + 1, sizeof(pins[0]));
    if (pins == NULL) {
        yaml_out_of_memory(reading, node);
        return;
    }
    for (const struct yaml_node *entry = node->first; entry != NULL; entry = entry->next)
        count += read_pin(reading, entry, field, &pins[count]);
    *(struct pin **)field->value = pins;
    *field->count = count;
}

static const struct yaml_word direction_words[] = {
    {"both", PARTNER_DIRECTION_INBOUND | PARTNER_DIRECTION_OUTBOUND},
    {"inbound", PARTNER_DIRECTION_INBOUND},
    {"outbound", PARTNER_DIRECTION_OUTBOUND},
    {NULL, 0}};
static const struct yaml_word client_eku_words[] = {{"strict", 0}, {"lenient", 1}, {NULL, 0}};
static const struct yaml_word asserted_identity_words[] = {{"strip", 0}, {"keep", 1}, {NULL, 0}};
static const struct yaml_word diagnostics_words[] = {{"off", 0}, {"public", 1}, {NULL, 0}};

static const struct yaml_range rate_range = {1, 1000000}, connections_range = {1, 10000};
static const struct yaml_range size_range = {1024, 16 * 1024 * 1024};

static void read_message_size(struct yaml_reading *reading, const struct yaml_node *node,
                              const struct yaml_field *field)
{
    struct partner_draft *draft = reading->context;

    yaml_read_size(reading, node, field);
    draft->message_size = node;
}

#define LIMIT(field) offsetof(struct partner_limits, field), 0
static const struct yaml_key limit_keys[] = {
    {"messages-per-second", yaml_read_count32, LIMIT(messages_per_second), &rate_range, false},
    {"burst", yaml_read_count32, LIMIT(burst), &rate_range, false},
    {"connections", yaml_read_count32, LIMIT(connections), &connections_range, false},
    {"message-size", read_message_size, LIMIT(message_size), &size_range, false},
    {NULL},
};

/* The table of the partner file. A reader with offset 0 gets the whole partner. */
#define VALUE(field) offsetof(struct partner, field), 0
#define LIST(field, count) offsetof(struct partner, field), offsetof(struct partner, count)
static const struct yaml_key partner_keys[] = {
    {"partner", read_name, VALUE(name), NULL, true},
    {"domains", read_domains, LIST(domains, domain_count), NULL, true},
    {"roots", read_roots, LIST(roots, root_count), NULL, true},
    {"comment", yaml_read_text, VALUE(comment), NULL, false},
    {"enabled", yaml_read_boolean, VALUE(enabled), NULL, false},
    {"valid", read_valid, 0, 0, NULL, false},
    {"identity", read_identity, 0, 0, NULL, false},
    {"locate", read_locate, 0, 0, NULL, false},
    {"direction", yaml_read_word, VALUE(direction), direction_words, false},
    {"methods", read_methods, LIST(methods, method_count), NULL, false},
    {"client-eku", yaml_read_switch, VALUE(client_eku_lenient), client_eku_words, false},
    {"pins", read_pins, LIST(pins, pin_count), NULL, false},
    {"crls", revocation_read_crls, LIST(crls, crl_count), NULL, false},
    {"revocation", revocation_read_rule, VALUE(revocation), NULL, false},
    {"ocsp", revocation_read_ocsp, VALUE(ocsp), NULL, false},
    {"asserted-identity", yaml_read_switch, VALUE(keep_asserted_identity), asserted_identity_words, false},
    {"diagnostics", yaml_read_switch, VALUE(diagnostics_public), diagnostics_words, false},
    {"limits", yaml_read_section, VALUE(limits), limit_keys, false},
    {NULL},
};

void partner_keys_read(struct yaml_reading *reading, const struct yaml_node *root,
                       struct partner_draft *draft)
{
    reading->context = draft;
    yaml_read_mapping(reading, root, "a partner file", partner_keys, draft->partner);
    if (draft->roots != NULL && draft->roots->count == 0 && draft->partner->identity != IDENTITY_DANE)
        yaml_error(reading, draft->roots, "bad-value",
                   "'roots' is empty; list the partner's root certificates, [root.pem]");
    if (identity_rule_needs_dnssec(draft->partner->identity) && !draft->dnssec_believed)
        problems_add(
            reading->problems, SEVERITY_WARNING, yaml_place(reading, draft->identity), "dnssec-not-believed",
            "'identity: %s' asks for DNSSEC-secure answers, and dns.trust-ad of the gateway file is false: "
            "nothing crosses; name a validating resolver on this host there, and set it to true",
            identity_rule_word(draft->partner->identity));
    if (draft->message_size != NULL && draft->message_size_most > 0 &&
        draft->partner->limits.message_size > draft->message_size_most)
        problems_add(reading->problems, SEVERITY_WARNING, yaml_place(reading, draft->message_size),
                     "limit-not-reached",
                     "'message-size' is over limits.message-size of the gateway file, which holds for every "
                     "partner; raise that one, too");
}
