/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/root_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/calendar.h"
#include "policy/partner_file.h"
#include "policy/utf8.h"
#include "policy/yaml_values.h"

#define SUBJECT 120

/* One certificate of one root file. */
struct candidate {
    const struct trust_anchor_loading *loading;
    struct place place;
    const struct certificate *certificate;
    char what[UTF8_QUOTED + SUBJECT +
              16]; /* "root.pem", or "root.pem (CN=Fabrikam Root)" where it holds several */
};

static void name_candidate(struct candidate *candidate, const char *path, bool alone)
{
    char file[UTF8_QUOTED], subject[SUBJECT];

    utf8_quote(text_of(path_shown(candidate->place, path)), file);
    certificate_subject_print(candidate->certificate->subject, subject, sizeof(subject));
    if (alone)
        snprintf(candidate->what, sizeof(candidate->what), "%s", file);
    else
        snprintf(candidate->what, sizeof(candidate->what), "%s (%s)", file, subject);
}

static void complain(const struct candidate *candidate, enum severity severity, const char *token,
                     const char *sentence)
{
    problems_add(candidate->loading->problems, severity, candidate->place, token, "%s %s", candidate->what,
                 sentence);
}

static bool may_be_anchor(const struct candidate *candidate)
{
    const char *why = NULL, *owner = candidate->loading->owner;
    char sentence[400];
    enum reason reason = trust_anchor_check(candidate->certificate, &why);

    if (reason == REASON_OK)
        return true;
    if (!candidate->certificate->is_ca) {
        snprintf(sentence, sizeof(sentence),
                 "is a leaf certificate, not a CA; ask %s for the certificate that signed it",
                 owner == NULL ? "its owner" : owner);
        complain(candidate, SEVERITY_ERROR, "not-a-ca", sentence);
    } else if (reason == REASON_WRONG_KEY_USAGE) {
        snprintf(sentence, sizeof(sentence), "may not sign certificates: %s", why);
        complain(candidate, SEVERITY_ERROR, "not-a-ca", sentence);
    } else {
        snprintf(sentence, sizeof(sentence), "cannot be a root: %s", why);
        complain(candidate, SEVERITY_ERROR, reason_token(reason), sentence);
    }
    return false;
}

static bool is_in_force(const struct candidate *candidate)
{
    const struct trust_anchor_loading *loading = candidate->loading;
    int64_t ends = candidate->certificate->not_after, begins = candidate->certificate->not_before;
    char sentence[200], date[CALENDAR_DATE];

    if (loading->now > ends) {
        snprintf(sentence, sizeof(sentence), "expired on %s; ask %s for the one that replaced it",
                 calendar_date(ends, date), loading->owner == NULL ? "its owner" : loading->owner);
        complain(candidate, loading->expired_allowed ? SEVERITY_WARNING : SEVERITY_ERROR, "root-expired",
                 sentence);
        return loading->expired_allowed;
    }
    if (ends - loading->now < ENDS_SOON_DAYS * CALENDAR_DAY) {
        snprintf(sentence, sizeof(sentence), "ends on %s; list the one that follows it, too",
                 calendar_date(ends, date));
        complain(candidate, SEVERITY_WARNING, "ends-soon", sentence);
    }
    if (loading->now < begins) {
        snprintf(sentence, sizeof(sentence), "begins on %s; until then nothing is believed through it",
                 calendar_date(begins, date));
        complain(candidate, SEVERITY_WARNING, "root-not-yet-valid", sentence);
    }
    return true;
}

static void append(const struct candidate *candidate, const struct trust_anchor *anchor,
                   struct trust_anchor_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->anchor[i] == anchor)
            return;
    }
    if (list->count == ANCHORS_MOST) {
        complain(candidate, SEVERITY_ERROR, "too-many-roots",
                 "is one root too many for this list; list only those that are in use");
        return;
    }
    if ((list->count & (list->count + 1)) == 0) { /* grows at 0, 1, 3, 7, ... */
        const struct trust_anchor **larger =
            realloc(list->anchor, (list->count * 2 + 1) * sizeof(const struct trust_anchor *));
        if (larger == NULL) {
            complain(candidate, SEVERITY_ERROR, "out-of-memory", "does not fit into memory");
            return;
        }
        list->anchor = larger;
    }
    list->anchor[list->count++] = anchor;
}

/* Takes the certificate. */
static void consider(struct candidate *candidate, struct certificate *take, struct trust_anchor_list *list)
{
    if (!may_be_anchor(candidate) || !is_in_force(candidate)) {
        certificate_destroy(take);
        return;
    }
    if (!certificate_is_self_issued(take))
        complain(
            candidate, SEVERITY_WARNING, "intermediate-as-anchor",
            "is an intermediate certificate; it is trusted as it stands, and the root above it is not asked");
    const struct trust_anchor *anchor = trust_anchors_add(candidate->loading->anchors, take);
    candidate->certificate = NULL;
    if (anchor == NULL)
        complain(candidate, SEVERITY_ERROR, "out-of-memory", "does not fit into memory");
    else
        append(candidate, anchor, list);
}

void trust_anchor_file_load(const struct trust_anchor_loading *loading, const char *path, struct place place,
                            struct trust_anchor_list *list)
{
    struct certificate_list certificates;
    size_t length = 0;
    char *pem = file_read_or_report(path, PEM_FILE_LARGEST, &length, place, loading->problems);

    if (pem == NULL)
        return;
    files_digest_add(loading->digest, (struct text){pem, length});
    bool good = pem_read_certificates((struct text){pem, length}, path_shown(place, path), place,
                                      loading->problems, &certificates);
    free(pem);
    if (!good)
        return;
    for (size_t i = 0; i < certificates.count; i++) {
        struct candidate candidate = {
            .loading = loading, .place = place, .certificate = certificates.certificate[i]};
        name_candidate(&candidate, path, certificates.count == 1);
        consider(&candidate, certificates.certificate[i], list);
    }
    free(certificates.certificate); /* what it held is taken */
}

void trust_anchor_files_load(const struct trust_anchor_loading *loading, struct yaml_reading *reading,
                             const struct yaml_node *paths, struct trust_anchor_list *list)
{
    for (const struct yaml_node *entry = paths->first; entry != NULL; entry = entry->next) {
        if (entry->kind != YAML_SCALAR || entry->value.length == 0)
            continue; /* told when the list was read */
        char *path = path_beside(reading->file, entry->value.at);
        if (path == NULL)
            yaml_out_of_memory(reading, entry);
        else
            trust_anchor_file_load(loading, path, yaml_place(reading, entry), list);
        free(path);
    }
}
