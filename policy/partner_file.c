/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The happy path of a folder: the names of its *.yaml are sorted, and each file is read whole, becomes a
 * tree, a draft, and, with its roots loaded and its domains claimed, a partner of the set. A file with errors
 * makes no partner, but its domains stay claimed, so that the others are told. */

#include "policy/partner_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/crl_file.h"
#include "policy/domain.h"
#include "policy/domain_claims.h"
#include "policy/partner_keys.h"
#include "policy/revocation_keys.h"
#include "policy/utf8.h"
#include "policy/yaml_values.h"

#define PARTNER_NODES_MOST 100000u

/* ---- files ---- */

struct file_trouble {
    const char *token, *sentence; /* literals */
};

static struct file_trouble trouble_of(int error)
{
    if (error == ENOENT || error == ENOTDIR)
        return (struct file_trouble){"file-missing", "does not exist"};
    if (error == EACCES || error == EPERM)
        return (struct file_trouble){"file-unreadable", "may not be read by this user"};
    if (error == ELOOP)
        return (struct file_trouble){"file-unreadable", "is a link that leads to itself"};
    if (error == ENOMEM)
        return (struct file_trouble){"out-of-memory", "does not fit into memory"};
    return (struct file_trouble){"file-unreadable", "cannot be read"};
}

/* A gateway that has confined itself may not open what its user may (gateway/confinement.h): access(2) looks
 * at the user alone. */
static struct file_trouble trouble_of_opening(const char *path, int error, int how)
{
    if (error == EACCES && access(path, how) == 0)
        return (struct file_trouble){
            "restart-needed", "is in a folder that the configuration did not name when the gateway was "
                              "started, and it has confined itself to those; restart it"};
    return trouble_of(error);
}

/* Exactly `length` octets: a file that changes its size meanwhile is somebody else's, half written. */
static struct file_trouble read_all(int file, char *to, size_t length)
{
    size_t have = 0;

    while (have < length) {
        ssize_t got = read(file, to + have, length - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return trouble_of(errno);
        if (got == 0)
            return (struct file_trouble){"file-unreadable", "changed while it was read"};
        have += (size_t)got;
    }
    to[length] = '\0';
    return (struct file_trouble){NULL, NULL};
}

static char *load(const char *path, size_t largest, size_t *length, struct file_trouble *trouble)
{
    struct stat facts;
    char *content = NULL;
    /* O_NONBLOCK: a pipe that was put there does not stop us. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (file < 0) {
        *trouble = trouble_of_opening(path, errno, R_OK);
        return NULL;
    }
    if (fstat(file, &facts) != 0)
        *trouble = trouble_of(errno);
    else if (!S_ISREG(facts.st_mode))
        *trouble = (struct file_trouble){"file-unreadable", "is not a regular file"};
    else if (facts.st_size < 0 || (uint64_t)facts.st_size > largest)
        *trouble = (struct file_trouble){"file-too-large", "is larger than fedgate reads"};
    else if ((content = malloc((size_t)facts.st_size + 1)) == NULL)
        *trouble = trouble_of(ENOMEM);
    else
        *trouble = read_all(file, content, (size_t)facts.st_size);
    close(file);
    if (trouble->token != NULL) {
        if (content != NULL)
            explicit_bzero(content, (size_t)facts.st_size); /* it may be a key */
        free(content);
        return NULL;
    }
    *length = (size_t)facts.st_size;
    return content;
}

char *file_read(const char *path, size_t largest, size_t *length, const char **why)
{
    struct file_trouble trouble = {NULL, NULL};
    char *content = load(path, largest, length, &trouble);
    *why = trouble.sentence;
    return content;
}

/* Cuts a path to the first folder on the way that this user may not search. */
static bool cut_to_closed_folder(char *path)
{
    for (char *at = path; *at != '\0' && (at = strchr(at + 1, '/')) != NULL;) {
        *at = '\0';
        if (access(path, X_OK) != 0)
            return errno == EACCES;
        *at = '/';
    }
    return false;
}

char *file_read_or_report(const char *path, size_t largest, size_t *length, struct place place,
                          struct problems *problems)
{
    char quoted[UTF8_QUOTED], folder[UTF8_QUOTED];
    struct file_trouble trouble = {NULL, NULL};
    char *content = load(path, largest, length, &trouble);

    if (content != NULL)
        return content;
    utf8_quote(text_of(path_shown(place, path)), quoted);
    char *cut = strcmp(trouble.token, "file-unreadable") == 0 ? strdup(path) : NULL;
    bool closed = cut != NULL && cut_to_closed_folder(cut);
    problems_add(problems, SEVERITY_ERROR, place, trouble.token, "%s %s%s%s", quoted, trouble.sentence,
                 closed ? ": closed is the folder " : "", closed ? utf8_quote(text_of(cut), folder) : "");
    free(cut);
    return NULL;
}

/* ---- one partner ---- */

struct loading {
    struct partner_file_context *context;
    struct domain_claims *claims;
    struct problems *problems;
};

/* Tells the domains those that are taken, ours or blocked. */
static void claim_domains(struct loading *loading, struct yaml_reading *reading,
                          const struct partner_draft *draft)
{
    const struct partner_file_context *context = loading->context;
    const struct partner *partner = draft->partner;
    size_t next = 0;

    if (draft->domains == NULL)
        return;
    for (const struct yaml_node *node = draft->domains->first; node != NULL && next < partner->domain_count;
         node = node->next) {
        struct text domain = text_of(partner->domains[next]);
        if (node->kind != YAML_SCALAR || !domain_equal(node->value, domain))
            continue; /* an entry that was not kept */
        next++;
        domain_claims_add(loading->claims, domain, yaml_place(reading, node), loading->problems);
        if (context->is_own_domain != NULL && context->is_own_domain(context->context, domain))
            yaml_error(reading, node, "domain-is-ours",
                       "'%s' is one of internal.domains; a partner may not claim it", domain.at);
        else if (context->is_blocked != NULL && context->is_blocked(context->context, domain))
            problems_add(loading->problems, SEVERITY_WARNING, yaml_place(reading, node), "domain-is-blocked",
                         "'%s' is blocked by blocked-domains of the gateway file; nothing crosses for it",
                         domain.at);
    }
}

static void load_roots(struct loading *loading, struct yaml_reading *reading,
                       const struct partner_draft *draft)
{
    struct partner *partner = draft->partner;
    const struct partner_file_context *context = loading->context;
    struct trust_anchor_loading roots = {.anchors = partner_set_anchors(context->set),
                                         .now = context->now,
                                         .expired_allowed = context->expired_roots_allowed,
                                         .owner = partner->name,
                                         .problems = loading->problems,
                                         .digest = context->digest};

    struct trust_anchor_list list = {0};

    if (draft->roots == NULL)
        return;
    trust_anchor_files_load(&roots, reading, draft->roots, &list);
    partner->anchors = list.anchor;
    partner->anchor_count = list.count;
}

/* After the roots: a CRL is compared with them. */
static void load_crls(struct loading *loading, struct yaml_reading *reading, const struct yaml_node *root,
                      struct partner *partner)
{
    struct crl_loading crls = {.anchors = partner_set_anchors(loading->context->set),
                               .partner = partner,
                               .rule = partner->revocation,
                               .now = loading->context->now,
                               .problems = loading->problems,
                               .digest = loading->context->digest};

    partner->crl_store = crl_files_load(&crls, reading, yaml_find(root, "crls"));
    revocation_keys_check(reading, root, partner->revocation, partner->ocsp, partner->crl_count);
}

/* The name stands in the file so that a copy under another name is noticed. */
static void check_name(struct yaml_reading *reading, const struct partner_draft *draft, struct text stem)
{
    char quoted[UTF8_QUOTED];

    if (draft->name != NULL && !text_equal(stem, draft->name->value))
        yaml_error(reading, draft->name, "partner-name-mismatch",
                   "the partner is '%s' but the file is %s.yaml; make the two names equal",
                   draft->partner->name, utf8_quote(stem, quoted));
}

/* Two names that differ in case only would be one to everybody who looks for them. */
static void check_same_name(struct loading *loading, struct yaml_reading *reading,
                            const struct partner_draft *draft)
{
    const struct partner *other =
        draft->name == NULL ? NULL : partner_set_by_name(loading->context->set, draft->name->value);
    if (other != NULL)
        yaml_error(reading, draft->name, "partner-name-mismatch",
                   "the name differs from that of %s in case only; rename one", other->file);
}

static void load_tree(struct loading *loading, char *path, struct text stem, const struct yaml_tree *tree)
{
    struct partner_draft draft = {.partner = partner_create(),
                                  .dnssec_believed = loading->context->dnssec_believed,
                                  .message_size_most = loading->context->message_size_most};
    struct yaml_reading reading = {.file = path, .problems = loading->problems};
    size_t errors = loading->problems->errors;

    if (draft.partner == NULL || (draft.partner->file = strdup(path)) == NULL) {
        yaml_out_of_memory(&reading, yaml_root(tree));
        partner_destroy(draft.partner);
        return;
    }
    partner_keys_read(&reading, yaml_root(tree), &draft);
    check_name(&reading, &draft, stem);
    check_same_name(loading, &reading, &draft);
    claim_domains(loading, &reading, &draft);
    load_roots(loading, &reading, &draft);
    load_crls(loading, &reading, yaml_root(tree), draft.partner);
    draft.partner->written = written_keys_read(yaml_root(tree), true);
    if (draft.partner->written == NULL)
        yaml_out_of_memory(&reading, yaml_root(tree));
    if (loading->context->seen != NULL)
        loading->context->seen(loading->context->seen_context, draft.partner);
    if (errors != loading->problems->errors)
        partner_destroy(draft.partner);
    else if (!partner_set_add(loading->context->set, draft.partner))
        yaml_out_of_memory(&reading, yaml_root(tree));
}

static void load_file(struct loading *loading, char *path, struct text stem)
{
    static const struct yaml_bounds bounds = {PARTNER_FILE_LARGEST, PARTNER_NODES_MOST};
    size_t length = 0;
    char *content = file_read_or_report(path, PARTNER_FILE_LARGEST, &length, (struct place){path, 0, 0},
                                        loading->problems);
    if (content == NULL)
        return;
    files_digest_add(loading->context->digest, (struct text){content, length});
    struct yaml_tree *tree = yaml_read((struct text){content, length}, path, &bounds, loading->problems);
    free(content);
    if (tree != NULL)
        load_tree(loading, path, stem, tree);
    yaml_tree_destroy(tree);
}

/* ---- the folder ---- */

struct name_list {
    char **name; /* owned */
    size_t count, room;
};

static int by_octets(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool remember(struct name_list *list, const char *name)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 64 : list->room * 2;
        char **larger = realloc(list->name, room * sizeof(larger[0]));
        if (larger == NULL)
            return false;
        list->name = larger;
        list->room = room;
    }
    list->name[list->count] = strdup(name);
    return list->name[list->count] != NULL && ++list->count > 0;
}

static bool list_folder(const char *folder, struct name_list *list, struct problems *problems)
{
    struct place place = {folder, 0, 0};
    DIR *handle = opendir(folder);

    if (handle == NULL) {
        struct file_trouble trouble = trouble_of_opening(folder, errno, R_OK | X_OK);
        if (errno == ENOTDIR)
            trouble = (struct file_trouble){"not-a-folder", "is not a folder"};
        problems_add(problems, SEVERITY_ERROR, place, trouble.token, "the folder of partner files %s",
                     trouble.sentence);
        return false;
    }
    while (true) {
        errno = 0;
        const struct dirent *entry = readdir(handle);
        if (entry == NULL)
            break;
        struct text name = text_of(entry->d_name);
        bool is_yaml = text_ends_with_ignoring_case(name, TEXT(".yaml")) ||
                       text_ends_with_ignoring_case(name, TEXT(".yml"));
        if (is_yaml && name.at[0] != '.' && !remember(list, name.at)) {
            errno = ENOMEM;
            break;
        }
    }
    int error = errno;
    closedir(handle);
    if (error != 0) /* half a folder is half a policy */
        problems_add(problems, SEVERITY_ERROR, place, trouble_of(error).token,
                     "the folder of partner files %s", trouble_of(error).sentence);
    return error == 0;
}

static bool is_readable_name(struct text name)
{
    while (name.length > 0) {
        uint32_t c;
        size_t octets = utf8_next(name, &c);
        if (octets == 0 || !utf8_is_visible(c))
            return false;
        name = text_skip(name, octets);
    }
    return true;
}

static void load_entry(struct loading *loading, const char *folder, struct text name)
{
    char quoted[UTF8_QUOTED];
    size_t size = strlen(folder) + name.length + 2;
    char *path = malloc(size);

    if (path == NULL) {
        problems_out_of_memory(loading->problems);
        return;
    }
    if (!is_readable_name(name)) { /* the name would stand in every line about it */
        problems_add(loading->problems, SEVERITY_ERROR, (struct place){folder, 0, 0}, "bad-file-name",
                     "the file name '%s' holds characters that nobody sees; rename the file",
                     utf8_quote(name, quoted));
        free(path);
        return;
    }
    snprintf(path, size, "%s/%s", folder, name.at);
    if (name.length > strlen(".yaml") && strcmp(name.at + name.length - strlen(".yaml"), ".yaml") == 0)
        load_file(loading, path, (struct text){name.at, name.length - strlen(".yaml")});
    else
        problems_add(loading->problems, SEVERITY_WARNING, (struct place){path, 0, 0}, "not-read",
                     "the file is not read; the names of partner files end in .yaml");
    free(path);
}

void partner_folder_load(const char *folder, struct partner_file_context *context, struct problems *problems)
{
    struct name_list names = {0};
    struct domain_claims claims = {0};
    struct loading loading = {.context = context, .claims = &claims, .problems = problems};

    if (!list_folder(folder, &names, problems))
        goto out;
    if (names.count > 0)
        qsort(names.name, names.count, sizeof(names.name[0]), by_octets);
    for (size_t i = 0; i < names.count; i++)
        load_entry(&loading, folder, text_of(names.name[i]));
out:
    domain_claims_deinit(&claims);
    for (size_t i = 0; i < names.count; i++)
        free(names.name[i]);
    free(names.name);
}
