/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <time.h>

#include "gateway/monitor_parts.h"
#include "policy/calendar.h"

/* A line for each partner each day, in gateway.log, when the day is over (UTC), and for those that had
 * anything when the gateway ends. With many partners they are spread over some minutes, since the log has
 * only so much room. */

#define LINES_A_LOOK 1000u
#define LINES_AT_THE_END 3000u

/* What a partner came to since the start. */
struct partner_day {
    uint64_t inbound, outbound; /* requests */
    uint64_t status[COUNT_STATUSES];
    uint64_t refused; /* requests that had no answer of the other side */
    uint64_t sessions, sessions_refused;
};

static struct partner_day sum_up(const struct partner_sums *sums)
{
    struct partner_day day = {0};

    for (size_t direction = 0; direction < 2; direction++) {
        for (size_t i = 0; i < COUNT_METHOD_COUNT * COUNT_STATUSES; i++) {
            uint64_t value = sums->requests[direction][i / COUNT_STATUSES][i % COUNT_STATUSES];
            *(direction == DIRECTION_INBOUND ? &day.inbound : &day.outbound) += value;
            day.status[i % COUNT_STATUSES] += value;
        }
        for (size_t reason = 0; reason < REASON_COUNT; reason++)
            day.refused += sums->failures[direction][reason];
        day.sessions += sums->sessions[direction][0];
        day.sessions_refused += sums->sessions[direction][1];
    }
    return day;
}

/* `day` without what was said before; all members are counts. */
static struct partner_day difference(struct partner_day day, const struct partner_day *before)
{
    const uint64_t *from = (const uint64_t *)before;
    uint64_t *to = (uint64_t *)&day;

    for (size_t i = 0; before != NULL && i < sizeof(day) / sizeof(*to); i++)
        to[i] -= from[i];
    return day;
}

static bool is_empty(const struct partner_day *day)
{
    return day->inbound + day->outbound + day->sessions + day->sessions_refused == 0;
}

static const char *last_success(const struct partner_sums *sums, char to[CALENDAR_TIME])
{
    const uint64_t *of = sums->success_ms;
    uint64_t last = of[0] > of[1] ? of[0] : of[1];

    return last == 0 ? "never" : calendar_time((int64_t)(last / 1000), to);
}

static void say(struct gateway *gateway, const char *partner, const struct partner_day *day,
                const struct partner_sums *sums)
{
    char date[CALENDAR_DATE], success[CALENDAR_TIME];
    const uint64_t *status = day->status;

    operation_log(
        gateway->shared.log, LOG_LEVEL_NOTICE, "partner-day",
        "partner=%s day=%s inbound=%llu outbound=%llu status-2xx=%llu status-3xx=%llu status-4xx=%llu "
        "status-5xx=%llu status-6xx=%llu unanswered=%llu refused=%llu sessions=%llu "
        "sessions-refused=%llu last-success=%s",
        partner, calendar_date(gateway->day.number * CALENDAR_DAY, date), (unsigned long long)day->inbound,
        (unsigned long long)day->outbound, (unsigned long long)status[1], (unsigned long long)status[2],
        (unsigned long long)status[3], (unsigned long long)status[4], (unsigned long long)status[5],
        (unsigned long long)status[0], (unsigned long long)day->refused, (unsigned long long)day->sessions,
        (unsigned long long)day->sessions_refused, last_success(sums, success));
}

/* False: there was nothing to say of it. `always`: say that, too. */
static bool end_day(struct gateway *gateway, const struct partner_entry *entry, bool always)
{
    struct partner_sums sums = {0};

    tally_add_up(&sums, entry->counters);
    struct partner_day now = sum_up(&sums), day = difference(now, entry->counters->day);
    if (is_empty(&day) && !always)
        return false;
    say(gateway, entry->name, &day, &sums);
    if (is_empty(&day))
        return true;
    if (entry->counters->day == NULL)
        entry->counters->day = malloc(sizeof(now));
    if (entry->counters->day != NULL) /* else tomorrow's line has today in it */
        *entry->counters->day = now;
    return true;
}

/* Those that nobody has met have counters from now on. */
static void meet_all(struct gateway *gateway)
{
    const struct partner_set *partners = gateway->settings->partners;

    for (uint32_t i = 0; i < partner_set_count(partners); i++)
        (void)partner_registry_find(gateway->shared.partners, partner_set_at(partners, i)->name);
}

void partner_days_look(struct gateway *gateway)
{
    int64_t today = (int64_t)time(NULL) / CALENDAR_DAY;
    const struct partner_set *partners = gateway->settings->partners;
    size_t count, lines = 0;

    if (gateway->day.number == 0)
        gateway->day.number = today;
    if (gateway->day.number >= today)
        return;
    meet_all(gateway);
    struct partner_entry *list = partner_registry_list(gateway->shared.partners, &count);
    while (gateway->day.next < count && lines < LINES_A_LOOK) {
        const struct partner_entry *entry = &list[gateway->day.next++];
        lines += end_day(gateway, entry, partner_set_by_name(partners, text_of(entry->name)) != NULL);
    }
    if (gateway->day.next >= count) {
        gateway->day.number = today;
        gateway->day.next = 0;
    }
    free(list);
}

void partner_days_end(struct gateway *gateway)
{
    size_t count, lines = 0;
    struct partner_entry *list = partner_registry_list(gateway->shared.partners, &count);

    for (size_t i = 0; i < count && lines < LINES_AT_THE_END; i++)
        lines += end_day(gateway, &list[i], false);
    free(list);
}
