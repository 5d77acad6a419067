/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/reason.h"

#include <stddef.h>

static const struct {
    const char *token, *sentence;
    int inbound, outbound;
} reasons[REASON_COUNT] = {
#define X(name, token_, inbound_, outbound_, sentence_)                                                      \
    [REASON_##name] = {                                                                                      \
        .token = (token_), .sentence = (sentence_), .inbound = (inbound_), .outbound = (outbound_)},
    REASONS(X)
#undef X
};

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {100, "Trying"},
    {200, "OK"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Request Entity Too Large"},
    {416, "Unsupported URI Scheme"},
    {420, "Bad Extension"},
    {440, "Max-Breadth Exceeded"},
    {480, "Temporarily Unavailable"},
    {481, "Call/Transaction Does Not Exist"},
    {482, "Loop Detected"},
    {483, "Too Many Hops"},
    {487, "Request Terminated"},
    {500, "Server Internal Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Server Time-out"},
    {505, "Version Not Supported"},
    {513, "Message Too Large"},
};

const char *reason_token(enum reason reason)
{
    return reasons[reason].token;
}

const char *reason_sentence(enum reason reason)
{
    return reasons[reason].sentence;
}

int reason_status(enum reason reason, enum direction direction)
{
    return direction == DIRECTION_INBOUND ? reasons[reason].inbound : reasons[reason].outbound;
}

const char *direction_word(enum direction direction)
{
    return direction == DIRECTION_INBOUND ? "inbound" : "outbound";
}

const char *status_phrase(int status)
{
    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (phrases[i].status == status)
            return phrases[i].phrase;
    }
    return "Refused";
}
