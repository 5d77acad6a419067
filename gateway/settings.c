/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The happy path: gateway.yaml is read whole and goes through its tables; then the files that it names are
 * read: our own certificates and keys, the roots of our side, the partners. Each step goes on where it can
 * after an error, so that one run tells everything; at the end one error is enough, and the snapshot is
 * thrown away. */

#include "gateway/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gateway/settings_parts.h"
#include "policy/crl_file.h"
#include "policy/domain.h"
#include "policy/name_index.h"
#include "policy/revocation_keys.h"
#include "policy/utf8.h"

#define GATEWAY_FILE_LARGEST (8u * 1024u * 1024u) /* octets: a long list of blocked domains fits */
#define GATEWAY_NODES_MOST 500000u

/* ---- the life of a snapshot ---- */

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

static void free_host_ports(struct host_port *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(list[i].host);
    free(list);
}

static void side_deinit(struct side_settings *side)
{
    free_host_ports(side->listen, side->listen_count);
    free(side->host);
    certificate_list_deinit(&side->certificates);
    free(side->certificate_pem);
    if (side->key_pem != NULL)
        explicit_bzero(side->key_pem, side->key_pem_length); /* is not optimised away */
    free(side->key_pem);
    free(side->certificate_file);
    free(side->key_file);
}

static void settings_destroy(struct settings *settings)
{
    policy_deinit(&settings->policy);
    side_deinit(&settings->internal);
    side_deinit(&settings->external);
    trust_anchors_destroy(settings->internal_anchors);
    partner_set_destroy(settings->partners);
    free_texts(settings->internal_crls, settings->internal_crl_count);
    crl_store_destroy(settings->internal_crl_store);
    free_texts(settings->root_files, settings->root_file_count);
    free_texts(settings->servers, settings->server_count);
    free_texts(settings->domains, settings->domain_count);
    free_host_ports(settings->next_hop, settings->next_hop_count);
    free_texts(settings->blocked, settings->blocked_count);
    free_host_ports(settings->dns.server, settings->dns.server_count);
    for (size_t i = 0; i < settings->dns.host_count; i++) {
        free(settings->dns.host[i].name);
        free_texts(settings->dns.host[i].address, settings->dns.host[i].address_count);
    }
    free(settings->dns.host);
    free(settings->partners_folder);
    free(settings->logs.directory);
    free(settings->fetch.directory);
    free(settings->user);
    written_keys_destroy(settings->written);
    free(settings->sha256);
    free(settings->file);
    free(settings);
}

static struct settings *settings_create(const char *file)
{
    struct settings *settings = calloc(1, sizeof(*settings));

    if (settings == NULL)
        return NULL;
    atomic_init(&settings->references, 1);
    settings->file = strdup(file);
    settings->internal_anchors = trust_anchors_create();
    settings->partners = partner_set_create();
    if (settings->file != NULL && settings->internal_anchors != NULL && settings->partners != NULL)
        return settings;
    settings_destroy(settings);
    return NULL;
}

void settings_hold(struct settings *settings)
{
    atomic_fetch_add_explicit(&settings->references, 1, memory_order_relaxed);
}

void settings_release(struct settings *settings)
{
    if (settings != NULL && atomic_fetch_sub_explicit(&settings->references, 1, memory_order_acq_rel) == 1)
        settings_destroy(settings);
}

bool settings_is_held_once(const struct settings *settings)
{
    return atomic_load_explicit(&settings->references, memory_order_acquire) == 1;
}

/* ---- loading what the file names ---- */

void settings_roots_remember(struct settings_draft *draft, const struct yaml_node *paths)
{
    struct settings *settings = draft->settings;

    for (const struct yaml_node *entry = paths->first; entry != NULL; entry = entry->next) {
        if (entry->kind != YAML_SCALAR || entry->value.length == 0)
            continue;
        char **larger = realloc(settings->root_files, (settings->root_file_count + 1) * sizeof(*larger));
        char *path = path_beside(settings->file, entry->value.at);
        if (larger != NULL)
            settings->root_files = larger;
        if (larger == NULL || path == NULL) {
            free(path);
            yaml_out_of_memory(&draft->reading, entry);
            return;
        }
        larger[settings->root_file_count++] = path;
    }
}

static void load_roots(struct settings_draft *draft, const char *section, struct trust_anchors *anchors)
{
    const struct yaml_node *paths = yaml_find(yaml_find(draft->root, section), "roots");
    struct trust_anchor_loading loading = {.anchors = anchors,
                                           .now = draft->now,
                                           .expired_allowed = draft->expired_allowed,
                                           .problems = draft->reading.problems,
                                           .digest = draft->digest};
    struct trust_anchor_list list = {0};

    if (paths != NULL && paths->kind == YAML_LIST) {
        trust_anchor_files_load(&loading, &draft->reading, paths, &list);
        settings_roots_remember(draft, paths);
    }
    free(list.anchor); /* the anchors themselves stay in `anchors` */
}

/* After the roots: a CRL is compared with them. */
static void load_crls(struct settings_draft *draft)
{
    struct settings *settings = draft->settings;
    const struct yaml_node *section = yaml_find(draft->root, "internal");
    struct crl_loading crls = {.anchors = settings->internal_anchors,
                               .rule = settings->internal_revocation,
                               .now = draft->now,
                               .problems = draft->reading.problems,
                               .digest = draft->digest};

    settings->internal_crl_store = crl_files_load(&crls, &draft->reading, yaml_find(section, "crls"));
    revocation_keys_check(&draft->reading, section, settings->internal_revocation, settings->internal_ocsp,
                          settings->internal_crl_count);
}

/* ".x" blocks x and what lies below it. */
static bool covers(const char *blocked, const char *domain)
{
    if (blocked[0] != '.')
        return strcmp(blocked, domain) == 0;
    return domain_is_within(text_of(domain), text_of(blocked + 1));
}

static void check_blocked(struct settings_draft *draft)
{
    const struct settings *settings = draft->settings;
    const struct yaml_node *entries = yaml_find(draft->root, "blocked-domains");
    size_t next = 0;

    if (entries == NULL || entries->kind != YAML_LIST)
        return;
    for (const struct yaml_node *node = entries->first; node != NULL && next < settings->blocked_count;
         node = node->next) {
        const char *blocked = settings->blocked[next];
        if (node->kind != YAML_SCALAR || !domain_equal(node->value, text_of(blocked)))
            continue; /* an entry that was not kept */
        next++;
        for (size_t i = 0; i < settings->domain_count; i++) {
            if (covers(blocked, settings->domains[i]))
                yaml_error(&draft->reading, node, "domain-is-ours",
                           "'%s' is one of internal.domains and cannot be blocked", settings->domains[i]);
        }
    }
}

static bool is_own_domain(void *context, struct text domain)
{
    return settings_is_own_domain(context, domain);
}

static bool is_blocked(void *context, struct text domain)
{
    return settings_is_blocked(context, domain);
}

static void note_named(void *context, const struct partner *partner)
{
    named_files_add(context, partner);
}

static void load_partners(struct settings_draft *draft)
{
    struct settings *settings = draft->settings;
    struct partner_file_context context = {.set = settings->partners,
                                           .now = draft->now,
                                           .is_own_domain = is_own_domain,
                                           .is_blocked = is_blocked,
                                           .context = settings,
                                           .dnssec_believed = settings->dns.trust_ad,
                                           .message_size_most = settings->limits.message_size,
                                           .expired_roots_allowed = draft->expired_allowed,
                                           .seen = draft->named == NULL ? NULL : note_named,
                                           .seen_context = draft->named,
                                           .digest = draft->digest};
    struct stat facts;

    if (settings->partners_folder == NULL)
        return;
    if (draft->named != NULL)
        named_files_set_folder(draft->named, settings->partners_folder);
    const struct yaml_node *node = yaml_find(draft->root, "partners");
    const char *shown = path_shown((struct place){settings->file, 0, 0}, settings->partners_folder);
    if (stat(settings->partners_folder, &facts) != 0 && errno == EACCES)
        yaml_error(&draft->reading, node, "file-unreadable", "the folder %s may not be read by this user", shown);
    else if (stat(settings->partners_folder, &facts) != 0)
        yaml_error(&draft->reading, node, "file-missing", "the folder %s does not exist", shown);
    else if (!S_ISDIR(facts.st_mode))
        yaml_error(&draft->reading, node, "not-a-folder",
                   "%s is not a folder; name the folder of the partner files", shown);
    else
        partner_folder_load(settings->partners_folder, &context, draft->reading.problems);
}

/* The log folder may be missing, since `run` makes it, but nothing else may be in its place. */
static void check_logs(struct settings_draft *draft)
{
    const struct yaml_node *node = yaml_find(yaml_find(draft->root, "logs"), "directory");
    const char *directory = draft->settings->logs.directory;
    struct stat facts;

    if (directory != NULL && stat(directory, &facts) == 0 && !S_ISDIR(facts.st_mode))
        yaml_error(&draft->reading, node == NULL ? draft->root : node, "not-a-folder",
                   "%s is not a folder; log files go into a folder",
                   path_shown((struct place){draft->settings->file, 0, 0}, directory));
}

static void load_all(struct settings_draft *draft)
{
    struct settings *settings = draft->settings;

    settings_keys_read(draft);
    check_logs(draft);
    settings_certificate_load(draft, "internal", &settings->internal);
    settings_certificate_load(draft, "external", &settings->external);
    load_roots(draft, "internal", settings->internal_anchors);
    load_crls(draft);
    check_blocked(draft);
    if (policy_init(&settings->policy, settings->partners, settings->internal_anchors, settings->servers,
                    settings->server_count, settings->domains, settings->domain_count, settings->blocked,
                    settings->blocked_count))
        load_partners(draft);
    else
        yaml_out_of_memory(&draft->reading, draft->root);
    settings_discovery_load(draft);
    settings->policy.internal_revocation =
        (struct revocation_terms){.rule = settings->internal_revocation,
                                  .store = settings->internal_crl_store,
                                  .ocsp = settings->internal_ocsp,
                                  .source = settings->internal_crls,
                                  .source_count = settings->internal_crl_count};
    settings->sha256 = files_digest_finish(draft->digest);
    settings->written = written_keys_read(draft->root, true);
    if (settings->sha256 == NULL || settings->written == NULL)
        yaml_out_of_memory(&draft->reading, draft->root);
}

static struct yaml_tree *read_gateway_file(struct settings_draft *draft)
{
    static const struct yaml_bounds bounds = {GATEWAY_FILE_LARGEST, GATEWAY_NODES_MOST};
    const char *file = draft->settings->file;
    struct problems *problems = draft->reading.problems;
    size_t length = 0;
    char *content =
        file_read_or_report(file, GATEWAY_FILE_LARGEST, &length, (struct place){file, 0, 0}, problems);

    if (content == NULL)
        return NULL;
    files_digest_add(draft->digest, (struct text){content, length});
    struct yaml_tree *tree = yaml_read((struct text){content, length}, file, &bounds, problems);
    free(content);
    return tree;
}

static struct settings *load(const char *file, int64_t now, bool expired_roots_allowed,
                             struct named_files *named, struct problems *problems)
{
    struct settings_draft draft = {.settings = settings_create(file),
                                   .now = now,
                                   .expired_allowed = expired_roots_allowed,
                                   .named = named,
                                   .digest = files_digest_create()};

    if (draft.settings == NULL || draft.digest == NULL) {
        problems_out_of_memory(problems);
    } else {
        draft.reading =
            (struct yaml_reading){.file = draft.settings->file, .problems = problems, .context = &draft};
        struct yaml_tree *tree = read_gateway_file(&draft);
        if (tree != NULL) {
            draft.root = yaml_root(tree);
            load_all(&draft);
        }
        yaml_tree_destroy(tree);
    }
    files_digest_destroy(draft.digest);
    problems_sort(problems);
    if (!problems_have_errors(problems))
        return draft.settings;
    settings_release(draft.settings);
    return NULL;
}

struct settings *settings_load(const char *file, int64_t now, bool expired_roots_allowed,
                               struct problems *problems)
{
    return load(file, now, expired_roots_allowed, NULL, problems);
}

struct settings *settings_load_named(const char *file, int64_t now, struct named_files *named,
                                     struct problems *problems)
{
    struct settings *settings = load(file, now, false, named, problems);
    named_files_sort(named);
    return settings;
}

/* ---- asking ---- */

bool settings_is_own_domain(const struct settings *settings, struct text domain)
{
    return policy_is_own_domain(&settings->policy, domain);
}

bool settings_is_blocked(const struct settings *settings, struct text domain)
{
    return policy_is_blocked(&settings->policy, domain);
}

bool settings_lists_server(const struct settings *settings, struct text name)
{
    return policy_lists_server(&settings->policy, name);
}
