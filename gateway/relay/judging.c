/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A reload, or new evidence, judges every session again, a slice at a time so that traffic does not wait; one
 * that speaks before its turn is judged then. */
#include "gateway/relay/session.h"

#define SLICE_NS 2000000u /* of each SLICE_EVERY_MS */
#define SLICE_EVERY_MS 4u
#define SESSIONS_A_LOOK 16u /* at the clock */

static void judge_slice(struct worker *worker)
{
    uint64_t until = uv_hrtime() + SLICE_NS;

    for (unsigned looked = 1; worker->judge_next != NULL; looked++) {
        struct session *session = worker->judge_next;
        worker->judge_next = session->next; /* session_close moves it on as well */
        bool is_due = session->state == SESSION_OPEN && !session_is_judged(session);
        if (is_due)
            session_judge_again(session);
        if ((is_due || looked % SESSIONS_A_LOOK == 0) && uv_hrtime() >= until)
            return;
    }
    worker->is_judging = false;
    (void)uv_timer_stop(&worker->judging);
}

static void slice_due(uv_timer_t *timer)
{
    judge_slice(timer->data);
}

void worker_go_on_judging(struct worker *worker)
{
    if (worker->is_judging && uv_is_active((uv_handle_t *)&worker->judging) == 0)
        (void)uv_timer_start(&worker->judging, slice_due, 0, SLICE_EVERY_MS);
}

void worker_judge_all(struct worker *worker)
{
    worker->judge_next = worker->sessions;
    worker->is_judging = true;
    worker_go_on_judging(worker);
}

void worker_judge_later(struct worker *worker, struct session *session)
{
    if (worker->judge_next == NULL)
        worker->judge_next = session;
    worker->is_judging = true;
}
