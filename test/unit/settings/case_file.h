/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_TEST_CASE_FILE_H
#define FEDGATE_TEST_CASE_FILE_H

/* A file of cases, as test/policy-cases/wrong-configurations/README.md tells. */

#include <stdbool.h>
#include <stddef.h>

#define PARTS_MOST 8

struct case_part {
    char *head; /* what stands after "--- "; views into the text */
    char *body; /* up to the next head; NUL-terminated */
};

struct case_text {
    char *name;
    const char *file;
    struct case_part part[PARTS_MOST];
    size_t part_count;
};

struct case_file {
    char *text;             /* owned; cut into pieces */
    struct case_text *list; /* owned */
    size_t count;
};

/* Aborts the test program on a file that cannot be read or is not well-formed. */
void case_file_read(const char *path, struct case_file *out);
void case_file_deinit(struct case_file *file);
/* The body of a part, or NULL. */
const char *case_part_find(const struct case_text *text, const char *head);

/* A good file with a "change" part put in. The caller frees. */
char *case_change(const char *good, const char *change);

char *case_slurp(const char *path);
void case_write(const char *path, const char *content);

#endif
