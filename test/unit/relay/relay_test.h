/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_RELAY_TEST_H
#define FEDGATE_TEST_RELAY_TEST_H

/* A worker that has no loop: what the pure parts of the relay look at, and no more. */

#include "gateway/relay/worker.h"
#include "test/unit/sip/sip_test.h"

/* internal edge.corp.example on 127.0.0.1:15061 (and [::1]:15061), external sip.corp.example on
 * 192.0.2.1:5061 */
struct fixture {
    struct settings settings;
    struct snapshot snapshot;
    struct worker worker;
    struct host_port internal_listen[2], external_listen[1];
    char lines[LINES_BUFFER];
    struct sip_edit edit;
    size_t line_end[300];
};

static inline void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    fixture->internal_listen[0] = (struct host_port){"127.0.0.1", 15061};
    fixture->internal_listen[1] = (struct host_port){"::1", 15061};
    fixture->external_listen[0] = (struct host_port){"192.0.2.1", 5061};
    fixture->settings.internal.host = "edge.corp.example";
    fixture->settings.internal.listen = fixture->internal_listen;
    fixture->settings.internal.listen_count = 2;
    fixture->settings.external.host = "sip.corp.example";
    fixture->settings.external.listen = fixture->external_listen;
    fixture->settings.external.listen_count = 1;
    fixture->snapshot.settings = &fixture->settings;
    fixture->snapshot.dialog_key[0] = (struct hash_key){{1, 2}};
    fixture->snapshot.dialog_key[1] = (struct hash_key){{3, 4}};
    fixture->snapshot.loop_key = (struct hash_key){{5, 6}};
    fixture->worker.snapshot = &fixture->snapshot;
    fixture->worker.port[0] = 15061; /* PEER_INTERNAL */
    fixture->worker.port[1] = 5061;
    worker_name_sides(&fixture->worker);
    fixture->worker.lines = fixture->lines;
    fixture->worker.edit = &fixture->edit;
    fixture->worker.line_ends = (struct sip_line_ends){.end = fixture->line_end, .most = 300};
}

#endif
