/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test/unit/settings/case_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void give_up(const char *what, const char *path)
{
    fprintf(stderr, "%s: %s\n", path, what);
    abort();
}

char *case_slurp(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t have = 0, room = 1 << 16;
    char *text = malloc(room);

    if (file == NULL || text == NULL)
        give_up("cannot be read", path);
    while (!feof(file) && !ferror(file)) {
        have += fread(text + have, 1, room - have - 1, file);
        if (have + 1 == room)
            text = realloc(text, room *= 2);
        if (text == NULL)
            give_up("is too large", path);
    }
    fclose(file);
    text[have] = '\0';
    return text;
}

void case_write(const char *path, const char *content)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fputs(content, file) < 0 || fclose(file) != 0)
        give_up("cannot be written", path);
}

/* Cuts the line at *rest off, and moves *rest behind it. */
static char *take_line(char **rest)
{
    char *line = *rest, *feed = strchr(line, '\n');

    if (*line == '\0')
        return NULL;
    *rest = feed == NULL ? line + strlen(line) : feed + 1;
    if (feed != NULL)
        *feed = '\0';
    return line;
}

static struct case_text *add_case(struct case_file *file, char *name, const char *path)
{
    file->list = realloc(file->list, (file->count + 1) * sizeof(file->list[0]));
    if (file->list == NULL)
        give_up("is too large", path);
    file->list[file->count] = (struct case_text){.name = name, .file = path};
    return &file->list[file->count++];
}

/* Bodies keep their line feeds: a head ends the body before it by a NUL in its own first octet. */
void case_file_read(const char *path, struct case_file *out)
{
    struct case_text *open = NULL;

    *out = (struct case_file){.text = case_slurp(path)};
    for (char *at = out->text; *at != '\0';) {
        char *next = strchr(at, '\n');
        next = next == NULL ? at + strlen(at) : next + 1;
        if (strncmp(at, "=== ", 4) == 0) {
            *at = '\0';
            next[-1] = '\0';
            open = add_case(out, at + 4, path);
        } else if (strncmp(at, "--- ", 4) == 0) {
            if (open == NULL || open->part_count == PARTS_MOST)
                give_up("has a part without a case, or too many", path);
            *at = '\0';
            next[-1] = '\0';
            open->part[open->part_count++] = (struct case_part){.head = at + 4, .body = next};
        }
        at = next;
    }
    if (out->count == 0)
        give_up("has no case", path);
}

void case_file_deinit(struct case_file *file)
{
    free(file->text);
    free(file->list);
}

const char *case_part_find(const struct case_text *text, const char *head)
{
    for (size_t i = 0; i < text->part_count; i++) {
        if (strcmp(text->part[i].head, head) == 0)
            return text->part[i].body;
    }
    return NULL;
}

static char *add_line(char *text, const char *line)
{
    size_t length = strlen(text);
    char *longer = realloc(text, length + strlen(line) + 2);

    if (longer == NULL)
        give_up("no memory", "change");
    snprintf(longer + length, strlen(line) + 2, "%s\n", line);
    return longer;
}

/* `new` ends with a line feed, which goes when `old` is not the whole of its line. */
static char *replace(char *text, const char *old, const char *new)
{
    char *at = strstr(text, old);
    size_t length = strlen(text) + strlen(new) + 1;
    char *changed = malloc(length);

    if (at == NULL || changed == NULL)
        give_up("is not in the good file", old);
    snprintf(changed, length, "%.*s%.*s%s", (int)(at - text), text, (int)strlen(new) - 1, new,
             at + strlen(old));
    free(text);
    return changed;
}

char *case_change(const char *good, const char *change)
{
    char *text = strdup(good), *lines = strdup(change), *rest = lines, *old = NULL, *new = NULL;

    if (text == NULL || lines == NULL)
        give_up("no memory", "change");
    for (char *line = take_line(&rest);; line = take_line(&rest)) {
        if (line != NULL && line[0] == '>') {
            new = add_line(new == NULL ? strdup("") : new, line[1] == '\0' ? "" : line + 2);
            continue;
        }
        if (new != NULL) {
            text = replace(text, old, new);
            free(new);
            new = NULL;
        }
        if (line == NULL)
            break;
        if (line[0] == '<')
            old = line + 2;
        else if (line[0] == '+')
            text = add_line(text, line[1] == '\0' ? "" : line + 2);
    }
    free(lines);
    return text;
}
