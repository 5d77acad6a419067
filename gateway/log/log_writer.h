/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_LOG_LOG_WRITER_H
#define FEDGATE_LOG_LOG_WRITER_H

/* One thread that writes all log files of a folder. Any thread hands it finished lines and never waits for a
 * disk: a line that finds no room is counted, and the count is logged in its place when room returns. What
 * fails (disk full, folder gone) is said once on stderr and tried again every second; lines already taken are
 * kept meanwhile. */

#include "policy/text.h"

#define LOG_LINE_MOST 16384u /* octets with the newline; a longer line is lost */

struct log_writer;
struct log_file;

/* Prints one whole line, newline included, that says how many lines were lost; returns its length. Called on
 * the writer's thread. */
typedef size_t log_lost_line(void *context, uint64_t lost, char *to, size_t size);

/* The folder must exist and be writable, since files are created in it (mode 0640) under the user that the
 * process runs as: call it after privileges were dropped. NULL: `trouble` holds a sentence. Starts the
 * thread, with all signals blocked. */
struct log_writer *log_writer_create(const char *directory, char *trouble, size_t trouble_size)
    __attribute__((warn_unused_result));
/* Writes what was taken, for at most drain_ms, then ends the thread and frees the files. No other call may
 * run. */
void log_writer_destroy(struct log_writer *writer, unsigned drain_ms);

/* Opens (appends to) a file of the folder. queue_octets: room for lines that wait for the disk, taken twice.
 * `lost_line` may be NULL. The file lives as long as the writer. NULL: `trouble` holds a sentence. */
struct log_file *log_writer_open(struct log_writer *writer, const char *name, size_t queue_octets,
                                 log_lost_line *lost_line, void *context, char *trouble, size_t trouble_size)
    __attribute__((warn_unused_result));

/* Any thread; never blocks. `line` ends in a newline and has no other. */
void log_file_write(struct log_file *file, struct text line);
uint64_t log_file_lost(struct log_file *file); /* since creation; any thread */

/* After a rotation renamed the files: what was taken before still goes to the old ones. Any thread; returns
 * at once. */
void log_writer_reopen(struct log_writer *writer);

/* Replaces the file `name` of the folder by these octets (written beside it, then renamed). Any thread;
 * returns at once. At most two such files per writer; a newer text overtakes one that waits. */
void log_writer_replace(struct log_writer *writer, const char *name, struct text octets);

#endif
