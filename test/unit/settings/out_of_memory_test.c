/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A configuration loads whole or not at all, whichever allocation fails: each one of a load fails in turn.
 * out_of_memory_test CERTIFICATES GOOD-FOLDER */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/settings.h"
#include "policy/revocation.h"
#include "test/unit/settings/case_file.h"

static bool counting;
static unsigned long allocations, failing; /* 0: none fails */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

static bool fails(void)
{
    return counting && ++allocations == failing;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

/* What a whole load gives. */
struct outcome {
    bool loaded;
    size_t errors, partners, domains, anchors, internal_anchors, servers, blocked, hosts, certificates, names;
    size_t crls;
    char sha256[65];
};

static void look(const struct settings *settings, struct outcome *outcome)
{
    outcome->loaded = settings != NULL;
    if (settings == NULL)
        return;
    outcome->partners = partner_set_count(settings->partners);
    for (uint32_t i = 0; i < outcome->partners; i++)
        outcome->domains += partner_set_at(settings->partners, i)->domain_count;
    for (uint32_t i = 0; i < outcome->partners; i++) {
        const struct crl_store *store = partner_set_at(settings->partners, i)->crl_store;
        outcome->crls += store == NULL ? 0 : crl_store_count(store);
    }
    outcome->anchors = trust_anchors_count(partner_set_anchors_of(settings->partners));
    outcome->internal_anchors = trust_anchors_count(settings->internal_anchors);
    outcome->servers = settings->server_count;
    outcome->blocked = settings->blocked_count;
    outcome->hosts = settings->dns.host_count;
    outcome->certificates = settings->external.certificates.count;
    outcome->names = settings->external.certificates.certificate[0]->name_count;
    strcpy(outcome->sha256, settings->sha256);
}

static struct outcome load(unsigned long fail_at)
{
    struct outcome outcome = {0};
    struct problems problems;

    problems_init(&problems);
    allocations = 0;
    failing = fail_at;
    counting = true;
    struct settings *settings = settings_load("gateway.yaml", (int64_t)time(NULL), false, &problems);
    counting = false;
    look(settings, &outcome);
    outcome.errors = problems.errors;
    settings_release(settings);
    problems_deinit(&problems);
    return outcome;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    struct outcome whole = load(0);
    unsigned long count = allocations, refused = 0;

    assert_true(whole.loaded);
    assert_int_equal(whole.partners, 2);
    assert_int_equal(whole.crls, 3);
    assert_true(count > 100);
    for (unsigned long i = 1; i <= count; i++) {
        struct outcome outcome = load(i);
        if (!outcome.loaded) {
            if (outcome.errors == 0)
                fail_msg("allocation %lu failed: nothing was loaded and nothing told", i);
            refused++;
            continue;
        }
        /* Some libraries do without; then nothing may be missing. */
        if (memcmp(&outcome, &whole, sizeof(whole)) != 0)
            fail_msg("allocation %lu failed: half a configuration was loaded", i);
    }
    print_message("%lu allocations, %lu of them needed\n", count, refused);
    assert_true(refused > count / 2);
}

static void write_example(const char *certificates, const char *good)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/gateway.yaml", good);
    char *gateway = case_slurp(path);
    char *changed =
        case_change(gateway, "+ blocked-domains: [evil.example, .worse.example]\n"
                             "+ dns: {servers: [\"127.0.0.1:53\"], hosts: {a.example: [192.0.2.1]}}\n"
                             "+ discovery: {roots: [tls/contoso-root.pem]}\n"
                             "+ limits: {drain: 1s}\n");
    case_write("gateway.yaml", changed);
    free(gateway);
    free(changed);
    assert_int_equal(symlink(certificates, "tls"), 0);
    assert_int_equal(mkdir("federation-partners", 0755), 0);
    case_write(
        "federation-partners/fabrikam.yaml",
        "partner: fabrikam\ncomment: x\ndomains: [fabrikam.example, emea.fabrikam.example]\n"
        "roots: [../tls/fabrikam-root.pem, ../tls/contoso-root.pem]\n"
        "identity: {names: [edge.fabrikam.example]}\nlocate: {fixed: [edge.fabrikam.example]}\n"
        "crls: [../tls/with-signer.crl, ../tls/fabrikam-der.crl, ../tls/contoso.crl]\nrevocation: required\n"
        "methods: [INVITE]\npins: [\"sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"]\n");
    case_write("federation-partners/contoso.yaml",
               "partner: contoso\ndomains: [contoso.example]\nroots: [../tls/contoso-root.pem]\n");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_allocation_may_fail)};
    char home[] = "/tmp/fedgate-memory-XXXXXX";

    if (argc != 3 || mkdtemp(home) == NULL || chdir(home) != 0)
        return 2;
    write_example(argv[1], argv[2]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (unlink("federation-partners/fabrikam.yaml") != 0 || unlink("federation-partners/contoso.yaml") != 0 ||
        rmdir("federation-partners") != 0 || unlink("tls") != 0 || unlink("gateway.yaml") != 0 ||
        rmdir(home) != 0)
        return 2;
    return failed;
}
