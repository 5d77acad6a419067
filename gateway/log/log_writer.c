/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thread sleeps until a line comes where none waited, lets others gather for a moment, and writes all
 * files. What fails is tried again every second. */
#include "gateway/log/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define GATHER_MS 20
#define RETRY_MS 1000
#define REPLACED_NAME_OCTETS 64u
#define REPLACED_MOST 2u

struct replacement {
    char name[REPLACED_NAME_OCTETS]; /* empty: free */
    char *octets;                    /* owned; NULL: nothing waits */
    size_t length;
    bool failed; /* said already; the thread's alone */
};

struct log_writer {
    char *directory; /* owned */
    pthread_t thread;
    pthread_mutex_t lock; /* for all below but replacement[].failed */
    pthread_cond_t changed;
    struct log_file *files; /* owned; grows at its head only */
    bool awake;             /* lines wait, or something below is asked for */
    bool reopen, stop, ended;
    struct replacement replacement[REPLACED_MOST];
};

static void after_ms(struct timespec *when, unsigned ms)
{
    clock_gettime(CLOCK_MONOTONIC, when);
    when->tv_sec += ms / 1000;
    when->tv_nsec += (long)(ms % 1000) * 1000000;
    if (when->tv_nsec >= 1000000000) {
        when->tv_sec++;
        when->tv_nsec -= 1000000000;
    }
}

void log_writer_wake(struct log_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    if (!writer->awake) {
        writer->awake = true;
        pthread_cond_broadcast(&writer->changed);
    }
    pthread_mutex_unlock(&writer->lock);
}

static bool write_whole(int descriptor, struct text octets)
{
    while (octets.length > 0) {
        ssize_t count = write(descriptor, octets.at, octets.length);
        if (count > 0) {
            octets = text_skip(octets, (size_t)count);
        } else if (count == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

static bool replace_file(const char *directory, const char *name, struct text octets)
{
    char fresh[4096], path[4096];
    if (snprintf(fresh, sizeof fresh, "%s/.%s.new", directory, name) >= (int)sizeof fresh ||
        snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path) {
        return false;
    }
    int descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor < 0) {
        return false;
    }
    bool written = write_whole(descriptor, octets);
    written = close(descriptor) == 0 && written;
    if (!written || rename(fresh, path) != 0) {
        int why = errno;
        unlink(fresh);
        errno = why;
        return false;
    }
    return true;
}

static void do_replacement(struct log_writer *writer, struct replacement *replacement)
{
    pthread_mutex_lock(&writer->lock);
    char *octets = replacement->octets;
    size_t length = replacement->length;
    replacement->octets = NULL;
    pthread_mutex_unlock(&writer->lock);
    if (octets == NULL) {
        return;
    }
    bool failed = !replace_file(writer->directory, replacement->name, (struct text){octets, length});
    if (failed && !replacement->failed) {
        fprintf(stderr, "fedgate: cannot write %s/%s: %s\n", writer->directory, replacement->name,
                strerror(errno));
    }
    replacement->failed = failed;
    free(octets);
}

/* Writes what waits everywhere; false: something has to be tried again. */
static bool write_all(struct log_writer *writer, bool reopen)
{
    pthread_mutex_lock(&writer->lock);
    struct log_file *files = writer->files;
    pthread_mutex_unlock(&writer->lock);
    bool done = true;
    for (struct log_file *file = files; file != NULL; file = file->next) {
        bool flushed = log_file_flush(file);
        if (reopen) {
            flushed = log_file_renew(file) && flushed;
        }
        done = flushed && done;
    }
    for (size_t i = 0; i < REPLACED_MOST; i++) {
        do_replacement(writer, &writer->replacement[i]);
    }
    return done;
}

/* Until there is something to do, at most until `retry`, if any. With the lock. */
static void sleep_until_awake(struct log_writer *writer, bool retry)
{
    struct timespec when;
    after_ms(&when, RETRY_MS);
    int result = 0;
    while (!writer->awake && result == 0) {
        result = retry ? pthread_cond_timedwait(&writer->changed, &writer->lock, &when)
                       : pthread_cond_wait(&writer->changed, &writer->lock);
    }
    after_ms(&when, GATHER_MS);
    result = 0;
    while (!writer->stop && result == 0) {
        result = pthread_cond_timedwait(&writer->changed, &writer->lock, &when);
    }
}

static void *run(void *argument)
{
    struct log_writer *writer = argument;
    bool done = true, stop = false;
    while (!stop) {
        pthread_mutex_lock(&writer->lock);
        sleep_until_awake(writer, !done);
        bool reopen = writer->reopen;
        stop = writer->stop;
        writer->awake = writer->reopen = false;
        pthread_mutex_unlock(&writer->lock);
        done = write_all(writer, reopen);
    }
    pthread_mutex_lock(&writer->lock);
    writer->ended = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
    return NULL;
}

static bool start_thread(struct log_writer *writer)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = pthread_create(&writer->thread, NULL, run, writer) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

static void free_writer(struct log_writer *writer)
{
    while (writer->files != NULL) {
        struct log_file *file = writer->files;
        writer->files = file->next;
        log_file_destroy(file);
    }
    pthread_cond_destroy(&writer->changed);
    pthread_mutex_destroy(&writer->lock);
    for (size_t i = 0; i < REPLACED_MOST; i++) {
        free(writer->replacement[i].octets);
    }
    free(writer->directory);
    free(writer);
}

struct log_writer *log_writer_create(const char *directory, char *trouble, size_t trouble_size)
{
    struct stat status;
    if (stat(directory, &status) != 0 || access(directory, W_OK | X_OK) != 0) {
        snprintf(trouble, trouble_size, "cannot write into the log folder %s: %s", directory,
                 strerror(errno));
        return NULL;
    }
    if (!S_ISDIR(status.st_mode)) {
        snprintf(trouble, trouble_size, "the log folder %s is not a folder", directory);
        return NULL;
    }
    struct log_writer *writer = calloc(1, sizeof *writer);
    char *copy = text_copy(text_of(directory));
    pthread_condattr_t attributes;
    if (writer == NULL || copy == NULL) {
        free(writer);
        free(copy);
        snprintf(trouble, trouble_size, "no memory for the log writer");
        return NULL;
    }
    writer->directory = copy;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (!start_thread(writer)) {
        snprintf(trouble, trouble_size, "cannot start the log writer's thread");
        free_writer(writer);
        return NULL;
    }
    return writer;
}

void log_writer_destroy(struct log_writer *writer, unsigned drain_ms)
{
    if (writer == NULL) {
        return;
    }
    struct timespec when;
    after_ms(&when, drain_ms);
    pthread_mutex_lock(&writer->lock);
    writer->awake = writer->stop = true;
    pthread_cond_broadcast(&writer->changed);
    int result = 0;
    while (!writer->ended && result == 0) {
        result = pthread_cond_timedwait(&writer->changed, &writer->lock, &when);
    }
    bool ended = writer->ended;
    pthread_mutex_unlock(&writer->lock);
    if (!ended) {
        /* It hangs in a disk. What it still uses stays; the process is about to end. */
        fprintf(stderr, "fedgate: the log folder does not take lines; what waits for it is lost\n");
        pthread_detach(writer->thread);
        return;
    }
    pthread_join(writer->thread, NULL);
    free_writer(writer);
}

struct log_file *log_writer_open(struct log_writer *writer, const char *name, size_t queue_octets,
                                 log_lost_line *lost_line, void *context, char *trouble, size_t trouble_size)
{
    struct log_file *file =
        log_file_create(writer, writer->directory, name, queue_octets, trouble, trouble_size);
    if (file == NULL) {
        return NULL;
    }
    file->lost_line = lost_line;
    file->context = context;
    pthread_mutex_lock(&writer->lock);
    file->next = writer->files;
    writer->files = file;
    pthread_mutex_unlock(&writer->lock);
    return file;
}

void log_writer_reopen(struct log_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    writer->reopen = writer->awake = true;
    pthread_cond_broadcast(&writer->changed);
    pthread_mutex_unlock(&writer->lock);
}

/* The place of a name, or a free one. With the lock. */
static struct replacement *find_replacement(struct log_writer *writer, const char *name)
{
    for (size_t i = 0; i < REPLACED_MOST; i++) {
        struct replacement *replacement = &writer->replacement[i];
        if (replacement->name[0] == '\0') {
            snprintf(replacement->name, sizeof replacement->name, "%s", name);
        }
        if (strcmp(replacement->name, name) == 0) {
            return replacement;
        }
    }
    return NULL;
}

void log_writer_replace(struct log_writer *writer, const char *name, struct text octets)
{
    char *copy = text_copy(octets);
    if (copy == NULL) {
        return;
    }
    pthread_mutex_lock(&writer->lock);
    struct replacement *replacement = find_replacement(writer, name);
    if (replacement != NULL) {
        free(replacement->octets);
        replacement->octets = copy;
        replacement->length = octets.length;
        writer->awake = true;
        pthread_cond_broadcast(&writer->changed);
        copy = NULL;
    }
    pthread_mutex_unlock(&writer->lock);
    free(copy);
}
