/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_ENDINGS_H
#define FEDGATE_LOG_ENDINGS_H

/* Which ends of certificates and CRLs were told already, each once for each threshold, over reloads and
 * restarts: the memory is written into a small file beside the logs. Bounded: what is not within 60 days of
 * its end is not in it, and of what is, ENDINGS_MOST. For one thread. */

#include "policy/text.h"

#define ENDINGS_MOST 65536u
#define ENDING_DAYS_MOST 60u /* before the first threshold nothing is told */
#define ENDING_DAYS_AFTER 7u /* what ended longer ago is told no more, and forgotten */
#define ENDINGS_FILE "certificate-endings.told"
#define ENDINGS_FILE_MOST (8u << 20) /* octets */

/* The threshold that has been reached: 60, 30, 14, 7, 3 or 1 days before the end, or 0: it has ended. -1:
 * none, or it has ended long ago. Times in seconds since 1970. */
int ending_threshold(int64_t ends, int64_t now);

struct ending_id {
    uint64_t word[2];
};
/* The same in every process: of pieces that together name the thing. */
struct ending_id ending_id_of(const struct text *piece, size_t count);

struct endings;
struct endings *endings_create(void);          /* NULL: no memory */
void endings_destroy(struct endings *endings); /* NULL is fine */
size_t endings_count(const struct endings *endings);

/* Shall it be told? True once for each threshold of an id: this one, and those above it, are remembered.
 * False as well when there is no room to remember it: then nothing is told rather than the same again and
 * again. */
bool endings_note(struct endings *endings, struct ending_id id, int64_t ends, int threshold);
void endings_forget(struct endings *endings, int64_t now); /* what ended long ago */

/* As a text, when something changed since the last time; the caller owns it. NULL: nothing did, or there is
 * no memory. */
char *endings_print(struct endings *endings, size_t *length);
/* Adds what such a text says. Lines that say nothing are passed over. */
void endings_read(struct endings *endings, struct text text);
/* The same from a file; one that is missing, or no plain file, is as good as empty. Blocking. */
void endings_load(struct endings *endings, const char *path);

#endif
