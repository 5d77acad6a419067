/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/gateway_parts.h"

#define LOOK_MS 1000u        /* between looks at the workers, at most */
#define STATUS_MS 5000u      /* between two texts of status, at least */
#define STUCK_MS 5000u       /* without a watchdog */
#define STOP_GRACE_MS 10000u /* beyond limits.drain, for what comes after it */
#define MESSAGE_OCTETS 512u

/* ---- the environment ---- */

static uint64_t watchdog_of(const char *microseconds, const char *process)
{
    uint64_t value = 0, number = 0;

    if (microseconds == NULL || !text_to_number(text_of(microseconds), INT64_MAX, &value))
        return 0;
    if (process != NULL &&
        (!text_to_number(text_of(process), INT32_MAX, &number) || number != (uint64_t)getpid()))
        return 0;
    return value / 1000;
}

void service_open(struct service *service)
{
    notifier_open(&service->notifier, getenv("NOTIFY_SOCKET"));
    service->watchdog_ms = watchdog_of(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
    service->stuck_ms = service->watchdog_ms > 0 ? service->watchdog_ms / 2 : STUCK_MS;
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
}

void service_close(struct service *service)
{
    notifier_close(&service->notifier);
}

/* ---- status ---- */

static void print_status(const struct gateway *gateway, char *to, size_t size)
{
    const struct shared *shared = &gateway->shared;
    const struct settings *settings = gateway->settings;
    int used = snprintf(to, size, "%zu partners, %lu sessions, %lu requests in flight, policy %" PRIu64,
                        partner_set_listed(settings->partners), atomic_load(&shared->sessions),
                        atomic_load(&shared->in_flight), settings->generation);

    if (used > 0 && (size_t)used < size && gateway->is_stopping)
        snprintf(to + used, size - (size_t)used, "; stopping");
    else if (used > 0 && (size_t)used < size && gateway->service.errors > 0)
        snprintf(to + used, size - (size_t)used,
                 "; the configuration on disk has %zu error%s and is not in force (fedgate check)",
                 gateway->service.errors, gateway->service.errors == 1 ? "" : "s");
}

/* `state`: lines that go before the status; "": only a status that has changed is worth telling. */
static void tell(struct gateway *gateway, const char *state)
{
    struct service *service = &gateway->service;
    char status[sizeof(service->told)], message[MESSAGE_OCTETS];

    print_status(gateway, status, sizeof(status));
    if (state[0] == '\0' && strcmp(status, service->told) == 0)
        return;
    memcpy(service->told, status, sizeof(status));
    service->told_ms = uv_now(&gateway->loop);
    snprintf(message, sizeof(message), "%sSTATUS=%s", state, status);
    notifier_say(&service->notifier, message);
}

/* ---- the watchdog ---- */

/* The first worker whose loop does not turn, or NULL. One that has ended is not stuck. */
static const struct worker *find_stuck(const struct gateway *gateway, uint64_t now, uint64_t *silent_ms)
{
    for (unsigned i = 0; i < gateway->worker_count; i++) {
        uint64_t alive = atomic_load_explicit(&gateway->worker[i]->alive_ms, memory_order_relaxed);
        if (alive < now && now - alive > gateway->service.stuck_ms) {
            *silent_ms = now - alive;
            return gateway->worker[i];
        }
    }
    return NULL;
}

static void look(uv_timer_t *timer)
{
    struct gateway *gateway = timer->data;
    struct service *service = &gateway->service;
    uint64_t now = uv_now(&gateway->loop), silent_ms = 0;
    const struct worker *stuck = find_stuck(gateway, now, &silent_ms);

    if (stuck != NULL && !service->is_stuck)
        operation_log(gateway->shared.log, LOG_LEVEL_ERROR, "worker-stuck",
                      "worker=%u silent-ms=%" PRIu64 " watchdog=%s", stuck->index, silent_ms,
                      service->watchdog_ms > 0 ? "no longer fed" : "none");
    else if (stuck == NULL && service->is_stuck)
        operation_log(gateway->shared.log, LOG_LEVEL_NOTICE, "worker-turns-again", "watchdog=%s",
                      service->watchdog_ms > 0 ? "fed" : "none");
    service->is_stuck = stuck != NULL;
    if (stuck == NULL && service->watchdog_ms > 0)
        notifier_say(&service->notifier, "WATCHDOG=1");
    if (now - service->told_ms >= STATUS_MS)
        tell(gateway, "");
}

/* ---- what happens ---- */

bool service_start(struct gateway *gateway)
{
    struct service *service = &gateway->service;
    uint64_t each_ms = service->watchdog_ms / 4;

    if (service->watchdog_ms == 0 || each_ms > LOOK_MS)
        each_ms = LOOK_MS;
    service->timer.data = gateway;
    if (uv_timer_init(&gateway->loop, &service->timer) != 0 ||
        uv_timer_start(&service->timer, look, 0, each_ms == 0 ? 1 : each_ms) != 0)
        return false;
    tell(gateway, "READY=1\n");
    return true;
}

/* Type=notify-reload believes only a READY=1 that follows such a message made after its signal. */
void service_reloading(struct gateway *gateway)
{
    struct timespec now;
    char message[MESSAGE_OCTETS];

    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
             (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u);
    notifier_say(&gateway->service.notifier, message);
}

void service_reloaded(struct gateway *gateway, size_t errors)
{
    gateway->service.errors = errors;
    tell(gateway, "READY=1\n");
}

/* limits.drain may be longer than the unit's TimeoutStopSec. */
void service_stopping(struct gateway *gateway)
{
    char state[MESSAGE_OCTETS / 2];
    uint64_t most_ms = (uint64_t)gateway->settings->limits.drain_ms + STOP_GRACE_MS;

    snprintf(state, sizeof(state), "STOPPING=1\nEXTEND_TIMEOUT_USEC=%" PRIu64 "\n", most_ms * 1000u);
    tell(gateway, state);
}
