/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that wait for DNS, and what may come between. */
#include "requests.h"

/* Static: transactions hold it until the lab is torn down. */
static const struct srv_record_set *srv(const char *name)
{
    static struct srv_target target;
    static struct srv_record_set set;

    target = (struct srv_target){text_of(name), 5061, 0, 0};
    set = (struct srv_record_set){.answer = {.target = &target, .target_count = 1}, .references = 99};
    return &set;
}

static void parked_then_sent(void **state)
{
    (void)state;
    lab.fabrikam->locate = LOCATE_SRV;
    lab_hear(lab.inside, OUT("INVITE", "a", ""));
    assert_says(lab.inside, "SIP/2.0 100 Trying\n");
    assert_silent(lab.edge);
    assert_int_equal(lab.questions, 1);
    assert_int_equal(lab.shared.parked, 1);
    lab_answer(srv("edge.fabrikam.example"));
    assert_says(lab.edge, "INVITE sip:bob@fabrikam.example SIP/2.0\n");
    assert_silent(lab.inside); /* one 100 is enough */
    assert_int_equal(lab.shared.parked, 0);
}

static void parked_for_its_sender(void **state)
{
    (void)state;
    lab.fabrikam->identity = IDENTITY_SRV_TARGET;
    lab.name[0].value = TEXT("sip.fabrikam.example");
    lab_hear(lab.outside, IN("MESSAGE", "a", ""));
    assert_int_equal(lab.questions, 1);
    lab_answer(srv("sip.fabrikam.example"));
    assert_says(lab.fe1, "MESSAGE ");
}

static void parked_and_refused(void **state)
{
    (void)state;
    lab.fabrikam->identity = IDENTITY_SRV_TARGET;
    lab_hear(lab.outside, IN("MESSAGE", "a", ""));
    lab_answer(&(const struct srv_record_set){.answer = {.outcome = REASON_DNS_FAILED}, .references = 99});
    assert_says(lab.outside, "SIP/2.0 504 ");
    expect_event(REASON_DNS_FAILED, 504);
    assert_int_equal(lab.shared.parked, 0);
}

static void parked_too_long(void **state)
{
    (void)state;
    lab.fabrikam->locate = LOCATE_SRV;
    lab_hear(lab.inside, OUT("MESSAGE", "a", ""));
    lab_pass(10001);
    assert_says(lab.inside, "SIP/2.0 504 ");
    assert_int_equal(lab.abandoned, 1);
}

static void the_sender_goes_while_dns_is_asked(void **state)
{
    (void)state;
    lab.fabrikam->locate = LOCATE_SRV;
    lab_hear(lab.inside, OUT("INVITE", "a", ""));
    session_close(lab.inside, REASON_PEER_CLOSED, NULL);
    assert_int_equal(lab.abandoned, 1);
    assert_int_equal(transaction_table_count(lab.worker->transactions), 0);
    assert_silent(lab.edge);
}

static void the_caller_gives_up_while_dns_is_asked(void **state)
{
    (void)state;
    lab.fabrikam->locate = LOCATE_SRV;
    lab_hear(lab.inside, OUT("INVITE", "a", ""));
    assert_says(lab.inside, "SIP/2.0 100 ");
    lab_hear(lab.inside, OUT("CANCEL", "a", ""));
    const char *answers = lab_said(lab.inside);
    assert_int_equal(strncmp(answers, "SIP/2.0 200 OK\n", 15), 0);
    assert_non_null(strstr(answers, "SIP/2.0 487 "));
    assert_int_equal(lab.abandoned, 1);
    assert_int_equal(lab.shared.in_flight, 0);
    expect_event(REASON_CANCELLED, 487);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_set_up, lab_tear_down)
        TEST(parked_then_sent),
        TEST(parked_for_its_sender),
        TEST(parked_and_refused),
        TEST(parked_too_long),
        TEST(the_sender_goes_while_dns_is_asked),
        TEST(the_caller_gives_up_while_dns_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
