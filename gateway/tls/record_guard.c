/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/tls/record_guard.h"

#include <string.h>

enum content_type { CHANGE_CIPHER_SPEC = 20, APPLICATION_DATA = 23 };

static uint16_t fragment_length(const uint8_t header[RECORD_HEADER_OCTETS])
{
    return (uint16_t)(header[3] << 8 | header[4]);
}

/* RFC 8446 5.1: alert, handshake, application data, and the change_cipher_spec of middlebox compatibility.
 * What is not there yet is not judged. */
static bool header_is_sane(const uint8_t header[RECORD_HEADER_OCTETS], size_t length)
{
    if (length >= 1 && (header[0] < CHANGE_CIPHER_SPEC || header[0] > APPLICATION_DATA)) {
        return false;
    }
    if (length >= 2 && header[1] != 3) {
        return false;
    }
    if (length < RECORD_HEADER_OCTETS) {
        return true;
    }
    uint16_t fragment = fragment_length(header);
    uint16_t least = header[0] == APPLICATION_DATA ? RECORD_DATA_LEAST : 1;
    return fragment >= least && fragment <= RECORD_FRAGMENT_MOST;
}

static struct text pass_header(struct record_guard *guard, struct text octets)
{
    size_t missing = RECORD_HEADER_OCTETS - guard->header_length;
    size_t here = octets.length < missing ? octets.length : missing;
    memcpy(guard->header + guard->header_length, octets.at, here);
    guard->header_length = (uint8_t)(guard->header_length + here);
    if (!header_is_sane(guard->header, guard->header_length)) {
        guard->broken = true;
    } else if (guard->header_length == RECORD_HEADER_OCTETS) {
        guard->left = fragment_length(guard->header);
        guard->records++;
    }
    return text_skip(octets, here);
}

bool record_guard_pass(struct record_guard *guard, struct text octets)
{
    while (octets.length > 0 && !guard->broken) {
        if (guard->header_length < RECORD_HEADER_OCTETS) {
            octets = pass_header(guard, octets);
            continue;
        }
        size_t here = octets.length < guard->left ? octets.length : guard->left;
        octets = text_skip(octets, here);
        guard->left = (uint16_t)(guard->left - here);
        if (guard->left == 0) {
            guard->header_length = 0;
        }
    }
    return !guard->broken;
}

bool record_guard_saw_text(const struct record_guard *guard)
{
    if (!guard->broken || guard->records > 0 || guard->header_length == 0) {
        return false;
    }
    for (size_t i = 0; i < guard->header_length; i++) {
        uint8_t octet = guard->header[i];
        bool printable = octet >= 0x20 && octet < 0x7f;
        if (!printable && octet != '\r' && octet != '\n') {
            return false;
        }
    }
    return true;
}
