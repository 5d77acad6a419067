/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sip_test.h"

#include <stdio.h>

#include "gateway/sip/edit.h"

#define SMALL                                                                                                \
    "INVITE sip:b@x.example SIP/2.0\r\n"                                                                     \
    "Via: SIP/2.0/TLS a.example;rport;branch=z9hG4bK1\r\n"                                                   \
    "v: SIP/2.0/TLS b.example;branch=z9hG4bK2, SIP/2.0/TLS c.example\r\n"                                    \
    "Max-Forwards: 70\r\n"                                                                                   \
    "Route:\r\n <sip:r1.example;lr>,\r\n <sip:r2.example;lr> , <sip:r3.example;lr>\r\n"                      \
    "From: <sip:a@y.example>;tag=1\r\n"                                                                      \
    "To: <sip:b@x.example>\r\n"                                                                              \
    "Call-ID: c\r\n"                                                                                         \
    "CSeq: 1 INVITE\r\n"                                                                                     \
    "P-Asserted-Identity: <sip:p@y.example>\r\n"                                                             \
    "X: one\r\n"                                                                                             \
    "p-asserted-identity: <tel:+1>\r\n"                                                                      \
    "Content-Length: 4\r\n"                                                                                  \
    "\r\n"                                                                                                   \
    "\0\r\n\r"

enum { VIA1, VIA2, MAX_FORWARDS, ROUTE, FROM, TO, CALL_ID, CSEQ, PAI1, X1, PAI2, LENGTH };

struct plan {
    struct sample sample;
    struct sip_edit edit;
};

static void plan_begin(struct plan *plan)
{
    assert_int_equal(sample_read(&plan->sample, TEXT(SMALL)), REASON_OK);
    sip_edit_init(&plan->edit, &plan->sample.message);
}

/* Writes into a block of exactly the length that was promised; one octet less is refused. */
static void outcome_is(struct plan *plan, struct text expected)
{
    size_t length = sip_edit_length(&plan->edit);
    char *to = malloc(length + 1);
    assert_non_null(to);
    assert_int_equal(length, expected.length);
    assert_int_equal(sip_edit_write(&plan->edit, to, length - 1), 0);
    assert_int_equal(sip_edit_write(&plan->edit, to, length), length);
    if (memcmp(to, expected.at, length) != 0)
        fail_msg("\n%.*s\nis not\n%.*s", (int)length, to, TEXT_ARGUMENTS(expected));
    free(to);
}

static void fails_closed(struct plan *plan)
{
    char to[4096];
    assert_int_equal(sip_edit_length(&plan->edit), 0);
    assert_int_equal(sip_edit_write(&plan->edit, to, sizeof(to)), 0);
}

/* The message with some of its text replaced, for what is expected: pairs of what and with, in order. */
static struct text expect(const char *const *pairs, size_t count, char *to, size_t capacity)
{
    struct text from = TEXT(SMALL);
    size_t length = 0;
    for (size_t i = 0; i < count; i += 2) {
        struct text what = text_of(pairs[i]), with = text_of(pairs[i + 1]);
        size_t at = 0;
        while (at + what.length <= from.length && memcmp(from.at + at, what.at, what.length) != 0)
            at++;
        assert_true(at + what.length <= from.length);
        assert_true(length + at + with.length < capacity);
        memcpy(to + length, from.at, at);
        memcpy(to + length + at, with.at, with.length);
        length += at + with.length;
        from = text_skip(from, at + what.length);
    }
    assert_true(length + from.length <= capacity);
    memcpy(to + length, from.at, from.length);
    return (struct text){to, length + from.length};
}

#define EXPECT(plan, ...)                                                                                    \
    do {                                                                                                     \
        static const char *const pairs_[] = {__VA_ARGS__};                                                   \
        char to_[8192];                                                                                      \
        outcome_is((plan), expect(pairs_, COUNT_OF(pairs_), to_, sizeof(to_)));                              \
    } while (0)

static void without_a_change_nothing_changes(void **state)
{
    struct plan plan;
    (void)state;
    plan_begin(&plan);
    outcome_is(&plan, TEXT(SMALL));
}

static void a_request_on_its_way(void **state)
{
    struct plan plan;
    (void)state;
    plan_begin(&plan);
    sip_edit_replace(&plan.edit, MAX_FORWARDS, TEXT("Max-Forwards: 69\r\n"));
    sip_edit_extend(&plan.edit, plan.sample.message.via.rport_name, TEXT("=5061"));
    sip_edit_extend(&plan.edit, plan.sample.message.via.text, TEXT(";received=192.0.2.1"));
    sip_edit_remove_first_value(&plan.edit, ROUTE);
    sip_edit_prepend(&plan.edit, SIP_HEADER_RECORD_ROUTE, TEXT("Record-Route: <sip:in.example;lr>\r\n"));
    sip_edit_prepend(&plan.edit, SIP_HEADER_RECORD_ROUTE, TEXT("Record-Route: <sip:out.example;lr>\r\n"));
    sip_edit_prepend(&plan.edit, SIP_HEADER_VIA, TEXT("Via: SIP/2.0/TLS us.example;branch=z9hG4bK3\r\n"));
    sip_edit_remove_all(&plan.edit, SIP_HEADER_P_ASSERTED_IDENTITY);
    sip_edit_append(&plan.edit, TEXT("Max-Breadth: 60\r\n"));
    sip_edit_append(&plan.edit, TEXT("ms-edge-proxy-message-trust: x\r\n"));
    sip_edit_request_uri(&plan.edit, TEXT("sip:other@z.example;x=y"));
    EXPECT(&plan, "sip:b@x.example", "sip:other@z.example;x=y", "SIP/2.0\r\n",
           "SIP/2.0\r\nVia: SIP/2.0/TLS us.example;branch=z9hG4bK3\r\nRecord-Route: <sip:out.example;lr>\r\n"
           "Record-Route: <sip:in.example;lr>\r\n",
           "rport", "rport=5061", "z9hG4bK1", "z9hG4bK1;received=192.0.2.1", "70", "69",
           "<sip:r1.example;lr>,\r\n ", "", "P-Asserted-Identity: <sip:p@y.example>\r\n", "",
           "p-asserted-identity: <tel:+1>\r\n", "", "Length: 4\r\n",
           "Length: 4\r\nMax-Breadth: 60\r\nms-edge-proxy-message-trust: x\r\n");
}

static void prepends_go_before_their_kind(void **state)
{
    struct plan plan;
    (void)state;
    plan_begin(&plan);
    sip_edit_prepend(&plan.edit, SIP_HEADER_ROUTE, TEXT("Route: <sip:r0.example;lr>\r\n"));
    sip_edit_prepend(&plan.edit, SIP_HEADER_TO, TEXT("X: before To\r\n"));
    sip_edit_replace(&plan.edit, TO, TEXT("T: <sip:c@x.example>\r\n"));
    EXPECT(&plan, "Route:", "Route: <sip:r0.example;lr>\r\nRoute:", "To: <sip:b@x.example>\r\n",
           "X: before To\r\nT: <sip:c@x.example>\r\n");
    plan_begin(&plan); /* the other way round */
    sip_edit_remove(&plan.edit, TO);
    sip_edit_prepend(&plan.edit, SIP_HEADER_TO, TEXT("X: 1\r\n"));
    sip_edit_prepend(&plan.edit, SIP_HEADER_TO, TEXT("X: 2\r\n"));
    EXPECT(&plan, "To: <sip:b@x.example>\r\n", "X: 2\r\nX: 1\r\n");
}

static void values_are_taken_off_one_by_one(void **state)
{
    struct plan plan;
    (void)state;
    plan_begin(&plan);
    sip_edit_remove_first_value(&plan.edit, VIA1); /* the only one */
    EXPECT(&plan, "Via: SIP/2.0/TLS a.example;rport;branch=z9hG4bK1\r\n", "");
    sip_edit_remove_first_value(&plan.edit, VIA2);
    EXPECT(&plan, "Via: SIP/2.0/TLS a.example;rport;branch=z9hG4bK1\r\n", "",
           "SIP/2.0/TLS b.example;branch=z9hG4bK2, ", "");
    sip_edit_remove_first_value(&plan.edit, ROUTE);
    sip_edit_remove_first_value(&plan.edit, ROUTE);
    EXPECT(&plan, "Via: SIP/2.0/TLS a.example;rport;branch=z9hG4bK1\r\n", "",
           "SIP/2.0/TLS b.example;branch=z9hG4bK2, ", "", "<sip:r1.example;lr>,\r\n <sip:r2.example;lr> , ",
           "");
    sip_edit_remove_first_value(&plan.edit, ROUTE);
    EXPECT(&plan, "Via: SIP/2.0/TLS a.example;rport;branch=z9hG4bK1\r\n", "",
           "SIP/2.0/TLS b.example;branch=z9hG4bK2, ", "",
           "Route:\r\n <sip:r1.example;lr>,\r\n <sip:r2.example;lr> , <sip:r3.example;lr>\r\n", "");
    sip_edit_remove_first_value(&plan.edit, ROUTE); /* a fourth that is not there */
    fails_closed(&plan);
}

/* The top Via is known from reading, alone in its field or not. */
static void the_top_via_goes(void **state)
{
    static const char *const vias[] = {"Via: SIP/2.0/TLS a;branch=z9hG4bK1\r\n",
                                       "Via: SIP/2.0/TLS a;branch=z9hG4bK1 ,\r\n SIP/2.0/TLS b\r\n"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(vias); i++) {
        struct sample sample;
        struct sip_edit edit, same;
        char octets[512], to[512], other[512];
        snprintf(octets, sizeof(octets),
                 "BYE sip:a@b SIP/2.0\r\n%sFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: c\r\n"
                 "CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
                 vias[i]);
        assert_int_equal(sample_read(&sample, text_of(octets)), REASON_OK);
        sip_edit_init(&edit, &sample.message);
        sip_edit_remove_top_via(&edit);
        sip_edit_init(&same, &sample.message);
        sip_edit_remove_first_value(&same, sip_message_first(&sample.message, SIP_HEADER_VIA));
        size_t length = sip_edit_write(&edit, to, sizeof(to));
        assert_true(length > 0 && length < strlen(octets));
        assert_int_equal(sip_edit_write(&same, other, sizeof(other)), length);
        assert_memory_equal(to, other, length);
    }
}

static void remove_all_spares_what_was_touched(void **state)
{
    struct plan plan;
    (void)state;
    plan_begin(&plan);
    sip_edit_replace(&plan.edit, PAI1, TEXT("P-Asserted-Identity: <sip:k@y.example>\r\n"));
    sip_edit_remove_all(&plan.edit, SIP_HEADER_P_ASSERTED_IDENTITY);
    sip_edit_remove_all(&plan.edit, SIP_HEADER_P_ASSERTED_IDENTITY);
    sip_edit_remove_all(&plan.edit, SIP_HEADER_DIVERSION);
    EXPECT(&plan, "<sip:p@y.example>", "<sip:k@y.example>", "p-asserted-identity: <tel:+1>\r\n", "");
}

static void the_version_goes_out_in_upper_case(void **state)
{
    struct sample sample;
    struct sip_edit edit;
    char to[4096];
    (void)state;
    char *octets = exact_copy(TEXT(SMALL));
    memcpy(octets + 23, "sIp", 3);
    assert_int_equal(sample_read(&sample, (struct text){octets, sizeof(SMALL) - 1}), REASON_OK);
    sip_edit_init(&edit, &sample.message);
    assert_int_equal(sip_edit_write(&edit, to, sizeof(to)), sizeof(SMALL) - 1);
    assert_memory_equal(to, SMALL, sizeof(SMALL) - 1);
    free(octets);
}

enum verb { REMOVE, REPLACE, VALUE, EXTEND, URI };

static void apply(struct plan *plan, enum verb verb)
{
    switch (verb) {
    case REMOVE:
        sip_edit_remove(&plan->edit, VIA1);
        break;
    case REPLACE:
        sip_edit_replace(&plan->edit, VIA1, TEXT("Via: x\r\n"));
        break;
    case VALUE:
        sip_edit_remove_first_value(&plan->edit, VIA1);
        break;
    case EXTEND:
        sip_edit_extend(&plan->edit, plan->sample.message.via.text, TEXT(";x"));
        break;
    case URI:
        sip_edit_request_uri(&plan->edit, TEXT("sip:x"));
        break;
    }
}

/* All pairs on one field, but two extensions, contradict each other. */
static void changes_that_overlap_spoil_the_plan(void **state)
{
    (void)state;
    for (int first = REMOVE; first <= URI; first++) {
        for (int second = REMOVE; second <= URI; second++) {
            struct plan plan;
            plan_begin(&plan);
            apply(&plan, (enum verb)first);
            assert_int_not_equal(sip_edit_length(&plan.edit), 0);
            apply(&plan, (enum verb)second);
            bool is_fine = (first == EXTEND && second == EXTEND) || (first == URI) != (second == URI);
            assert_int_equal(sip_edit_length(&plan.edit) != 0, is_fine);
            if (!is_fine)
                fails_closed(&plan);
        }
    }
}

static void texts_that_add_a_line_spoil_the_plan(void **state)
{
    static const struct text lines[] = {
        {"", 0},
        {"X: y", 4},
        {"X: y\n", 5},
        {"X: y\r\nZ: z\r\n", 12},
        {"X: y\r\n\r\n", 8},
        {"X: y\r\n \r\n", 9},
        {"X: y\rZ: z\r\n", 11},
        {"X y\r\n", 5},
        {" X: y\r\n", 7},
        {"X: \0\r\n", 6},
        {"\r\n", 2},
    };
    static const struct text uris[] = {{"", 0}, {"sip:a b", 7}, {"sip:a\r\nX: y", 11}, {"<sip:a>", 7}};
    struct plan plan;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        plan_begin(&plan);
        sip_edit_prepend(&plan.edit, SIP_HEADER_VIA, lines[i]);
        fails_closed(&plan);
        plan_begin(&plan);
        sip_edit_append(&plan.edit, lines[i]);
        fails_closed(&plan);
        plan_begin(&plan);
        sip_edit_replace(&plan.edit, X1, lines[i]);
        fails_closed(&plan);
    }
    for (size_t i = 0; i < COUNT_OF(uris); i++) {
        plan_begin(&plan);
        sip_edit_request_uri(&plan.edit, uris[i]);
        fails_closed(&plan);
    }
    plan_begin(&plan);
    sip_edit_extend(&plan.edit, plan.sample.message.via.text, TEXT(";x\r\nY: z"));
    fails_closed(&plan);
    plan_begin(&plan);
    sip_edit_remove(&plan.edit, LENGTH + 1);
    fails_closed(&plan);
    plan_begin(&plan);
    sip_edit_remove_first_value(&plan.edit, SIP_NO_HEADER);
    fails_closed(&plan);
}

static void too_many_changes_spoil_the_plan(void **state)
{
    struct plan plan;
    (void)state;
    plan_begin(&plan);
    for (int i = 0; i < SIP_EDITS_MOST; i++)
        sip_edit_append(&plan.edit, TEXT("X: y\r\n"));
    assert_int_equal(sip_edit_length(&plan.edit), sizeof(SMALL) - 1 + SIP_EDITS_MOST * 6);
    sip_edit_append(&plan.edit, TEXT("X: y\r\n"));
    fails_closed(&plan);
    sip_edit_append(&plan.edit, TEXT("X: y\r\n"));
    fails_closed(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_change_nothing_changes),
        cmocka_unit_test(a_request_on_its_way),
        cmocka_unit_test(prepends_go_before_their_kind),
        cmocka_unit_test(values_are_taken_off_one_by_one),
        cmocka_unit_test(the_top_via_goes),
        cmocka_unit_test(remove_all_spares_what_was_touched),
        cmocka_unit_test(the_version_goes_out_in_upper_case),
        cmocka_unit_test(changes_that_overlap_spoil_the_plan),
        cmocka_unit_test(texts_that_add_a_line_spoil_the_plan),
        cmocka_unit_test(too_many_changes_spoil_the_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
