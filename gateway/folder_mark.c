/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gateway/folder_mark.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "policy/keyed_hash.h"

static const struct hash_key mark_key = {{0x6665646761746521u, 0x666f6c646572206du}}; /* no secret */

bool folder_entry_counts(const char *name)
{
    static const char *const passing[] = {"~", ".tmp", ".swp", ".bak", ".part"};

    if (name[0] == '.' || name[0] == '#' || name[0] == '\0')
        return false;
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        if (text_ends_with_ignoring_case(text_of(name), text_of(passing[i])))
            return false;
    }
    return true;
}

/* The order in which a folder is listed must not matter: entries are summed up. */
static void add(struct folder_mark *mark, int64_t now, const char *path, const struct stat *facts, int error)
{
    int64_t fact[] = {error, 0, 0, 0, 0, 0};

    if (error == 0) {
        fact[1] = (int64_t)facts->st_ino;
        fact[2] = (int64_t)facts->st_size;
        fact[3] = (int64_t)facts->st_ctim.tv_sec;
        fact[4] = (int64_t)facts->st_ctim.tv_nsec;
        fact[5] = (int64_t)facts->st_mode;
        if (fact[3] > mark->newest && fact[3] <= now + 1)
            mark->newest = fact[3];
    }
    const struct text pieces[] = {text_of(path), {(const char *)fact, sizeof(fact)}};
    mark->hash += keyed_hash_pieces(&mark_key, pieces, 2);
}

static void take_folder(struct folder_mark *mark, int64_t now, const char *folder)
{
    struct stat facts;
    DIR *handle = opendir(folder);

    if (handle == NULL) {
        add(mark, now, folder, NULL, errno);
        return;
    }
    for (const struct dirent *entry = readdir(handle); entry != NULL; entry = readdir(handle)) {
        if (!folder_entry_counts(entry->d_name))
            continue;
        bool seen = fstatat(dirfd(handle), entry->d_name, &facts, 0) == 0;
        add(mark, now, entry->d_name, &facts, seen ? 0 : errno);
    }
    closedir(handle);
}

struct folder_mark folder_mark_take(const struct named_files *named, int64_t now)
{
    struct folder_mark mark = {.newest = INT64_MIN};
    struct stat facts;

    if (named->folder != NULL)
        take_folder(&mark, now, named->folder);
    for (size_t i = 0; i < named->count; i++) {
        bool seen = stat(named->path[i], &facts) == 0;
        add(&mark, now, named->path[i], &facts, seen ? 0 : errno);
    }
    return mark;
}
