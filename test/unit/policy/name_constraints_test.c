/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Name constraints: a table of what a CA may vouch for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "certificate_factory.h"
#include "policy/name_constraints.h"

struct row {
    const char *permitted, *excluded, *names;
    bool allowed;
};

static bool allows(const char *permitted, const char *excluded, const char *names, const char *subject,
                   uint32_t *budget)
{
    const struct factory_order ca_order = {
        .subject = "CA", .ca = true, .permitted = permitted, .excluded = excluded};
    const struct factory_order leaf_order = {.subject = subject, .issuer = "CA", .key = 1, .names = names};
    struct certificate *ca = factory_certificate(&ca_order), *leaf = factory_certificate(&leaf_order);

    assert_int_equal(ca->defect, REASON_OK);
    assert_int_equal(leaf->defect, REASON_OK);
    bool allowed = name_constraints_allow(ca->name_constraints, leaf, true, budget);
    certificate_destroy(ca);
    certificate_destroy(leaf);
    return allowed;
}

static void run(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t budget = NAME_CONSTRAINTS_BUDGET;
        bool allowed = allows(rows[i].permitted, rows[i].excluded, rows[i].names, "leaf", &budget);
        if (allowed != rows[i].allowed)
            fail_msg("row %zu: permitted %s, excluded %s, names %s", i, rows[i].permitted, rows[i].excluded,
                     rows[i].names);
        assert_true(budget < NAME_CONSTRAINTS_BUDGET);
    }
}

#define RUN(rows) run(rows, sizeof(rows) / sizeof((rows)[0]))

static void host_names(void **state)
{
    static const struct row rows[] = {
        {"dns:a.example", NULL, "dns:a.example", true},
        {"dns:a.example", NULL, "dns:A.Example", true},
        {"dns:a.example", NULL, "dns:x.a.example", true},
        {"dns:a.example", NULL, "dns:x.y.a.example", true},
        {"dns:a.example", NULL, "dns:xa.example", false},
        {"dns:a.example", NULL, "dns:example", false},
        {"dns:a.example", NULL, "dns:b.example", false},
        {"dns:a.example", NULL, "dns:a.example,dns:b.example", false},
        {"dns:a.example,dns:b.example", NULL, "dns:a.example,dns:b.example", true},
        {"dns:", NULL, "dns:a.example", true},
        {NULL, "dns:", "dns:a.example", false},
        {NULL, "dns:a.example", "dns:a.example", false},
        {NULL, "dns:a.example", "dns:x.a.example", false},
        {NULL, "dns:a.example", "dns:b.example", true},
        {"dns:example", "dns:a.example", "dns:x.a.example", false},
        {"dns:example", "dns:a.example", "dns:b.example", true},
        /* What a wildcard may stand for. */
        {"dns:a.example", NULL, "dns:*.a.example", true},
        {"dns:x.a.example", NULL, "dns:*.a.example", false},
        {NULL, "dns:x.a.example", "dns:*.a.example", false},
        {NULL, "dns:y.x.a.example", "dns:*.a.example", true},
        {NULL, "dns:a.example", "dns:*.a.example", false},
        {NULL, "dns:b.example", "dns:*.a.example", true},
        /* Other kinds are not touched. */
        {"dns:a.example", NULL, "uri:sip:b.example", true},
        {"dns:a.example", NULL, "email:x@b.example", true},
    };
    (void)state;
    RUN(rows);
}

static void hosts_of_uris(void **state)
{
    static const struct row rows[] = {
        {"uri:a.example", NULL, "uri:sip:a.example", true},
        {"uri:a.example", NULL, "uri:SIPS:A.example", true},
        {"uri:a.example", NULL, "uri:sip:a.example:5061;x=y", true},
        {"uri:a.example", NULL, "uri:sip:user@a.example", true},
        {"uri:a.example", NULL, "uri:sip:a.example@b.example", false},
        {"uri:a.example", NULL, "uri:sip:a.example;x=@b.example", false},
        {"uri:a.example", NULL, "uri:sip:x.a.example", false}, /* a host is that host */
        {"uri:.a.example", NULL, "uri:sip:x.a.example", true},
        {"uri:.a.example", NULL, "uri:sip:x.y.a.example", true},
        {"uri:.a.example", NULL, "uri:sip:a.example", false},
        {"uri:a.example", NULL, "uri:https://a.example/x", true},
        {"uri:a.example", NULL, "uri:https://u@a.example:1/x@b.example", true},
        {"uri:a.example", NULL, "uri:https://a.example@b.example/", false},
        {NULL, "uri:a.example", "uri:sip:a.example", false},
        {NULL, "uri:a.example", "uri:sip:b.example", true},
        {NULL, "uri:.a.example", "uri:sip:x.a.example", false},
        /* No host can be read: refused under any URI constraint (RFC 5280 4.2.1.10). */
        {"uri:a.example", NULL, "uri:urn:x:y", false},
        {NULL, "uri:a.example", "uri:urn:x:y", false},
        {"uri:a.example", NULL, "uri:sip:10.0.0.1", false},
        {NULL, "uri:a.example", "uri:sip:10.0.0.1", false},
        {NULL, "uri:a.example", "uri:sip:[2001:db8::1]", false},
        {"uri:", NULL, "uri:sip:a.example", true},
        {"uri:a.example", NULL, "dns:b.example", true},
    };
    (void)state;
    RUN(rows);
}

static void mailboxes(void **state)
{
    static const struct row rows[] = {
        {"email:x@a.example", NULL, "email:x@a.example", true},
        {"email:x@a.example", NULL, "email:x@A.EXAMPLE", true},
        {"email:x@a.example", NULL, "email:X@a.example", false}, /* local parts have case */
        {"email:a.example", NULL, "email:y@a.example", true},
        {"email:a.example", NULL, "email:y@b.a.example", false},
        {"email:.a.example", NULL, "email:y@b.a.example", true},
        {"email:.a.example", NULL, "email:y@a.example", false},
        {NULL, "email:a.example", "email:y@a.example", false},
        {NULL, "email:a.example", "email:y@b.example", true},
    };
    (void)state;
    RUN(rows);
}

static void addresses(void **state)
{
    static const struct row rows[] = {
        {"ip:10.0.0.0/8", NULL, "ip:10.1.2.3", true},
        {"ip:10.0.0.0/8", NULL, "ip:11.1.2.3", false},
        {"ip:10.0.0.0/8", NULL, "ip:2001:db8::1", false},
        {"ip:2001:db8::/32", NULL, "ip:2001:db8::1", true},
        {"ip:2001:db8::/32", NULL, "ip:2001:db9::1", false},
        {NULL, "ip:0.0.0.0/0", "ip:10.1.2.3", false},
        {NULL, "ip:0.0.0.0/0", "ip:2001:db8::1", true},
        {NULL, "ip:10.1.2.3/32", "ip:10.1.2.3", false},
        {NULL, "ip:10.1.2.3/32", "ip:10.1.2.4", true},
        {NULL, "ip:10.1.2.128/25", "ip:10.1.2.129", false},
    };
    (void)state;
    RUN(rows);
}

static void directories_and_the_subject(void **state)
{
    static const struct row rows[] = {
        {"dir:leaf", NULL, NULL, true}, /* the subject is CN=leaf */
        {"dir:LEAF", NULL, NULL, true},
        {"dir:other", NULL, NULL, false},
        {NULL, "dir:leaf", NULL, false},
        {NULL, "dir:other", NULL, true},
        {"dir:leaf", NULL, "dir:other", false},
        {NULL, "dir:other", "dir:other", false},
        {NULL, "dir:\xc3\x84", "dir:\xc3\xa4", false}, /* perhaps the same letter: refused both ways */
        {"dir:leaf,dir:\xc3\x84", NULL, "dir:\xc3\xa4", false},
    };
    (void)state;
    RUN(rows);
}

static void kinds_that_are_not_known(void **state)
{
    static const struct row rows[] = {
        {"other:", NULL, "other:", false},
        {NULL, "other:", "other:", false},
        {NULL, "other:", "dns:a.example", true}, /* no name of the kind: nothing to process */
    };
    (void)state;
    RUN(rows);
}

static void common_names_of_a_leaf(void **state)
{
    uint32_t budget = NAME_CONSTRAINTS_BUDGET;
    (void)state;
    assert_false(allows("dns:a.example", NULL, NULL, "b.example", &budget));
    assert_true(allows("dns:a.example", NULL, NULL, "a.example", &budget));
    assert_true(allows("dns:a.example", NULL, NULL, "a.example.", &budget));
    assert_false(allows("dns:a.example", NULL, NULL, "b_c.example", &budget));
    assert_true(allows("dns:a.example", NULL, NULL, "Some One", &budget));
    assert_true(allows("dns:a.example", NULL, "dns:a.example", "b.example", &budget));
}

static void unsound_constraints_are_a_defect(void **state)
{
    static const char *const bases[] = {
        "dns:.a.example",    "dns:*.a.example", "dns:a..b", "dns:a b",     "uri:*.a",     "uri:..a",
        "uri:sip:a.example", "email:x@y@z",     "email:@a", "ip:10.0.0.1", "dns:1.2.3.4",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
        for (int side = 0; side < 2; side++) {
            const struct factory_order order = {.subject = "CA",
                                                .ca = true,
                                                .permitted = side == 0 ? bases[i] : NULL,
                                                .excluded = side == 1 ? bases[i] : NULL};
            struct certificate *ca = factory_certificate(&order);
            assert_int_equal(ca->defect, REASON_MALFORMED_CERTIFICATE);
            certificate_destroy(ca);
        }
    }
}

static void broken_encodings_are_not_sound(void **state)
{
    (void)state;
    assert_false(name_constraints_are_sound(TEXT("")));
    assert_false(name_constraints_are_sound(TEXT("\x30\x00")));                 /* neither list */
    assert_false(name_constraints_are_sound(TEXT("\x30\x02\xa0\x00")));         /* an empty list */
    assert_false(name_constraints_are_sound(TEXT("\x30\x04\xa0\x00\xa1\x00"))); /* two of them */
    assert_true(name_constraints_are_sound(TEXT("\x30\x07\xa0\x05\x30\x03\x82\x01"
                                                "a")));
    assert_false(name_constraints_are_sound(TEXT("\x30\x0a\xa0\x08\x30\x06\x82\x01"
                                                 "a\x80\x01\x00"))); /* minimum spelt out */
    assert_false(name_constraints_are_sound(TEXT("\x30\x0a\xa0\x08\x30\x06\x82\x01"
                                                 "a\x81\x01\x05"))); /* a maximum */
    /* A mask with a hole. */
    assert_false(
        name_constraints_are_sound(TEXT("\x30\x0e\xa0\x0c\x30\x0a\x87\x08\x0a\x00\x00\x00\xff\x00\xff\x00")));
}

static void the_number_of_subtrees_is_bounded(void **state)
{
    static char list[NAME_CONSTRAINTS_SUBTREES_MOST * 8 + 16];
    (void)state;
    for (unsigned count = NAME_CONSTRAINTS_SUBTREES_MOST; count <= NAME_CONSTRAINTS_SUBTREES_MOST + 1;
         count++) {
        size_t used = 0;
        for (unsigned i = 0; i < count; i++)
            used += (size_t)snprintf(list + used, sizeof(list) - used, "%sdns:a", i == 0 ? "" : ",");
        const struct factory_order order = {.subject = "CA", .ca = true, .permitted = list};
        struct certificate *ca = factory_certificate(&order);
        assert_int_equal(ca->defect,
                         count <= NAME_CONSTRAINTS_SUBTREES_MOST ? REASON_OK : REASON_MALFORMED_CERTIFICATE);
        certificate_destroy(ca);
    }
}

static void the_budget_refuses_when_it_is_spent(void **state)
{
    uint32_t budget = 2;
    (void)state;
    assert_false(allows(NULL, "dns:b.example", "dns:a.example,dns:c.example,dns:d.example", "leaf", &budget));
    assert_int_equal(budget, 0);
    budget = 4; /* three names and the subject */
    assert_true(allows(NULL, "dns:b.example", "dns:a.example,dns:c.example,dns:d.example", "leaf", &budget));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_names),
        cmocka_unit_test(hosts_of_uris),
        cmocka_unit_test(mailboxes),
        cmocka_unit_test(addresses),
        cmocka_unit_test(directories_and_the_subject),
        cmocka_unit_test(kinds_that_are_not_known),
        cmocka_unit_test(common_names_of_a_leaf),
        cmocka_unit_test(unsound_constraints_are_a_defect),
        cmocka_unit_test(broken_encodings_are_not_sound),
        cmocka_unit_test(the_number_of_subtrees_is_bounded),
        cmocka_unit_test(the_budget_refuses_when_it_is_spent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
