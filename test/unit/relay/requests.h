/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_RELAY_REQUESTS_H
#define FEDGATE_TEST_RELAY_REQUESTS_H

/* Requests between bob, at fabrikam, and alice, at ours, and what becomes of them. */

#include "relay_fixture.h"

#define IN(method, branch, more)                                                                             \
    method " sip:alice@corp.example SIP/2.0\nVia: SIP/2.0/TLS sip.fabrikam.example;branch=z9hG4bK" branch    \
           "\n"                                                                                              \
           "From: <sip:bob@fabrikam.example>;tag=1\nTo: <sip:alice@corp.example>\nCall-ID: " branch "\n"     \
           "CSeq: 1 " method "\n" more "Content-Length: 0\n\n"
#define OUT(method, branch, more)                                                                            \
    method " sip:bob@fabrikam.example SIP/2.0\nVia: SIP/2.0/TLS fe1.corp.example;branch=z9hG4bK" branch "\n" \
           "From: <sip:alice@corp.example>;tag=1\nTo: <sip:bob@fabrikam.example>\nCall-ID: " branch "\n"     \
           "CSeq: 1 " method "\n" more "Content-Length: 0\n\n"

#endif
