/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/named_files.h"

#include <stdlib.h>
#include <string.h>

#include "policy/revocation_keys.h"

static bool lies_in(const char *path, const char *folder)
{
    if (folder == NULL)
        return false;
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && path[length] == '/' &&
           strchr(path + length + 1, '/') == NULL;
}

static void add(struct named_files *files, const char *path)
{
    if (files->count == files->room) {
        size_t room = files->room == 0 ? 16 : files->room * 2;
        char **larger = realloc(files->path, room * sizeof(larger[0]));
        if (larger == NULL) {
            files->incomplete = true;
            return;
        }
        files->path = larger;
        files->room = room;
    }
    files->path[files->count] = strdup(path);
    if (files->path[files->count] == NULL)
        files->incomplete = true;
    else
        files->count++;
}

void named_files_set_folder(struct named_files *files, const char *folder)
{
    files->folder = strdup(folder);
    files->incomplete = files->folder == NULL;
}

void named_files_add(struct named_files *files, const struct partner *partner)
{
    for (size_t i = 0; i < partner->root_count; i++) {
        if (!lies_in(partner->roots[i], files->folder))
            add(files, partner->roots[i]);
    }
    for (size_t i = 0; i < partner->crl_count; i++) {
        if (!revocation_is_remote(text_of(partner->crls[i])) && !lies_in(partner->crls[i], files->folder))
            add(files, partner->crls[i]);
    }
}

static int by_octets(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void named_files_sort(struct named_files *files)
{
    size_t kept = 0;

    if (files->count > 1)
        qsort(files->path, files->count, sizeof(files->path[0]), by_octets);
    for (size_t i = 0; i < files->count; i++) {
        if (kept > 0 && strcmp(files->path[kept - 1], files->path[i]) == 0)
            free(files->path[i]);
        else
            files->path[kept++] = files->path[i];
    }
    files->count = kept;
}

void named_files_deinit(struct named_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->path[i]);
    free(files->path);
    free(files->folder);
    *files = (struct named_files){.count = 0};
}
