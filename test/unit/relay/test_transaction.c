/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/sip/sip_test.h"

#include <stdio.h>

#include "gateway/relay/transaction.h"

static const struct hash_key secret = {{1, 2}};

static struct transaction_table *table;

static int set_up(void **state)
{
    (void)state;
    table = transaction_table_create();
    transaction_table_set_timeout(table, TIMER_PARK, 100);
    transaction_table_set_timeout(table, TIMER_B, 1000);
    transaction_table_set_timeout(table, TIMER_C, 5000);
    return table == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    transaction_table_destroy(table);
    return 0;
}

static struct transaction *begin(void)
{
    struct transaction *transaction = transaction_create(table);
    assert_non_null(transaction);
    return transaction;
}

/* ---- the upstream's key ---- */

#define REQUEST(method, via, cseq)                                                                           \
    method " sip:bob@fabrikam.example SIP/2.0\r\nVia: " via "\r\nFrom: <sip:a@corp.example>;tag=1\r\n"       \
           "To: <sip:b@fabrikam.example>\r\nCall-ID: c\r\nCSeq: " cseq " " method                            \
           "\r\nContent-Length: 0\r\n\r\n"
#define VIA "SIP/2.0/TLS fe1.corp.example:5061;branch=z9hG4bKabc"
#define OLD_VIA "SIP/2.0/TLS fe1.corp.example:5061;branch=abc"

static struct transaction_key key_of(const char *octets, uint64_t session)
{
    struct sample sample;
    struct transaction_key key = {0};
    assert_int_equal(sample_read(&sample, text_of(octets)), REASON_OK);
    transaction_key_make(&key, &secret, session, &sample.message);
    return key;
}

static bool same(const char *a, const char *b)
{
    struct transaction_key one = key_of(a, 7), two = key_of(b, 7);
    return memcmp(&one, &two, sizeof(one)) == 0;
}

/* RFC 3261 17.2.3. */
static void what_makes_two_requests_one_transaction(void **state)
{
    (void)state;
    assert_true(same(REQUEST("INVITE", VIA, "1"), REQUEST("INVITE", VIA, "1")));
    assert_true(same(REQUEST("INVITE", VIA, "1"), REQUEST("INVITE", VIA, "2")));
    assert_true(same(REQUEST("INVITE", VIA, "1"), REQUEST("INVITE", VIA ";received=192.0.2.9", "1")));
    assert_true(same(REQUEST("INVITE", VIA, "1"), REQUEST("ACK", VIA, "1")));
    assert_true(same(REQUEST("INVITE", VIA, "1"), REQUEST("CANCEL", VIA, "1")));
    assert_false(same(REQUEST("INVITE", VIA, "1"), REQUEST("BYE", VIA, "1")));
    assert_false(same(REQUEST("MESSAGE", VIA, "1"), REQUEST("X-OWN", VIA, "1")));
    assert_false(same(REQUEST("X-OWN", VIA, "1"), REQUEST("X-OTHER", VIA, "1")));
    assert_false(same(REQUEST("INVITE", VIA, "1"), REQUEST("INVITE", VIA "d", "1")));
    assert_false(same(REQUEST("INVITE", VIA, "1"),
                      REQUEST("INVITE", "SIP/2.0/TLS fe1.corp.example:5062;branch=z9hG4bKabc", "1")));
    assert_false(same(REQUEST("INVITE", VIA, "1"),
                      REQUEST("INVITE", "SIP/2.0/TLS fe2.corp.example:5061;branch=z9hG4bKabc", "1")));
}

/* A branch of RFC 2543 is no key alone. */
static void a_branch_without_the_cookie(void **state)
{
    (void)state;
    assert_true(same(REQUEST("INVITE", OLD_VIA, "1"), REQUEST("INVITE", OLD_VIA, "1")));
    assert_true(same(REQUEST("INVITE", OLD_VIA, "1"), REQUEST("CANCEL", OLD_VIA, "1")));
    assert_false(same(REQUEST("INVITE", OLD_VIA, "1"), REQUEST("INVITE", OLD_VIA, "2")));
}

static void sessions_do_not_meet(void **state)
{
    struct transaction_key one = key_of(REQUEST("INVITE", VIA, "1"), 7),
                           two = key_of(REQUEST("INVITE", VIA, "1"), 8);
    (void)state;
    struct transaction *transaction = begin();
    transaction_enter(table, transaction, &one);
    assert_ptr_equal(transaction_find(table, &one), transaction);
    assert_null(transaction_find(table, &two));
    transaction_free(table, transaction);
    assert_null(transaction_find(table, &one));
}

/* More than there are chains at first, all of one chain's number among them. */
static void many_are_found(void **state)
{
    static struct transaction *entered[5000];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(entered); i++) {
        entered[i] = begin();
        transaction_enter(table, entered[i],
                          &(struct transaction_key){.sender = 7, .branch = {i < 2500 ? i : i << 20, i}});
    }
    for (size_t i = 0; i < COUNT_OF(entered); i++)
        assert_ptr_equal(transaction_find(table, &entered[i]->key), entered[i]);
    for (size_t i = 0; i < COUNT_OF(entered); i += 2)
        transaction_free(table, entered[i]);
    for (size_t i = 0; i < COUNT_OF(entered); i++)
        assert_ptr_equal(transaction_find(table, &entered[i]->key), i % 2 == 0 ? NULL : entered[i]);
    for (size_t i = 1; i < COUNT_OF(entered); i += 2)
        transaction_free(table, entered[i]);
}

static void of_two_with_one_key_the_latest_is_found(void **state)
{
    struct transaction_key key = key_of(REQUEST("MESSAGE", VIA, "1"), 7);
    struct transaction *first = begin(), *second = begin();
    (void)state;
    transaction_enter(table, first, &key);
    transaction_enter(table, second, &key);
    assert_ptr_equal(transaction_find(table, &key), second);
    many_are_found(state); /* the table has grown meanwhile */
    assert_ptr_equal(transaction_find(table, &key), second);
    transaction_free(table, second);
    assert_ptr_equal(transaction_find(table, &key), first);
    transaction_free(table, first);
    assert_null(transaction_find(table, &key));
}

/* ---- our branch ---- */

static struct text branch_of(const struct transaction *transaction, char to[BRANCH_LENGTH])
{
    transaction_write_branch(transaction, 0x0123456789abcdefu, to);
    return (struct text){to, BRANCH_LENGTH};
}

static void a_branch_finds_its_transaction(void **state)
{
    char room[BRANCH_LENGTH];
    uint64_t mark;
    struct transaction *transaction = begin();
    struct text branch = branch_of(transaction, room);
    (void)state;
    assert_true(text_starts_with(branch, TEXT("z9hG4bK")));
    assert_ptr_equal(transaction_by_branch(table, branch), transaction);
    assert_true(branch_read_loop_mark(branch, &mark));
    assert_true(mark == 0x0123456789abcdefu);
    transaction_free(table, transaction);
}

static void a_branch_of_another_making_finds_nothing(void **state)
{
    char room[BRANCH_LENGTH];
    struct transaction *transaction = begin();
    struct text branch = branch_of(transaction, room);
    (void)state;
    for (size_t i = 7; i < 7 + 8 + 16; i++) { /* slot and nonce */
        char before = room[i];
        room[i] = before == '0' ? '1' : '0';
        assert_null(transaction_by_branch(table, branch));
        room[i] = 'G';
        assert_null(transaction_by_branch(table, branch));
        room[i] = before;
    }
    assert_null(transaction_by_branch(table, text_skip(branch, 1)));
    assert_null(transaction_by_branch(table, TEXT_NONE));
    memset(room + 7, 'f', 8); /* a slot far behind the last */
    assert_null(transaction_by_branch(table, branch));
    transaction_free(table, transaction);
}

static void an_old_branch_finds_nothing(void **state)
{
    char before[BRANCH_LENGTH], after[BRANCH_LENGTH];
    struct transaction *transaction = begin();
    struct text old = branch_of(transaction, before);
    (void)state;
    transaction_renew(table, transaction); /* the next target */
    assert_null(transaction_by_branch(table, old));
    struct text new = branch_of(transaction, after);
    assert_ptr_equal(transaction_by_branch(table, new), transaction);
    uint32_t slot = transaction->slot;
    transaction_free(table, transaction);
    assert_null(transaction_by_branch(table, new));
    struct transaction *next = begin(); /* the slot is used again */
    assert_int_equal(next->slot, slot);
    assert_null(transaction_by_branch(table, new));
    transaction_free(table, next);
}

static void loop_marks_of_other_branches(void **state)
{
    uint64_t mark;
    (void)state;
    assert_false(branch_read_loop_mark(TEXT("z9hG4bK776asdhds"), &mark));
    assert_false(branch_read_loop_mark(TEXT("Z9HG4BK0000000100000000000000010000000000000001"), &mark));
    assert_false(branch_read_loop_mark(TEXT("z9hG4bK000000010000000000000001000000000000000g"), &mark));
    assert_false(branch_read_loop_mark(TEXT_NONE, &mark));
    assert_true(branch_read_loop_mark(TEXT("z9hG4bK00000001000000000000000100000000000000ff"), &mark));
    assert_true(mark == 255);
}

static void a_used_slot_is_clean(void **state)
{
    struct transaction *transaction = begin();
    struct transaction_key key = {1, {2, 3}};
    (void)state;
    transaction_enter(table, transaction, &key);
    transaction_start_timer(table, transaction, TIMER_B, 0);
    transaction->cancelled = transaction->cancel_sent = transaction->provisional = transaction->is_in_flight =
        true;
    transaction->target_count = 3;
    transaction_free(table, transaction);
    struct transaction *again = begin();
    assert_ptr_equal(again, transaction);
    assert_false(again->cancelled || again->cancel_sent || again->provisional || again->is_in_flight);
    assert_int_equal(again->target_count, 0);
    assert_int_equal(again->timer, TIMER_NONE);
    assert_null(again->upstream);
    assert_null(transaction_next_expired(table, UINT64_MAX));
    transaction_free(table, again);
}

/* Over several chunks: none moves, each has a slot of its own. */
static void many_transactions(void **state)
{
    static struct transaction *all[1000];
    char room[BRANCH_LENGTH];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        all[i] = begin();
        transaction_enter(table, all[i], &(struct transaction_key){i, {i, i}});
    }
    assert_int_equal(transaction_table_count(table), 1000);
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        assert_ptr_equal(transaction_by_branch(table, branch_of(all[i], room)), all[i]);
        assert_ptr_equal(transaction_find(table, &(struct transaction_key){i, {i, i}}), all[i]);
    }
    for (size_t i = 0; i < COUNT_OF(all); i++)
        transaction_free(table, all[i]);
    assert_int_equal(transaction_table_count(table), 0);
}

/* ---- timers ---- */

static void timers_expire_in_order(void **state)
{
    struct transaction *a = begin(), *b = begin(), *c = begin();
    (void)state;
    transaction_start_timer(table, a, TIMER_B, 0);
    transaction_start_timer(table, b, TIMER_B, 10);
    transaction_start_timer(table, c, TIMER_PARK, 500);
    assert_null(transaction_next_expired(table, 599));
    assert_ptr_equal(transaction_next_expired(table, 600), c);
    assert_int_equal(c->timer, TIMER_NONE);
    assert_null(transaction_next_expired(table, 999));
    assert_ptr_equal(transaction_next_expired(table, 1005), a);
    assert_null(transaction_next_expired(table, 1005));
    assert_ptr_equal(transaction_next_expired(table, 1010), b);
    transaction_free(table, a);
    transaction_free(table, b);
    transaction_free(table, c);
}

static void a_timer_that_starts_anew_forgets_the_old(void **state)
{
    struct transaction *a = begin(), *b = begin();
    (void)state;
    transaction_start_timer(table, a, TIMER_B, 0);
    transaction_start_timer(table, b, TIMER_B, 1);
    transaction_start_timer(table, a, TIMER_C, 2);
    assert_ptr_equal(transaction_next_expired(table, 4000), b);
    assert_null(transaction_next_expired(table, 4000));
    transaction_start_timer(table, a, TIMER_C, 4000);
    assert_null(transaction_next_expired(table, 5002));
    transaction_stop_timer(table, a);
    transaction_stop_timer(table, a);
    assert_null(transaction_next_expired(table, UINT64_MAX));
    transaction_free(table, a);
    transaction_free(table, b);
}

/* ---- words for the log ---- */

static void long_words_are_cut(void **state)
{
    static char octets[4096];
    struct sample sample;
    struct transaction *transaction = begin();
    (void)state;
    char name[1001];
    memset(name, 'x', 1000);
    name[1000] = '\0';
    snprintf(octets, sizeof(octets),
             "M%.90s sip:b@fabrikam.example SIP/2.0\r\nVia: " VIA "\r\nFrom: <sip:%s@corp.example>;tag=1\r\n"
             "To: <sip:%s@fabrikam.example>\r\nCall-ID: %s\r\nCSeq: 1 M%.90s\r\nContent-Length: 0\r\n\r\n",
             name, name, name, name, name);
    assert_int_equal(sample_read(&sample, text_of(octets)), REASON_OK);
    transaction_keep_words(transaction, &sample.message);
    assert_int_equal(transaction->method_word.length, 64);
    assert_true(transaction->from.length > 100 && transaction->to.length > 100 &&
                transaction->call_id.length > 100);
    assert_true(transaction->call_id.at + transaction->call_id.length <=
                transaction->words + sizeof(transaction->words));
    assert_true(text_starts_with(transaction->from, TEXT("sip:xxx")));
    transaction_free(table, transaction);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_makes_two_requests_one_transaction),
        cmocka_unit_test(a_branch_without_the_cookie),
        cmocka_unit_test(sessions_do_not_meet),
        cmocka_unit_test(many_are_found),
        cmocka_unit_test(of_two_with_one_key_the_latest_is_found),
        cmocka_unit_test(a_branch_finds_its_transaction),
        cmocka_unit_test(a_branch_of_another_making_finds_nothing),
        cmocka_unit_test(an_old_branch_finds_nothing),
        cmocka_unit_test(loop_marks_of_other_branches),
        cmocka_unit_test(a_used_slot_is_clean),
        cmocka_unit_test(many_transactions),
        cmocka_unit_test(timers_expire_in_order),
        cmocka_unit_test(a_timer_that_starts_anew_forgets_the_old),
        cmocka_unit_test(long_words_are_cut),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
