/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FEDGATE_POLICY_PROBLEM_H
#define FEDGATE_POLICY_PROBLEM_H

/* What is wrong with a configuration: all of it, each with its place. Reads
 * "FILE:LINE:COLUMN: error|warning: SENTENCE [token]". */

#include <stdbool.h>
#include <stddef.h>

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct place {
    const char *file; /* borrowed; outlives the problem list (owned by the loader or a literal) */
    unsigned line;    /* from 1; 0: the file as a whole */
    unsigned column;  /* from 1; 0 with line 0 */
};

struct problem {
    enum severity severity;
    char *file; /* owned */
    unsigned line, column;
    const char *token; /* a literal: "unknown-key", "not-a-ca", ... */
    char *text;        /* owned; one sentence: what is wrong and what to do */
};

struct problems {
    struct problem *list; /* owned */
    size_t count;
    size_t errors;  /* of them, how many are errors */
    bool truncated; /* some were not kept: more than PROBLEMS_MOST, or memory was short */
};

#define PROBLEMS_MOST 1000

void problems_init(struct problems *problems);
void problems_deinit(struct problems *problems);
/* `token` must be a literal. Never fails: what cannot be kept sets `truncated`. */
void problems_add(struct problems *problems, enum severity severity, struct place place, const char *token,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
/* Memory ran out where no problem could be told: an error. */
void problems_out_of_memory(struct problems *problems);
/* File by file in the order of their first problem; within a file by place. */
void problems_sort(struct problems *problems);
bool problems_have_errors(const struct problems *problems);
/* One problem as its line, without newline; owned by the caller. NULL when memory is short. */
char *problem_line(const struct problem *problem);

#endif
