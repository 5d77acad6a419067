/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_LOG_FILE_H
#define FEDGATE_LOG_LOG_FILE_H

/* One log file behind log_writer.h: the memory in which lines wait, shared with the threads that log, and the
 * file itself, which only the writer's thread touches. */

#include "gateway/log/log_writer.h"

#include <pthread.h>

struct log_file {
    char *path; /* owned */
    struct log_writer *writer;
    log_lost_line *lost_line; /* may be NULL */
    void *context;
    struct log_file *next; /* of the writer */

    pthread_mutex_t lock; /* for the next five */
    char *filling;        /* owned; lines that wait */
    size_t filled;
    size_t room;   /* octets of `filling` for lines */
    uint64_t lost; /* lines since the last count was taken */
    uint64_t lost_ever;

    /* The writer's thread alone. */
    char *block; /* owned; what is being written; as large as `filling` */
    size_t block_length, written;
    int descriptor; /* -1: none */
    bool failing;   /* the last attempt failed, and was said */
    bool renew;     /* opening it anew failed: try again */
};

/* Opened, and listed nowhere yet. NULL: `trouble` holds a sentence. */
struct log_file *log_file_create(struct log_writer *writer, const char *directory, const char *name,
                                 size_t queue_octets, char *trouble, size_t trouble_size);
void log_file_destroy(struct log_file *file);

/* Writes all that waits. False: it failed, what is left is kept, try again later. */
bool log_file_flush(struct log_file *file);
/* Opens the file of its name anew, after a rotation; false: not yet, the old one serves, and flush tries
 * again. */
bool log_file_renew(struct log_file *file);

/* The writer's: lines wait now where none did before. */
void log_writer_wake(struct log_writer *writer);

#endif
