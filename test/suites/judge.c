/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Judges certificate paths for the outside suites. Reads one word and one value a line, octets in
 * hexadecimal: time SECONDS | anchor HEX | presented HEX (leaf first) | host NAME | depth INTERMEDIATES |
 * usage server|any | judge After `judge` it prints one line, REASON DETAIL, and forgets everything. Anchors
 * are held to trust_anchor_check as the loader holds them, but for their dates, which the path is held to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/general_name.h"
#include "policy/identity.h"
#include "policy/revocation.h"

#define PRESENTED_MOST 1024u

struct question {
    struct trust_anchors *anchors;
    struct crl_store *crls;
    enum revocation_rule revocation;
    struct text presented[PRESENTED_MOST]; /* owned */
    size_t presented_count;
    int64_t time;
    char host[512];
    struct text address; /* owned */
    long depth;          /* intermediates, self-issued ones not counted; negative: any number */
    uint32_t usage;
    enum reason anchor_refused, revocation_found;
    bool crl_refused;
    char detail[512];
    bool usage_wrong, too_deep, found;
};

static void question_begin(struct question *question)
{
    *question = (struct question){.anchors = trust_anchors_create(),
                                  .crls = crl_store_create(),
                                  .depth = -1,
                                  .usage = CERTIFICATE_EKU_SERVER};
    if (question->anchors == NULL || question->crls == NULL)
        abort();
}

static void question_end(struct question *question)
{
    trust_anchors_destroy(question->anchors);
    crl_store_destroy(question->crls);
    free((char *)question->address.at);
    for (size_t i = 0; i < question->presented_count; i++)
        free((char *)question->presented[i].at);
}

static struct text octets_of(const char *hex)
{
    size_t length = strlen(hex) / 2;
    char *octets = malloc(length + 1);
    if (octets == NULL)
        abort();
    for (size_t i = 0; i < length; i++) {
        unsigned octet;
        if (sscanf(hex + 2 * i, "%2x", &octet) != 1)
            abort();
        octets[i] = (char)octet;
    }
    return (struct text){octets, length};
}

static void add_anchor(struct question *question, const char *hex)
{
    struct text der = octets_of(hex);
    struct certificate *certificate;
    const char *why = "";

    enum reason reason = certificate_read(der, &certificate);
    free((char *)der.at);
    if (reason == REASON_OK) {
        reason = trust_anchor_check(certificate, &why);
        if (reason == REASON_OK) {
            if (trust_anchors_add(question->anchors, certificate) == NULL)
                abort();
            return;
        }
        certificate_destroy(certificate);
    }
    question->anchor_refused = reason;
    snprintf(question->detail, sizeof(question->detail), "anchor refused: %s", why);
}

static void add_crl(struct question *question, const char *hex)
{
    struct text der = octets_of(hex);
    const char *why;

    struct crl *crl = crl_read(der, &why);
    free((char *)der.at);
    if (crl == NULL || !crl_store_add(question->crls, crl, &why)) {
        question->crl_refused = true;
        snprintf(question->detail, sizeof(question->detail), "CRL refused: %s", why);
    }
}

static enum reason check_revocation(struct question *question, const struct trust_path *path)
{
    struct revocation_finding finding;
    const struct revocation_terms terms = {.rule = question->revocation, .store = question->crls};
    const struct revocation_question asked = {.terms = &terms, .now = question->time};

    if (question->crl_refused && question->revocation != REVOCATION_OFF)
        return REASON_REVOCATION_UNKNOWN;
    enum reason reason = revocation_check(path, &asked, &finding);
    if (reason != REASON_OK)
        snprintf(question->detail, sizeof(question->detail), "%s", finding.why);
    return reason;
}

static bool on_path(void *context, const struct trust_path *path)
{
    struct question *question = context;
    long depth = 0;

    for (size_t i = 1; i + 1 < path->count; i++)
        depth += certificate_is_self_issued(path->certificate[i]) ? 0 : 1;
    if ((path->extended_key_usage & (question->usage | CERTIFICATE_EKU_ANY)) == 0) {
        question->usage_wrong = true;
    } else if (question->depth >= 0 && depth > question->depth) {
        question->too_deep = true;
    } else {
        question->revocation_found = check_revocation(question, path);
        question->found = question->revocation_found == REASON_OK;
        return !question->found;
    }
    return true;
}

static void on_broken(void *context, const struct trust_path *so_far, const struct certificate *at,
                      enum reason why, const char *detail)
{
    struct question *question = context;
    char subject[160];

    certificate_subject_print(at->subject, subject, sizeof(subject));
    snprintf(question->detail, sizeof(question->detail), "depth %zu, %s: %s: %s", so_far->count, subject,
             reason_token(why), detail);
}

/* The gateway itself knows no addresses as identities: this is for the suites alone. */
static bool names_address(const struct certificate *leaf, struct text address)
{
    struct general_name name;
    struct text rest;

    if (!der_only(leaf->subject_alternative_name, DER_SEQUENCE, &rest))
        return false;
    while (rest.length > 0 && general_name_next(&rest, &name)) {
        if (name.kind == GENERAL_NAME_ADDRESS && text_equal(name.content, address))
            return true;
    }
    return false;
}

static enum reason judge_path(struct question *question, const struct presented_chain *chain)
{
    struct trust_trace trace = {.broke = on_broken, .context = question};
    struct trust_search search = {
        .chain = chain,
        .anchors = question->anchors,
        .now = question->time,
        .found = on_path,
        .context = question,
        .trace = &trace,
    };
    enum reason reason = trust_path_search(&search);
    if (reason == REASON_OK && !question->found)
        reason = question->revocation_found != REASON_OK ? question->revocation_found
                 : question->usage_wrong                 ? REASON_WRONG_KEY_USAGE
                                                         : REASON_UNTRUSTED_CHAIN;
    if (reason == REASON_UNTRUSTED_CHAIN && question->anchor_refused != REASON_OK)
        reason = question->anchor_refused;
    if (reason == REASON_OK && question->address.at != NULL &&
        !names_address(chain->certificate[0], question->address))
        reason = REASON_IDENTITY_MISMATCH;
    if (reason == REASON_OK && question->host[0] != '\0' &&
        !identity_names_host(chain->certificate[0], text_of(question->host)))
        reason = REASON_IDENTITY_MISMATCH;
    return reason;
}

static void judge(struct question *question)
{
    struct presented_chain *chain = presented_chain_read(question->presented, question->presented_count);
    if (chain == NULL)
        abort();
    enum reason reason = judge_path(question, chain);
    printf("%s %s\n", reason_token(reason), question->detail);
    fflush(stdout);
    presented_chain_destroy(chain);
    question_end(question);
    question_begin(question);
}

static void take_line(struct question *question, const char *word, const char *value)
{
    if (strcmp(word, "time") == 0)
        question->time = strtoll(value, NULL, 10);
    else if (strcmp(word, "anchor") == 0)
        add_anchor(question, value);
    else if (strcmp(word, "presented") == 0 && question->presented_count < PRESENTED_MOST)
        question->presented[question->presented_count++] = octets_of(value);
    else if (strcmp(word, "host") == 0)
        snprintf(question->host, sizeof(question->host), "%s", value);
    else if (strcmp(word, "crl") == 0)
        add_crl(question, value);
    else if (strcmp(word, "revocation") == 0)
        question->revocation = strcmp(value, "required") == 0       ? REVOCATION_REQUIRED
                               : strcmp(value, "if-available") == 0 ? REVOCATION_IF_AVAILABLE
                                                                    : REVOCATION_OFF;
    else if (strcmp(word, "address") == 0)
        question->address = octets_of(value);
    else if (strcmp(word, "depth") == 0)
        question->depth = strtol(value, NULL, 10);
    else if (strcmp(word, "usage") == 0)
        question->usage = strcmp(value, "any") == 0 ? ~0u : CERTIFICATE_EKU_SERVER;
    else if (strcmp(word, "judge") == 0)
        judge(question);
    else
        abort();
}

int main(void)
{
    struct question question;
    char *line = NULL;
    size_t room = 0;

    question_begin(&question);
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char *space = strchr(line, ' ');
        if (space != NULL)
            *space = '\0';
        take_line(&question, line, space == NULL ? "" : space + 1);
    }
    question_end(&question);
    free(line);
    return 0;
}
