/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/log/endings.h"

#include "policy/calendar.h"
#include "policy/keyed_hash.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define LINE_MOST 64u /* octets of one entry as text */

struct ending {
    struct ending_id id;
    int64_t ends;
    int threshold; /* the lowest that was told */
    UT_hash_handle hh;
};

struct endings {
    struct ending *table;
    bool changed;
};

int ending_threshold(int64_t ends, int64_t now)
{
    static const int days[] = {0, 1, 3, 7, 14, 30, ENDING_DAYS_MOST};
    if (ends < now - ENDING_DAYS_AFTER * CALENDAR_DAY) {
        return -1;
    }
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        if (ends <= now + days[i] * CALENDAR_DAY) {
            return days[i];
        }
    }
    return -1;
}

struct ending_id ending_id_of(const struct text *piece, size_t count)
{
    static const struct hash_key keys[2] = {{{0x66656467617465u, 1}}, {{0x66656467617465u, 2}}};
    return (struct ending_id){
        {keyed_hash_pieces(&keys[0], piece, count), keyed_hash_pieces(&keys[1], piece, count)}};
}

struct endings *endings_create(void)
{
    return calloc(1, sizeof(struct endings));
}

void endings_destroy(struct endings *endings)
{
    struct ending *entry, *next;
    if (endings == NULL) {
        return;
    }
    HASH_ITER(hh, endings->table, entry, next)
    {
        HASH_DEL(endings->table, entry);
        free(entry);
    }
    free(endings);
}

size_t endings_count(const struct endings *endings)
{
    return HASH_COUNT(endings->table);
}

static bool add(struct endings *endings, struct ending_id id, int64_t ends, int threshold)
{
    struct ending *entry = HASH_COUNT(endings->table) < ENDINGS_MOST ? calloc(1, sizeof *entry) : NULL;
    if (entry == NULL) {
        return false;
    }
    *entry = (struct ending){.id = id, .ends = ends, .threshold = threshold};
    HASH_ADD(hh, endings->table, id, sizeof entry->id, entry);
    if (entry->hh.tbl == NULL) {
        free(entry);
        return false;
    }
    endings->changed = true;
    return true;
}

bool endings_note(struct endings *endings, struct ending_id id, int64_t ends, int threshold)
{
    struct ending *entry;
    if (threshold < 0) {
        return false;
    }
    HASH_FIND(hh, endings->table, &id, sizeof id, entry);
    if (entry == NULL) {
        return add(endings, id, ends, threshold);
    }
    if (threshold >= entry->threshold) {
        return false;
    }
    entry->threshold = threshold;
    endings->changed = true;
    return true;
}

void endings_forget(struct endings *endings, int64_t now)
{
    struct ending *entry, *next;
    HASH_ITER(hh, endings->table, entry, next)
    {
        if (entry->ends + ENDING_DAYS_AFTER * CALENDAR_DAY < now) {
            HASH_DEL(endings->table, entry);
            free(entry);
            endings->changed = true;
        }
    }
}

char *endings_print(struct endings *endings, size_t *length)
{
    static const char head[] =
        "# which ends of certificates and CRLs audit.jsonl has told: not to tell them again\n";
    size_t room = sizeof head + LINE_MOST * HASH_COUNT(endings->table);
    char *text = endings->changed ? malloc(room) : NULL;
    if (text == NULL) {
        return NULL;
    }
    *length = sizeof head - 1;
    memcpy(text, head, sizeof head);
    for (const struct ending *entry = endings->table; entry != NULL; entry = entry->hh.next) {
        *length += (size_t)snprintf(
            text + *length, room - *length, "%016llx%016llx %lld %d\n", (unsigned long long)entry->id.word[0],
            (unsigned long long)entry->id.word[1], (long long)entry->ends, entry->threshold);
    }
    endings->changed = false;
    return text;
}

static bool read_hex(struct text *line, uint64_t *word)
{
    static const char digits[] = "0123456789abcdef";
    *word = 0;
    for (size_t i = 0; i < 16; i++) {
        const char *at = line->length > i ? memchr(digits, line->at[i], 16) : NULL;
        if (at == NULL) {
            return false;
        }
        *word = *word << 4 | (uint64_t)(at - digits);
    }
    *line = text_skip(*line, 16);
    return true;
}

static void read_line(struct endings *endings, struct text line)
{
    struct ending_id id;
    uint64_t ends, threshold;
    if (!read_hex(&line, &id.word[0]) || !read_hex(&line, &id.word[1]) || line.length == 0 ||
        *line.at != ' ') {
        return;
    }
    line = text_skip(line, 1);
    const char *blank = text_find(line, ' ');
    if (blank == NULL || !text_to_number(text_from(line.at, blank), INT64_MAX / 2, &ends) ||
        !text_to_number(text_from(blank + 1, line.at + line.length), ENDING_DAYS_MOST, &threshold)) {
        return;
    }
    (void)endings_note(endings, id, (int64_t)ends, (int)threshold);
}

void endings_read(struct endings *endings, struct text text)
{
    while (text.length > 0) {
        const char *end = text_find(text, '\n');
        struct text line = end == NULL ? text : text_from(text.at, end);
        read_line(endings, line);
        text = text_skip(text, end == NULL ? text.length : line.length + 1);
    }
    endings->changed = false;
}

void endings_load(struct endings *endings, const char *path)
{
    /* Not to hang where somebody put a pipe in its place. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;
    char *content = NULL;
    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
        status.st_size <= (off_t)ENDINGS_FILE_MOST) {
        content = malloc((size_t)status.st_size);
    }
    if (content != NULL) {
        ssize_t length = read(descriptor, content, (size_t)status.st_size);
        endings_read(endings, (struct text){content, length > 0 ? (size_t)length : 0});
    }
    free(content);
    if (descriptor >= 0) {
        close(descriptor);
    }
}
