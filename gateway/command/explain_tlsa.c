/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/command/explain.h"

#include <stdlib.h>
#include <string.h>

#include "policy/domain.h"

/* What DNS says of TLSA records: --tlsa, or the records that --dns found, as checks. */

#define NO_RECORD "none"

struct written_tlsa {
    struct text host;
    uint16_t port;
    bool is_none;
    struct tlsa_record record; /* data in what was given to read_tlsa */
};

/* A number below 256 and the blank behind it; NULL: neither. */
static const char *read_octet(const char *at, uint8_t *octet)
{
    char *end;
    unsigned long number = strtoul(at, &end, 10);

    if (*at < '0' || *at > '9' || *end != ' ' || number > 255)
        return NULL;
    *octet = (uint8_t)number;
    return end + 1;
}

static int digit_of(char c)
{
    c = text_lower(c);
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of hexadecimal digits, and blanks among them, as dig prints them. */
static bool read_hex(const char *at, uint8_t data[TLSA_DATA_LONGEST], size_t *length)
{
    for (*length = 0; *at != '\0'; at++) {
        if (*at == ' ')
            continue;
        int high = digit_of(at[0]), low = high < 0 ? -1 : digit_of(at[1]);
        if (low < 0 || *length == TLSA_DATA_LONGEST)
            return false;
        data[(*length)++] = (uint8_t)(high << 4 | low);
        at++;
    }
    return *length > 0;
}

/* HOST[:PORT]=3 1 1 HEX, or HOST[:PORT]=none. */
static bool read_tlsa(const char *written, struct written_tlsa *tlsa, uint8_t data[TLSA_DATA_LONGEST])
{
    const char *equals = strchr(written, '=');
    struct sip_host host;
    size_t length;

    if (equals == NULL || !sip_host_read(text_from(written, equals), false, &host) || host.is_address ||
        !domain_is_valid(host.host))
        return false;
    *tlsa = (struct written_tlsa){.host = domain_without_dot(host.host),
                                  .port = host.has_port ? host.port : EXPLAIN_PORT,
                                  .is_none = strcmp(equals + 1, NO_RECORD) == 0};
    if (tlsa->is_none)
        return true;
    const char *at = read_octet(equals + 1, &tlsa->record.usage);
    at = at == NULL ? NULL : read_octet(at, &tlsa->record.selector);
    at = at == NULL ? NULL : read_octet(at, &tlsa->record.matching);
    if (at == NULL || !read_hex(at, data, &length))
        return false;
    tlsa->record.data = (struct text){(const char *)data, length};
    return true;
}

bool explain_tlsa_is_valid(const char *written)
{
    static uint8_t data[TLSA_DATA_LONGEST];
    struct written_tlsa tlsa;
    return read_tlsa(written, &tlsa, data);
}

/* The records of one target lie side by side. False: --tlsa says nothing of it. */
static bool take_target(struct explanation *explanation, struct srv_target *target, size_t index,
                        size_t *used)
{
    struct tlsa_answer *answer = &explanation->tlsa_answer[index];
    bool any = false;

    *answer = (struct tlsa_answer){.outcome = REASON_TLSA_MISMATCH,
                                   .security = explanation->srv_security,
                                   .base = target->host,
                                   .record = &explanation->tlsa_record[*used]};
    for (size_t i = 0; i < explanation->tlsa->count; i++) {
        struct written_tlsa tlsa;
        if (!read_tlsa(explanation->tlsa->value[i], &tlsa, explanation->tlsa_data[*used]) ||
            !domain_equal(tlsa.host, target->host) || tlsa.port != target->port)
            continue;
        any = true;
        if (tlsa.is_none || *used == OPTION_VALUES_MOST)
            continue;
        explanation->tlsa_record[(*used)++] = tlsa.record;
        answer->count++;
        answer->outcome = REASON_OK;
    }
    if (any)
        target->tlsa = answer;
    return any;
}

void explain_take_tlsa(struct explanation *explanation)
{
    struct srv_answer *answer = &explanation->given;
    size_t used = 0;

    /* `run` asks no further where the SRV answer is of no use. */
    answer->tlsa_known = true;
    for (size_t i = 0; i < answer->target_count && answer->security == DNS_SECURE; i++) {
        if (take_target(explanation, &explanation->target[i], i, &used))
            continue;
        answer->tlsa_known = false;
        snprintf(
            explanation->need, sizeof(explanation->need),
            "the TLSA records of _%u._tcp.%.*s: give --tlsa '%.*s:%u=3 1 1 HEX' or =none, or ask with --dns "
            "instead of --srv",
            explanation->target[i].port, TEXT_ARGUMENTS(explanation->target[i].host),
            TEXT_ARGUMENTS(explanation->target[i].host), explanation->target[i].port);
    }
}

void tlsa_answer_show(const struct srv_target *target, char to[TLSA_ANSWER_SHOWN])
{
    const struct tlsa_answer *answer = target->tlsa;
    char record[TLSA_SHOWN];
    size_t used = (size_t)snprintf(to, TLSA_ANSWER_SHOWN, "_%u._tcp.%.*s: ", target->port,
                                   TEXT_ARGUMENTS(answer->base.length > 0 ? answer->base : target->host));

    if (tlsa_answer_reason(answer) != REASON_OK) {
        snprintf(to + used, TLSA_ANSWER_SHOWN - used, "%s",
                 answer->detail != NULL                                             ? answer->detail
                 : answer->outcome == REASON_OK && answer->security == DNS_INSECURE ? "not DNSSEC-secure"
                 : answer->outcome == REASON_TLSA_MISMATCH                          ? "there is none"
                                                           : reason_sentence(tlsa_answer_reason(answer)));
        return;
    }
    for (size_t i = 0; i < answer->count && used + TLSA_SHOWN + 2 < TLSA_ANSWER_SHOWN; i++)
        used += (size_t)snprintf(to + used, TLSA_ANSWER_SHOWN - used, "%s%s%s", i == 0 ? "" : ", ",
                                 tlsa_record_print(&answer->record[i], record),
                                 tlsa_record_counts(answer, i) ? "" : " (passed over)");
}

void explain_note_tlsa(struct explanation *explanation, const struct srv_answer *answer)
{
    char shown[TLSA_ANSWER_SHOWN];

    for (size_t i = 0; i < answer->target_count; i++) {
        if (answer->target[i].tlsa == NULL)
            continue;
        tlsa_answer_show(&answer->target[i], shown);
        explain_note(explanation, "tlsa",
                     tlsa_answer_reason(answer->target[i].tlsa) == REASON_OK ? CHECK_PASSED : CHECK_FAILED,
                     "%s", shown);
    }
}
