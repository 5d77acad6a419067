/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do the counts of all threads add up to what a collector can read? */
#include "gateway/log/metrics.h"
#include "test/unit/log/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t key[AUDIT_KEY_OCTETS] = {1};

static void write_records(struct audit *audit, struct partner_counts *fabrikam)
{
    struct audit_record accepted = {.event = AUDIT_SESSION_ACCEPTED,
                                    .side = AUDIT_EXTERNAL,
                                    .has_direction = true,
                                    .direction = DIRECTION_OUTBOUND,
                                    .partner_counts = fabrikam};
    struct audit_record refused = {
        .event = AUDIT_SESSION_REFUSED, .side = AUDIT_EXTERNAL, .reason = REASON_UNTRUSTED_CHAIN};
    struct audit_record closed = {.event = AUDIT_SESSION_CLOSED,
                                  .side = AUDIT_EXTERNAL,
                                  .has_direction = true,
                                  .direction = DIRECTION_OUTBOUND,
                                  .reason = REASON_PEER_CLOSED};
    struct audit_record request = {.event = AUDIT_REQUEST,
                                   .reason = REASON_RELAYED,
                                   .has_direction = true,
                                   .direction = DIRECTION_OUTBOUND,
                                   .method = TEXT("INVITE"),
                                   .status = 486,
                                   .has_duration = true,
                                   .partner_counts = fabrikam};
    for (int i = 0; i < 3; i++) {
        audit_write(audit, &accepted);
    }
    audit_write(audit, &refused);
    audit_write(audit, &closed);
    static const int64_t durations[] = {0, 1, 2, 700, 86400000};
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        request.duration_ms = durations[i];
        audit_write(audit, &request);
    }
    audit_write(audit, &(struct audit_record){.event = AUDIT_REQUEST,
                                              .reason = REASON_MALFORMED_MESSAGE,
                                              .method = TEXT("\x01"),
                                              .status = 400});
}

static const char *const of_all[] = {
    "\n# TYPE fedgate_handshakes_total counter\n",
    "\nfedgate_handshakes_total{side=\"external\",direction=\"outbound\",outcome=\"accepted\",reason=\"ok\"} "
    "6\n",
    "\nfedgate_handshakes_total{side=\"external\",direction=\"inbound\",outcome=\"refused\","
    "reason=\"untrusted-chain\"} 2\n",
    "\nfedgate_sessions_closed_total{side=\"external\",direction=\"outbound\",reason=\"peer-closed\"} 2\n",
    "\nfedgate_sessions{side=\"external\",direction=\"outbound\"} 4\n",
    "\nfedgate_sessions{side=\"internal\",direction=\"inbound\"} 0\n",
    "\nfedgate_request_outcomes_total{direction=\"outbound\",reason=\"relayed\"} 10\n",
    "\nfedgate_request_outcomes_total{direction=\"inbound\",reason=\"malformed-message\"} 2\n",
    "\nfedgate_request_duration_seconds_bucket{direction=\"outbound\",method=\"call\",le=\"0.001\"} 4\n",
    "\nfedgate_request_duration_seconds_bucket{direction=\"outbound\",method=\"call\",le=\"0.002\"} 6\n",
    "\nfedgate_request_duration_seconds_bucket{direction=\"outbound\",method=\"call\",le=\"0.25\"} 6\n",
    "\nfedgate_request_duration_seconds_bucket{direction=\"outbound\",method=\"call\",le=\"1\"} 8\n",
    "\nfedgate_request_duration_seconds_bucket{direction=\"outbound\",method=\"call\",le=\"30\"} 8\n",
    "\nfedgate_request_duration_seconds_bucket{direction=\"outbound\",method=\"call\",le=\"+Inf\"} 10\n",
    "\nfedgate_request_duration_seconds_sum{direction=\"outbound\",method=\"call\"} 172801.406\n",
    "\nfedgate_request_duration_seconds_count{direction=\"outbound\",method=\"call\"} 10\n",
    "\nfedgate_policy_last_reload_successful 1\n",
};
static const char *const of_partners[] = {
    "\nfedgate_requests_total{partner=\"(none)\",direction=\"inbound\",method=\"other\",status=\"4xx\"} 2\n"
    "fedgate_requests_total{partner=\"fabrikam\",direction=\"outbound\",method=\"call\",status=\"4xx\"} "
    "10\n#",
    "\nfedgate_request_failures_total{partner=\"(none)\",direction=\"inbound\",reason=\"malformed-message\"} "
    "2\n#",
    "\nfedgate_partner_handshakes_total{partner=\"(none)\",direction=\"inbound\",outcome=\"refused\"} 2\n"
    "fedgate_partner_handshakes_total{partner=\"fabrikam\",direction=\"outbound\",outcome=\"accepted\"} 6\n#",
    "\nfedgate_partner_sessions{partner=\"fabrikam\",direction=\"outbound\"} 4\n#",
    "\nfedgate_partner_request_duration_seconds_sum{partner=\"fabrikam\",direction=\"outbound\"} 172801.406\n"
    "fedgate_partner_request_duration_seconds_count{partner=\"fabrikam\",direction=\"outbound\"} 10\n",
};

static void assert_has(const struct metrics_page *page, const char *const *wanted, size_t count)
{
    static char octets[65536];
    assert_true(page->length < sizeof octets - 1 && !page->full);
    octets[0] = '\n';
    memcpy(octets + 1, page->octets, page->length);
    octets[page->length + 1] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (strstr(octets, wanted[i]) == NULL) {
            fail_msg("no %s in\n%s", wanted[i], octets);
        }
    }
}

static void counts_of_two_threads_add_up(void **state)
{
    (void)state;
    struct folder folder;
    char trouble[256] = "";
    folder_start(&folder);
    struct log_file *file = audit_open(folder.writer, NULL, trouble, sizeof trouble);
    struct partner_counts fabrikam[2] = {0};
    struct audit_sums sums = {0};
    struct metrics_partner partners[2] = {{.name = METRICS_NOBODY}, {.name = "fabrikam", .sessions = {0, 4}}};
    for (size_t i = 0; i < 2; i++) {
        struct audit *audit = audit_create(file, AUDIT_USERS_FULL, key);
        write_records(audit, &fabrikam[i]);
        counts_add_up(&sums, audit_counts(audit));
        partner_counts_add_up(&partners[1].sums, &fabrikam[i]);
        audit_destroy(audit);
    }
    partners[0].sums = sums.nobody;
    struct metrics_page page;
    metrics_page_init(&page);
    metrics_counts(&page, &sums);
    assert_has(&page, of_all, sizeof of_all / sizeof *of_all);
    metrics_page_deinit(&page);
    metrics_partners(&page, partners, 2);
    assert_has(&page, of_partners, sizeof of_partners / sizeof *of_partners);
    metrics_page_deinit(&page);
    folder_stop(&folder);
}

/* An answer of 2xx is a success and says when; a later one counts, and of two workers the later one. */
static void last_success(void **state)
{
    (void)state;
    struct audit_counts counts = {0};
    struct partner_counts of[2] = {0};
    struct partner_sums sums = {0};
    struct audit_record record = {.event = AUDIT_REQUEST, .status = 200, .partner_counts = &of[0]};
    counts_add(&counts, &record, 5000);
    record.status = 302;
    record.reason = REASON_RELAYED;
    counts_add(&counts, &record, 9000);
    record = (struct audit_record){.event = AUDIT_REQUEST, .status = 202, .partner_counts = &of[1]};
    counts_add(&counts, &record, 4000);
    partner_counts_add_up(&sums, &of[1]);
    partner_counts_add_up(&sums, &of[0]);
    assert_int_equal(sums.success_ms[DIRECTION_INBOUND], 5000);
    assert_int_equal(sums.requests[DIRECTION_INBOUND][COUNT_OTHER][1], 2);
    assert_int_equal(sums.requests[DIRECTION_INBOUND][COUNT_OTHER][2], 1);
}

static void a_rejected_policy_is_seen_until_one_is_loaded(void **state)
{
    (void)state;
    struct audit_counts counts = {0};
    static const enum audit_event events[] = {AUDIT_POLICY_LOADED, AUDIT_POLICY_REJECTED,
                                              AUDIT_POLICY_REJECTED, AUDIT_POLICY_LOADED};
    static const uint64_t is_rejected[] = {0, 1, 1, 0};
    for (size_t i = 0; i < 4; i++) {
        counts_add(&counts, &(struct audit_record){.event = events[i]}, 1000 * (int64_t)i);
        assert_int_equal(counts.policy_is_rejected, is_rejected[i]);
    }
    assert_int_equal(counts.policies_loaded, 2);
    assert_int_equal(counts.policy_errors, 2);
    assert_int_equal(counts.policy_loaded_ms, 3000);
}

static void values_are_written_as_the_format_asks(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        "\n# HELP fedgate_x What it is.\n# TYPE fedgate_x gauge\n",
        "\nfedgate_x 18446744073709551615\n",
        "\nfedgate_x{a=\"q\\\"b\\\\n?\",b=\"Zürich\",c=\"??\"} 1\n",
        "\nfedgate_x 0\nfedgate_x 0.5\nfedgate_x 1795000000\nfedgate_x 100.001\n",
    };
    struct metrics_page page;
    metrics_page_init(&page);
    metrics_family(&page, "fedgate_x", METRICS_GAUGE, "What it is.");
    metrics_value(&page, UINT64_MAX, NULL);
    metrics_value(&page, 1, "a", "q\"b\\n\n", "b", "Zürich", "c", "\xff\x1b", NULL);
    metrics_seconds(&page, 0, NULL);
    metrics_seconds(&page, 500, NULL);
    metrics_seconds(&page, 1795000000000, NULL);
    metrics_seconds(&page, 100001, NULL);
    assert_has(&page, wanted, sizeof wanted / sizeof *wanted);
    metrics_page_deinit(&page);
}

static void too_much_is_dropped(void **state)
{
    (void)state;
    struct metrics_page page;
    char value[1000];
    memset(value, '"', sizeof value);
    value[sizeof value - 1] = '\0';
    metrics_page_init(&page);
    metrics_family(&page, "fedgate_x", METRICS_GAUGE, "What it is.");
    for (size_t i = 0; i < METRICS_TEXT_MOST / 512 && !page.full; i++) {
        metrics_value(&page, 1, "a", value, NULL);
    }
    assert_true(page.full);
    assert_true(page.room <= METRICS_TEXT_MOST && page.length <= page.room);
    metrics_page_deinit(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_of_two_threads_add_up),
        cmocka_unit_test(last_success),
        cmocka_unit_test(a_rejected_policy_is_seen_until_one_is_loaded),
        cmocka_unit_test(values_are_written_as_the_format_asks),
        cmocka_unit_test(too_much_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
