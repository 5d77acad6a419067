/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/log/metrics.h"

static const char *const side_words[COUNT_SIDES] = {"none", "internal", "external"};
static const char *const outcome_words[2] = {"accepted", "refused"};
static const char *const status_words[COUNT_STATUSES] = COUNT_STATUS_WORDS;

/* ---- all together ---- */

static void handshakes(struct metrics_page *page, const struct audit_sums *sums)
{
    metrics_family(page, "fedgate_handshakes_total", METRICS_COUNTER,
                   "Sessions that were accepted or refused.");
    for (size_t side = 0; side < COUNT_SIDES; side++) {
        for (size_t way = 0; way < 2 * 2 * REASON_COUNT; way++) {
            size_t direction = way / (2 * REASON_COUNT), event = way / REASON_COUNT % 2,
                   reason = way % REASON_COUNT;
            uint64_t value = sums->sessions[side][direction][event][reason];
            if (value > 0) {
                metrics_value(page, value, "side", side_words[side], "direction",
                              direction_word((enum direction)direction), "outcome", outcome_words[event],
                              "reason", reason_token((enum reason)reason), NULL);
            }
        }
    }
}

static void closed(struct metrics_page *page, const struct audit_sums *sums)
{
    metrics_family(page, "fedgate_sessions_closed_total", METRICS_COUNTER,
                   "Sessions that were open and ended.");
    for (size_t side = 0; side < COUNT_SIDES; side++) {
        for (size_t way = 0; way < 2 * REASON_COUNT; way++) {
            size_t direction = way / REASON_COUNT, reason = way % REASON_COUNT;
            uint64_t value = sums->sessions[side][direction][2][reason];
            if (value > 0) {
                metrics_value(page, value, "side", side_words[side], "direction",
                              direction_word((enum direction)direction), "reason",
                              reason_token((enum reason)reason), NULL);
            }
        }
    }
}

static uint64_t sum(const uint64_t *values, size_t count)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += values[i];
    }
    return total;
}

static void open_sessions(struct metrics_page *page, const struct audit_sums *sums)
{
    metrics_family(page, "fedgate_sessions", METRICS_GAUGE, "Sessions that are established now.");
    for (size_t side = AUDIT_INTERNAL; side < COUNT_SIDES; side++) {
        for (size_t direction = 0; direction < 2; direction++) {
            uint64_t accepted = sum(sums->sessions[side][direction][0], REASON_COUNT);
            uint64_t ended = sum(sums->sessions[side][direction][2], REASON_COUNT);
            metrics_value(page, accepted > ended ? accepted - ended : 0, "side", side_words[side],
                          "direction", direction_word((enum direction)direction), NULL);
        }
    }
}

static void outcomes(struct metrics_page *page, const struct audit_sums *sums)
{
    metrics_family(page, "fedgate_request_outcomes_total", METRICS_COUNTER,
                   "Requests by the reason of their outcome.");
    for (size_t way = 0; way < 2 * REASON_COUNT; way++) {
        size_t direction = way / REASON_COUNT, reason = way % REASON_COUNT;
        uint64_t value = sums->requests[direction][reason];
        if (value > 0) {
            metrics_value(page, value, "direction", direction_word((enum direction)direction), "reason",
                          reason_token((enum reason)reason), NULL);
        }
    }
}

static void durations(struct metrics_page *page, const struct audit_sums *sums)
{
    metrics_family(page, "fedgate_request_duration_seconds", METRICS_HISTOGRAM,
                   "From a request to its final answer; of a call it holds the ringing.");
    for (size_t direction = 0; direction < 2; direction++) {
        for (size_t method = 0; method < COUNT_METHOD_COUNT; method++) {
            const uint64_t *buckets = sums->durations[direction][method];
            if (sum(buckets, COUNT_BUCKETS) > 0) {
                metrics_histogram(page, &(struct metrics_buckets){count_bucket_ms, buckets, COUNT_BUCKETS},
                                  sums->duration_sum_ms[direction][method],
                                  (const char *const[]){"direction",
                                                        direction_word((enum direction)direction), "method",
                                                        count_method_word((enum count_method)method), NULL});
            }
        }
    }
}

static void policy(struct metrics_page *page, const struct audit_sums *sums)
{
    metrics_family(page, "fedgate_policies_loaded_total", METRICS_COUNTER,
                   "Configurations that came into force since the start, the first one included.");
    metrics_value(page, sums->policies_loaded, NULL);
    metrics_family(page, "fedgate_policy_errors_total", METRICS_COUNTER,
                   "Errors in configurations that were rejected.");
    metrics_value(page, sums->policy_errors, NULL);
    metrics_family(page, "fedgate_policy_last_reload_successful", METRICS_GAUGE,
                   "1: the configuration that was loaded last is in force; 0: it was rejected.");
    metrics_value(page, sums->policy_is_rejected == 0, NULL);
    metrics_family(page, "fedgate_policy_loaded_timestamp_seconds", METRICS_GAUGE,
                   "When the configuration in force was loaded.");
    metrics_seconds(page, sums->policy_loaded_ms, NULL);
}

void metrics_counts(struct metrics_page *page, const struct audit_sums *sums)
{
    handshakes(page, sums);
    closed(page, sums);
    open_sessions(page, sums);
    outcomes(page, sums);
    durations(page, sums);
    policy(page, sums);
}

/* ---- by partner ---- */

static void requests_of(struct metrics_page *page, const struct metrics_partner *partner)
{
    for (size_t way = 0; way < 2 * COUNT_METHOD_COUNT * COUNT_STATUSES; way++) {
        size_t direction = way / (COUNT_METHOD_COUNT * COUNT_STATUSES);
        size_t method = way / COUNT_STATUSES % COUNT_METHOD_COUNT, status = way % COUNT_STATUSES;
        uint64_t value = partner->sums.requests[direction][method][status];
        if (value > 0) {
            metrics_value(page, value, "partner", partner->name, "direction",
                          direction_word((enum direction)direction), "method",
                          count_method_word((enum count_method)method), "status", status_words[status], NULL);
        }
    }
}

static void failures_of(struct metrics_page *page, const struct metrics_partner *partner)
{
    for (size_t way = 0; way < 2 * REASON_COUNT; way++) {
        size_t direction = way / REASON_COUNT, reason = way % REASON_COUNT;
        uint64_t value = partner->sums.failures[direction][reason];
        if (value > 0) {
            metrics_value(page, value, "partner", partner->name, "direction",
                          direction_word((enum direction)direction), "reason",
                          reason_token((enum reason)reason), NULL);
        }
    }
}

static void handshakes_of(struct metrics_page *page, const struct metrics_partner *partner)
{
    for (size_t way = 0; way < 2 * 2; way++) {
        uint64_t value = partner->sums.sessions[way / 2][way % 2];
        if (value > 0) {
            metrics_value(page, value, "partner", partner->name, "direction",
                          direction_word((enum direction)(way / 2)), "outcome", outcome_words[way % 2], NULL);
        }
    }
}

static void sessions_of(struct metrics_page *page, const struct metrics_partner *partner)
{
    for (size_t direction = 0; direction < 2; direction++) {
        if (sum(partner->sums.sessions[direction], 2) > 0 || partner->sessions[direction] > 0) {
            metrics_value(page, partner->sessions[direction], "partner", partner->name, "direction",
                          direction_word((enum direction)direction), NULL);
        }
    }
}

static void durations_of(struct metrics_page *page, const struct metrics_partner *partner)
{
    for (size_t direction = 0; direction < 2; direction++) {
        if (partner->sums.timed[direction] > 0) {
            metrics_summary(page, partner->sums.timed[direction], partner->sums.duration_ms[direction],
                            (const char *const[]){"partner", partner->name, "direction",
                                                  direction_word((enum direction)direction), NULL});
        }
    }
}

static void successes_of(struct metrics_page *page, const struct metrics_partner *partner)
{
    for (size_t direction = 0; direction < 2; direction++) {
        if (partner->sums.success_ms[direction] > 0) {
            metrics_seconds(page, partner->sums.success_ms[direction], "partner", partner->name, "direction",
                            direction_word((enum direction)direction), NULL);
        }
    }
}

void metrics_partners(struct metrics_page *page, const struct metrics_partner *partners, size_t count)
{
    static const struct {
        const char *name;
        enum metrics_kind kind;
        const char *help;
        void (*of)(struct metrics_page *page, const struct metrics_partner *partner);
    } families[] = {
        {"fedgate_requests_total", METRICS_COUNTER, "Requests by what was answered.", requests_of},
        {"fedgate_request_failures_total", METRICS_COUNTER,
         "Requests that were refused here, or could not be brought to an answer of the other side.",
         failures_of},
        {"fedgate_partner_handshakes_total", METRICS_COUNTER, "Sessions with partners, accepted or refused.",
         handshakes_of},
        {"fedgate_partner_sessions", METRICS_GAUGE,
         "Sessions with partners that are open or being opened now.", sessions_of},
        {"fedgate_partner_request_duration_seconds", METRICS_SUMMARY, "From a request to its final answer.",
         durations_of},
        {"fedgate_partner_last_success_timestamp_seconds", METRICS_GAUGE,
         "When a request was last answered with 2xx.", successes_of},
    };
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        metrics_family(page, families[i].name, families[i].kind, families[i].help);
        for (size_t j = 0; j < count; j++) {
            families[i].of(page, &partners[j]);
        }
    }
}
