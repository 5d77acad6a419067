/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_NET_STREAM_H
#define FEDGATE_NET_STREAM_H

/* One TCP connection on a loop, accepted or made by us. It carries octets and knows nothing of what they
 * mean.
 *
 *     connecting --connected--> open --ended--> over
 *     connecting --connect_failed--> over
 *     any of these --stream_close, stream_finish--> closing, then freed
 *
 * Events come from the loop, never from inside a call of this header, and none but on_closed comes after
 * stream_close or stream_finish. An event may call anything here, stream_close too. All calls are for the
 * loop's own thread.
 *
 * The process must ignore SIGPIPE: libuv writes without MSG_NOSIGNAL, and a peer that is gone would kill it.
 */

#include "gateway/net/address.h"

#include <uv.h>

struct stream;

#define STREAM_READ_SIZE 65536u /* octets of the shared read buffer */
#define STREAM_LOW_WATER 65536u /* octets that wait when `drained` is reported */

/* A loop and the one read buffer that all streams on it share: an idle stream holds no buffer. */
struct stream_home {
    uv_loop_t *loop;
    char *read_buffer; /* owned by the caller; lives until the last stream is closed */
    size_t read_size;
};

struct stream_events {
    void (*connected)(void *owner); /* NULL for accepted streams */
    void (*connect_failed)(void *owner,
                           const char *why);       /* "connection refused"; then only stream_close is left */
    void (*data)(void *owner, struct text octets); /* they live in the shared buffer, only during the call */
    void (*ended)(void *owner, const char *why); /* once. NULL: the peer sent its end, writing may go on; else
                                                    the connection is broken. No more data either way */
    void (*drained)(
        void *owner); /* the waiting octets have been over STREAM_LOW_WATER and are not any more */
};

/* Takes the socket (nobody else may close it), also when it fails. Reads at once; NULL: no memory, or the
 * connection is gone already. `events` is borrowed for the stream's life. */
struct stream *stream_accept(const struct stream_home *home, int socket, const struct stream_events *events,
                             void *owner) __attribute__((warn_unused_result));

/* Connects to `to`, from `from` unless that is NULL (port 0: any). Every failure but a lack of memory (NULL)
 * comes as connect_failed, the latest after timeout_ms. Reading starts with `connected`. */
struct stream *stream_connect(const struct stream_home *home, const union address *to,
                              const union address *from, uint64_t timeout_ms,
                              const struct stream_events *events, void *owner)
    __attribute__((warn_unused_result));

/* Open only. Gives to the kernel what it takes at once; the rest is copied and follows in order. The caller
 * bounds it by stream_waiting. False: memory was short and the stream is broken: close it. A broken
 * connection is not reported here but by `ended`; writing to it is harmless. */
bool stream_write(struct stream *stream, struct text octets) __attribute__((warn_unused_result));
size_t stream_waiting(const struct stream *stream); /* octets that the kernel has not taken yet */
/* When the kernel last took waiting octets, or when they began to wait: uv_now milliseconds. Nothing but
 * looking moves it within one large write, so look several times within the time that is to be called a
 * stall. */
uint64_t stream_last_progress(struct stream *stream);

void stream_pause(
    struct stream *stream); /* no more data until stream_resume; the end is not seen meanwhile */
void stream_resume(struct stream *stream); /* both may be called twice, and after the end */

/* From now on no `data` is larger; what is more waits in the kernel. 0: as large as the buffer. */
void stream_read_at_most(struct stream *stream, size_t octets);

/* Closes at once; what waits is lost. Once; not after stream_finish. The memory goes when on_closed has been
 * called (NULL: nobody asks). */
void stream_close(struct stream *stream, void (*on_closed)(void *owner));
/* Closes in good order: writes what waits, sends our end, throws away what still comes until the peer's end,
 * so that no reset overtakes our last octets; after timeout_ms closes anyhow. Open or over; once; then
 * on_closed. */
void stream_finish(struct stream *stream, uint64_t timeout_ms, void (*on_closed)(void *owner));
bool stream_is_closing(const struct stream *stream);

const union address *stream_peer(const struct stream *stream);
const union address *stream_local(const struct stream *stream); /* known once open */
const char *stream_peer_text(const struct stream *stream);      /* as address_print */

#endif
