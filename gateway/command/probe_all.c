/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/probe.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "gateway/command/command.h"
#include "gateway/command/terminal.h"
#include "policy/calendar.h"

/* Every domain of every partner. A thread walks one way after the other; each walk has a loop, a resolver and
 * a TLS context of its own, so that nothing is shared but the settings, which do not change. */

#define THREADS_MOST 16u
#define COUNT_COLUMNS 32 /* of "N of M" */

struct all {
    const struct settings *settings;
    int64_t now;
    struct probe *probe; /* owned: one for each domain */
    size_t count;
    atomic_size_t next, done;
    atomic_bool trouble;
    bool shows_progress;
};

static void walk_one(struct all *all, struct probe *probe)
{
    char why[RESOLVER_ERROR_SIZE];

    if (probe_prepare(probe, why, sizeof(why)))
        probe_walk(probe);
    else
        atomic_store(&all->trouble, true);
    probe_release(probe);
    size_t done = atomic_fetch_add(&all->done, 1) + 1;
    if (!all->shows_progress)
        return;
    fprintf(stderr, "\r%zu of %zu", done, all->count);
    if (done == all->count)
        fprintf(stderr, "\r%*s\r", COUNT_COLUMNS, "");
}

static void work(void *context)
{
    struct all *all = context;
    size_t mine;

    while ((mine = atomic_fetch_add(&all->next, 1)) < all->count)
        walk_one(all, &all->probe[mine]);
    tls_thread_end();
}

static void run_threads(struct all *all)
{
    uv_thread_t thread[THREADS_MOST];
    size_t started = 0;

    while (started < THREADS_MOST && started < all->count &&
           uv_thread_create(&thread[started], work, all) == 0)
        started++;
    if (started == 0 && all->count > 0)
        work(all);
    for (size_t i = 0; i < started; i++)
        uv_thread_join(&thread[i]);
}

static bool fill(struct all *all)
{
    const struct partner_set *partners = all->settings->partners;

    for (uint32_t i = 0; i < partner_set_count(partners); i++)
        all->count += partner_set_at(partners, i)->domain_count;
    all->probe = calloc(all->count == 0 ? 1 : all->count, sizeof(*all->probe));
    if (all->probe == NULL)
        return false;
    size_t at = 0;
    for (uint32_t i = 0; i < partner_set_count(partners); i++) {
        const struct partner *partner = partner_set_at(partners, i);
        for (size_t j = 0; j < partner->domain_count; j++) {
            struct probe *probe = &all->probe[at++];
            probe_init(probe, all->settings, partner->domains[j], all->now);
            probe->partner = partner; /* a partner may be called like the domain of another */
            probe->domain = text_of(partner->domains[j]);
        }
    }
    return true;
}

/* ---- the table ---- */

/* Off on purpose: no failure. */
static bool is_off(const struct probe *probe)
{
    return probe->reason == REASON_PARTNER_DISABLED || probe->reason == REASON_PARTNER_NOT_YET_VALID ||
           probe->reason == REASON_PARTNER_ENDED || probe->reason == REASON_DIRECTION_NOT_ALLOWED;
}

static const char *result_word(const struct probe *probe)
{
    return probe->works ? "works" : is_off(probe) ? "off" : "fails";
}

#define ROW_FORMAT "%-16s %-22s "

static void print_row(const struct probe *probe, bool colour)
{
    char days[24] = "-";

    if (probe->valid_until != INT64_MAX)
        snprintf(days, sizeof(days), "%" PRId64, (probe->valid_until - probe->now) / CALENDAR_DAY);
    printf(ROW_FORMAT, probe->partner->name, probe->domain.at);
    terminal_shade(stdout, colour,
                   probe->works    ? SHADE_GOOD
                   : is_off(probe) ? SHADE_UNSURE
                                   : SHADE_BAD,
                   result_word(probe), 7);
    printf("%5s%s%s\n", days, probe->works ? "" : " ", probe->works ? "" : reason_token(probe->reason));
}

static void print_all(const struct all *all)
{
    bool colour = terminal_wants_colour(stdout);

    printf(ROW_FORMAT "%-7s%5s %s\n", "PARTNER", "DOMAIN", "RESULT", "DAYS", "REASON");
    for (size_t i = 0; i < all->count; i++) {
        const struct probe *probe = &all->probe[i];
        print_row(probe, colour);
        if (!probe->works && !is_off(probe)) {
            printf("    ");
            terminal_wrap(stdout, 4, probe->detail);
        }
    }
}

static void json_all(const struct all *all, bool works)
{
    struct json json;

    json_begin(&json, stdout);
    json_object(&json, NULL);
    json_string(&json, "result", works ? "works" : "fails");
    json_array(&json, "probes");
    for (size_t i = 0; i < all->count; i++)
        probe_json(&all->probe[i], &json);
    json_array_end(&json);
    json_object_end(&json);
    json_end(&json);
}

int probe_all(const struct settings *settings, int64_t now, bool json)
{
    struct all all = {.settings = settings, .now = now, .shows_progress = !json && terminal_is_one(stderr)};
    bool works = true;

    if (!fill(&all)) {
        fprintf(stderr, "fedgate probe: no memory\n");
        return COMMAND_TROUBLE;
    }
    run_threads(&all);
    for (size_t i = 0; i < all.count; i++)
        works = works && (all.probe[i].works || is_off(&all.probe[i]));
    bool trouble = atomic_load(&all.trouble);
    if (trouble)
        fprintf(stderr, "fedgate probe: some could not be probed: no memory or no resolver\n");
    else if (json)
        json_all(&all, works);
    else
        print_all(&all);
    for (size_t i = 0; i < all.count; i++)
        probe_deinit(&all.probe[i]);
    free(all.probe);
    return trouble ? COMMAND_TROUBLE : works ? COMMAND_DONE : COMMAND_DENIED;
}
