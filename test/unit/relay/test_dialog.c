/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/sip/sip_test.h"

#include "gateway/relay/dialog.h"
#include "policy/domain.h"

static const struct hash_key key = {{1, 2}}, other_key = {{1, 3}};

static struct text mark_of(char to[DIALOG_MARK_LONGEST], enum direction direction, const char *domain,
                           const char *call_id)
{
    size_t length =
        dialog_mark_write(&key, direction, text_of(domain), text_of(call_id), to, DIALOG_MARK_LONGEST);
    assert_true(length > 0);
    return (struct text){to, length};
}

static void a_mark_is_read_back(void **state)
{
    char room[DIALOG_MARK_LONGEST];
    struct dialog_mark mark;
    (void)state;
    for (int direction = DIRECTION_INBOUND; direction <= DIRECTION_OUTBOUND; direction++) {
        struct text value = mark_of(room, (enum direction)direction, "fabrikam.example", "a@b");
        assert_int_equal(value.at[0], direction == DIRECTION_INBOUND ? 'i' : 'o');
        assert_true(dialog_mark_read(&key, value, TEXT("a@b"), &mark));
        assert_int_equal(mark.direction, direction);
        assert_text(mark.domain, "fabrikam.example");
    }
}

static void a_mark_stays_with_its_call(void **state)
{
    char room[DIALOG_MARK_LONGEST];
    struct dialog_mark mark;
    struct text value = mark_of(room, DIRECTION_INBOUND, "fabrikam.example", "a@b");
    (void)state;
    assert_false(dialog_mark_read(&key, value, TEXT("a@c"), &mark));
    assert_false(dialog_mark_read(&key, value, TEXT("A@b"), &mark));
    assert_false(dialog_mark_read(&key, value, TEXT_NONE, &mark));
    assert_false(dialog_mark_read(&other_key, value, TEXT("a@b"), &mark));
}

static void no_octet_of_a_mark_may_change(void **state)
{
    char room[DIALOG_MARK_LONGEST];
    struct dialog_mark mark;
    struct text value = mark_of(room, DIRECTION_OUTBOUND, "fabrikam.example", "a@b");
    (void)state;
    for (size_t i = 0; i < value.length; i++) {
        char before = room[i];
        room[i] = before == 'x' ? 'y' : 'x';
        assert_false(dialog_mark_read(&key, value, TEXT("a@b"), &mark));
        room[i] = before;
    }
    room[0] = 'i'; /* the other direction */
    assert_false(dialog_mark_read(&key, value, TEXT("a@b"), &mark));
}

/* The domain may be taken for another one that begins or ends alike. */
static void no_mark_may_be_shorter_or_longer(void **state)
{
    char room[DIALOG_MARK_LONGEST + 8];
    struct dialog_mark mark;
    struct text value = mark_of(room, DIRECTION_INBOUND, "fabrikam.example", "a@b");
    (void)state;
    for (size_t length = 0; length < value.length; length++) {
        char *exact = exact_copy((struct text){room, length});
        assert_false(dialog_mark_read(&key, (struct text){exact, length}, TEXT("a@b"), &mark));
        free(exact);
    }
    memcpy(room + value.length, ".evil", 5);
    assert_false(dialog_mark_read(&key, (struct text){room, value.length + 5}, TEXT("a@b"), &mark));
}

static void proxies_may_change_the_case(void **state)
{
    char room[DIALOG_MARK_LONGEST];
    struct dialog_mark mark;
    struct text value = mark_of(room, DIRECTION_INBOUND, "Fabrikam.EXAMPLE", "a@b");
    (void)state;
    for (size_t i = 1; i < value.length; i++)
        room[i] = (char)(room[i] >= 'a' && room[i] <= 'z' ? room[i] - 32 : room[i]);
    assert_true(dialog_mark_read(&key, value, TEXT("a@b"), &mark));
    assert_true(domain_equal(mark.domain, TEXT("fabrikam.example")));
}

static void the_longest_domain_fits_and_no_longer_one(void **state)
{
    char room[DIALOG_MARK_LONGEST], domain[DOMAIN_LONGEST + 2];
    struct dialog_mark mark;
    (void)state;
    memset(domain, 'a', sizeof(domain));
    size_t length = dialog_mark_write(&key, DIRECTION_INBOUND, (struct text){domain, DOMAIN_LONGEST},
                                      TEXT("a@b"), room, sizeof(room));
    assert_true(length > DOMAIN_LONGEST);
    assert_true(dialog_mark_read(&key, (struct text){room, length}, TEXT("a@b"), &mark));
    assert_int_equal(dialog_mark_write(&key, DIRECTION_INBOUND, (struct text){domain, DOMAIN_LONGEST},
                                       TEXT("a@b"), room, length - 1),
                     0);
    assert_int_equal(dialog_mark_write(&key, DIRECTION_INBOUND, (struct text){domain, DOMAIN_LONGEST + 1},
                                       TEXT("a@b"), room, sizeof(room)),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_is_read_back),
        cmocka_unit_test(a_mark_stays_with_its_call),
        cmocka_unit_test(no_octet_of_a_mark_may_change),
        cmocka_unit_test(no_mark_may_be_shorter_or_longer),
        cmocka_unit_test(proxies_may_change_the_case),
        cmocka_unit_test(the_longest_domain_fits_and_no_longer_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
