/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_STREAM_PARTS_H
#define FEDGATE_NET_STREAM_PARTS_H

/* What stream.c, stream_write.c and stream_finish.c share; nobody else includes it. */

#include "gateway/net/stream.h"

enum stream_state { STREAM_CONNECTING, STREAM_OPEN, STREAM_FINISHING, STREAM_CLOSING };

/* What a stream needs only while it connects or finishes. */
struct attempt {
    uv_timer_t timer;
    uv_connect_t connect;
    uv_shutdown_t shutdown;
    int error; /* connect: what was known at once; the timer reports it */
};

/* Octets that wait. While it fills it grows; once it is being written it stays. */
struct outgoing {
    uv_write_t request;
    size_t length, size; /* filled, and room */
    size_t taken;        /* octets that writes have finished with */
    size_t in_flight;    /* octets of the write under way */
    char octets[];
};

struct stream {
    uv_tcp_t tcp;
    const struct stream_home *home;
    const struct stream_events *events;
    void *owner;
    void (*on_closed)(void *owner);
    struct attempt *attempt;  /* owned; NULL when idle */
    struct outgoing *sending; /* owned; one write of it is in flight; NULL: none is */
    struct outgoing *waiting; /* owned; next after `sending`; NULL: nothing */
    uint64_t last_progress;   /* see stream_last_progress */
    size_t read_most;         /* octets of one read; 0: the buffer's size */
    size_t last_queued;       /* what the kernel had not taken when last looked at */
    enum stream_state state;
    unsigned open_handles;
    bool paused;
    bool ended;      /* `ended` or `connect_failed` was reported */
    bool broken;     /* nothing more can be written */
    bool over_water; /* `drained` is due */
    bool shut;       /* finishing: our end was sent */
    union address peer, local;
    char peer_text[ADDRESS_TEXT_SIZE];
};

void stream_close_now(struct stream *stream);
int stream_read_start(struct stream *stream);
void stream_report_end(struct stream *stream, const char *why); /* open only; once to the owner */
/* Starts the timer. False: no memory. */
bool stream_attempt(struct stream *stream, uv_timer_cb timed_out, uint64_t timeout_ms);

/* Finishing only. */
void stream_finish_peer_ended(struct stream *stream, bool broken);
void stream_finish_written(struct stream *stream); /* nothing waits any more */

#endif
