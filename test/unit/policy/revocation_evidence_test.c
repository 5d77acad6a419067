/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was fetched: how it is kept, what is believed of it, and what is asked for next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "certificate_factory.h"
#include "policy/revocation.h"

#define URL "http://crl.fabrikam.example/root.crl"
#define POINT "http://crl.fabrikam.example/point.crl"
#define SERIAL 77u

enum { ROOT_KEY, LEAF_KEY, FORGER_KEY };

struct fixture {
    struct certificate *root, *leaf;
    struct trust_path path;
    struct evidence_entry *entry;
    struct revocation_evidence *evidence;
    struct revocation_needs needs;
    struct revocation_finding finding;
};

static void begin(struct fixture *fixture)
{
    const struct factory_order root = {.subject = "Root", .key = ROOT_KEY, .ca = true};
    const struct factory_order leaf = {.subject = "leaf",
                                       .issuer = "Root",
                                       .key = LEAF_KEY,
                                       .issuer_key = ROOT_KEY,
                                       .serial = SERIAL,
                                       .point = POINT,
                                       .names = "dns:fabrikam.example"};

    *fixture = (struct fixture){.root = factory_certificate(&root), .leaf = factory_certificate(&leaf)};
    fixture->path = (struct trust_path){.certificate = {fixture->leaf, fixture->root}, .count = 2};
    fixture->entry = evidence_entry_create(EVIDENCE_CRL, TEXT(URL));
    assert_non_null(fixture->entry);
    fixture->entry->ask_again = FACTORY_NOW + 1000;
}

static void end(struct fixture *fixture)
{
    revocation_evidence_release(fixture->evidence);
    evidence_entry_release(fixture->entry);
    certificate_destroy(fixture->leaf);
    certificate_destroy(fixture->root);
}

static struct crl *list(uint32_t number, int key, uint32_t serial)
{
    const struct factory_crl_order order = {
        .issuer = "Root", .issuer_key = key, .number = number, .serials = {serial}};
    return factory_crl(&order);
}

static void publish(struct fixture *fixture)
{
    revocation_evidence_release(fixture->evidence);
    fixture->evidence = revocation_evidence_create(&fixture->entry, 1, 1, 0);
    assert_non_null(fixture->evidence);
}

static enum reason ask(struct fixture *fixture, enum revocation_rule rule, const char *source)
{
    char *sources[] = {(char *)source};
    const struct revocation_terms terms = {.rule = rule, .source = sources, .source_count = 1};
    const struct revocation_question question = {
        .terms = &terms, .evidence = fixture->evidence, .needs = &fixture->needs, .now = FACTORY_NOW};

    fixture->needs = (struct revocation_needs){.count = 0};
    return revocation_check(&fixture->path, &question, &fixture->finding);
}

static void what_was_never_asked_is_needed_and_waited_for(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture);
    assert_int_equal(ask(&fixture, REVOCATION_REQUIRED, URL), REASON_REVOCATION_UNKNOWN);
    assert_true(fixture.needs.must_wait);
    assert_int_equal(fixture.needs.count, 1);
    assert_true(text_equal(fixture.needs.need[0].url, TEXT(URL)));
    assert_true(fixture.finding.until <
                FACTORY_NOW + 3600); /* and asked for again, should the need be lost */
    assert_int_equal(ask(&fixture, REVOCATION_IF_AVAILABLE, URL), REASON_OK);
    assert_true(fixture.needs.must_wait);
    end(&fixture);
}

static void the_distribution_point_is_needed_only_where_the_terms_say_so(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture);
    (void)ask(&fixture, REVOCATION_REQUIRED, "from-certificate");
    assert_int_equal(fixture.needs.count, 1);
    assert_true(text_equal(fixture.needs.need[0].url, TEXT(POINT)));
    (void)ask(&fixture, REVOCATION_REQUIRED, "/etc/fedgate/root.crl");
    assert_int_equal(fixture.needs.count, 0);
    assert_false(fixture.needs.must_wait);
    end(&fixture);
}

static void what_failed_is_not_waited_for(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture);
    fixture.entry->failure = "the server refused";
    publish(&fixture);
    assert_int_equal(ask(&fixture, REVOCATION_REQUIRED, URL), REASON_REVOCATION_UNKNOWN);
    assert_string_equal(fixture.finding.why, "the CRL of its issuer cannot be fetched");
    assert_int_equal(fixture.needs.count, 0);
    assert_int_equal(ask(&fixture, REVOCATION_IF_AVAILABLE, URL), REASON_OK);
    assert_false(fixture.needs.must_wait);
    fixture.entry->ask_again =
        FACTORY_NOW; /* the time to try again has come: needed, and still not waited for */
    assert_int_equal(ask(&fixture, REVOCATION_IF_AVAILABLE, URL), REASON_OK);
    assert_int_equal(fixture.needs.count, 1);
    assert_false(fixture.needs.must_wait);
    end(&fixture);
}

static void a_fetched_list_counts_for_those_who_list_its_url(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture);
    assert_true(evidence_entry_add_crl(fixture.entry, list(1, ROOT_KEY, 0)));
    publish(&fixture);
    assert_int_equal(ask(&fixture, REVOCATION_REQUIRED, URL), REASON_OK);
    assert_null(fixture.finding.certificate);
    assert_int_equal(fixture.finding.until, FACTORY_NOW + 1000); /* then it is fetched anew */
    assert_true((fixture.finding.marks & evidence_mark(EVIDENCE_CRL, TEXT(URL))) != 0);
    assert_int_equal(ask(&fixture, REVOCATION_REQUIRED, "http://crl.contoso.example/root.crl"),
                     REASON_REVOCATION_UNKNOWN);
    end(&fixture);
}

static void a_newer_list_revokes(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture);
    assert_true(evidence_entry_add_crl(fixture.entry, list(1, ROOT_KEY, 0)));
    assert_true(evidence_entry_add_crl(fixture.entry, list(2, ROOT_KEY, SERIAL)));
    publish(&fixture);
    assert_int_equal(ask(&fixture, REVOCATION_IF_AVAILABLE, URL), REASON_CERTIFICATE_REVOKED);
    end(&fixture);
}

/* An attacker on the way brings back the list from before the revocation. */
static void an_older_list_never_replaces_a_newer(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture);
    assert_true(evidence_entry_add_crl(fixture.entry, list(2, ROOT_KEY, SERIAL)));
    (void)evidence_entry_add_crl(fixture.entry, list(1, ROOT_KEY, 0));
    publish(&fixture);
    assert_int_equal(ask(&fixture, REVOCATION_REQUIRED, URL), REASON_CERTIFICATE_REVOKED);
    assert_false(evidence_entry_add_crl(fixture.entry, list(1, ROOT_KEY, 0)));
    end(&fixture);
}

/* Or forges ever newer ones. */
static void forged_lists_never_displace_what_was_genuine(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture);
    assert_true(evidence_entry_add_crl(fixture.entry, list(1, ROOT_KEY, SERIAL)));
    publish(&fixture);
    assert_int_equal(ask(&fixture, REVOCATION_REQUIRED, URL), REASON_CERTIFICATE_REVOKED);
    for (uint32_t number = 100; number < 120; number++) {
        assert_true(evidence_entry_add_crl(fixture.entry, list(number, FORGER_KEY, 0)));
        assert_true(fixture.entry->crl_count <= EVIDENCE_CRLS_MOST);
        publish(&fixture);
        assert_int_equal(ask(&fixture, REVOCATION_REQUIRED, URL), REASON_CERTIFICATE_REVOKED);
    }
    end(&fixture);
}

/* Somebody has a CA of the same name under another partner's root, whose certificate names the same point,
 * and forges what the URL gives: for his own chain his list is genuine, and it is the newest. */
static void a_namesakes_list_displaces_no_other(void **state)
{
    const struct factory_order namesake = {.subject = "Root", .key = FORGER_KEY, .ca = true};
    const struct factory_order victim = {
        .subject = "rogue", .issuer = "Root", .key = LEAF_KEY, .issuer_key = FORGER_KEY, .point = POINT};
    struct fixture fixture;
    struct evidence_entry *entries[2];
    struct certificate *root = factory_certificate(&namesake), *leaf = factory_certificate(&victim);
    const struct trust_path theirs = {.certificate = {leaf, root}, .count = 2};
    (void)state;
    begin(&fixture);
    const struct trust_path ours = fixture.path;
    for (size_t i = 0; i < 2; i++) {
        fixture.path = i == 0 ? ours : theirs;
        (void)ask(&fixture, REVOCATION_REQUIRED, "from-certificate");
        assert_int_equal(fixture.needs.count, 1);
        assert_true(text_equal(fixture.needs.need[0].url, TEXT(POINT)));
        entries[i] = evidence_entry_create(EVIDENCE_CRL, revocation_need_key(&fixture.needs.need[0]));
        assert_true(text_equal(evidence_entry_url(entries[i]), TEXT(POINT)));
        entries[i]->ask_again = FACTORY_NOW + 1000;
    }
    assert_false(text_equal(entries[0]->key, entries[1]->key));
    for (size_t i = 0; i < 2; i++) { /* the URL gives now the one, now the other */
        assert_true(evidence_entry_add_crl(entries[i], list(1, ROOT_KEY, SERIAL)));
        assert_true(evidence_entry_add_crl(entries[i], list(900, FORGER_KEY, 0)));
    }
    fixture.evidence = revocation_evidence_create(entries, 2, 1, 0);
    assert_int_equal(ask(&fixture, REVOCATION_REQUIRED, "from-certificate"), REASON_OK);
    (void)evidence_entry_add_crl(entries[0], list(2, ROOT_KEY, SERIAL));
    fixture.path = ours;
    assert_int_equal(ask(&fixture, REVOCATION_IF_AVAILABLE, "from-certificate"), REASON_CERTIFICATE_REVOKED);
    for (size_t i = 0; i < 2; i++)
        evidence_entry_release(entries[i]);
    certificate_destroy(leaf);
    certificate_destroy(root);
    end(&fixture);
}

static void a_forged_list_alone_tells_nothing(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture);
    assert_true(evidence_entry_add_crl(fixture.entry, list(9, FORGER_KEY, SERIAL)));
    publish(&fixture);
    assert_int_equal(ask(&fixture, REVOCATION_IF_AVAILABLE, URL), REASON_OK);
    assert_non_null(fixture.finding.certificate);
    assert_int_equal(ask(&fixture, REVOCATION_REQUIRED, URL), REASON_REVOCATION_UNKNOWN);
    end(&fixture);
}

/* The attacker's list says that it holds for long: that must not keep us from asking again, at the same place
 * and for the same entry. */
static void run_doubt(const char *source, const char *url)
{
    struct fixture fixture;
    begin(&fixture);
    (void)ask(&fixture, REVOCATION_REQUIRED, source);
    const struct revocation_need first = fixture.needs.need[0];
    evidence_entry_release(fixture.entry);
    fixture.entry = evidence_entry_create(EVIDENCE_CRL, revocation_need_key(&first));
    fixture.entry->ask_again = FACTORY_NOW + 1000;
    assert_true(evidence_entry_add_crl(fixture.entry, list(9, FORGER_KEY, SERIAL)));
    publish(&fixture);
    (void)ask(&fixture, REVOCATION_REQUIRED, source);
    assert_int_equal(fixture.needs.count, 1);
    assert_true(fixture.needs.need[0].is_doubted);
    assert_true(text_equal(fixture.needs.need[0].url, text_of(url)));
    assert_true(text_equal(revocation_need_key(&fixture.needs.need[0]), revocation_need_key(&first)));
    assert_false(fixture.needs.must_wait);
    assert_true(evidence_entry_add_crl(fixture.entry, list(1, ROOT_KEY, 0)));
    publish(&fixture);
    assert_int_equal(ask(&fixture, REVOCATION_REQUIRED, source), REASON_OK);
    assert_int_equal(fixture.needs.count, 0);
    end(&fixture);
}

static void what_cannot_be_believed_is_needed_anew(void **state)
{
    (void)state;
    run_doubt(URL, URL);
    run_doubt("from-certificate", POINT);
}

static void what_was_found_genuine_says_when_the_source_ends(void **state)
{
    struct fixture fixture;
    struct factory_crl_order order = {.issuer = "Root", .number = 1, .next_update = FACTORY_NOW + 500};
    (void)state;
    begin(&fixture);
    assert_true(evidence_entry_add_crl(fixture.entry, factory_crl(&order)));
    order.number = 8;
    order.next_update = FACTORY_NOW + 100;
    assert_true(evidence_entry_add_crl(fixture.entry, factory_crl(&order)));
    order.number = 9;
    order.next_update = FACTORY_NOW + 90 * FACTORY_DAY;
    order.issuer_key = FORGER_KEY;
    assert_true(evidence_entry_add_crl(fixture.entry, factory_crl(&order)));
    assert_int_equal(evidence_entry_end(fixture.entry, FACTORY_NOW),
                     FACTORY_NOW + 100); /* nobody knows yet */
    assert_false(evidence_entry_is_proven(fixture.entry, FACTORY_NOW));
    atomic_store(&fixture.entry->crl[2]->was_genuine, true);
    assert_int_equal(evidence_entry_end(fixture.entry, FACTORY_NOW), FACTORY_NOW + 500);
    assert_true(evidence_entry_is_proven(fixture.entry, FACTORY_NOW));
    assert_int_equal(evidence_entry_end(fixture.entry, FACTORY_NOW + 500), FACTORY_NOW + 90 * FACTORY_DAY);
    assert_false(evidence_entry_is_proven(fixture.entry, FACTORY_NOW + 500));
    assert_int_equal(evidence_entry_end(fixture.entry, FACTORY_NOW + 91 * FACTORY_DAY),
                     FACTORY_NOW + 90 * FACTORY_DAY); /* all are over */
    end(&fixture);
}

static void what_is_genuine_and_newer_clears_away_the_older(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture);
    for (uint32_t number = 1; number <= 50; number++) {
        (void)evidence_entry_add_crl(fixture.entry, list(number, ROOT_KEY, 0));
        publish(&fixture);
        assert_int_equal(ask(&fixture, REVOCATION_REQUIRED, URL), REASON_OK);
    }
    assert_true(fixture.entry->crl_count <= 2);
    assert_int_equal(fixture.entry->crl[0]->number.at[fixture.entry->crl[0]->number.length - 1], 50);
    end(&fixture);
}

static void the_same_list_again_is_not_new(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture);
    struct crl *crl = list(1, ROOT_KEY, 0);
    assert_true(evidence_entry_add_crl(fixture.entry, crl_hold(crl)));
    assert_false(evidence_entry_add_crl(fixture.entry, crl));
    assert_int_equal(fixture.entry->crl_count, 1);
    end(&fixture);
}

static void many_sources_are_all_found(void **state)
{
    struct evidence_entry *entry[200];
    char url[64];
    (void)state;
    for (int i = 0; i < 200; i++) {
        int length = snprintf(url, sizeof(url), "http://%d.example/", i * 7919 % 200);
        entry[i] = evidence_entry_create(EVIDENCE_CRL, (struct text){url, (size_t)length});
        assert_non_null(entry[i]);
    }
    struct revocation_evidence *evidence = revocation_evidence_create(entry, 200, 1, 0);
    assert_non_null(evidence);
    for (int i = 0; i < 200; i++) {
        assert_ptr_equal(revocation_evidence_find(evidence, EVIDENCE_CRL, entry[i]->key), entry[i]);
        assert_null(revocation_evidence_find(evidence, EVIDENCE_OCSP, entry[i]->key));
        evidence_entry_release(entry[i]);
    }
    assert_null(revocation_evidence_find(evidence, EVIDENCE_CRL, TEXT("http://200.example/")));
    assert_null(revocation_evidence_find(NULL, EVIDENCE_CRL, TEXT(URL)));
    revocation_evidence_release(evidence);
}

static void urls_that_are_none(void **state)
{
    static const char *const good[] = {"http://a", "https://a.example:8080/x?y=z", "http://[2001:db8::1]/"};
    static const char *const bad[] = {"",          "http://",      "ftp://a/",   "http:///a",   "http://:80/",
                                      "ldap://a/", "http://u@a/x", "http://a b", "http://a\n/", "HTTP://a/"};
    char long_one[REVOCATION_URL_LONGEST + 2];
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(revocation_url_is_sound(text_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(revocation_url_is_sound(text_of(bad[i])));
    memset(long_one, 'a', sizeof(long_one));
    memcpy(long_one, "http://", 7);
    assert_true(revocation_url_is_sound((struct text){long_one, REVOCATION_URL_LONGEST}));
    assert_false(revocation_url_is_sound((struct text){long_one, REVOCATION_URL_LONGEST + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_never_asked_is_needed_and_waited_for),
        cmocka_unit_test(the_distribution_point_is_needed_only_where_the_terms_say_so),
        cmocka_unit_test(what_failed_is_not_waited_for),
        cmocka_unit_test(a_fetched_list_counts_for_those_who_list_its_url),
        cmocka_unit_test(a_newer_list_revokes),
        cmocka_unit_test(an_older_list_never_replaces_a_newer),
        cmocka_unit_test(forged_lists_never_displace_what_was_genuine),
        cmocka_unit_test(a_namesakes_list_displaces_no_other),
        cmocka_unit_test(a_forged_list_alone_tells_nothing),
        cmocka_unit_test(what_cannot_be_believed_is_needed_anew),
        cmocka_unit_test(what_was_found_genuine_says_when_the_source_ends),
        cmocka_unit_test(what_is_genuine_and_newer_clears_away_the_older),
        cmocka_unit_test(the_same_list_again_is_not_new),
        cmocka_unit_test(many_sources_are_all_found),
        cmocka_unit_test(urls_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
