/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Our own chain and key of one side. Partners judge them as we judge theirs, so what they would refuse is
 * told here, before they do. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/own_key.h"
#include "gateway/settings_parts.h"
#include "policy/calendar.h"
#include "policy/identity.h"
#include "policy/pem.h"
#include "policy/utf8.h"

/* What the checks look at. */
struct own {
    struct settings_draft *draft;
    struct side_settings *side;
    const char *section;
    const struct yaml_node *certificate, *key, *host; /* NULL: missing or wrong, and told */
    char certificate_name[UTF8_QUOTED], key_name[UTF8_QUOTED];
};

static void complain(const struct own *own, enum severity severity, const struct yaml_node *node,
                     const char *token, const char *sentence)
{
    problems_add(own->draft->reading.problems, severity, yaml_place(&own->draft->reading, node), token, "%s",
                 sentence);
}

/* ---- the chain ---- */

static void check_dates(const struct own *own, const struct certificate *certificate, const char *what)
{
    char sentence[320], date[CALENDAR_DATE];
    int64_t now = own->draft->now;
    enum severity severity = own->draft->expired_allowed ? SEVERITY_WARNING : SEVERITY_ERROR;

    if (now > certificate->not_after) {
        snprintf(sentence, sizeof(sentence), "%s: %s expired on %s; put its successor there",
                 own->certificate_name, what, calendar_date(certificate->not_after, date));
        complain(own, severity, own->certificate, "certificate-expired", sentence);
    } else if (now < certificate->not_before) {
        snprintf(sentence, sizeof(sentence), "%s: %s is not valid before %s; check the clock of this host",
                 own->certificate_name, what, calendar_date(certificate->not_before, date));
        complain(own, severity, own->certificate, "certificate-not-yet-valid", sentence);
    } else if (certificate->not_after - now < ENDS_SOON_DAYS * CALENDAR_DAY) {
        snprintf(sentence, sizeof(sentence), "%s: %s ends on %s; ask for its successor",
                 own->certificate_name, what, calendar_date(certificate->not_after, date));
        complain(own, SEVERITY_WARNING, own->certificate, "ends-soon", sentence);
    }
}

static bool names(const struct certificate *leaf, const char *host)
{
    struct text matched;
    return identity_names_host(leaf, text_of(host)) || identity_names_domain(leaf, text_of(host), &matched);
}

static void check_names(const struct own *own, const struct certificate *leaf)
{
    char sentence[600], name[200];

    for (size_t i = 0; i < leaf->name_count; i++) {
        if (leaf->names[i].kind != CERTIFICATE_NAME_DNS || !text_starts_with(leaf->names[i].value, TEXT("*")))
            continue;
        certificate_name_print(&leaf->names[i], name, sizeof(name));
        snprintf(sentence, sizeof(sentence),
                 "%s carries the wildcard %s; partners that obey RFC 5922 do not count it",
                 own->certificate_name, name);
        complain(own, SEVERITY_WARNING, own->certificate, "wildcard-in-certificate", sentence);
    }
    if (own->host == NULL || own->side->host == NULL || names(leaf, own->side->host))
        return;
    snprintf(sentence, sizeof(sentence),
             "%s does not carry the name %s; ask for a certificate with it as DNS name, or change '%s.host'",
             own->certificate_name, own->side->host, own->section);
    complain(own, SEVERITY_ERROR, own->host, "host-not-in-certificate", sentence);
}

/* It is shown as a client and as a server. */
static void check_usage(const struct own *own, const struct certificate *leaf)
{
    static const struct {
        uint32_t bit;
        const char *name, *when;
    } usages[] = {{CERTIFICATE_EKU_SERVER, "serverAuth", "to us"},
                  {CERTIFICATE_EKU_CLIENT, "clientAuth", "from us"}};
    char sentence[320];

    if (leaf->defect != REASON_OK) {
        snprintf(sentence, sizeof(sentence), "%s: %s; the other side will refuse it", own->certificate_name,
                 leaf->defect_text == NULL ? reason_sentence(leaf->defect) : leaf->defect_text);
        complain(own, SEVERITY_ERROR, own->certificate, reason_token(leaf->defect), sentence);
    }
    for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
        if (!leaf->has_extended_key_usage ||
            (leaf->extended_key_usage & (usages[i].bit | CERTIFICATE_EKU_ANY)) != 0)
            continue;
        snprintf(sentence, sizeof(sentence),
                 "%s lacks the extended key usage %s; sessions %s may be refused by the other side",
                 own->certificate_name, usages[i].name, usages[i].when);
        complain(own, SEVERITY_WARNING, own->certificate, "wrong-key-usage", sentence);
    }
}

static void check_order(const struct own *own, const struct certificate_list *chain)
{
    char sentence[320];

    for (size_t i = 0; i + 1 < chain->count; i++) {
        if (text_equal(chain->certificate[i]->issuer, chain->certificate[i + 1]->subject))
            continue;
        snprintf(
            sentence, sizeof(sentence),
            "%s: certificate %zu did not sign certificate %zu; put the leaf first, and after each its issuer",
            own->certificate_name, i + 2, i + 1);
        complain(own, SEVERITY_WARNING, own->certificate, "chain-order", sentence);
        return;
    }
}

static void load_chain(struct own *own)
{
    struct side_settings *side = own->side;
    struct yaml_reading *reading = &own->draft->reading;
    struct place place = yaml_place(reading, own->certificate);
    char what[40];

    side->certificate_pem = file_read_or_report(side->certificate_file, PEM_FILE_LARGEST,
                                                &side->certificate_pem_length, place, reading->problems);
    if (side->certificate_pem == NULL)
        return;
    struct text pem = {side->certificate_pem, side->certificate_pem_length};
    files_digest_add(own->draft->digest, pem);
    if (!pem_read_certificates(pem, path_shown(place, side->certificate_file), place, reading->problems,
                               &side->certificates))
        return;
    for (size_t i = 0; i < side->certificates.count; i++) {
        snprintf(what, sizeof(what), i == 0 ? "the certificate" : "certificate %zu of the chain", i + 1);
        check_dates(own, side->certificates.certificate[i], what);
    }
    check_names(own, side->certificates.certificate[0]);
    check_usage(own, side->certificates.certificate[0]);
    check_order(own, &side->certificates);
}

/* ---- the key ---- */

/* The one private key of the file. */
static bool find_key(const struct own *own, struct text rest, struct pem_block *key)
{
    size_t line = 1, keys = 0;
    struct pem_block block;
    char sentence[320];
    const char *why = NULL, *token = "no-key-in-file";
    enum pem_outcome outcome;

    while ((outcome = pem_next(&rest, &line, &block)) == PEM_BLOCK) {
        if (!pem_is_private_key(&block))
            continue;
        keys++;
        *key = block;
    }
    if (outcome == PEM_BROKEN)
        why = "has a PEM block without an end";
    else if (keys == 0)
        why = "holds no private key in PEM";
    else if (keys > 1)
        why = "holds several private keys; keep the one of the certificate";
    else if (text_starts_with(key->label, TEXT("ENCRYPTED")) ||
             text_starts_with(text_trim(key->body), TEXT("Proc-Type:"))) {
        why = "is locked with a passphrase that nobody would be there to type; store it unlocked, readable "
              "by the "
              "gateway's user alone";
        token = "encrypted-key";
    }
    if (why == NULL)
        return true;
    snprintf(sentence, sizeof(sentence), "%s %s", own->key_name, why);
    complain(own, SEVERITY_ERROR, own->key, token, sentence);
    return false;
}

static bool belongs(struct text key, const struct certificate *certificate, enum own_key_verdict *verdict)
{
    *verdict = own_key_check(key, certificate->public_key);
    return *verdict == OWN_KEY_MATCHES;
}

static void check_match(const struct own *own, struct text key)
{
    const struct certificate_list *chain = &own->side->certificates;
    enum own_key_verdict verdict, other;
    char sentence[400];

    if (belongs(key, chain->certificate[0], &verdict))
        return;
    if (verdict == OWN_KEY_UNREADABLE) {
        snprintf(sentence, sizeof(sentence), "%s holds no RSA, EC or Ed25519 key", own->key_name);
        complain(own, SEVERITY_ERROR, own->key, "no-key-in-file", sentence);
        return;
    }
    snprintf(sentence, sizeof(sentence),
             "%s is not the key of the certificate in %s; they were mixed up, or one was "
             "replaced alone",
             own->key_name, own->certificate_name);
    for (size_t i = 1; i < chain->count; i++) {
        if (belongs(key, chain->certificate[i], &other))
            snprintf(sentence, sizeof(sentence),
                     "%s is the key of certificate %zu in %s; put that certificate first", own->key_name,
                     i + 1, own->certificate_name);
    }
    complain(own, SEVERITY_ERROR, own->key, "key-mismatch", sentence);
}

static void check_mode(const struct own *own)
{
    struct stat facts;
    char sentence[320];

    if (stat(own->side->key_file, &facts) != 0 || (facts.st_mode & (S_IROTH | S_IWOTH)) == 0)
        return;
    snprintf(sentence, sizeof(sentence),
             "every user of this host may read %s; run: chmod o= FILE, and think about a new key",
             own->key_name);
    complain(own, SEVERITY_WARNING, own->key, "world-readable-key", sentence);
}

static void load_key(struct own *own)
{
    struct side_settings *side = own->side;
    struct yaml_reading *reading = &own->draft->reading;
    struct pem_block block = {0};
    size_t length = 0;

    side->key_pem = file_read_or_report(side->key_file, PEM_FILE_LARGEST, &side->key_pem_length,
                                        yaml_place(reading, own->key), reading->problems);
    if (side->key_pem == NULL)
        return;
    if (!find_key(own, (struct text){side->key_pem, side->key_pem_length}, &block))
        return;
    check_mode(own);
    if (side->certificates.count == 0)
        return;
    unsigned char *der = pem_decode(&block, &length);
    if (der == NULL) {
        yaml_error(reading, own->key, "no-key-in-file", "%s holds a private key that is no base64",
                   own->key_name);
        return;
    }
    check_match(own, (struct text){(const char *)der, length});
    explicit_bzero(der, length);
    free(der);
}

void settings_certificate_load(struct settings_draft *draft, const char *section, struct side_settings *side)
{
    const struct yaml_node *keys = yaml_find(draft->root, section);
    struct own own = {.draft = draft,
                      .side = side,
                      .section = section,
                      .certificate = yaml_find(keys, "certificate"),
                      .key = yaml_find(keys, "key"),
                      .host = yaml_find(keys, "host")};
    struct place place = {draft->settings->file, 0, 0};

    if (side->certificate_file != NULL) {
        utf8_quote(text_of(path_shown(place, side->certificate_file)), own.certificate_name);
        load_chain(&own);
    }
    if (side->key_file != NULL) {
        utf8_quote(text_of(path_shown(place, side->key_file)), own.key_name);
        load_key(&own);
    }
}
