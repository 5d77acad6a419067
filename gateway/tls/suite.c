/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/tls/suite.h"

#include <string.h>

static const struct tls_suite suites[] = {
    {0x1301, true, false, "TLS13-AES128-GCM-SHA256", "TLSv1.3 TLS_AES_128_GCM_SHA256"},
    {0x1302, true, false, "TLS13-AES256-GCM-SHA384", "TLSv1.3 TLS_AES_256_GCM_SHA384"},
    {0x1303, true, true, "TLS13-CHACHA20-POLY1305-SHA256", "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256"},
    {0xc02b, false, false, "ECDHE-ECDSA-AES128-GCM-SHA256",
     "TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xc02f, false, false, "ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xc02c, false, false, "ECDHE-ECDSA-AES256-GCM-SHA384",
     "TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
    {0xc030, false, false, "ECDHE-RSA-AES256-GCM-SHA384", "TLSv1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xcca9, false, true, "ECDHE-ECDSA-CHACHA20-POLY1305",
     "TLSv1.2 TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xcca8, false, true, "ECDHE-RSA-CHACHA20-POLY1305",
     "TLSv1.2 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
};
#define SUITE_COUNT (sizeof suites / sizeof *suites)

static void append(char *to, bool version_13, bool chacha)
{
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        if (suites[i].version_13 != version_13 || suites[i].chacha != chacha) {
            continue;
        }
        size_t length = strlen(to);
        if (length > 0) {
            to[length++] = ':';
        }
        /* Nine names of at most 30 octets fit. */
        memcpy(to + length, suites[i].library_name, strlen(suites[i].library_name) + 1);
    }
}

void tls_suite_list(bool hardware_aes, char to[TLS_SUITE_LIST_MOST])
{
    to[0] = '\0';
    append(to, true, !hardware_aes);
    append(to, true, hardware_aes);
    append(to, false, !hardware_aes);
    append(to, false, hardware_aes);
}

const struct tls_suite *tls_suite_find(uint16_t number, bool version_13)
{
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        if (suites[i].number == number && suites[i].version_13 == version_13) {
            return &suites[i];
        }
    }
    return NULL;
}

bool tls_group_is_ours(const char *library_name)
{
    static const char *const groups[] = {"X25519", "SECP256R1", "SECP384R1"};
    for (size_t i = 0; library_name != NULL && i < sizeof groups / sizeof *groups; i++) {
        if (strcmp(groups[i], library_name) == 0) {
            return true;
        }
    }
    return false;
}
