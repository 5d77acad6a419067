/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do the counts of all workers come together, while they go on counting? */
#include "test/unit/sip/sip_test.h"

#include <pthread.h>
#include <stdlib.h>

#include "gateway/relay/rate.h"
#include "gateway/relay/tally.h"

#define WORKERS 8u
#define REQUESTS 20000u

struct runner {
    struct partner_registry *registry;
    unsigned worker;
};

static void *run(void *argument)
{
    const struct runner *runner = argument;
    struct audit_counts own = {0};
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct tally *tally = tally_find(partner_registry_find(runner->registry, "fabrikam"), runner->worker);
        assert_non_null(tally);
        counts_add(&own,
                   &(struct audit_record){.event = AUDIT_REQUEST,
                                          .status = 200,
                                          .method = TEXT("MESSAGE"),
                                          .partner_counts = &tally->counts},
                   (int64_t)i);
    }
    return NULL;
}

static uint64_t counted(struct partner_counters *counters)
{
    struct partner_sums sums = {0};
    tally_add_up(&sums, counters);
    return sums.requests[DIRECTION_INBOUND][COUNT_MESSAGE][1];
}

static void all_workers_together(void **state)
{
    struct partner_registry *registry = partner_registry_create();
    struct partner_counters *counters = partner_registry_find(registry, "fabrikam");
    struct runner runners[WORKERS];
    pthread_t threads[WORKERS];
    uint64_t before = 0;
    (void)state;
    assert_int_equal(counted(counters), 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        runners[i] = (struct runner){registry, i};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &runners[i]), 0);
    }
    for (unsigned i = 0; i < 1000; i++) { /* a counter never goes back */
        uint64_t now = counted(counters);
        assert_true(now >= before);
        before = now;
    }
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(counted(counters), WORKERS * REQUESTS);
    partner_registry_destroy(registry);
}

static void the_list_keeps_its_order(void **state)
{
    struct partner_registry *registry = partner_registry_create();
    static const char *const names[] = {"fabrikam", "contoso", "adatum"};
    size_t count = 7;
    (void)state;
    assert_null(partner_registry_list(registry, &count));
    assert_int_equal(count, 0);
    for (size_t i = 0; i < 3; i++) {
        partner_registry_find(registry, names[i]);
        partner_registry_find(registry, names[0]);
        struct partner_entry *list = partner_registry_list(registry, &count);
        assert_int_equal(count, i + 1);
        for (size_t j = 0; j < count; j++) {
            assert_string_equal(list[j].name, names[j]);
            assert_ptr_equal(list[j].counters, partner_registry_find(registry, names[j]));
        }
        free(list);
    }
    partner_registry_destroy(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_workers_together),
        cmocka_unit_test(the_list_keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
