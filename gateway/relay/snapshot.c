/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "gateway/relay/snapshot.h"

static struct tls_context *context(enum tls_role role, const struct side_settings *side, char *why,
                                   size_t size)
{
    return tls_context_create(role, (struct text){side->certificate_pem, side->certificate_pem_length},
                              (struct text){side->key_pem, side->key_pem_length}, why, size);
}

static bool derive_keys(struct snapshot *snapshot, const struct snapshot *before)
{
    const struct side_settings *side = &snapshot->settings->external;
    struct text secret = {side->key_pem, side->key_pem_length};

    if (!hash_key_derive(&snapshot->dialog_key[0], secret, TEXT("fedgate dialog marks")) ||
        !hash_key_derive(&snapshot->loop_key, secret, TEXT("fedgate loop marks")))
        return false;
    snapshot->dialog_key[1] = before == NULL ? snapshot->dialog_key[0] : before->dialog_key[0];
    if (before != NULL && snapshot->dialog_key[0].word[0] == before->dialog_key[0].word[0])
        snapshot->dialog_key[1] = before->dialog_key[1];
    return true;
}

struct snapshot *snapshot_create(struct settings *take, const struct snapshot *before, char *why, size_t size)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

    snprintf(why, size, "no memory");
    if (snapshot == NULL) {
        settings_release(take);
        return NULL;
    }
    snapshot->settings = take;
    snapshot->references = 1;
    size_t partners = partner_set_count(take->partners);
    snapshot->counters = calloc(partners == 0 ? 1 : partners, sizeof(*snapshot->counters));
    snapshot->tallies = calloc(partners == 0 ? 1 : partners, sizeof(*snapshot->tallies));
    if (snapshot->counters != NULL && snapshot->tallies != NULL && derive_keys(snapshot, before) &&
        (snapshot->internal_server = context(TLS_SERVER, &take->internal, why, size)) != NULL &&
        (snapshot->internal_client = context(TLS_CLIENT, &take->internal, why, size)) != NULL &&
        (snapshot->external_server = context(TLS_SERVER, &take->external, why, size)) != NULL &&
        (snapshot->external_client = context(TLS_CLIENT, &take->external, why, size)) != NULL)
        return snapshot;
    snapshot_release(snapshot);
    return NULL;
}

struct snapshot *snapshot_hold(struct snapshot *snapshot)
{
    snapshot->references++;
    return snapshot;
}

void snapshot_release(struct snapshot *snapshot)
{
    if (snapshot == NULL || --snapshot->references > 0)
        return;
    tls_context_destroy(snapshot->internal_server);
    tls_context_destroy(snapshot->internal_client);
    tls_context_destroy(snapshot->external_server);
    tls_context_destroy(snapshot->external_client);
    settings_release(snapshot->settings);
    free(snapshot->counters);
    free(snapshot->tallies);
    free(snapshot);
}

struct partner_counters *snapshot_counters(struct worker *worker, struct snapshot *snapshot,
                                           const struct partner *partner)
{
    struct partner_counters **entry = &snapshot->counters[partner->index];

    if (*entry == NULL)
        *entry = partner_registry_find(worker->shared->partners, partner->name);
    return *entry;
}
