/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is the certificate that a name showed last known, and never more than fit? */
#include "test/unit/sip/sip_test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "gateway/relay/seen.h"

#define DAY INT64_C(86400)

static struct certificate_name names[1] = {
    {.kind = CERTIFICATE_NAME_DNS, .value = {"edge.fabrikam.example", 21}}};

/* Two of the same `san` have the same names. */
static struct certificate leaf(const char *san, uint8_t number, int64_t ends)
{
    struct certificate certificate = {.subject = {"0\0", 2},
                                      .issuer = {"0\0", 2},
                                      .subject_alternative_name = text_of(san),
                                      .names = names,
                                      .name_count = 1,
                                      .not_after = ends};
    memset(certificate.sha256, number, sizeof(certificate.sha256));
    return certificate;
}

struct found {
    size_t count;
    struct seen_leaf last;
    char partner[64], name[64];
};

static void take(void *context, const struct seen_leaf *one)
{
    struct found *found = context;
    found->count++;
    found->last = *one;
    snprintf(found->partner, sizeof(found->partner), "%s", one->partner);
    snprintf(found->name, sizeof(found->name), "%s", one->name[0]);
}

static struct found look(struct seen *seen, int64_t before, int64_t forget)
{
    struct found found = {0};
    seen_ending(seen, before, forget, take, &found);
    return found;
}

static void the_one_shown_last_counts(void **state)
{
    struct seen *seen = seen_create();
    struct certificate old = leaf("a", 1, 10 * DAY), new = leaf("a", 2, 400 * DAY);
    (void)state;
    seen_add(seen, false, "fabrikam", &old);
    seen_add(seen, false, "fabrikam", &old);
    struct found found = look(seen, 60 * DAY, 0);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.partner, "fabrikam");
    assert_string_equal(found.name, "dns:edge.fabrikam.example");
    assert_int_equal(found.last.ends, 10 * DAY);
    seen_add(seen, false, "fabrikam", &new);
    assert_int_equal(look(seen, 60 * DAY, 0).count, 0); /* replaced: nobody's concern any more */
    seen_add(seen, false, "fabrikam", &old);            /* a second server, whose certificate was not */
    assert_int_equal(look(seen, 60 * DAY, 0).count, 1);
    assert_int_equal(seen_count(seen), 1);
    seen_destroy(seen);
}

static void names_partners_and_sides_are_apart(void **state)
{
    struct seen *seen = seen_create();
    struct certificate a = leaf("a", 1, 10 * DAY), b = leaf("b", 2, 10 * DAY);
    (void)state;
    seen_add(seen, false, "fabrikam", &a);
    seen_add(seen, false, "contoso", &a);
    seen_add(seen, true, "", &a);
    seen_add(seen, false, "", &a);
    seen_add(seen, false, "fabrikam", &b);
    assert_int_equal(look(seen, 60 * DAY, 0).count, 5);
    assert_int_equal(look(seen, 10 * DAY, 0).count, 0);
    assert_int_equal(look(seen, 60 * DAY, 11 * DAY).count, 0);
    assert_int_equal(seen_count(seen), 0); /* forgotten */
    seen_destroy(seen);
}

static void no_more_than_fit(void **state)
{
    struct seen *seen = seen_create();
    char san[32];
    (void)state;
    for (unsigned i = 0; i < SEEN_MOST + 100; i++) {
        snprintf(san, sizeof(san), "%u", i);
        struct certificate one = leaf(san, 1, DAY), first = leaf("0", 1, DAY);
        seen_add(seen, false, "fabrikam", &one);
        seen_add(seen, false, "fabrikam", &first); /* shown again and again: it stays */
    }
    assert_int_equal(seen_count(seen), SEEN_MOST);
    struct certificate first = leaf("0", 1, DAY), second = leaf("1", 9, 2 * DAY);
    seen_add(seen, false, "fabrikam", &first);
    assert_int_equal(look(seen, 3 * DAY, 0).count, SEEN_MOST);
    seen_add(seen, false, "fabrikam", &second); /* it went, and came back */
    assert_int_equal(seen_count(seen), SEEN_MOST);
    seen_destroy(seen);
}

/* Who has a CA can show any number of names: those are its own places. */
static void nobody_drives_others_out(void **state)
{
    struct seen *seen = seen_create();
    struct certificate one = leaf("a", 1, 2 * DAY);
    char san[32];
    (void)state;
    seen_add(seen, false, "contoso", &one);
    seen_add(seen, true, "", &one);
    for (unsigned i = 0; i < SEEN_MOST + 100; i++) {
        snprintf(san, sizeof(san), "%u", i);
        struct certificate many = leaf(san, 1, 9 * DAY);
        seen_add(seen, false, "fabrikam", &many);
    }
    assert_int_equal(seen_count(seen), SEEN_MOST);
    assert_int_equal(look(seen, 3 * DAY, 0).count, 2);
    struct certificate late = leaf("late", 1, 2 * DAY);
    seen_add(seen, false, "northwind", &late); /* one that comes when it is full has a place, too */
    assert_int_equal(look(seen, 3 * DAY, 0).count, 3);
    assert_int_equal(seen_count(seen), SEEN_MOST);
    seen_destroy(seen);
}

static void *show_many(void *argument)
{
    struct seen *seen = argument;
    char san[32];
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(san, sizeof(san), "%u", i % 100);
        struct certificate one = leaf(san, (uint8_t)(i % 3), DAY);
        seen_add(seen, false, "fabrikam", &one);
    }
    return NULL;
}

static void from_many_threads(void **state)
{
    struct seen *seen = seen_create();
    pthread_t threads[4];
    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, show_many, seen), 0);
    for (unsigned i = 0; i < 100; i++)
        assert_true(look(seen, 2 * DAY, 0).count <= 100);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(seen_count(seen), 100);
    seen_destroy(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_one_shown_last_counts), cmocka_unit_test(names_partners_and_sides_are_apart),
        cmocka_unit_test(no_more_than_fit),          cmocka_unit_test(nobody_drives_others_out),
        cmocka_unit_test(from_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
