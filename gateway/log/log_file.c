/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines wait in one block of memory while another is written; then they change places. A full block loses
 * lines, and their number is said right after the lines that were before them. A file holds whole lines only,
 * on a full disk, too. */
#include "gateway/log/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOST_LINE_OCTETS 1024u

static int open_path(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

struct log_file *log_file_create(struct log_writer *writer, const char *directory, const char *name,
                                 size_t queue_octets, char *trouble, size_t trouble_size)
{
    struct log_file *file = calloc(1, sizeof *file);
    size_t path_room = strlen(directory) + strlen(name) + 2;
    if (file == NULL) {
        goto no_memory;
    }
    file->descriptor = -1;
    pthread_mutex_init(&file->lock, NULL);
    file->writer = writer;
    file->room = queue_octets;
    file->path = malloc(path_room);
    file->filling = malloc(queue_octets + LOST_LINE_OCTETS);
    file->block = malloc(queue_octets + LOST_LINE_OCTETS);
    if (file->path == NULL || file->filling == NULL || file->block == NULL) {
        log_file_destroy(file);
        goto no_memory;
    }
    snprintf(file->path, path_room, "%s/%s", directory, name);
    file->descriptor = open_path(file->path);
    if (file->descriptor < 0) {
        snprintf(trouble, trouble_size, "cannot write %s: %s", file->path, strerror(errno));
        log_file_destroy(file);
        return NULL;
    }
    return file;
no_memory:
    snprintf(trouble, trouble_size, "no memory for the log file %s", name);
    return NULL;
}

void log_file_destroy(struct log_file *file)
{
    if (file->descriptor >= 0) {
        close(file->descriptor);
    }
    pthread_mutex_destroy(&file->lock);
    free(file->path);
    free(file->filling);
    free(file->block);
    free(file);
}

void log_file_write(struct log_file *file, struct text line)
{
    bool first = false;
    pthread_mutex_lock(&file->lock);
    if (line.length == 0 || line.length > LOG_LINE_MOST || line.length > file->room - file->filled) {
        file->lost++;
        file->lost_ever++;
    } else {
        first = file->filled == 0;
        memcpy(file->filling + file->filled, line.at, line.length);
        file->filled += line.length;
    }
    pthread_mutex_unlock(&file->lock);
    if (first) {
        log_writer_wake(file->writer);
    }
}

uint64_t log_file_lost(struct log_file *file)
{
    pthread_mutex_lock(&file->lock);
    uint64_t lost = file->lost_ever;
    pthread_mutex_unlock(&file->lock);
    return lost;
}

/* Takes the lines that wait, and puts the number of those lost since behind them. */
static void swap_blocks(struct log_file *file)
{
    pthread_mutex_lock(&file->lock);
    char *lines = file->filling;
    file->filling = file->block;
    file->block = lines;
    file->block_length = file->filled;
    file->filled = 0;
    uint64_t lost = file->lost;
    file->lost = 0;
    pthread_mutex_unlock(&file->lock);
    file->written = 0;
    if (lost > 0 && file->lost_line != NULL) {
        file->block_length +=
            file->lost_line(file->context, lost, file->block + file->block_length, LOST_LINE_OCTETS);
    }
}

/* Once when it begins, once when it ends. */
static void say(struct log_file *file, bool failing, const char *why)
{
    if (failing && !file->failing) {
        fprintf(stderr, "fedgate: cannot write %s: %s; lines wait, and are lost when they become too many\n",
                file->path, why);
    } else if (!failing && file->failing) {
        fprintf(stderr, "fedgate: %s is written again\n", file->path);
    }
    file->failing = failing;
}

static bool is_gone(const struct log_file *file)
{
    struct stat status;
    return file->descriptor < 0 || (fstat(file->descriptor, &status) == 0 && status.st_nlink == 0);
}

/* Landlock knows folders, not names: one that was made anew is another, though its user may write there. */
static const char *why_not_opened(struct log_file *file, int error)
{
    char *slash = strrchr(file->path, '/');
    *slash = '\0';
    bool may = access(file->path, W_OK | X_OK) == 0;
    *slash = '/';
    return error == EACCES && may
               ? "its folder was made anew, and the gateway has confined itself to the one "
                 "that was there when it started; restart it"
               : strerror(error);
}

bool log_file_renew(struct log_file *file)
{
    int descriptor = open_path(file->path);
    file->renew = descriptor < 0;
    if (descriptor < 0) {
        say(file, true, why_not_opened(file, errno));
        return false;
    }
    if (file->descriptor >= 0) {
        close(file->descriptor);
    }
    file->descriptor = descriptor;
    return true;
}

/* Takes back the part of a line that is in the file already, so that the line can be written whole later. */
static void take_back(struct log_file *file)
{
    size_t torn = 0;
    while (torn < file->written && file->block[file->written - torn - 1] != '\n') {
        torn++;
    }
    struct stat status;
    if (torn > 0 && fstat(file->descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_size >= (off_t)torn && ftruncate(file->descriptor, status.st_size - (off_t)torn) == 0) {
        file->written -= torn;
    }
}

static bool write_block(struct log_file *file)
{
    while (file->written < file->block_length) {
        ssize_t count =
            write(file->descriptor, file->block + file->written, file->block_length - file->written);
        if (count > 0) {
            file->written += (size_t)count;
        } else if (count == 0 || errno != EINTR) {
            const char *why = count == 0 ? "nothing is taken" : strerror(errno);
            take_back(file);
            say(file, true, why);
            return false;
        }
    }
    if (!file->renew) {
        say(file, false, "");
    }
    return true;
}

bool log_file_flush(struct log_file *file)
{
    if (file->renew) {
        (void)log_file_renew(file); /* where it fails, the old file is better than none */
    }
    for (;;) {
        if (file->written == file->block_length) {
            swap_blocks(file);
        }
        if (file->block_length == 0) {
            return !file->renew;
        }
        /* Somebody may have deleted it. */
        if ((is_gone(file) && !log_file_renew(file)) || !write_block(file)) {
            return false;
        }
    }
}
