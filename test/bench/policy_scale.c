/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What many partners cost: to load, to hold, to let go, and in one judgement. Prints CPU time, since wall
 * time depends on the neighbours; the folder is made when it is not there. See test/bench/README.md. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy/message_judgement.h"
#include "policy/partner_file.h"
#include "test/bench/scale_world.h"

#define LOADS 3
#define ROUNDS 5 /* of judging; the best counts */
#define PEERS 2000
#define MESSAGES 100000
#define FEW 10

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct partner_set *load(const char *folder)
{
    struct problems problems;
    struct partner_file_context context = {
        .set = partner_set_create(), .now = time(NULL), .digest = files_digest_create()};

    problems_init(&problems);
    partner_folder_load(folder, &context, &problems);
    for (size_t i = 0; i < problems.count; i++)
        fprintf(stderr, "%s\n", problem_line(&problems.list[i]));
    if (problems_have_errors(&problems))
        exit(1);
    problems_deinit(&problems);
    files_digest_destroy(context.digest);
    return context.set;
}

struct cost {
    double peer, message; /* microseconds */
};

/* Of PEERS peers by their chains, and of messages from such a peer. They are of `active` of the partners. */
static struct cost judge(const struct policy *policy, size_t active)
{
    static struct peer peer[PEERS];
    struct presented_chain *chain[PEERS];
    size_t step = partner_set_count(policy->partners) / active, allowed = 0;
    int64_t now = time(NULL);
    struct cost cost;

    for (size_t i = 0; i < PEERS; i++)
        chain[i] = scale_world_chain(i % active * step);
    double begin = cpu_seconds();
    for (size_t i = 0; i < PEERS; i++)
        allowed += peer_judge_inbound(policy, chain[i], now, NULL, NULL, &peer[i]).reason == REASON_OK;
    cost.peer = (cpu_seconds() - begin) / PEERS * 1e6;
    begin = cpu_seconds();
    for (size_t i = 0; i < MESSAGES; i++) {
        struct peer *sender = &peer[i % PEERS];
        const struct message_facts facts = {.direction = DIRECTION_INBOUND,
                                            .method = TEXT("MESSAGE"),
                                            .from_domain = sender->name,
                                            .request_domain = TEXT("corp.example")};
        allowed += message_judge_inbound(policy, sender, &facts, NULL, now, NULL).verdict == SPEAK_ALLOWED;
    }
    cost.message = (cpu_seconds() - begin) / MESSAGES * 1e6;
    if (allowed != PEERS + MESSAGES)
        fprintf(stderr, "only %zu of %d were allowed\n", allowed, PEERS + MESSAGES);
    for (size_t i = 0; i < PEERS; i++)
        presented_chain_destroy(chain[i]);
    return cost;
}

static void judge_of(const struct partner_set *set, size_t active)
{
    static char *servers[] = {"fe1.corp.example"}, *domains[] = {"corp.example"};
    struct policy policy;
    struct cost best = {1e9, 1e9};

    if (!policy_init(&policy, set, NULL, servers, 1, domains, 1, NULL, 0))
        exit(1);
    for (size_t i = 0; i < ROUNDS; i++) {
        struct cost cost = judge(&policy, active);
        best.peer = cost.peer < best.peer ? cost.peer : best.peer;
        best.message = cost.message < best.message ? cost.message : best.message;
    }
    printf("  traffic of %zu partners: a peer %.1f us, a message %.3f us\n", active, best.peer, best.message);
    policy_deinit(&policy);
}

int main(int count, char **words)
{
    if (count != 3 || strtoul(words[2], NULL, 10) == 0) {
        fprintf(stderr, "usage: policy-scale FOLDER PARTNERS\n");
        return 2;
    }
    scale_world_write(words[1], strtoul(words[2], NULL, 10));
    double loading = 1e9, ending = 1e9;
    struct partner_set *set = NULL;
    size_t before = mallinfo2().uordblks, held = 0;

    for (int i = 0; i < LOADS; i++) {
        double begin = cpu_seconds();
        set = load(words[1]);
        double loaded = cpu_seconds();
        loading = loaded - begin < loading ? loaded - begin : loading;
        held = mallinfo2().uordblks - before;
        if (i + 1 == LOADS)
            break;
        loaded = cpu_seconds();
        partner_set_destroy(set);
        ending = cpu_seconds() - loaded < ending ? cpu_seconds() - loaded : ending;
    }
    size_t partners = partner_set_count(set);
    printf("%zu partners: load %.0f ms, free %.1f ms, memory %.1f MB\n", partners, loading * 1e3,
           ending * 1e3, (double)held / 1e6);
    judge_of(set, partners < FEW ? partners : FEW);
    if (partners > FEW)
        judge_of(set, partners < PEERS ? partners : PEERS);
    partner_set_destroy(set);
    return 0;
}
