/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cases_dane.h"

#include <stdlib.h>
#include <string.h>

#ifndef WOLFSSL_USER_SETTINGS
#include <wolfssl/options.h>
#endif
#include <wolfssl/wolfcrypt/hash.h>

#include "cases_certificate.h"
#include "cases_world.h"

/* The answer of the last target. */
static struct tlsa_answer *last_answer(struct dane_words *words, struct srv_answer *answer,
                                       struct srv_target *target, const char *word)
{
    if (answer->target_count == 0 || answer->target_count > DANE_TARGETS_MOST)
        world_fail("a TLSA word without a target", word);
    size_t last = answer->target_count - 1;
    if (target[last].tlsa == NULL) {
        words->answer[last] = (struct tlsa_answer){.outcome = REASON_TLSA_MISMATCH,
                                                   .security = DNS_SECURE,
                                                   .base = target[last].host,
                                                   .record = words->record[last]};
        target[last].tlsa = &words->answer[last];
    }
    answer->tlsa_known = true;
    return &words->answer[last];
}

/* What a record is made of: "leaf", "ca" and "ca2" as presented, "fab" and the like: a root. */
static struct text named(const char *whose, bool is_key, const struct presented_chain *chain)
{
    static const char *const places[] = {"leaf", "ca", "ca2"};
    static struct certificate *root;
    const struct certificate *certificate = NULL;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcmp(places[i], whose) == 0 && i < chain->count)
            certificate = chain->certificate[i];
    }
    if (certificate == NULL) {
        certificate_destroy(root);
        certificate = root = factory_certificate(world_root(whose));
    }
    return is_key ? certificate->public_key : certificate->der;
}

static void set_data(struct tlsa_record *record, uint8_t data[64], char *whose,
                     const struct presented_chain *chain)
{
    char *odd = strchr(whose, '-');
    if (odd != NULL)
        *odd++ = '\0';
    struct text octets = named(whose, record->selector == TLSA_KEY, chain);

    record->data = octets;
    if (record->matching != TLSA_FULL) {
        bool is_256 = record->matching == TLSA_SHA256;
        record->data = (struct text){(const char *)data, is_256 ? 32 : 64};
        if ((is_256 ? wc_Sha256Hash((const uint8_t *)octets.at, (word32)octets.length, data)
                    : wc_Sha512Hash((const uint8_t *)octets.at, (word32)octets.length, data)) != 0)
            abort();
    }
    if (odd != NULL && strcmp(odd, "wrong") == 0 && record->matching != TLSA_FULL)
        data[0] ^= 1;
    else if (odd != NULL && strcmp(odd, "short") == 0)
        record->data.length--;
    else if (odd != NULL)
        world_fail("no such oddity of a TLSA record", odd);
}

/* "3.1.1=leaf" */
static void add_record(struct tlsa_answer *answer, struct tlsa_record *records, uint8_t (*data)[64],
                       char *value, const struct presented_chain *chain)
{
    char *rest = value;

    if (answer->count == DANE_RECORDS_MOST)
        world_fail("too many TLSA records", value);
    struct tlsa_record *record = &records[answer->count];
    record->usage = (uint8_t)strtoul(rest, &rest, 10);
    record->selector = (uint8_t)strtoul(rest + 1, &rest, 10);
    record->matching = (uint8_t)strtoul(rest + 1, &rest, 10);
    if (*rest != '=')
        world_fail("a TLSA record reads USAGE.SELECTOR.MATCHING=WHOSE", value);
    set_data(record, data[answer->count], rest + 1, chain);
    answer->count++;
    answer->outcome = REASON_OK;
}

bool dane_take_word(struct dane_words *words, char *word, struct srv_answer *answer,
                    struct srv_target *target, const struct presented_chain *chain)
{
    static const struct {
        const char *word;
        enum reason outcome;
        enum dns_security security;
    } states[] = {
        {"tlsa-none", REASON_TLSA_MISMATCH, DNS_SECURE},
        {"tlsa-insecure", REASON_OK, DNS_INSECURE},
        {"tlsa-bogus", REASON_DNS_BOGUS, DNS_BOGUS},
        {"tlsa-failed", REASON_DNS_FAILED, DNS_INSECURE},
        {"address-none", REASON_ADDRESS_NOT_FOUND, DNS_SECURE},
    };
    char *value;

    if ((value = world_value(word, "tlsa")) != NULL) {
        struct tlsa_answer *tlsa = last_answer(words, answer, target, word);
        size_t last = answer->target_count - 1;
        add_record(tlsa, words->record[last], words->data[last], value, chain);
        return true;
    }
    if ((value = world_value(word, "base")) != NULL) {
        last_answer(words, answer, target, word)->base = text_of(value);
        return true;
    }
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(states[i].word, word) == 0) {
            struct tlsa_answer *tlsa = last_answer(words, answer, target, word);
            tlsa->outcome = states[i].outcome;
            tlsa->security = states[i].security;
            return true;
        }
    }
    return false;
}
