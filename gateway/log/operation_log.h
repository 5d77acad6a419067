/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_OPERATION_LOG_H
#define FEDGATE_LOG_OPERATION_LOG_H

/* gateway.log: how the gateway fares, one key=value line an event:
 *     time=2026-11-25T02:05:00.123Z level=warning event=policy-rejected file=/etc/fedgate/gateway.yaml
 * problems=3 Nothing secret, nothing of bodies. */

#include "gateway/log/log_writer.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_NOTICE, LOG_LEVEL_DEBUG };

#define OPERATION_QUEUE_OCTETS (1u << 20)

struct operation_log;

/* Lines above `most` (LOG_LEVEL_DEBUG is the highest) are dropped. NULL: `trouble` holds a sentence. Destroy
 * it after the writer. */
struct operation_log *operation_log_create(struct log_writer *writer, enum log_level most, char *trouble,
                                           size_t trouble_size) __attribute__((warn_unused_result));
void operation_log_destroy(struct operation_log *log); /* NULL is fine */

/* Any thread; never blocks; `log` NULL does nothing. `event` is a token. `format` is key=value pairs as for
 * printf, with the conversions s, .*s, c, d, i, u, x and the lengths l, ll, z; no width, no flags. Every
 * value is quoted and escaped where it needs it, so it may come from outside: "partner=%s peer=%.*s". NULL:
 * no pairs. */
void operation_log(struct operation_log *log, enum log_level level, const char *event, const char *format,
                   ...) __attribute__((format(printf, 4, 5)));
uint64_t operation_log_lost(const struct operation_log *log); /* lines since its creation; any thread */
bool operation_log_wants(const struct operation_log *log, enum log_level level);

#endif
