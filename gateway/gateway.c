/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/gateway.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/confinement.h"
#include "gateway/gateway_parts.h"
#include "gateway/privileges.h"
#include "gateway/relay/discovered.h"
#include "gateway/tls/context.h"
#include "gateway/user_reading.h"

static void end_when_workers_ended(uv_async_t *async)
{
    struct gateway *gateway = async->data;
    if (atomic_load(&gateway->shared.workers_running) == 0)
        uv_stop(&gateway->loop);
}

static void stop(struct gateway *gateway, const char *why)
{
    if (gateway->is_stopping) { /* asked twice: do not wait for what is in flight */
        for (unsigned i = 0; i < gateway->worker_count; i++)
            worker_hurry(gateway->worker[i]);
        return;
    }
    gateway->is_stopping = true;
    audit_write(gateway->audit, &(struct audit_record){.event = AUDIT_STOPPING,
                                                       .reason = REASON_SHUTTING_DOWN,
                                                       .policy = gateway->settings->generation,
                                                       .detail = text_of(why)});
    operation_log(gateway->shared.log, LOG_LEVEL_NOTICE, "stopping", "why=%s", why);
    service_stopping(gateway);
    for (unsigned i = 0; i < gateway->worker_count; i++)
        worker_stop(gateway->worker[i]);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct gateway *gateway = handle->data;

    if (number == SIGHUP && !gateway->is_stopping)
        reload_begin(gateway, "signal HUP");
    else if (number == SIGUSR1)
        log_writer_reopen(gateway->writer);
    else if (number == SIGTERM)
        stop(gateway, "signal TERM");
    else if (number == SIGINT)
        stop(gateway, "signal INT");
}

static bool watch_signals(struct gateway *gateway)
{
    static const int numbers[GATEWAY_SIGNALS] = {SIGHUP, SIGUSR1, SIGTERM, SIGINT};

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a bound on file sizes is to the logs what a full disk is */
    for (size_t i = 0; i < GATEWAY_SIGNALS; i++) {
        gateway->signal[i].data = gateway;
        if (uv_signal_init(&gateway->loop, &gateway->signal[i]) != 0 ||
            uv_signal_start(&gateway->signal[i], on_signal, numbers[i]) != 0)
            return false;
    }
    return true;
}

static bool open_logs(struct gateway *gateway, char *why, size_t size)
{
    struct hash_key key;
    struct settings *settings = gateway->settings;

    gateway->writer = log_writer_create(settings->logs.directory, why, size);
    if (gateway->writer == NULL)
        return false;
    gateway->shared.log = operation_log_create(gateway->writer, LOG_LEVEL_NOTICE, why, size);
    if (gateway->shared.log == NULL)
        return false;
    gateway->shared.audit_file = audit_open(gateway->writer, gateway->shared.log, why, size);
    if (gateway->shared.audit_file == NULL)
        return false;
    snprintf(why, size, "no memory for the audit log");
    if (!hash_key_derive(&key, (struct text){settings->external.key_pem, settings->external.key_pem_length},
                         TEXT("fedgate users in logs")))
        return false;
    memcpy(gateway->shared.audit_key, key.word, sizeof(gateway->shared.audit_key));
    gateway->audit = audit_create(gateway->shared.audit_file, (enum audit_users)settings->logs.users,
                                  gateway->shared.audit_key);
    return gateway->audit != NULL;
}

static void say_unreadable(struct gateway *gateway, const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        char *line = problem_line(&problems->list[i]);
        operation_log(gateway->shared.log, LOG_LEVEL_WARNING, "user-cannot-read", "problem=%s",
                      line == NULL ? "" : line);
        free(line);
    }
}

/* Then opens the logs, and says there what is in force: before any thread, so that all are held by it. */
static bool become_user(struct gateway *gateway, const struct problems *unreadable, char *why, size_t size)
{
    struct confinement confinement;

    privileges_make_logs(gateway->settings);
    why[0] = '\0';
    enum privileges privileges = privileges_drop(gateway->settings, why, size);
    if (privileges == PRIVILEGES_FAILED)
        return false;
    char kept[512];
    snprintf(kept, sizeof(kept), "%s", why);
    confinement_enter(gateway->settings, &confinement);
    if (!open_logs(gateway, why, size))
        return false;
    if (privileges == PRIVILEGES_KEPT)
        operation_log(gateway->shared.log, LOG_LEVEL_WARNING, "privileges-kept", "why=%s", kept);
    if (privileges == PRIVILEGES_DROPPED)
        say_unreadable(gateway, unreadable);
    confinement_say(&confinement, gateway->shared.log);
    return true;
}

static bool give_up_powers(struct gateway *gateway, char *why, size_t size)
{
    struct problems unreadable;

    problems_init(&unreadable);
    user_reading_check(gateway->settings, (int64_t)time(NULL), &unreadable); /* while there is root to try it from */
    bool given_up = become_user(gateway, &unreadable, why, size);
    problems_deinit(&unreadable);
    return given_up;
}

/* Binds all ports; nothing is accepted yet. */
static bool create_workers(struct gateway *gateway, char *why, size_t size)
{
    for (unsigned i = 0; i < gateway->settings->workers; i++) {
        gateway->worker[i] =
            worker_create(&gateway->shared, i, gateway->settings, gateway->worker[0], why, size);
        if (gateway->worker[i] == NULL)
            return false;
        gateway->worker_count++;
    }
    return service_check_sockets(gateway, why, size);
}

static bool start_workers(struct gateway *gateway, char *why, size_t size)
{
    for (unsigned i = 0; i < gateway->worker_count; i++) {
        atomic_fetch_add(&gateway->shared.workers_running, 1);
        if (!worker_start(gateway->worker[i])) {
            atomic_fetch_sub(&gateway->shared.workers_running, 1);
            snprintf(why, size, "a worker thread cannot be started");
            return false;
        }
    }
    return true;
}

static void ask_fetcher(void *context, const struct revocation_needs *needs)
{
    fetcher_ask(((struct gateway *)context)->fetcher, needs);
}

static void hand_out_evidence(void *context, struct revocation_evidence *evidence)
{
    struct gateway *gateway = context;

    for (unsigned i = 0; i < gateway->worker_count; i++)
        worker_take_evidence(gateway->worker[i], revocation_evidence_hold(evidence));
    revocation_evidence_release(gateway->evidence);
    gateway->evidence = revocation_evidence_hold(evidence);
}

/* Before the workers run: they ask it from their own threads. */
static bool start_fetcher(struct gateway *gateway, char *why, size_t size)
{
    const struct fetcher_options options = {
        .loop = &gateway->loop, .log = gateway->shared.log, .publish = hand_out_evidence, .context = gateway};

    gateway->fetcher = fetcher_create(&options, gateway->settings, why, size);
    if (gateway->fetcher == NULL)
        return false;
    gateway->shared.fetch = ask_fetcher;
    gateway->shared.fetch_context = gateway;
    return true;
}

static void say_started(struct gateway *gateway)
{
    char detail[256];

    worker_print_listeners(gateway->worker[0], detail, sizeof(detail));
    audit_write(gateway->audit, &(struct audit_record){.event = AUDIT_STARTED,
                                                       .reason = REASON_OK,
                                                       .policy = gateway->settings->generation,
                                                       .detail = text_of(detail)});
    operation_log(gateway->shared.log, LOG_LEVEL_NOTICE, "started",
                  "version=%s workers=%u listeners=%s tls=%s", FEDGATE_VERSION, gateway->worker_count, detail,
                  tls_library_version());
}

static bool gateway_init(struct gateway *gateway, const char *file)
{
    gateway->file = file;
    service_open(&gateway->service);
    gateway->shared.partners = partner_registry_create();
    gateway->shared.seen = seen_create();
    gateway->shared.discovered = discovered_create();
    if (gateway->shared.partners == NULL || gateway->shared.seen == NULL ||
        gateway->shared.discovered == NULL || uv_loop_init(&gateway->loop) != 0)
        return false;
    gateway->has_loop = true;
    if (uv_mutex_init(&gateway->shared.address_lock) != 0)
        return false;
    gateway->has_lock = true;
    gateway->shared.worker_ended.data = gateway;
    return uv_async_init(&gateway->loop, &gateway->shared.worker_ended, end_when_workers_ended) == 0;
}

static void close_handle(uv_handle_t *handle, void *argument)
{
    (void)argument;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void fetcher_ended(void *context)
{
    ((struct gateway *)context)->fetcher = NULL;
}

static void gateway_deinit(struct gateway *gateway)
{
    gateway->is_stopping = true;
    while (gateway->worker_count > 0) /* a signal that comes meanwhile must find none of the freed ones */
        worker_join_and_destroy(gateway->worker[--gateway->worker_count]);
    if (gateway->fetcher != NULL)
        fetcher_close(gateway->fetcher, fetcher_ended, gateway);
    while (gateway->fetcher != NULL)
        uv_run(&gateway->loop, UV_RUN_ONCE);
    if (gateway->has_loop) {
        reload_end(gateway);
        uv_walk(&gateway->loop, close_handle, NULL);
        uv_run(&gateway->loop, UV_RUN_DEFAULT);
        uv_loop_close(&gateway->loop);
    }
    audit_destroy(gateway->audit);
    if (gateway->writer != NULL)
        log_writer_destroy(gateway->writer, 2000);
    operation_log_destroy(gateway->shared.log);
    partner_registry_destroy(gateway->shared.partners);
    seen_destroy(gateway->shared.seen);
    discovered_destroy(gateway->shared.discovered);
    monitor_end(gateway);
    if (gateway->has_lock)
        uv_mutex_destroy(&gateway->shared.address_lock);
    settings_release(gateway->settings);
    handed_sockets_close(&gateway->shared.handed);
    service_close(&gateway->service);
}

int gateway_run(const char *file)
{
    struct gateway *gateway = calloc(1, sizeof(*gateway));
    char why[512] = "no memory";
    int status = 1;

    if (gateway == NULL || !tls_library_start() || !gateway_init(gateway, file))
        goto out;
    gateway->settings = reload_first(gateway);
    if (gateway->settings == NULL) {
        snprintf(why, sizeof(why), "the configuration has errors; nothing was started");
        goto out;
    }
    if (!handed_sockets_take(&gateway->shared.handed, why, sizeof(why)) ||
        !create_workers(gateway, why, sizeof(why)))
        goto out;
    if (!give_up_powers(gateway, why, sizeof(why)))
        goto out;
    service_keep_sockets(gateway);
    if (!reload_open(gateway) || !watch_signals(gateway) || !start_fetcher(gateway, why, sizeof(why)) ||
        !start_workers(gateway, why, sizeof(why)) || !monitor_start(gateway))
        goto out;
    reload_say_loaded(gateway, gateway->settings, NULL);
    say_started(gateway);
    if (!service_start(gateway))
        goto out;
    uv_run(&gateway->loop, UV_RUN_DEFAULT);
    monitor_stop(gateway);
    status = 0;
out:
    if (status != 0)
        fprintf(stderr, "fedgate: %s\n", why);
    if (gateway != NULL) {
        if (status != 0) {
            for (unsigned i = 0; i < gateway->worker_count; i++)
                worker_stop(gateway->worker[i]);
        }
        gateway_deinit(gateway);
        free(gateway);
    }
    tls_library_stop();
    return status;
}
