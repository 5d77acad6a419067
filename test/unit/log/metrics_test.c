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

static void write_records(struct audit *audit)
{
    struct audit_record accepted = {.event = AUDIT_SESSION_ACCEPTED, .side = AUDIT_EXTERNAL};
    struct audit_record refused = {
        .event = AUDIT_SESSION_REFUSED, .side = AUDIT_EXTERNAL, .reason = REASON_UNTRUSTED_CHAIN};
    struct audit_record closed = {
        .event = AUDIT_SESSION_CLOSED, .side = AUDIT_EXTERNAL, .reason = REASON_PEER_CLOSED};
    struct audit_record request = {.event = AUDIT_REQUEST,
                                   .reason = REASON_RELAYED,
                                   .has_direction = true,
                                   .direction = DIRECTION_OUTBOUND,
                                   .has_duration = true};
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
}

static void counts_of_two_threads_add_up(void **state)
{
    (void)state;
    struct folder folder;
    char trouble[256] = "";
    folder_start(&folder);
    struct log_file *file = audit_open(folder.writer, NULL, trouble, sizeof trouble);
    struct audit *audits[] = {audit_create(file, AUDIT_USERS_FULL, key),
                              audit_create(file, AUDIT_USERS_FULL, key)};
    write_records(audits[0]);
    write_records(audits[1]);
    const struct metric metrics[] = {
        {"fedgate_policy_generation", "The policy in force.", false, NULL, TEXT_NONE, 7},
        {"fedgate_certificate_ends", "When, in seconds since 1970.", false, "file", text_of("a\"b\\c\n"), -1},
        {"fedgate_certificate_ends", NULL, false, "file", text_of("d"), 2},
    };
    metrics_write(folder.writer, (const struct audit *const *)audits, 2, metrics, 3);
    static const char *const wanted[] = {
        "# TYPE fedgate_sessions_total counter\n",
        "\nfedgate_sessions_total{side=\"external\",event=\"accepted\",reason=\"ok\"} 6\n",
        "\nfedgate_sessions_total{side=\"external\",event=\"refused\",reason=\"untrusted-chain\"} 2\n",
        "\nfedgate_sessions_total{side=\"external\",event=\"closed\",reason=\"peer-closed\"} 2\n",
        "\nfedgate_sessions{side=\"external\"} 4\n",
        "\nfedgate_sessions{side=\"internal\"} 0\n",
        "\nfedgate_requests_total{direction=\"outbound\",reason=\"relayed\"} 10\n",
        "\nfedgate_request_duration_seconds_bucket{direction=\"outbound\",le=\"0.001\"} 4\n",
        "\nfedgate_request_duration_seconds_bucket{direction=\"outbound\",le=\"0.002\"} 6\n",
        "\nfedgate_request_duration_seconds_bucket{direction=\"outbound\",le=\"0.250\"} 6\n",
        "\nfedgate_request_duration_seconds_bucket{direction=\"outbound\",le=\"1.000\"} 8\n",
        "\nfedgate_request_duration_seconds_bucket{direction=\"outbound\",le=\"30.000\"} 8\n",
        "\nfedgate_request_duration_seconds_bucket{direction=\"outbound\",le=\"+Inf\"} 10\n",
        "\nfedgate_request_duration_seconds_sum{direction=\"outbound\"} 172801.406\n",
        "\nfedgate_request_duration_seconds_count{direction=\"outbound\"} 10\n",
        "\n# TYPE fedgate_policy_generation gauge\nfedgate_policy_generation 7\n",
        "\n# TYPE fedgate_certificate_ends gauge\nfedgate_certificate_ends{file=\"a\\\"b\\\\c?\"} -1\n"
        "fedgate_certificate_ends{file=\"d\"} 2\n",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (!folder_wait_for(&folder, "metrics.prom", wanted[i])) {
            fail_msg("no %s in\n%s", wanted[i], folder_read(&folder, "metrics.prom"));
        }
    }
    audit_destroy(audits[0]);
    audit_destroy(audits[1]);
    folder_stop(&folder);
}

static void too_much_is_nothing(void **state)
{
    (void)state;
    size_t count = 5000;
    struct metric *metrics = calloc(count, sizeof *metrics);
    char value[300];
    memset(value, 'x', sizeof value);
    for (size_t i = 0; i < count; i++) {
        metrics[i] = (struct metric){"fedgate_x", "x.", false, "of", {value, sizeof value}, 1};
    }
    assert_null(metrics_print(NULL, 0, metrics, count));
    free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_of_two_threads_add_up),
        cmocka_unit_test(too_much_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
