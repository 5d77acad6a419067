/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Paths as configurations write them, and as sentences about them do. */

#include <stdlib.h>
#include <string.h>

#include "policy/partner_file.h"

char *path_beside(const char *file, const char *path)
{
    const char *slash = strrchr(file, '/');
    size_t folder = slash == NULL || path[0] == '/' ? 0 : (size_t)(slash - file) + 1;
    size_t length = strlen(path);
    char *whole = malloc(folder + length + 1);

    if (whole == NULL)
        return NULL;
    memcpy(whole, file, folder);
    memcpy(whole + folder, path, length + 1);
    return whole;
}

const char *path_shown(struct place place, const char *path)
{
    const char *slash = place.file == NULL ? NULL : strrchr(place.file, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - place.file) + 1;

    if (strcmp(place.file == NULL ? "" : place.file, path) == 0)
        return "the file"; /* its name stands in front of the sentence */
    return folder > 0 && strncmp(place.file, path, folder) == 0 ? path + folder : path;
}
