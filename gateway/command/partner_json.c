/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "gateway/command/partner_text.h"
#include "policy/pem.h"
#include "policy/revocation.h"
#include "policy/yaml_values.h"

static void names_json(struct json *json, const char *key, char *const *names, size_t count)
{
    json_array(json, key);
    for (size_t i = 0; i < count; i++)
        json_string(json, NULL, names[i]);
    json_array_end(json);
}

static void identity_json(const struct partner *partner, struct json *json)
{
    if (partner->identity != IDENTITY_NAMES) {
        json_string(json, "identity", identity_rule_word(partner->identity));
        return;
    }
    json_object(json, "identity");
    names_json(json, "names", partner->identity_names, partner->identity_name_count);
    json_object_end(json);
}

static void locate_json(const struct partner *partner, struct json *json)
{
    if (partner->locate == LOCATE_SRV) {
        json_string(json, "locate", "srv");
        return;
    }
    json_object(json, "locate");
    json_array(json, "fixed");
    for (size_t i = 0; i < partner->fixed_count; i++) {
        char written[300];
        const char *host = partner->fixed[i].host;
        snprintf(written, sizeof(written), strchr(host, ':') == NULL ? "%s:%u" : "[%s]:%u", host,
                 partner->fixed[i].port);
        json_string(json, NULL, written);
    }
    json_array_end(json);
    json_object_end(json);
}

static void valid_json(const struct partner *partner, struct json *json)
{
    json_object(json, "valid");
    if (partner->valid_from != INT64_MIN)
        json_time(json, "from", partner->valid_from);
    if (partner->valid_until != INT64_MAX)
        json_time(json, "until", partner->valid_until);
    json_object_end(json);
}

static void pins_json(const struct partner *partner, struct json *json)
{
    json_array(json, "pins");
    for (size_t i = 0; i < partner->pin_count; i++) {
        char written[sizeof("sha256:") + BASE64_LENGTH(32)] = "sha256:";
        base64_encode(partner->pins[i].sha256, sizeof(partner->pins[i].sha256), written + strlen("sha256:"));
        json_string(json, NULL, written);
    }
    json_array_end(json);
}

static void limits_json(const struct partner_limits *limits, struct json *json)
{
    char size[QUANTITY_WRITTEN];

    json_object(json, "limits");
    json_number(json, "messages-per-second", limits->messages_per_second);
    json_number(json, "burst", limits->burst);
    json_number(json, "connections", limits->connections);
    json_string(json, "message-size", yaml_write_size(limits->message_size, size));
    json_object_end(json);
}

static void anchors_json(const struct partner *partner, int64_t now, struct json *json)
{
    json_array(json, "anchors");
    for (size_t i = 0; i < partner->anchor_count; i++) {
        const struct certificate *certificate = partner->anchors[i]->certificate;
        char sha256[65];
        for (size_t j = 0; j < sizeof(certificate->sha256); j++)
            snprintf(sha256 + 2 * j, 3, "%02x", certificate->sha256[j]);
        json_object(json, NULL);
        json_string(json, "subject", partner->anchors[i]->subject);
        json_string(json, "sha256", sha256);
        json_time(json, "not-before", certificate->not_before);
        json_time(json, "not-after", certificate->not_after);
        json_number(json, "days-left", (certificate->not_after - now) / 86400);
        json_object_end(json);
    }
    json_array_end(json);
}

/* What was read from `crls`. */
static void crl_lists_json(const struct partner *partner, int64_t now, struct json *json)
{
    char issuer[256];

    json_array(json, "crl-lists");
    for (size_t i = 0; partner->crl_store != NULL && i < crl_store_count(partner->crl_store); i++) {
        const struct crl *crl = crl_store_at(partner->crl_store, i);
        certificate_subject_print(crl->issuer, issuer, sizeof(issuer));
        json_object(json, NULL);
        json_string(json, "issuer", issuer);
        json_time(json, "this-update", crl->this_update);
        json_time(json, "next-update", crl->next_update);
        json_number(json, "days-left", (crl->next_update - now) / 86400);
        json_number(json, "entries", (int64_t)(crl->serial_count + crl->odd_count));
        json_object_end(json);
    }
    json_array_end(json);
}

static const char *direction_of(const struct partner *partner)
{
    if (partner->direction == PARTNER_DIRECTION_INBOUND)
        return "inbound";
    return partner->direction == PARTNER_DIRECTION_OUTBOUND ? "outbound" : "both";
}

void partner_json(const struct partner *partner, int64_t now, struct json *json)
{
    static const char *const revocation[] = {"off", "if-available", "required"};

    json_object(json, NULL);
    json_string(json, "partner", partner->name);
    json_string(json, "file", partner->file);
    json_string(json, "state", partner_state_word(partner, now));
    json_string(json, "comment", partner->comment);
    json_boolean(json, "enabled", partner->enabled);
    valid_json(partner, json);
    names_json(json, "domains", partner->domains, partner->domain_count);
    names_json(json, "roots", partner->roots, partner->root_count);
    anchors_json(partner, now, json);
    identity_json(partner, json);
    locate_json(partner, json);
    json_string(json, "direction", direction_of(partner));
    if (partner->methods == NULL)
        json_string(json, "methods", "all");
    else
        names_json(json, "methods", partner->methods, partner->method_count);
    json_string(json, "client-eku", partner->client_eku_lenient ? "lenient" : "strict");
    pins_json(partner, json);
    names_json(json, "crls", partner->crls, partner->crl_count);
    crl_lists_json(partner, now, json);
    json_string(json, "revocation", revocation[partner->revocation]);
    json_string(json, "ocsp", revocation[partner->ocsp]);
    json_string(json, "asserted-identity", partner->keep_asserted_identity ? "keep" : "strip");
    json_string(json, "diagnostics", partner->diagnostics_public ? "public" : "off");
    limits_json(&partner->limits, json);
    json_object_end(json);
}
