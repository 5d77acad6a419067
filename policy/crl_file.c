/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/crl_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/calendar.h"
#include "policy/certificate_file.h"
#include "policy/der.h"
#include "policy/distinguished_name.h"
#include "policy/partner_file.h"
#include "policy/pem.h"
#include "policy/revocation_keys.h"
#include "policy/utf8.h"
#include "policy/yaml_values.h"

#define SUBJECT 120
#define SIGNERS_MOST 20u /* certificates in one file */

/* One file on its way into the store. */
struct crl_file {
    const struct crl_loading *loading;
    struct crl_store *store;
    struct place place;
    char name[UTF8_QUOTED];
    struct certificate *signer[SIGNERS_MOST]; /* owned, until the store has them: those that the file holds */
    size_t signer_count, crl_count;
};

static const char *owner_of(const struct crl_file *file)
{
    return file->loading->partner == NULL ? "its CA" : file->loading->partner->name;
}

/* False, so that a reader can end with it. */
static bool refuse(const struct crl_file *file, size_t line, const char *token, const char *sentence)
{
    if (line == 0)
        problems_add(file->loading->problems, SEVERITY_ERROR, file->place, token, "%s %s", file->name,
                     sentence);
    else
        problems_add(file->loading->problems, SEVERITY_ERROR, file->place, token, "%s, line %zu, %s",
                     file->name, line, sentence);
    return false;
}

static void warn(const struct crl_file *file, const struct crl *crl, const char *token, const char *sentence)
{
    char issuer[SUBJECT];

    certificate_subject_print(crl->issuer, issuer, sizeof(issuer));
    problems_add(file->loading->problems, SEVERITY_WARNING, file->place, token, "%s (%s) %s", file->name,
                 issuer, sentence);
}

/* ---- what is odd about a CRL that can be used ---- */

static const char *what_follows(enum revocation_rule rule)
{
    return rule == REVOCATION_REQUIRED ? "all certificates of this CA are refused (revocation: required)"
                                       : "only those that it lists are refused";
}

static void check_dates(const struct crl_file *file, const struct crl *crl)
{
    char sentence[200], date[CALENDAR_DATE];
    int64_t now = file->loading->now, left = crl->next_update - now;

    if (left < 0) {
        snprintf(sentence, sizeof(sentence), "ended on %s; ask %s for the one that followed, until then %s",
                 calendar_date(crl->next_update, date), owner_of(file), what_follows(file->loading->rule));
        warn(file, crl, "crl-expired", sentence);
    } else if (crl->this_update > now) {
        snprintf(sentence, sizeof(sentence), "begins on %s; until then it counts for nothing",
                 calendar_date(crl->this_update, date));
        warn(file, crl, "crl-not-yet-valid", sentence);
    } else if (left < ENDS_SOON_DAYS * CALENDAR_DAY) {
        snprintf(sentence, sizeof(sentence), "ends on %s; put the one that follows in its place",
                 calendar_date(crl->next_update, date));
        warn(file, crl, "ends-soon", sentence);
    }
}

/* Is it of this CA, by name and by signature? */
struct origin {
    bool is_named, is_genuine;
};

static void compare(struct origin *origin, const struct crl *crl, const struct certificate *authority)
{
    if (origin->is_genuine || !distinguished_name_equal(crl->issuer, authority->subject))
        return;
    origin->is_named = true;
    origin->is_genuine = crl_is_signed_by(crl, authority);
}

/* Only a warning: the same CA may have signed with another key, which a path may lead to. */
static void check_origin(const struct crl_file *file, const struct crl *crl)
{
    const struct crl_loading *loading = file->loading;
    const struct trust_anchor *anchor = NULL;
    struct origin origin = {0};
    char sentence[300];

    while ((anchor = trust_anchors_by_subject(loading->anchors, crl->issuer, anchor)) != NULL) {
        if (loading->partner == NULL || partner_lists_anchor(loading->partner, anchor))
            compare(&origin, crl, anchor->certificate);
    }
    for (size_t i = 0; i < file->signer_count; i++)
        compare(&origin, crl, file->signer[i]);
    if (origin.is_genuine)
        return;
    if (origin.is_named) {
        warn(file, crl, "crl-not-genuine",
             "is not signed by the CA of this name; it counts for nothing unless another key of that CA "
             "signed it");
        return;
    }
    snprintf(sentence, sizeof(sentence),
             "is of none of the roots of %s; if it is of an intermediate CA, put the certificate of that CA "
             "into the "
             "same file",
             loading->partner == NULL ? "'internal'" : loading->partner->name);
    warn(file, crl, "crl-issuer-unknown", sentence);
}

/* ---- reading ---- */

static bool take_crl(struct crl_file *file, struct text der, size_t line)
{
    char sentence[200];
    const char *why = NULL;

    if (crl_store_count(file->store) >= CRLS_MOST)
        return refuse(file, line, "too-many-crls",
                      "is one CRL too many for this list; list only those that are in use");
    struct crl *crl = crl_read(der, &why);
    if (crl == NULL) {
        snprintf(sentence, sizeof(sentence), "%s: %s",
                 line == 0 ? "holds a CRL that cannot be used" : "begins a CRL that cannot be used", why);
        return refuse(file, line, "malformed-crl", sentence);
    }
    file->crl_count++;
    check_dates(file, crl);
    check_origin(file, crl);
    if (crl_store_add(file->store, crl, &why))
        return true;
    snprintf(sentence, sizeof(sentence), "cannot be kept: %s", why);
    return refuse(file, line, "too-many-crls", sentence);
}

static bool take_signer(struct crl_file *file, struct text der, size_t line)
{
    if (file->signer_count == SIGNERS_MOST)
        return refuse(file, line, "file-too-large", "begins one certificate too many; split the file");
    enum reason reason = certificate_read(der, &file->signer[file->signer_count]);
    if (reason == REASON_MALFORMED_CERTIFICATE)
        return refuse(file, line, "malformed-certificate", "begins a certificate that breaks X.509");
    if (reason != REASON_OK)
        return refuse(file, 0, "out-of-memory", "does not fit into memory");
    file->signer_count++;
    return true;
}

static bool is_crl(const struct pem_block *block)
{
    return text_equal(block->label, TEXT("X509 CRL")) || text_equal(block->label, TEXT("CRL"));
}

static bool take_block(struct crl_file *file, const struct pem_block *block,
                       bool (*take)(struct crl_file *, struct text, size_t))
{
    size_t length = 0;
    unsigned char *der = pem_decode(block, &length);

    if (der == NULL)
        return refuse(file, block->line, "malformed-crl", "begins a block that is no base64");
    bool good = take(file, (struct text){(const char *)der, length}, block->line);
    free(der);
    return good;
}

/* The certificates first: a CRL is compared with them, wherever in the file they stand. */
static bool read_pem(struct crl_file *file, struct text pem, bool crls)
{
    struct pem_block block;
    enum pem_outcome outcome;
    size_t line = 1;

    while ((outcome = pem_next(&pem, &line, &block)) != PEM_END) {
        bool good = true;
        if (outcome == PEM_BROKEN)
            good = refuse(file, block.line, "malformed-crl", "begins a block that has no end");
        else if (pem_is_private_key(&block))
            good = refuse(
                file, block.line, "holds-private-key",
                "holds a private key; keep it in a file of its own, and replace a key that others have seen");
        else if (!crls && pem_is_certificate(&block))
            good = take_block(file, &block, take_signer);
        else if (crls && is_crl(&block))
            good = take_block(file, &block, take_crl);
        if (!good)
            return false;
    }
    return true;
}

static bool read_der(struct crl_file *file, struct text der)
{
    struct der_value value;

    while (der.length > 0) {
        if (!der_next(&der, &value))
            return refuse(file, 0, "malformed-crl", "is cut short, or neither DER nor PEM");
        if (!take_crl(file, value.whole, 0))
            return false;
    }
    return true;
}

static void read_content(struct crl_file *file, struct text content)
{
    bool is_der = content.length > 1 && (unsigned char)content.at[0] == DER_SEQUENCE &&
                  (unsigned char)content.at[1] >= 0x80;
    bool good =
        is_der ? read_der(file, content) : read_pem(file, content, false) && read_pem(file, content, true);

    if (good && file->crl_count == 0)
        refuse(file, 0, "no-crl-in-file", "holds no CRL; a PEM or DER file is wanted");
    for (size_t i = 0; i < file->signer_count; i++) {
        if (!crl_store_add_signer(file->store, file->signer[i]) && good)
            good = refuse(file, 0, "too-many-crls", "holds one certificate too many for this list");
    }
}

static void load_file(const struct crl_loading *loading, const char *path, struct place place,
                      struct crl_store *store)
{
    struct crl_file file = {.loading = loading, .store = store, .place = place};
    size_t length = 0;
    char *content = file_read_or_report(path, CRL_FILE_LARGEST, &length, place, loading->problems);

    if (content == NULL)
        return;
    utf8_quote(text_of(path_shown(place, path)), file.name);
    files_digest_add(loading->digest, (struct text){content, length});
    read_content(&file, (struct text){content, length});
    free(content);
}

static bool names_a_file(const struct yaml_node *sources)
{
    for (const struct yaml_node *entry = sources->first; entry != NULL; entry = entry->next) {
        if (entry->kind != YAML_SCALAR || !revocation_is_remote(entry->value))
            return true;
    }
    return false;
}

struct crl_store *crl_files_load(const struct crl_loading *loading, struct yaml_reading *reading,
                                 const struct yaml_node *sources)
{
    if (sources == NULL || sources->kind != YAML_LIST || sources->count == 0)
        return NULL;
    if (loading->rule == REVOCATION_OFF)
        problems_add(loading->problems, SEVERITY_WARNING, yaml_place(reading, sources), "crls-not-used",
                     "'crls' are not looked at while 'revocation' is off");
    if (!names_a_file(sources))
        return NULL;
    struct crl_store *store = crl_store_create();
    if (store == NULL) {
        yaml_out_of_memory(reading, sources);
        return NULL;
    }
    for (const struct yaml_node *entry = sources->first; entry != NULL; entry = entry->next) {
        if (entry->kind != YAML_SCALAR || entry->value.length == 0 || revocation_is_remote(entry->value))
            continue; /* told when the list was read */
        char *path = path_beside(reading->file, entry->value.at);
        if (path == NULL)
            yaml_out_of_memory(reading, entry);
        else
            load_file(loading, path, yaml_place(reading, entry), store);
        free(path);
    }
    return store;
}
