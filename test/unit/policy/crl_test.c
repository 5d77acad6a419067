/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CRLs: ways to be none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "certificate_factory.h"

static const struct factory_crl_order sound = {.issuer = "CA", .number = 5};

static bool reads(const struct factory_crl_order *order)
{
    struct text der = factory_crl_der(order);
    const char *why = NULL;
    struct crl *crl = crl_read(der, &why);
    bool read = crl != NULL;
    assert_int_equal(read, why == NULL);
    crl_destroy(crl);
    free((char *)der.at);
    return read;
}

static void lists_that_tell_nothing_are_refused(void **state)
{
    struct factory_crl_order order = sound;

    (void)state;
    assert_true(reads(&order));
    order.number = 0;
    assert_false(reads(&order));
#define REFUSED(field, value)                                                                                \
    order = sound;                                                                                           \
    order.serials[0] = 1;                                                                                    \
    order.field = value;                                                                                     \
    assert_false(reads(&order))
    REFUSED(next_update, -1);
    REFUSED(next_update, FACTORY_NOW - 2 * FACTORY_DAY); /* before thisUpdate */
    REFUSED(unknown_critical, true);
    REFUSED(entry_unknown_critical, true);
    REFUSED(number_critical, true);
    REFUSED(inner_algorithm, true);
#undef REFUSED
}

static void truncated_lists_are_refused(void **state)
{
    struct factory_crl_order order = sound;
    const char *why;

    (void)state;
    order.serials[0] = 7;
    order.serials[1] = 3;
    order.point = "http://crl.example/a";
    struct text der = factory_crl_der(&order);
    for (size_t length = 0; length < der.length; length++) {
        char *cut = malloc(length + 1);
        assert_non_null(cut);
        memcpy(cut, der.at, length);
        assert_null(crl_read((struct text){cut, length}, &why));
        free(cut);
    }
    char *octets = (char *)der.at;
    for (size_t i = 0; i < der.length; i++) {
        char kept = octets[i];
        for (int value = 0; value < 256; value++) {
            octets[i] = (char)value;
            struct crl *crl = crl_read(der, &why);
            if (crl != NULL)
                (void)crl_status_of(crl, crl->issuer, TEXT("\x07"));
            crl_destroy(crl);
        }
        octets[i] = kept;
    }
    free(octets);
    crl_destroy(NULL);
}

static bool lists(const struct crl *crl, struct text serial)
{
    return crl_status_of(crl, crl->issuer, serial) == CRL_REVOKES;
}

static void serials_are_found_in_any_order(void **state)
{
    struct factory_crl_order order = sound;
    const uint32_t serials[] = {0x300, 0x20, 0x200, 0x10, 0x7fffffff, 0x80};

    (void)state;
    memcpy(order.serials, serials, sizeof(serials));
    struct crl *crl = factory_crl(&order);
    assert_int_equal(crl->serial_count, 6);
    assert_true(lists(crl, TEXT("\x03\x00")) && lists(crl, TEXT("\x20")) && lists(crl, TEXT("\x10")));
    assert_true(lists(crl, TEXT("\x00\x80")) && lists(crl, TEXT("\x7f\xff\xff\xff")));
    assert_false(lists(crl, TEXT("\x00")) || lists(crl, TEXT("\x03")) || lists(crl, TEXT_NONE));
    crl_destroy(crl);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_that_tell_nothing_are_refused),
        cmocka_unit_test(truncated_lists_are_refused),
        cmocka_unit_test(serials_are_found_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
