/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/suites/question.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct text octets_of(const char *hex)
{
    size_t length = strlen(hex) / 2;
    char *octets = malloc(length + 1);
    if (octets == NULL)
        abort();
    for (size_t i = 0; i < length; i++) {
        unsigned octet;
        if (sscanf(hex + 2 * i, "%2x", &octet) != 1)
            abort();
        octets[i] = (char)octet;
    }
    return (struct text){octets, length};
}

static void list_add(struct octet_list *list, const char *hex)
{
    if (list->count < QUESTION_CERTIFICATES_MOST)
        list->at[list->count++] = octets_of(hex);
}

static void list_clear(struct octet_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free((char *)list->at[i].at);
    list->count = 0;
}

static void question_clear(struct question *question)
{
    list_clear(&question->anchors);
    list_clear(&question->presented);
    list_clear(&question->crls);
    free((char *)question->address.at);
    question->address = (struct text){NULL, 0};
    question->time = 0;
    question->host[0] = '\0';
    question->depth = -1;
    question->any_usage = question->in_handshake = question->check_crls = false;
}

static void take_line(struct question *question, const char *word, const char *value)
{
    if (strcmp(word, "time") == 0)
        question->time = strtoll(value, NULL, 10);
    else if (strcmp(word, "anchor") == 0)
        list_add(&question->anchors, value);
    else if (strcmp(word, "presented") == 0)
        list_add(&question->presented, value);
    else if (strcmp(word, "crl") == 0)
        list_add(&question->crls, value);
    else if (strcmp(word, "host") == 0)
        snprintf(question->host, sizeof(question->host), "%s", value);
    else if (strcmp(word, "address") == 0)
        question->address = octets_of(value);
    else if (strcmp(word, "depth") == 0)
        question->depth = strtol(value, NULL, 10);
    else if (strcmp(word, "usage") == 0)
        question->any_usage = strcmp(value, "any") == 0,
        question->in_handshake = strcmp(value, "tls-server") == 0;
    else if (strcmp(word, "revocation") == 0)
        question->check_crls = strcmp(value, "required") == 0;
    else
        abort();
}

int answer_questions(const char *(*judge)(const struct question *question, char *detail, size_t size))
{
    struct question *question = calloc(1, sizeof(*question));
    char *line = NULL;
    size_t room = 0;

    if (question == NULL)
        abort();
    question_clear(question);
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char *space = strchr(line, ' ');
        if (space != NULL)
            *space = '\0';
        if (strcmp(line, "judge") != 0) {
            take_line(question, line, space == NULL ? "" : space + 1);
            continue;
        }
        char detail[512] = "";
        const char *word = judge(question, detail, sizeof(detail));
        printf("%s %s\n", word, detail);
        fflush(stdout);
        question_clear(question);
    }
    question_clear(question);
    free(question);
    free(line);
    return 0;
}
