/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/bench/scale_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "policy/pem.h"
#include "test/unit/policy/certificate_factory.h"

/* Keys of the factory: made anew in each run. */
#define ROOT_KEY 0
#define LEAF_KEY 1
#define LAST_DAY (FACTORY_NOW + 20 * (int64_t)365 * FACTORY_DAY)

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");

    if (file == NULL || fputs(content, file) == EOF || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static void write_root(const char *path, size_t number)
{
    char subject[64];
    snprintf(subject, sizeof(subject), "Root of p%06zu", number);
    const struct factory_order order = {.subject = subject,
                                        .key = ROOT_KEY,
                                        .issuer_key = ROOT_KEY,
                                        .ca = true,
                                        .not_after = LAST_DAY,
                                        .key_usage = CERTIFICATE_KU_KEY_CERT_SIGN};
    struct text der = factory_der(&order);
    char base64[2048], pem[2200];

    if (BASE64_LENGTH(der.length) > sizeof(base64))
        abort();
    base64_encode((const unsigned char *)der.at, der.length, base64);
    size_t used = (size_t)snprintf(pem, sizeof(pem), "-----BEGIN CERTIFICATE-----\n");
    for (const char *at = base64; *at != '\0'; at += strnlen(at, 64))
        used += (size_t)snprintf(pem + used, sizeof(pem) - used, "%.64s\n", at);
    snprintf(pem + used, sizeof(pem) - used, "-----END CERTIFICATE-----\n");
    write_file(path, pem);
    free((char *)der.at);
}

void scale_world_write(const char *folder, size_t partners)
{
    char path[SCALE_PATH], content[256];

    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        perror(folder);
        exit(1);
    }
    for (size_t i = 0; i < partners; i++) {
        snprintf(path, sizeof(path), "%s/p%06zu.yaml", folder, i);
        snprintf(content, sizeof(content),
                 "partner: p%06zu\ndomains: [p%06zu.example, mail.p%06zu.example, "
                 "sip.p%06zu.example]\nroots: [p%06zu.pem]\n",
                 i, i, i, i, i);
        write_file(path, content);
        snprintf(path, sizeof(path), "%s/p%06zu.pem", folder, i);
        write_root(path, i);
    }
}

struct presented_chain *scale_world_chain(size_t partner)
{
    char issuer[64], names[64];
    snprintf(issuer, sizeof(issuer), "Root of p%06zu", partner);
    snprintf(names, sizeof(names), "dns:p%06zu.example", partner);
    const struct factory_order order = {.subject = "leaf",
                                        .issuer = issuer,
                                        .key = LEAF_KEY,
                                        .issuer_key = ROOT_KEY,
                                        .not_after = LAST_DAY,
                                        .key_usage = CERTIFICATE_KU_DIGITAL_SIGNATURE,
                                        .usages = "sc",
                                        .names = names};
    const struct factory_order *orders[1] = {&order};

    return factory_chain(orders, 1);
}
